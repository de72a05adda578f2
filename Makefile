# Thin: what is worth doing is in scripts/. `make` alone lists the targets.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench clean

help: ## List what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/installed ## Create .venv and install the package with everything it is tested with

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' constraints.txt)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: setup ## Index this repository and answer three questions
	@$(BIN)/python scripts/demo.py

test: setup ## Run the whole suite
	@scripts/test

bench: setup ## Measure speed, size and exactness (ARGS="--sizes 5000 --rivals published,plain")
	@$(BIN)/python scripts/bench $(ARGS)
	@$(BIN)/python scripts/bench_plot.py

check: setup ## Format, lint, types, layers, generated files
	@scripts/check

clean: ## Remove what was made here
	rm -rf .venv .demo .bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
