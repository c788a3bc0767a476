# The task list: `make` alone lists it. Everything that hooks and CI call is a target here.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup
ENGINE := tests/rehearsal/engine
WEB := WMS/web
PAGE := WMS/src/wms/serving/web
# Without its compiled modules Python needs three times as long to start a program, and tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup hooks rehearsal-setup web demo test check scan format docs bench soak lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv with the locked dependencies and the package itself

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; try make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	backend=$$($(BIN)/python devops/torch_backend.py) && \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python $${backend:+--torch-backend $$backend} -c requirements.lock -e '.[dev]'
	@touch $(STAMP)

rehearsal-setup: $(ENGINE)/node_modules/.setup ## Fetch GitHub's workflow parser (needs Node.js 20 or newer)

$(ENGINE)/node_modules/.setup: $(ENGINE)/package.json $(ENGINE)/package-lock.json
	cd $(ENGINE) && npm ci --silent --ignore-scripts
	@touch $@

web: $(PAGE)/index.html ## Build the browser page (needs Node.js 20 or newer)

$(WEB)/node_modules/.setup: $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --silent --ignore-scripts
	@touch $@

$(PAGE)/index.html: $(WEB)/node_modules/.setup $(WEB)/build.mjs $(wildcard $(WEB)/src/*)
	cd $(WEB) && npm run --silent build

hooks: setup ## Install the pre-push hook: a push of photographs to main becomes a data branch
	@sh devops/install-hooks.sh

demo: setup ## A complete example on rendered images: promotions, a block, a hold, a rollback
	$(BIN)/wms demo run/demo

# Tests are shared out over so many processes; each lives in folders and ports of its own.
TEST_WORKERS ?= 2

# Without Node, or without npm's registry, the rehearsals and the tests of the page are skipped and say so.
test: setup ## All tests
	-@if command -v npm >/dev/null; then $(MAKE) --no-print-directory --keep-going rehearsal-setup web; fi
	$(BIN)/pytest --numprocesses $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

check: setup ## Lint, format, types, layers, workflows, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/zizmor --quiet --offline --persona auditor .github
	$(BIN)/shellcheck devops/hooks/pre-push devops/install-hooks.sh
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/wrong-mask.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/python docs/make_cli.py --check
	$(BIN)/python docs/make_terraform.py --check

# Its dependencies clash with ours, so it runs in an environment of its own.
scan: setup ## Security scan of the infrastructure (checkov)
	$(BIN)/uv tool run --from checkov==3.3.30 checkov --directory devops/terraform --framework terraform --skip-download --compact --quiet

format: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Write the generated documents
	$(BIN)/python docs/make_cli.py
	$(BIN)/python docs/make_terraform.py

# exports.py, drift.py and browser.py need images that a model never saw, or a model, install_cost.py fetches
# some 6 GB, runner_minutes.py needs Node.js: run them by hand.
BY_HAND := $(addprefix benchmarks/,gate_power.py pushes.py exports.py drift.py browser.py install_cost.py runner_minutes.py warm_starts.py)
BENCHMARKS := $(filter-out $(BY_HAND),$(wildcard benchmarks/*.py))

bench: setup ## Measure speed and memory, as ratios
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script; done

soak: setup ## Longer runs: scale, kill tests
	$(BIN)/pytest -m soak

lock: ## Compile requirements.lock, and from it the requirements of the images
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header pyproject.toml -o requirements.lock
	for image in mlflow serve; do $(BIN)/uv pip compile --quiet --universal --python-version 3.12 --no-annotate --no-header \
	  -c requirements.lock devops/containers/$$image/requirements.in -o devops/containers/$$image/requirements.txt || exit; done

clean: ## Remove everything that make created
	rm -rf $(VENV) $(ENGINE)/node_modules $(WEB)/node_modules $(PAGE) run .wms site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
