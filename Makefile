# Every target but help and clean first sets up .venv, with the versions in constraints.txt.
# More arguments for pytest: make prove ARGS="-k sweepgen"

PYTHON ?= python3
ARGS ?=
RUN := .venv/bin/python -m
INSTALL := $(RUN) pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help prove test lint fast nightly bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

prove: .venv/ready ## run all proofs, those about the real Go runtime included
	$(RUN) pytest proofs/ $(ARGS)

test: .venv/ready ## run the tests of our own code
	$(RUN) pytest tests/ $(ARGS)

lint: .venv/ready ## check style, types and the import rule
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	.venv/bin/lint-imports

fast: .venv/ready ## run the proofs that end within a minute
	$(RUN) pytest proofs/ -m fast $(ARGS)

nightly: .venv/ready ## run all proofs, sampling twenty times as much
	$(RUN) pytest proofs/ --nightly --all-must-run $(ARGS)

bench: .venv/ready ## measure speed and size of the port; ARGS="--help" says more
	$(RUN) bench $(ARGS)

clean: ## remove .venv and everything that was generated
	rm -rf .venv build .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	rm -rf *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# setuptools is pinned like the rest, hence no isolated build with the newest one.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear .venv
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable '.[go,dev]'
	touch $@
