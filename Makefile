# Thin: what is worth doing is in scripts/. `make` alone lists the targets.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test check crash soak fuzz quality clean

help: ## List what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/installed ## Create .venv and install the package with everything it is tested with

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' constraints.txt)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m compileall -q vstash
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

crash: setup ## Fail every write, sync, truncate and lock in turn (minutes)
	@scripts/crash

soak: setup ## Many processes on one file: writes, reads, errors, lost rows (10 minutes)
	@scripts/soak

fuzz: setup ## Throw nonsense at splitter, queries, filters and import (minutes)
	@scripts/fuzz

quality: setup ## Measure the ranking on the judged collections, and write the README's tables
	@$(BIN)/python scripts/quality.py --readme

clean: ## Remove what was made here
	rm -rf .venv .demo .bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
