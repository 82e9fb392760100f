FROM apache/airflow:3.3.2-python3.11

# Everything at the version and hash that the tests ran with.
COPY requirements.txt /requirements.txt
RUN pip install --no-cache-dir --require-hashes --no-deps -r /requirements.txt
