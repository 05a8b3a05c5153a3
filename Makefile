# irregsim. `make help` lists what there is.
#
# Variables: PYTHON (which Python makes the environment; else one of 3.11 to 3.13 is looked for), VENV (where it
# is made), SCENARIO (for run), ARGS (for run and serve), TEST_ARGS (handed to pytest), JOBS (test processes: one more
# than two cores, since tests wait for browsers and other processes now and then), MUTANTS and SEED (how many small
# changes are tried, and which).

VENV ?= .venv
PYTHON ?=
SCENARIO ?= scenarios/baseline.yaml
ARGS ?=
TEST_ARGS ?=
JOBS ?= 3
MUTANTS ?= 100
SEED ?= 1

ENVIRONMENT = PYTHON='$(PYTHON)' scripts/environment '$(VENV)'
# By file: what the tests of a file share is made once.
PYTEST = '$(VENV)/bin/python' -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run serve notebooks test test-quick test-slow benchmark mutants lint format docs lock build bundle audit clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run:  ## simulate SCENARIO (default: the baseline) and print a summary
	@$(ENVIRONMENT) core
	'$(VENV)/bin/irregsim' run '$(SCENARIO)' $(ARGS)
	@echo "The program is $(VENV)/bin/irregsim. To call it irregsim: source $(VENV)/bin/activate. What is installed: irregsim doctor" >&2

serve:  ## open the page for a class in the browser, with what it needs from the lock (ARGS, as ARGS="--lang en")
	@$(ENVIRONMENT) viz
	'$(VENV)/bin/irregsim' serve $(ARGS)

notebooks:  ## open the notebooks in the browser, with what they need from the lock
	@$(ENVIRONMENT) notebooks
	'$(VENV)/bin/jupyter' lab notebooks

test:  ## run the tests, but for the slow ones
	@$(ENVIRONMENT) dev
	$(PYTEST) $(TEST_ARGS)

test-quick:  ## run the unit tests, in under half a minute: no process, no browser, no whole run
	@$(ENVIRONMENT) dev
	$(PYTEST) -m quick $(TEST_ARGS)

test-slow:  ## run the slow tests
	@$(ENVIRONMENT) dev
	$(PYTEST) -m slow $(TEST_ARGS)

benchmark:  ## measure where the time goes and write it into docs/performance.md (some minutes)
	@$(ENVIRONMENT) dev
	'$(VENV)/bin/python' -m benchmarks.measure docs/performance.md

mutants:  ## change model and comparison in small ways and see which changes no test sees (MUTANTS of each, SEED)
	@$(ENVIRONMENT) dev
	scripts/mutants --sample $(MUTANTS) --seed $(SEED) --jobs $(JOBS) src/irregsim/model src/irregsim/study/comparison

lint:  ## check style, types and import layers
	@$(ENVIRONMENT) dev
	'$(VENV)/bin/ruff' check .
	'$(VENV)/bin/ruff' format --check .
	'$(VENV)/bin/mypy'
	'$(VENV)/bin/lint-imports'

format:  ## put imports and layout in order
	@$(ENVIRONMENT) dev
	'$(VENV)/bin/ruff' check --select I --fix .
	'$(VENV)/bin/ruff' format .

docs:  ## build the documentation into site/ (open site/index.html; no internet needed)
	@scripts/environment .venv-docs docs
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet --site-dir site
	@echo "site/index.html"

lock:  ## write requirements/*.lock from pyproject.toml (UPGRADE=1: take the newest of everything)
	@PYTHON='$(PYTHON)' scripts/lock $(if $(UPGRADE),--upgrade)

build:  ## build wheel and sdist into dist/, check and run both outside the repository, list what they stand on
	@scripts/release

bundle:  ## put wheels, hashes and how to install without internet into bundle/ (SYSTEMS="linux windows", PYTHONS="3.12")
	@scripts/environment .venv-release release
	@.venv-release/bin/python -m release_tools.bundle $(SYSTEMS:%=--system %) $(PYTHONS:%=--python %)

audit:  ## ask an advisory database about the locked versions (says so where none can be reached)
	@scripts/environment .venv-release release
	@.venv-release/bin/python -m release_tools.audit

clean:  ## remove environments, caches and builds; run folders in outputs/ stay
	rm -rf .venv .venv-lock .venv-core .venv-core-* .venv-docs .venv-release .venv-newer-* build bundle dist site
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
