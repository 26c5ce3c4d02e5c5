# The one front door. A machine with Python 3.11, make and gcc needs nothing else:
# uv is fetched by pip into .tools, everything else by uv from the lock file.
PYTHON ?= python3
UV := .tools/bin/uv
RUN := $(UV) run --frozen --no-sync
PYTEST_ARGS ?=
# tests run in processes side by side, each with a PostgreSQL of its own (0: in one, for a debugger)
TEST_WORKERS ?= 2
DEMO_EXIT ?=

.PHONY: help setup demo test lint types arch docs bench gate mutation ci clean format

help: ## list what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# `--target` works on distributions that forbid pip in the system's own environment
$(UV):
	@echo "fetching uv ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools 'uv>=0.9,<1' || { \
	  echo "error: pip could not install uv; Tocsin needs Python 3.11+ with pip (Debian: apt-get install python3-pip)"; exit 1; }

.venv/.synced: $(UV) pyproject.toml uv.lock
	@$(UV) sync --frozen --quiet --group dev --group docs --extra knowledge --extra evtx --extra arrow --extra yara
	@touch $@

# OASIS's own server, which tests talk to; it does not live with our dependencies
.tools/peers/.synced: $(UV)
	@$(UV) venv --quiet --clear --python $(PYTHON) .tools/peers
	@$(UV) pip install --quiet --python .tools/peers/bin/python medallion==3.0.0 flask==3.1.3 werkzeug==3.1.9 setuptools==79.0.1
	@touch $@

setup: .venv/.synced ## install everything from the lock file

demo: setup ## three nodes on this machine share, withhold, find (DEMO_EXIT=1 ends after the story)
	@DEMO_EXIT=$(DEMO_EXIT) $(RUN) python -m demo

test: setup .tools/peers/.synced ## the whole test suite (PYTEST_ARGS=... is handed on)
	@$(RUN) pytest -n $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: setup ## formatting, ruff, unused or undeclared dependencies
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) deptry src

format: setup ## format and fix what can be fixed
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

types: setup ## mypy --strict
	@$(RUN) mypy

arch: setup ## the layers of docs/explanation/architecture.md
	@$(RUN) lint-imports

docs: setup ## build the documentation into site/, strictly; generated pages must be current
	@$(RUN) python -m docs.generate --check
	@NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict

bench: setup ## every benchmark beside its peer (about 20 minutes)
	@$(RUN) python -m benchmarks

gate: setup ## long property and differential runs
	@$(RUN) pytest -m nightly

mutation: setup ## put faults into the policy one by one: how many do the tests notice? (about an hour)
	@PYTHONPATH=tests:. $(RUN) python -m mutation

ci: lint types arch docs test ## what CI runs; pytest is last so that its closing line shows

clean: ## remove what was built or installed here
	rm -rf .venv .tools .demo .bench site dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
