# Every target sets up what it needs: a fresh clone and python3 (3.11 to 3.13, with venv) are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHURN_HOME ?= churn_home
USERS ?= 20000
WEEKS ?= 78
SEED ?= 7
# Of the simulated shop; empty: the newest Monday, so that the plan may still be sent. The same day, the same bytes.
END ?=
export CHURN_HOME
# Nobody is told what runs here.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := False
export GX_ANALYTICS_ENABLED := False
# Every process here starts with 2-4 s of imports, and with twice as many where Python may not keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE

# The lock names every package with its hash, so pip has nothing to resolve (--no-deps) and a fresh set-up takes about a minute.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes

# Other packages' own tests, source maps of the UI and what venv brings for Python 3.11: 90 MB that nothing here reads.
SLIM := find $(VENV)/lib/python*/site-packages/pandas $(VENV)/lib/python*/site-packages/scipy $(VENV)/lib/python*/site-packages/pyarrow \
	$(VENV)/lib/python*/site-packages/sklearn $(VENV)/lib/python*/site-packages/matplotlib \
	-type d -name tests -prune -exec rm -rf {} + ; \
	find $(VENV)/lib/python*/site-packages/dagster_webserver -name '*.map' -delete ; \
	$(BIN)/python -m pip uninstall --quiet --disable-pip-version-check --yes setuptools

.PHONY: help setup sequence demo demo-real ui test torture test-hardness lint bench lock clean

help: ## what can be done here
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.base ## create .venv from the lock
$(VENV)/.base: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { echo "Python 3.11, 3.12 or 3.13 is needed; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (about a minute, 1.3 GB) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(SLIM)
	@$(BIN)/python -W ignore -c "import catboost, dagster_webserver, great_expectations, pandera.polars, sklearn.linear_model"
	@$(BIN)/churn prepare
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements-dev.lock
	@echo "Adding the tools for tests and lint ..."
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

$(VENV)/.real: $(VENV)/.base requirements-real.lock
	@$(INSTALL) -r requirements-real.lock
	@touch $@

$(VENV)/.sequence: $(VENV)/.base requirements-sequence.lock
	@$(INSTALL) -r requirements-sequence.lock
	@touch $@

sequence: $(VENV)/.sequence ## add what the sequence model of churn bakeoff needs

demo: $(VENV)/.base ## simulated shop, from raw tables to intervention tables
	@$(BIN)/churn simulate --users $(USERS) --weeks $(WEEKS) $(if $(END),--end $(END)) --seed $(SEED) --if-missing
	@$(BIN)/churn run $(if $(END),--snapshot $(END))

demo-real: export CHURN_HOME := churn_home_real
demo-real: $(VENV)/.real ## the same on Complete Journey, a real grocer's orders of 2017
	@$(BIN)/churn load complete-journey --if-missing
	@$(BIN)/churn run --snapshot 2017-11-20

ui: $(VENV)/.base ## the Dagster UI on the demo's home
	@$(BIN)/churn ui --launch

test: $(VENV)/.dev ## every test of the product, four at a time: on 2 cores some always wait for disk, a lock or a process
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --ignore tests/hardness

torture: $(VENV)/.dev ## every point at which an act can be killed or refused, every command with every fault: half an hour
	@TORTURE=1 $(BIN)/pytest -n 2 --dist loadfile tests/faults

test-hardness: $(VENV)/.dev ## whether the simulated shop is hard to learn from; after a change of churn_assets/shop
	@$(BIN)/pytest tests/hardness

lint: $(VENV)/.dev ## style, types, layers, SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tests/architecture/sql_lines.py
	@$(BIN)/python tests/architecture/sizes.py
	@$(BIN)/sqlfluff lint dbt_project/models dbt_project/macros dbt_project/tests

bench: $(VENV)/.base ## price of orchestration, the optimiser, policies against the truth, delivery under kills, random landings
	@$(BIN)/python -m benchmarks.orchestration
	@$(BIN)/python -m benchmarks.knapsack
	@$(BIN)/python -m benchmarks.policies
	@$(BIN)/python -m benchmarks.effects
	@$(BIN)/python -m benchmarks.delivery
	@$(BIN)/python -m benchmarks.landing_fuzz

lock: ## renew the locks (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build --extra real -c requirements.lock -o requirements-real.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build --extra sequence -c requirements.lock -o requirements-sequence.lock

clean: ## remove the demo homes
	rm -rf churn_home churn_home_real
