# Pulso's commands. They need Python 3.11, or uv. Everything else they fetch by themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTHON ?=
PIP := $(BIN)/python -m pip install --disable-pip-version-check $(shell [ -t 2 ] || echo --quiet)
CHECKED := conf stores corpus deploy ingest jobs readers bench tests
export SPARK_CONF_DIR := $(CURDIR)/conf

.PHONY: help demo test test-faults soak lint format setup setup-dev up down status credentials bench constraints clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## The whole path: a corpus of 170,000 posts, stored, counted, and its polls printed
	@$(BIN)/python -m deploy.demo

test: setup-dev ## The whole test suite, on engines of its own
	@$(BIN)/python -m pytest -n 2 --dist loadscope --ignore tests/faults

test-faults: setup-dev ## Jobs, workers and engines killed, stores full, odd posts; engines of its own
	@$(BIN)/python -m pytest tests/faults

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

bench: setup-dev ## Side-by-side benchmarks but jobs, as ratios, into bench/RESULTS.md (one: python -m bench NAME)
	@$(BIN)/python -m bench

constraints: $(BIN)/.dev ## Write requirements-constraints.txt from what is installed
	@$(BIN)/python -m pip freeze --exclude pip --exclude setuptools | LC_ALL=C sort -f | \
	  grep -viFf <(sed -nE 's/^([A-Za-z0-9_.-]+==).*/\1/p' requirements.txt requirements-dev.txt requirements-java.txt) > .constraints
	@{ echo "# Packages that the requirements depend on, at the tested versions. Written by \`make constraints\`."; cat .constraints; } \
	  > requirements-constraints.txt && rm .constraints

clean: ## Remove caches. Data and environment stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis spark-warehouse

$(BIN)/python:
	@deploy/venv.sh "$(PYTHON)"

$(BIN)/.runtime: requirements.txt requirements-constraints.txt | $(BIN)/python
	@echo "installing requirements.txt into .venv" >&2
	@$(PIP) -r requirements.txt -c requirements-constraints.txt
	@touch $@

$(BIN)/.dev: requirements-dev.txt $(BIN)/.runtime
	@echo "installing requirements-dev.txt into .venv" >&2
	@$(PIP) -r requirements-dev.txt -c requirements-constraints.txt
	@touch $@
