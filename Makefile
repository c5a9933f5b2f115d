# Everything is done in .venv of this checkout; `make help` lists what there is.
SHELL := /bin/sh
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
PIP := .venv/bin/python -m pip --disable-pip-version-check
KEFU := .venv/bin/kefu
export HF_HUB_OFFLINE := 1
# Every command starts twice as fast with compiled modules.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test coverage test-slow format lint typecheck benchmark bench widget screenshots audit docs-check constraints clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.run ## Install, load the demo company, serve it on http://127.0.0.1:8000 (PORT=… HOST=…)
	@$(KEFU) demo
	@exec $(KEFU) serve --host $(HOST) --port $(PORT)

test: .venv/.test ## Install what the tests need and run them (without the slow ones)
	.venv/bin/python -m pytest -m "not slow" -n 2 --dist loadfile --durations 15

# Apart from `test`: on CPython 3.11 a trace function turns a pending call of greenlet, made when a thread ends, into an
# endless loop now and then (seen in ceval.c, DO_TRACING of a RESUME while make_pending_calls is busy).
coverage: .venv/.test ## Run the tests and count the lines they reach (at least 90 %)
	.venv/bin/python -m pytest -m "not slow" --cov --cov-report=term --cov-fail-under=90

test-slow: .venv/.test ## Run the slow tests
	.venv/bin/python -m pytest -m slow

format: .venv/.test ## Format the code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lint: .venv/.test ## Check style and format
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

typecheck: .venv/.test ## Check types
	.venv/bin/mypy

docs-check: .venv/.test ## Check that docs and code agree
	.venv/bin/python -m pytest tests/contract -q

benchmark: .venv/.test ## Measure answers on the sets in DATA= and write docs/benchmarks.md; then print how well mining does
	.venv/bin/python -m training benchmark all --data $(DATA) --demo bot/demo
	.venv/bin/python -m training benchmark loop --data $(DATA)
	.venv/bin/python -m tests.bench.hostile
	.venv/bin/python -m bot.imports.mining_benchmark --dialogues $(DATA)/star_dialogues/dialogues.jsonl.gz
DATA ?= ../shared/data

bench: .venv/.test ## Measure speed: the service beside the bare encoder, and with a shadow; finding gaps
	.venv/bin/python -m tests.bench.speed
	.venv/bin/python -m tests.bench.shadow
	.venv/bin/python -m tests.bench.gaps

widget: bot/widget/node_modules ## Build the website widget after a change of bot/widget (needs Node.js)
	npm --prefix bot/widget run build

screenshots: .venv/.test ## Take the pictures of the README again, from the test that plays the whole story
	.venv/bin/python -m pytest tests/e2e/test_story.py -q -n 0 --screenshots docs/images

audit: .venv/.test ## Look for known holes in the installed packages
	.venv/bin/python -m pip_audit || $(PIP) check

constraints: ## Write constraints.txt from what is installed
	@{ head -n 1 constraints.txt; $(PIP) freeze --exclude-editable | grep -v -E '^(pip|setuptools)==' \
		| sed -E 's/^(torch==[0-9.]+)\+.*/\1/' | sort -f; } > constraints.new && mv constraints.new constraints.txt

clean: ## Remove the environment and caches, keep kefu-data
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov

bot/widget/node_modules: bot/widget/package.json bot/widget/package-lock.json
	npm --prefix bot/widget ci
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kefu needs Python 3.11 or newer; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing Kefu and what it builds the encoder with (some minutes, once) …"
	$(PIP) install --progress-bar on --constraint constraints.txt --editable '.[train,postgres]'
	@touch $@

.venv/.test: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[train,postgres,dev]'
	@touch $@ .venv/.run
