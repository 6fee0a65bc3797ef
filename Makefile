# Each target works from a fresh clone with python3, make, node and npm; nothing is installed outside this folder.
VENV := .venv
PYTHON := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help setup run test fuzz screenshots lint audit licences format bench faults messages requirements clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.installed node_modules/.installed widget/static/widget/dist/.built locale/.compiled ## install everything into this folder

$(VENV)/.installed: requirements.txt requirements-dev.txt
	@echo "Installing Python packages into $(VENV)"
	@python3 -m venv $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@

node_modules/.installed: package.json package-lock.json
	@echo "Installing JavaScript packages into node_modules"
	@npm ci --silent --no-audit --no-fund
	@touch $@

widget/static/widget/dist/.built: node_modules/.installed $(wildcard frontend/* widget/static/widget/*.css widget/static/widget/*.js)
	@echo "Bundling scripts, styles and the Bitrix24 SDK"
	@npm run --silent build
	@touch $@

locale/.compiled: $(VENV)/.installed $(wildcard locale/*/LC_MESSAGES/*.po)
	@$(PYTHON) -m sidebar_project.messages compile
	@touch $@

run: setup ## start everything: services, application, worker, beat, emulated Bitrix24
	@$(PYTHON) -m development.launcher

test: setup ## run the whole test suite
	@$(PYTHON) -m pytest -n 2 --dist loadgroup

fuzz: setup ## feed every parser and address, others each time: make fuzz FUZZ_FACTOR=200
	@FUZZ_FACTOR=$(or $(FUZZ_FACTOR),20) $(PYTHON) -m pytest tests/fuzzing

screenshots: setup ## draw the pictures of docs/screenshots anew
	@SCREENSHOTS=1 $(PYTHON) -m pytest tests/browser/test_looks.py tests/browser/test_states.py tests/browser/test_card_states.py tests/browser/test_admin.py

faults: setup ## take one thing after the other away under load, see what happens: make faults ONLY=cache
	@$(PYTHON) -m tests.faults $(ONLY)

bench: setup ## measure, all of it or one part: make bench ONLY=tokens
	@$(PYTHON) -m tests.benchmarks $(ONLY)

lint: setup ## every static check
	@ruff check .
	@ruff format --check .
	@SECRET_KEY=lint DEBUG=true mypy .
	@lint-imports
	@SECRET_KEY=lint DEBUG=true $(PYTHON) -m development.embedded manage.py makemigrations --check --dry-run
	@npm run --silent lint
	@$(PYTHON) -m development.licences check

audit: setup ## ask the vulnerability databases about every pinned package (needs the internet; says so without it)
	@pip-audit --strict --disable-pip --no-deps -r requirements.txt -r requirements-dev.txt
	@npm audit

licences: setup ## write docs/licences.md anew
	@$(PYTHON) -m development.licences write

format: setup ## format and fix what can be fixed
	@ruff format .
	@ruff check --fix .

messages: $(VENV)/.installed ## bring the translations' catalogs up to date, list what is untranslated
	@$(PYTHON) -m sidebar_project.messages update

requirements: ## pin the newest versions that requirements*.in allow
	@for name in requirements requirements-dev; do \
		pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
			--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file $$name.txt $$name.in; \
	done

clean: ## remove what setup, run and test have made
	@rm -rf $(VENV) node_modules .data locale/.compiled locale/*/LC_MESSAGES/*.mo widget/static/widget/dist .pytest_cache .mypy_cache .ruff_cache
