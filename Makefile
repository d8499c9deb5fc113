# Everything happens in .venv, which is made on first use. Another Python: make setup PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome

.DEFAULT_GOAL := help
.PHONY: help setup run check format test browser web-runtime web mask-canvas docs fuzz load audit clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## Create .venv and install all that the project needs

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or later is needed: make setup PYTHON=python3.12" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -e '.[dev]'
	@touch $@

run: setup ## Start the app
	$(BIN)/python app.py

check: setup ## Lint, formatting, import rules, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	@find diffir_demo -name '*.pyi' -delete  # Gradio writes them beside its components; pyright would believe them
	$(BIN)/pyright --pythonpath $(BIN)/python

format: setup ## Sort imports and format the code
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

test: setup browser web-runtime check ## Checks, then all tests, those in a browser included
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -n 2 --dist worksteal  # two threads each for two workers are slower

browser: setup ## Make sure there is a Chromium for the browser tests
	@for name in $(BROWSERS); do \
		if $$name --version 2> /dev/null; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ]; then as_root=env; else as_root="sudo -n env"; fi; \
	if command -v apt-get > /dev/null && $$as_root true 2> /dev/null && $$as_root apt-get update \
		&& for name in chromium-headless-shell chromium; do \
			$$as_root DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$name && $$name --version && exit 0; \
		done; then exit 0; fi; \
	$(BIN)/playwright install chromium \
		|| { echo "No Chromium was found or could be installed. Install one, or run pytest -m 'not browser'."; exit 1; }

web-runtime: setup ## Have npm install what the page without a server needs; without npm its tests are skipped
	@$(BIN)/python -m tools.web --runtime

web: setup ## Build the page that restores photos in the browser alone: build/web/index.html
	$(BIN)/python -m tools.web

mask-canvas: setup ## Build the canvas as a component for other Gradio apps: build/mask-canvas
	cd integrations/mask-canvas && $(abspath $(BIN))/python -m hatchling build --directory ../../build/mask-canvas

docs: setup ## Build the documentation site: build/site/index.html
	$(BIN)/python -m tools.docs

fuzz: setup ## Fuzz every door by which bytes come in, for MINUTES each (default: 24)
	$(BIN)/python -m pip install -q -e '.[fuzz]'
	$(BIN)/python -m tools.fuzz --minutes $(or $(MINUTES),24)

load: setup ## Let 50 visitors come for 10 minutes and write down what came of it
	$(BIN)/python -m tools.load --report docs/reliability.md

audit: setup ## Licences, bill of materials (build/sbom.json), known vulnerabilities
	$(BIN)/python -m pip install -q -e '.[audit]'
	$(BIN)/python -m tools.audit

clean: ## Remove caches and .venv
	rm -rf $(VENV) build dist web/node_modules .pytest_cache .ruff_cache .hypothesis
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
