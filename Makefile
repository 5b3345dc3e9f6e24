# Everything a newcomer types: `make report` and `make test`. Both build .venv first if it is missing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PACKAGES := mixture em bayesian experiments

# PyTensor and numba keep compiled code here, so a second run compiles nothing.
CACHE := $(CURDIR)/.cache
export PYTENSOR_FLAGS ?= base_compiledir=$(CACHE)/pytensor
export NUMBA_CACHE_DIR ?= $(CACHE)/numba
# One thread per BLAS call: chains and worker processes already use every core.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help report reports test test-slow test-reports lint benchmark pins clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

report: $(READY) ## Old Faithful: EM beside the posterior, written to reports/old_faithful/
	$(BIN)/python -m experiments run old_faithful

reports: $(READY) ## every experiment's full report, and the pages above them
	$(BIN)/python -m experiments run --all
	$(BIN)/python -m experiments index --readme README.md

test: lint ## ruff, mypy and the fast tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: lint ## the fast tests and the statistical ones
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not reports"

test-reports: $(READY) ## runs that are killed and resumed, pages in a browser, committed reports run again
	$(BIN)/python -m pytest -n 2 --dist loadfile -m reports

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: $(READY) ## speed, as ratios within one run
	$(BIN)/python -m benchmarks

pins: ## renew requirements-dev.txt (needs uv on the PATH)
	uv pip compile --universal --generate-hashes --python-version 3.12 --no-header --no-annotate \
	    pyproject.toml --group dev -o requirements-dev.txt

clean: ## remove the environment and every cache
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache *.egg-info

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 12) else \
	"logsum needs Python 3.12 or newer, but $(PYTHON) is %d.%d. Install a newer Python, or name one: make PYTHON=python3.13 ..." % v[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
