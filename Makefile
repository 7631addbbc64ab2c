# overlap: `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install browser demo test torture check bench bench-large reports notebooks clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv and install overlap with its development tools

$(STAMP): setup.cfg pyproject.toml overlap/version.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

browser: ## Install what tests of reports look for: Chromium, LaTeX, axe-core (each is skipped where it cannot be had)
	@sh tools/install_browser.sh

demo: $(STAMP) ## Do the main job on generated data with planted overlap, and compare with the truth
	$(BIN)/python examples/demo.py

test: $(STAMP) ## Run the tests
	$(BIN)/python -m pytest -q

torture: $(STAMP) ## Kill 100 builds, mutate 1,000 files, mutilate 10,000 inputs (a few minutes)
	PYTHONPATH=tests $(BIN)/python tests/torture.py

check: $(STAMP) ## Lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(STAMP) ## Compare speed and size with other tools, side by side (half an hour, see benchmarks/README.md)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	$(BIN)/python benchmarks/bench.py $(BENCH)

bench-large: $(STAMP) ## Time and memory against size (up to 10 GB), formats, workers, clusters (half an hour, 35 GB of disk)
	$(BIN)/python benchmarks/bench_large.py $(BENCH)

reports: $(STAMP) ## Write reports/ again: the demo from its stored result, tables from the public data beside the project
	$(BIN)/python tools/make_reports.py

notebooks: $(STAMP) ## Run the notebooks of examples/ and store them with their outputs
	$(BIN)/python tools/make_notebooks.py

clean: ## Remove what was generated, but not the virtual environment
	rm -rf demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/work tests/actual .browser
	find overlap tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
