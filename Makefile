# Each target works from a fresh clone with python3 (and its venv) and make; nothing is installed outside this folder.
PYTHON3 ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help setup doctor run test proof fuzz mutants screenshots lint audit licences format bench faults messages requirements clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.installed node_modules/.installed widget/static/widget/dist/.built locale/.compiled ## install everything into this folder

doctor: ## say what this machine has and what it lacks
	@$(PYTHON3) development/doctor.py

$(VENV)/.installed: requirements.txt requirements-dev.txt
	@$(PYTHON3) development/doctor.py --quiet
	@echo "Installing Python packages into $(VENV)"
	@$(PYTHON3) -m venv $(VENV)
	@$(PIP) -r requirements.txt -r requirements-dev.txt
	@touch $@

# A machine without node gets one from PyPI, into the virtual environment.
$(VENV)/.node: $(VENV)/.installed requirements-node.txt
	@command -v npm >/dev/null || { echo "Installing node into $(VENV)"; $(PIP) -r requirements-node.txt; }
	@touch $@

node_modules/.installed: $(VENV)/.node package.json package-lock.json
	@echo "Installing JavaScript packages into node_modules"
	@npm ci --silent --no-audit --no-fund
	@touch $@

widget/static/widget/dist/.built: node_modules/.installed $(wildcard frontend/* portals/static/portals/frames/* widget/static/widget/*.css widget/static/widget/*.js widget/static/widget/*/*.js)
	@echo "Bundling scripts, styles and the Bitrix24 SDK"
	@npm run --silent build
	@touch $@

# What processes in production mode serve; some tests start such ones.
staticfiles/staticfiles.json: widget/static/widget/dist/.built $(wildcard */static/*/*.*)
	@SECRET_KEY=collectstatic $(PYTHON) manage.py collectstatic --noinput --clear --verbosity 0

locale/.compiled: $(VENV)/.installed $(wildcard locale/*/LC_MESSAGES/*.po)
	@$(PYTHON) -m sidebar_project.messages compile
	@touch $@

run: setup ## start everything: services, application, worker, beat, emulated Bitrix24
	@$(PYTHON) -m development.launcher

test: setup staticfiles/staticfiles.json ## run the tests, all but the long proofs
	@$(PYTHON) -m pytest -n 2 --dist loadgroup -m "not proof"

proof: setup staticfiles/staticfiles.json ## the long proofs: restarts, kills, a hundred thousand portals, all faults, fuzz, growth, rush
	@$(PYTHON) -m pytest -n 2 --dist loadgroup -m proof
	@$(PYTHON) -m tests.faults
	@FUZZ_FACTOR=$(or $(FUZZ_FACTOR),20) $(PYTHON) -m pytest tests/fuzzing
	@$(PYTHON) -m tests.benchmarks scale rush

fuzz: setup ## feed every parser and address, others each time: make fuzz FUZZ_FACTOR=200
	@FUZZ_FACTOR=$(or $(FUZZ_FACTOR),20) $(PYTHON) -m pytest tests/fuzzing

mutants: setup ## change the modules that decide, in small ways, see whether tests notice: make mutants ONLY=tokens
	@$(PYTHON) -m tests.mutants $(ONLY)

screenshots: setup ## draw the pictures of docs/screenshots anew
	@SCREENSHOTS=1 $(PYTHON) -m pytest tests/browser/test_looks.py tests/browser/test_states.py tests/browser/test_card_states.py tests/browser/test_rich_editor.py tests/browser/test_admin.py

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
	@for name in requirements requirements-dev requirements-node; do \
		pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
			--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file $$name.txt $$name.in; \
	done

clean: ## remove what setup, run and test have made
	@rm -rf $(VENV) node_modules .data staticfiles locale/.compiled locale/*/LC_MESSAGES/*.mo */static/*/dist .pytest_cache .mypy_cache .ruff_cache
