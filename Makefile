# Every target sets up what it needs: a virtual environment, the dependencies, the test servers.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.10 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOWEST := .venv-lowest
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo migrate test test-lowest check bench docs servers clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(READY)  ## the whole story on SQLite: migrate, seed, export, erase, roll back, verify
	@$(BIN)/python -m backend.demo

migrate: $(READY)  ## upgrade the database of backend/
	@$(BIN)/flask db upgrade

test: $(READY) servers test-lowest  ## all tests, on SQLite, PostgreSQL and MariaDB
	$(BIN)/python -m pytest -n auto

test-lowest: $(LOWEST)/.ready servers  ## the drop-in contract on the lowest versions we support
	$(LOWEST)/bin/python -m pytest -n auto tests/upstream tests/integration/test_runs.py

check: $(READY)  ## formatting, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## ratios against Flask-Migrate, measured in one run
	$(BIN)/python -m benchmarks

docs: $(READY)  ## write the pages that are made from the code
	$(BIN)/python -m docs.generate

servers: $(READY)
	@$(BIN)/python -m tests.servers

clean:  ## remove what the other targets made
	rm -rf $(VENV) $(LOWEST) .cache build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# Debian ships Python without ensurepip; root can have it installed.
define make_venv
	@test -n "$(PYTHON)" || { echo "Python 3.10 to 3.13 is needed" >&2; exit 1; }
	@echo "Setting up $(1) ..." >&2
	@$(PYTHON) -m venv $(1) 2>/dev/null || { rm -rf $(1); apt-get install -qq -y python3-venv >/dev/null && $(PYTHON) -m venv $(1); }
endef

$(READY): setup.cfg pyproject.toml
	$(call make_venv,$(VENV))
	@$(BIN)/pip install -q -e '.[dev]'
	@touch $@

$(LOWEST)/.ready: setup.cfg tests/lowest.txt
	$(call make_venv,$(LOWEST))
	@$(LOWEST)/bin/pip install -q -e '.[dev]' -c tests/lowest.txt
	@touch $@
