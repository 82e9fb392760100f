FROM apache/airflow:3.3.2-python3.11

# The git_merges collector runs git.
USER root
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
USER airflow

# Everything at the version and hash that the tests ran with; only the Postgres driver is the image's own.
COPY requirements.txt /requirements.txt
RUN pip install --no-cache-dir --require-hashes --no-deps -r /requirements.txt
