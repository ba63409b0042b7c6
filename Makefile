# One command per chore; CI runs these same targets. `make` alone prints them.
#
# Paths are relative and tools are started as `.venv/bin/python -m`, so that a checkout whose path
# holds a space works. Targets may be run in any order and as often as one likes.

SHELL = /bin/sh
PYTHON_IN_VENV = .venv/bin/python
PYTEST = $(PYTHON_IN_VENV) -m pytest
# Extra words for pytest: make test-python PYTEST_ARGS="-k modularity"
PYTEST_ARGS =
.DEFAULT_GOAL = help
# Stages share .venv, dist and the cores: one at a time.
.NOTPARALLEL:

.PHONY: help setup demo test lint bench docs wheel pins clean \
	test-quick test-rust test-python test-torch tools environment

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

setup: environment ## make .venv, fill it for development, build and install layerscope
	@scripts/install.sh

demo: ## run layerscope on activations shipped inside the package and write an HTML report
	@scripts/check-tools.sh > /dev/null
	@scripts/environment.sh runtime
	@scripts/install.sh
	@$(PYTHON_IN_VENV) -m layerscope demo

test: lint test-rust test-python test-torch ## lint and every test: Rust, Python, documents, wheel; without torch, then with
	@echo "make test: every stage passed"

test-quick: lint test-rust setup ## lint and the tests that take seconds, without torch
	@scripts/no-torch.sh
	$(PYTEST) -m "not torch and not slow and not browser" $(PYTEST_ARGS)

test-rust: tools
	cargo test --locked --workspace --quiet

test-python: setup
	@scripts/no-torch.sh
	LAYERSCOPE_WHEEL="$$(ls dist/*.whl)" $(PYTEST) -m "not torch" $(PYTEST_ARGS)
	$(PYTEST) --pyargs layerscope --doctest-modules --ignore-glob="*/layerscope/torch/*"

test-torch: environment
	@scripts/environment.sh torch
	@scripts/install.sh .venv-torch
	.venv-torch/bin/python -m pytest -m torch $(PYTEST_ARGS)

lint: environment ## ruff, mypy, stubtest, cargo fmt, clippy
	@scripts/check-tools.sh lint > /dev/null
	@scripts/install.sh
	$(PYTHON_IN_VENV) -m ruff check .
	$(PYTHON_IN_VENV) -m ruff format --check .
	$(PYTHON_IN_VENV) -m mypy
	MYPYPATH=python $(PYTHON_IN_VENV) -m mypy.stubtest \
		--mypy-config-file pyproject.toml layerscope._core
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --quiet -- -D warnings

bench: environment ## the short form of the benches, ratios to the peers (see benches/RULES.md)
	@scripts/environment.sh bench
	@scripts/install.sh .venv-bench
	.venv-bench/bin/python benches/python/run.py

docs: setup ## run every Python block of the documents and check their links
	$(PYTEST) tests/test_documents.py $(PYTEST_ARGS)

wheel: environment ## build the release wheel into dist/ and test it beside numpy alone
	@scripts/install.sh
	LAYERSCOPE_WHEEL="$$(ls dist/*.whl)" $(PYTEST) tests/seam/test_wheel.py $(PYTEST_ARGS)

pins: environment ## renew requirements/*.txt (pinned, with hashes) from requirements/*.in
	@scripts/pins.sh

clean: ## remove everything that these targets made
	rm -rf .venv .venv-torch .venv-bench dist target layerscope-report.html \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks

tools:
	@scripts/check-tools.sh > /dev/null

environment: tools
	@scripts/environment.sh dev
