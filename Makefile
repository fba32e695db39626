# `make` alone lists the commands.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest

.PHONY: help
help: ## lists the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt tools/install.sh
	@bash tools/install.sh "$(PYTHON)" "$(VENV)"
	@touch $@

.PHONY: install
install: $(STAMP) ## makes the virtual environment with every pinned dependency

.PHONY: run
run: install ## on a fresh machine: installs, migrates, ingests knowledge_base/, serves; prints the URLs
	@$(BIN)/bot migrate
	@$(BIN)/bot ingest knowledge_base
	@exec $(BIN)/bot serve

.PHONY: system
system: # what the tests need besides Python: PostgreSQL's programs, redis-server, chromium, strace, faketime, nginx
	@bash tools/system.sh

.PHONY: test
test: install system ## on a fresh machine: installs, then unit and integration tests on SQLite and PostgreSQL
	@$(PYTEST) tests/unit tests/integration

.PHONY: unit
unit: install ## unit tests only: seconds, for every save
	@$(PYTEST) tests/unit -q

.PHONY: browser
browser: install system ## Chromium against a running server
	@$(PYTEST) tests/browser

.PHONY: load
load: install system ## kills, retries, crowds, hostile peers: one table, .bench/load-<commit>.json (LOAD_MINUTES=10)
	@$(BIN)/python -m tests.load

.PHONY: lint
lint: install ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.PHONY: format
format: install ## applies formatting
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

PEERS := .bench/peers-venv
$(PEERS)/.installed: tests/bench/peers-requirements.txt
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet "$$(grep '^torch==' $<)"
	@$(PEERS)/bin/python -m pip install --quiet --requirement $<
	@touch $@

.PHONY: peers
peers: $(PEERS)/.installed ## installs what `make bench` measures ours against (1.6 GB)

.PHONY: bench
bench: install peers ## quality, latency, throughput, peers: one table and .bench/<commit>.json
	@$(BIN)/python -m tests.bench

.PHONY: check
check: lint test browser ## lint, test and browser: what CI runs

.PHONY: migration
migration: install ## m="what changes": writes a revision and tests it both ways
	@test -n "$(m)" || { echo 'say what changes: make migration m="add a column"'; exit 2; }
	@url="sqlite:///$$(mktemp -d)/empty.sqlite"; \
	$(BIN)/python -c 'import sys; from bot.adapters.migrate import migrate; migrate(sys.argv[1])' "$$url"; \
	$(BIN)/alembic -x url="$$url" revision --autogenerate -m "$(m)"
	@$(PYTEST) tests/integration/test_migrations.py -q

.PHONY: clean
clean: ## removes the environment, caches and the local database and index
	@rm -rf $(VENV) var .bench .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
