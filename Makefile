# The task list: `make` alone lists it. Everything that hooks and CI call is a target here.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup

.PHONY: help setup demo test check format docs bench soak clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv with the locked dependencies and the package itself

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; try make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c requirements.lock -e '.[dev]'
	@touch $(STAMP)

demo: setup ## The whole story on rendered pictures: promotions, a block, a hold, a rollback
	$(BIN)/wms demo run/demo

test: setup ## All tests
	$(BIN)/pytest

check: setup ## Lint, format, types, layers, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make_cli.py --check

format: setup ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Write the generated documents
	$(BIN)/python docs/make_cli.py

# views.py wants a trained model and pictures that it never saw.
BENCHMARKS := $(filter-out benchmarks/views.py,$(wildcard benchmarks/*.py))

bench: setup ## Figures of speed and memory, as ratios
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script; done

soak: setup ## Longer runs: scale, kill tests
	$(BIN)/pytest -m soak

lock: ## Compile requirements.lock anew, and from it what the server's image holds
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.12 --no-annotate --no-header -c requirements.lock \
	  devops/containers/mlflow/requirements.in -o devops/containers/mlflow/requirements.txt

clean: ## Remove what is made here
	rm -rf $(VENV) run .wms site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
