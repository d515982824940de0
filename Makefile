# Pulso's commands. They need Python 3.11, or uv. Everything else they fetch by themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTHON ?=
# Not compiled: Python does that when it first imports a module, and most modules of the libraries never are.
PIP := $(BIN)/python -m pip install --require-hashes --no-build-isolation --no-compile --disable-pip-version-check \
  $(shell [ -t 2 ] || echo --quiet)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "make lock" -c requirements-build.txt
CHECKED := conf stores corpus deploy ingest jobs readers airflow_dags bench tests
AIRFLOW := .venv-airflow
DEPLOY := .venv-deploy
SUPERSET := .venv-superset
export SPARK_CONF_DIR := $(CURDIR)/conf

.PHONY: help demo test test-faults test-deploy dist soak lint format setup setup-dev setup-airflow up down status credentials
.PHONY: airflow dashboard bi superset setup-superset bench lock audit clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## The whole path: a corpus of 170,000 posts, stored, counted, and its polls printed
	@$(BIN)/python -m deploy.demo

test: setup-dev setup-airflow ## The whole test suite, on engines of its own
	@$(BIN)/python -m pytest -n 2 --dist loadscope --ignore tests/faults --ignore tests/at_length

dist: setup ## Build dist/, what a Spark cluster needs: the code, its libraries, the jars (docs/cluster.md)
	@$(BIN)/python -m deploy dist

test-faults: setup-dev ## Jobs, workers and engines killed, stores full, odd posts; engines of its own
	@$(BIN)/python -m pytest -n 2 --dist loadscope tests/faults

test-deploy: setup-dev setup-airflow setup-superset $(DEPLOY)/.made ## Clusters, schedules and images at length; needs root or user namespaces
	@$(BIN)/python -m pytest tests/at_length

soak: setup-dev ## The soak test at full length: 300,000 posts, about five minutes
	@$(BIN)/python -m pytest tests/ingest/test_soak.py --soak-posts 300000 -s

lint: $(BIN)/.dev ## Formatter, linter, strict types
	@$(BIN)/ruff format --check $(CHECKED)
	@$(BIN)/ruff check $(CHECKED)
	@$(BIN)/mypy $(CHECKED)
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo

format: $(BIN)/.dev ## Let the formatter and the linter fix what they can
	@$(BIN)/ruff check --fix $(CHECKED)
	@$(BIN)/ruff format $(CHECKED)

setup: $(BIN)/.runtime ## Make the virtual environment; fetch the jars, and Java 17 if there is none; train Spark's fast start
	@$(BIN)/python -m deploy setup

setup-dev: $(BIN)/.dev ## The same, with what the tests and checks need
	@$(BIN)/python -m deploy setup

up: setup ## Start the embedded Cassandra and Redis, if they do not run
	@$(BIN)/python -m deploy up

down: $(BIN)/.runtime ## Stop them. Their data stays
	@$(BIN)/python -m deploy down

status: $(BIN)/.runtime ## Show the state of the engines
	@$(BIN)/python -m deploy status

credentials: $(BIN)/.runtime ## Print the logins of the engines, as settings for other programs
	@$(BIN)/python -m deploy credentials

airflow: setup setup-airflow ## Airflow with the DAGs of airflow_dags/, for this machine alone. Ctrl-C stops it
	@$(BIN)/python -m deploy airflow

setup-airflow: $(AIRFLOW)/.made ## Make Airflow's virtual environment, apart from the project's

dashboard: setup ## Serve the web page at http://127.0.0.1:8350 (Ctrl-C ends it)
	@$(BIN)/python -m readers serve

bi: setup ## Serve the tables to BI programs by SQL at jdbc:hive2://127.0.0.1:10000 (docs/bi.md; Ctrl-C ends it)
	@$(BIN)/python -m readers bi

superset: setup setup-superset ## Superset with a dashboard for each published topic, for this machine alone (docs/bi.md)
	@$(BIN)/python -m deploy superset

setup-superset: $(SUPERSET)/.made ## Make Superset's virtual environment, apart from the project's

bench: setup-dev ## Side-by-side benchmarks but jobs, as ratios, into bench/RESULTS.md (one: python -m bench NAME)
	@$(BIN)/python -m bench

lock: $(BIN)/.dev ## Write the lock files, with hashes, after a change in requirements*.txt
	@$(LOCK) requirements.txt -o requirements-lock.txt
	@$(LOCK) requirements-dev.txt -c requirements-lock.txt -o requirements-dev-lock.txt
	@$(LOCK) requirements-remote.in -o requirements-remote.txt \
	  -c <(sed '/^python-dateutil==/,/[^\]$$/d' requirements-lock.txt)
	@$(LOCK) requirements-airflow.txt -o requirements-airflow-lock.txt
	@$(LOCK) requirements-executors.in -c requirements-lock.txt -o requirements-executors.txt
	@$(LOCK) requirements-deploy.in -o requirements-deploy.txt
	@$(LOCK) requirements-superset.txt -o requirements-superset-lock.txt

audit: $(BIN)/.dev ## Ask PyPI for known weaknesses of the pinned packages; needs the network
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements-dev-lock.txt

clean: ## Remove caches. Data and environment stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis spark-warehouse

$(BIN)/python:
	@deploy/venv.sh "$(PYTHON)"

$(BIN)/.runtime: requirements-build.txt requirements-lock.txt | $(BIN)/python
	@echo "installing requirements.txt into .venv" >&2
	@$(PIP) -r requirements-build.txt
	@$(PIP) -r requirements-lock.txt
	@touch $@

$(BIN)/.dev: requirements-dev-lock.txt $(BIN)/.runtime
	@echo "installing requirements-dev.txt into .venv" >&2
	@$(PIP) -r requirements-dev-lock.txt
	@touch $@

$(AIRFLOW)/.made: requirements-build.txt requirements-airflow-lock.txt | $(BIN)/python
	@echo "installing requirements-airflow.txt into $(AIRFLOW)" >&2
	@$(BIN)/python -m venv $(AIRFLOW)
	@$(AIRFLOW)/$(PIP:$(BIN)/%=bin/%) -r requirements-build.txt
	@$(AIRFLOW)/$(PIP:$(BIN)/%=bin/%) --no-deps -r requirements-airflow-lock.txt
	@touch $@

$(DEPLOY)/.made: requirements-deploy.txt | $(BIN)/python
	@echo "installing requirements-deploy.in into $(DEPLOY)" >&2
	@$(BIN)/python -m venv $(DEPLOY)
	@$(DEPLOY)/$(PIP:$(BIN)/%=bin/%) -r requirements-build.txt
	@$(DEPLOY)/$(PIP:$(BIN)/%=bin/%) -r requirements-deploy.txt
	@touch $@

$(SUPERSET)/.made: requirements-build.txt requirements-superset-lock.txt | $(BIN)/python
	@echo "installing requirements-superset.txt into $(SUPERSET)" >&2
	@$(BIN)/python -m venv $(SUPERSET)
	@$(SUPERSET)/$(PIP:$(BIN)/%=bin/%) -r requirements-build.txt
	@$(SUPERSET)/$(PIP:$(BIN)/%=bin/%) -r requirements-superset-lock.txt
	@touch $@
