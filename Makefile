# What a contributor or an operator runs from here; `make help` lists it.
# Set-up is done once: each step leaves a stamp in .setup/ and runs again when what it reads changed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

python := .venv/bin/python
pip := $(python) -m pip --disable-pip-version-check --quiet
compile := .setup/uv/bin/python -m uv pip compile --quiet --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

.PHONY: help run test check format bench lock clean fanout

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: .setup/runtime .setup/pages fanout ## set up and serve on http://127.0.0.1:8080, with a demo term
	@exec $(python) -m daris demo --serve

test: .setup/machine .setup/dev .setup/test-pages fanout ## run the tests; ARGS="tests/kernel -k bus" picks some
	@setup/tests $(ARGS)

check: .setup/dev ## look at format, lint, types and layers
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	$(python) -m mypy
	.venv/bin/lint-imports --no-logo

format: .setup/dev ## put the code into shape
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

bench: .setup/machine .setup/dev .setup/test-pages fanout ## measure, one benchmark after the other
	@for file in $$(grep -l __main__ bench/*.py); do \
		echo "== $$(basename "$$file" .py)"; \
		$(python) -m "bench.$$(basename "$$file" .py)"; \
	done

lock: .setup/uv/bin/uv ## bring the lock files in line with pyproject.toml; ARGS=--upgrade renews all
	$(compile) $(ARGS) --group setup pyproject.toml -o requirements.lock
	$(compile) $(ARGS) --group setup --group dev pyproject.toml -o requirements-dev.lock

clean: ## forget the set-up and what tools left; what was taught stays in var/
	rm -rf .setup .venv node_modules player/static/vendor live/build transcode/build .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/pyvenv.cfg:
	@setup/venv

.setup/runtime: requirements.lock .venv/pyvenv.cfg
	@echo "Installing the Python packages (a minute or so, the first time)"
	@$(pip) install --require-hashes -r requirements.lock
	@mkdir -p .setup && touch $@

.setup/dev: requirements-dev.lock .setup/runtime
	@echo "Installing the tools for tests and checks"
	@$(pip) install --require-hashes -r requirements-dev.lock
	@touch $@

.setup/pages: package-lock.json player/vendor.py .setup/runtime
	@echo "Fetching the front-end packages"
	@$(python) -m player.vendor
	@touch $@

.setup/test-pages: package-lock.json player/vendor.py .setup/runtime
	@echo "Fetching the front-end packages and their test tools"
	@$(python) -m player.vendor --with-tools
	@touch $@

fanout: .setup/runtime # each time: a compiler may have come since
	@$(python) -m live.build_fanout
	@$(python) -m transcode.build_pacing

.setup/machine: setup/machine setup/debian
	@setup/machine
	@mkdir -p .setup && touch $@

.setup/uv/bin/uv: .venv/pyvenv.cfg
	@$(python) -m venv .setup/uv
	@.setup/uv/bin/python -m pip install --disable-pip-version-check --quiet uv
