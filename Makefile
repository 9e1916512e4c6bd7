# `make demo` and `make test` set everything up by themselves, in .venv.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -qq --constraint constraints.txt --editable

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/base ## simulate, search, retrain, test, export and show the result: a few minutes
	$(BIN)/rbptune demo --workspace demo

test: .venv/test ## run all tests but the long ones
	$(BIN)/pytest -n 2 --dist worksteal -m "not bench and not soak"

lint: .venv/test ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/test ## measure speed against the reference: a quarter of an hour, on an idle machine
	$(BIN)/python -m tests.benchmarks

bench-search: .venv/test ## compare whole searches with naive ones at equal time: an hour and a half
	$(BIN)/python -m tests.benchmarks.against_naive

bench-fleet: .venv/test ## measure what hundreds of studies, many workers and readers cost the driver: some minutes
	$(BIN)/python -m tests.benchmarks.fleet
	$(BIN)/python -m tests.benchmarks.scaling
	$(BIN)/python -m tests.benchmarks.pages

bench-replay: .venv/test ## compare search strategies on recorded learning curves: up to ten minutes
	$(BIN)/python -m tests.benchmarks.replay

soak: .venv/test ## kill workers and drivers at random: an hour
	RBPTUNE_SOAK=1 $(BIN)/pytest -n 2 --timeout 0 -m "soak or faults"

clean: ## remove what tests and demo left; .venv and workspaces stay
	rm -rf demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis tests/benchmarks/results.json tests/benchmarks/gpu.json
	find data_io models search studies tests -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed is made again when the project file or the pinned versions change.
.venv/base: pyproject.toml constraints.txt
	@echo "installing into .venv (about 2 GB, some minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) .
	touch $@

.venv/test: pyproject.toml constraints.txt
	@echo "installing into .venv, with what the tests need (about 2 GB, some minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) '.[test]'
	touch .venv/base $@

.PHONY: help demo test lint bench bench-search bench-fleet bench-replay soak clean
