# Commands of the workbench. Everything is set up in .venv beside this file; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# One more than there are processors: tests wait for other processes as often as they compute.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
# In processes of their own: a kernel that starts late among other tests loses the first words that nbval waits for.
NOTEBOOKS := $(BIN)/python -m pytest -n 2 --dist loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout=120 notebooks/examples

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check lab dashboard clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11 to 3.13 is needed; name one with: make PYTHON=/path/to/python3.11 ..."; exit 3; }
	$(PYTHON) -m venv $(VENV)

# One stamp for each set of extras, renewed when the project's dependencies change.
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up $(VENV) ($*) ..."
	$(PIP) -e ".[$*]"
	@touch $@

demo: $(VENV)/.installed-report ## set up and run the main job on the embedded fleet
	@$(BIN)/workbench -w . demo

test: $(VENV)/.installed-report,dashboard,explain,deep,forecast,synthesis,optimize,dev,postgres ## set up and run the tests (about 10 minutes)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow"
	$(NOTEBOOKS)

test-all: $(VENV)/.installed-report,dashboard,explain,deep,forecast,synthesis,optimize,dev,postgres ## the same with the slow ones, and how much of the code they reach
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=85
	$(NOTEBOOKS)

check: $(VENV)/.installed-report,dashboard,explain,deep,forecast,synthesis,optimize,dev,postgres ## lint, format, types, layers, stripped notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/nbstripout --verify --keep-count $$(find notebooks -name '*.ipynb' -not -path '*/.ipynb_checkpoints/*')

lab: $(VENV)/.installed-report,dashboard ## open JupyterLab at the example notebooks
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 notebooks/examples/01_first_steps.ipynb

dashboard: $(VENV)/.installed-report,dashboard ## show the dashboard on http://127.0.0.1:8866
	@$(BIN)/workbench -w . dashboard

clean: ## remove what was set up and computed (not your workspace)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis .coverage* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
