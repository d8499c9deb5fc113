# Everything happens in .venv, which is made on first use. Another Python: make setup PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements-installed
BROWSERS := chromium chromium-browser google-chrome

.DEFAULT_GOAL := help
.PHONY: help setup run check format test browser clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## Create .venv and install all that the project needs

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or later is needed: make setup PYTHON=python3.12" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install -r requirements-dev.txt
	@touch $@

run: setup ## Start the app
	$(BIN)/python app.py

check: setup ## Lint, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@find diffir_demo -name '*.pyi' -delete  # Gradio writes them beside its components; pyright would believe them
	$(BIN)/pyright --pythonpath $(BIN)/python

format: setup ## Sort imports and format the code
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

test: setup browser check ## Checks, then all tests, those in a browser included
	$(BIN)/python -m pytest -n 2 --dist worksteal

browser: setup ## Make sure there is a Chromium for the browser tests
	@for name in $(BROWSERS); do \
		if $$name --version 2> /dev/null; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ]; then as_root=env; else as_root="sudo -n env"; fi; \
	if command -v apt-get > /dev/null && $$as_root true 2> /dev/null && $$as_root apt-get update \
		&& $$as_root DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium \
		&& chromium --version; then exit 0; fi; \
	$(BIN)/playwright install chromium \
		|| { echo "No Chromium was found or could be installed. Install one, or run pytest -m 'not browser'."; exit 1; }

clean: ## Remove caches and .venv
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
