# Verbs: setup demo up down test check tamper faults bench lock. Everything they make stands in .venv/ and .tieout/.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
# The tests' requirements bring compose for Linux; elsewhere it is docker's own.
COMPOSE = $(if $(wildcard $(BIN)/docker-compose),$(BIN)/docker-compose,docker compose)
TEST_STAMP := $(VENV)/.test-stamp

# What is missing and can be installed (root, apt) is; otherwise it says what is needed. Debian keeps PostgreSQL's programs apart.
need = @PATH="$$PATH:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)" command -v $(1) >/dev/null || { [ "$$(id -u)" = 0 ] \
	  && command -v apt-get >/dev/null && apt-get update -q && apt-get install -qy $(3) $(or $(2),$(1)); } \
	  || { echo "$(or $(2),$(1)) is needed and not installed"; exit 1; }

# Where it is set, as container images like to, every process would compile Airflow and Great Expectations anew: 4 and 11 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo up down test check unit tamper faults bench lock
.DEFAULT_GOAL := demo

setup: $(STAMP)

# uv comes out of the same hash-checked lock as everything it then installs.
$(STAMP): requirements.txt pyproject.toml
	$(call need,git)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	awk '/^[a-z]/ {keep = /^uv==/} keep' requirements.txt > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_STAMP): $(STAMP) tests/requirements.txt
	$(call need,jq)
	$(call need,openssl)
	$(call need,initdb,postgresql)
	$(call need,chromium)
	$(call need,soffice,libreoffice-calc-nogui,--no-install-recommends)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r tests/requirements.txt
	@touch $@

demo: setup
	@$(BIN)/tieout demo

up: setup
	@$(BIN)/tieout up

down: setup
	@$(BIN)/tieout down

# Lint, types, directions of imports (a unit test runs them too), and the compose file.
check: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	timeout 60 $(COMPOSE) config -q

unit: $(TEST_STAMP)
	$(BIN)/pytest -q -m "not integration"

# A campaign in which worker, triggerer and api-server are killed in turn has both cores for itself for minutes: `make faults` runs it.
KILLED_CAMPAIGN := tests/faults/test_killed_campaign.py

# Three workers, each a file of tests at a time, as many tests wait for servers: a server that a file starts is its own. In the
# order of the folders: the files that take minutes come before those of unit tests, and no worker ends with one of them alone.
test: check
	$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder --ignore $(KILLED_CAMPAIGN)

tamper: $(TEST_STAMP)
	@$(BIN)/python -m tests.tamper

faults: $(TEST_STAMP)
	@$(BIN)/python -m tests.faults
	$(BIN)/pytest -q $(KILLED_CAMPAIGN)

bench: $(TEST_STAMP)
	@$(BIN)/python -m tests.bench

# Compiles both lock files anew; `make lock UPGRADE=--upgrade` takes newer versions.
lock: setup
	$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	  requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	  tests/requirements.in -o tests/requirements.txt
