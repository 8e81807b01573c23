# `make` alone lists what there is. For Windows, CONTRIBUTING.md has the same in PowerShell.

# Empty: the best one found. A Python named here, as in `make test PYTHON=python3.12`, gets a fresh .venv.
PYTHON ?=

# Neither variable is set on a developer's machine, but containers may set the first,
# and the worker engine takes either as "in Azure" and looks for the app elsewhere.
PYTEST := env -u CONTAINER_NAME -u WEBSITE_INSTANCE_ID
# Two workers: every server in the tests takes a free port, and each worker starts its own Azurite.
# And every test that did not run is named, with the reason.
PYTEST_OPTIONS := --quiet -rfEs --numprocesses 2 --dist worksteal

# What the second run leaves out: it looks at files, is pure, or takes long, and was seen on the first Python.
SAME_ON_EVERY_PYTHON := bench bot cards cli delivery demo docs domain graph infra insight polling release reliability rendering settings support teams
# What `make check` leaves out beside Azurite and Chromium: it starts programs, or lives through hours and days.
MORE_THAN_A_MINUTE := cli demo functions infra release reliability

# Not from .venv, which holds the test tools: the demo has a smaller environment of its own.
DEMO := python=$$(tools/find-python 3.11) || { \
	echo "No Python 3.11 or later was found. On Debian: apt-get install python3 python3-venv"; exit 1; }; \
	"$$python" tools/demo.py

# Installed into .venv in the version of the lock; its settings are in pyproject.toml.
UV := .venv/bin/uv

.DEFAULT_GOAL := help
.PHONY: help setup check test soak mutants bench lint format demo demo-bot previews film docs completions snapshots lock package clean \
	test-engine FORCE
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready tools/node_modules/.ready ## make .venv and install the test tools, as far as the locks changed
	@:

demo: ## try it: a simulated tenant and a page that shows the Teams channel; installs some 90 MB
	@$(DEMO) --open

previews: setup ## draw every card for docs/cards, with Microsoft's renderer in Chromium
	@echo "Drawing every card into docs/cards (a minute or so) ..."
	@.venv/bin/python -m maa_notify.rendering.gallery

film: setup ## film the demo for the README, in Chromium (a minute or so)
	@.venv/bin/python -m tools.demo_film

docs: .venv-docs/.locked ## build/docs/site: the documentation as a site, with every link checked
	@.venv-docs/bin/python tools/docs_site.py

completions: setup ## write the scripts for shells anew, after a change of a command or an option
	@.venv/bin/python -m tools.completions

demo-bot: tools/node_modules/.ready ## the same, with Microsoft's Agents Playground in place of our own channel
	@$(DEMO) --open --bot

lint: setup ## ruff and mypy
	@echo "Checking style and types ..."
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

check: lint ## lint and the fast tests, in about two minutes: all that starts no other program
	@echo "Testing what is fast on $$(.venv/bin/python -V) ..."
	@$(PYTEST) .venv/bin/python -m pytest $(PYTEST_OPTIONS) -m "not azurite and not browser and not soak" \
		$(addprefix --ignore=tests/,$(MORE_THAN_A_MINUTE))

test: lint .venv-infra/.locked .venv-docs/.locked ## everything: lint, all tests, and once more on the Python that has Microsoft's worker engine
	@echo "Testing on $$(.venv/bin/python -V) ..."
	@$(PYTEST) .venv/bin/python -m pytest $(PYTEST_OPTIONS)
	@$(MAKE) --silent test-engine

test-engine: .venv/.ready
	@if .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then \
		: the run above had the engine; \
	elif tools/find-python 3.13 >/dev/null; then \
		$(MAKE) --silent .venv-engine/.ready && \
		echo "Testing on $$(.venv-engine/bin/python -V), with the worker engine ..." && \
		$(PYTEST) .venv-engine/bin/python -m pytest $(PYTEST_OPTIONS) -m "not browser and not soak" \
			$(addprefix --ignore=tests/,$(SAME_ON_EVERY_PYTHON)); \
	else \
		echo "Not run: the tests on Microsoft's worker engine. They need Python 3.13 or later, and none was found."; \
		echo "Install one (apt-get install python3.13 python3.13-venv, or pyenv install 3.13) and repeat."; \
		test "$$CI" != true; \
	fi

soak: setup ## the tests that take minutes: ten thousand random lives, four hundred days
	@echo "Soaking on $$(.venv/bin/python -V) (half an hour or so on two cores, a line for each test that is done) ..."
	@$(PYTEST) .venv/bin/python -m pytest $(filter-out --quiet,$(PYTEST_OPTIONS)) --verbose -m soak

mutants: setup ## plant small faults in the core, one by one: do the tests find them? MUTANTS=100 SEED=2 for others
	@.venv/bin/python -m tools.mutants $(if $(MUTANTS),--number $(MUTANTS)) $(if $(SEED),--seed $(SEED))

bench: setup ## how fast, how small: writes the table of docs/performance.md; QUICK=1 for a first look
	@echo "Measuring (three to eight minutes; best on a machine that does nothing else) ..."
	@env -u CONTAINER_NAME -u WEBSITE_INSTANCE_ID .venv/bin/python -m bench $(if $(QUICK),--quick)

format: setup ## let ruff rewrite what it can
	@.venv/bin/ruff check --fix --exit-zero
	@.venv/bin/ruff format

# Not uv.lock, which holds the address of each file at one index: a machine behind a mirror could not use it.
# No hashes in these: one line without a hash, as an administrator may add it before a remote build, would make pip refuse
# all the others. The versions are exact, and the markers make one file serve every Python.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# What the archive holds: for one Python on one platform, so that nobody adds a line by hand, and with hashes.
COMPILE_HASHED = $(UV) pip compile --quiet --generate-hashes --no-annotate \
	--python-version 3.13 --python-platform x86_64-manylinux_2_28 --custom-compile-command "make lock"

snapshots: ## write anew what deployments make, after a change of infra/ (needs the Bicep compiler, no .venv)
	@python=$$(tools/find-python 3.11) && "$$python" tools/templates.py snapshots

lock: .venv/.ready ## write requirements*.txt after a change of pyproject.toml; UPGRADE=1 takes the newest
	@$(COMPILE) pyproject.toml --output-file requirements.txt
	@$(COMPILE) pyproject.toml --output-file requirements-dev.txt --group dev --constraint requirements.txt
	@$(COMPILE) --output-file requirements-infra.txt --group infra
	@$(COMPILE) --output-file requirements-docs.txt --group docs
	@$(COMPILE_HASHED) pyproject.toml --output-file requirements-azure.txt --constraint requirements.txt

package: ## build/maa-notify.zip, what is deployed to the Function App, with its libraries (needs git, no .venv)
	@python=$$(tools/find-python 3.11) && "$$python" tools/package.py build/maa-notify.zip

clean: ## remove what the other targets made
	@rm -rf .venv .venv-demo .venv-docs .venv-engine .venv-infra tools/node_modules .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	@find . -name .git -prune -o -name __pycache__ -type d -exec rm -rf {} +

# .venv is for everything, .venv-engine for the second run of the tests, .venv-infra for the scanner of the templates.
# A fresh machine has no uv: Python makes .venv, pip brings uv into it, and uv fills all three.
.venv/.locked .venv-engine/.locked: requirements-dev.txt
.venv-infra/.locked: requirements-infra.txt
.venv-engine/.locked .venv-infra/.locked: | .venv/.locked
.venv/.locked .venv-engine/.locked .venv-infra/.locked: %/.locked:
	@python=$(or $(PYTHON_FOR_$*),$(shell tools/find-python $(if $(filter %-engine,$*),3.13,3.11))); \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11 or later was found that can make a virtual environment."; \
		echo "On Debian: apt-get install python3 python3-venv"; exit 1; \
	fi; \
	echo "Setting up $$($$python -V) in $* (half a minute the first time) ..."; \
	$(if $(filter .venv,$*),"$$python" -m venv --clear $* && \
		$*/bin/python -m pip install -qq --disable-pip-version-check --constraint requirements-dev.txt uv,\
		$(UV) venv --quiet --clear --python "$$python" $*)
	@$(UV) pip sync --quiet --python $* $(filter requirements%,$^)
	@touch $@

.venv/.ready .venv-engine/.ready: %/.ready: %/.locked pyproject.toml
	@$(UV) pip install --quiet --python $* --no-deps --no-build-isolation --editable .
	@touch $@

# By uv where it is there, otherwise by pip: nobody needs the test tools to build the site.
.venv-docs/.locked: requirements-docs.txt
	@python=$$(tools/find-python 3.11) || { echo "On Debian: apt-get install python3 python3-venv"; exit 1; }; \
	echo "Setting up the generator of the site in .venv-docs ..."; \
	if [ -x $(UV) ]; then \
		$(UV) venv --quiet --clear --python "$$python" .venv-docs && \
		$(UV) pip sync --quiet --python .venv-docs requirements-docs.txt; \
	else \
		"$$python" -m venv --clear .venv-docs && \
		.venv-docs/bin/python -m pip install -qq --disable-pip-version-check --requirement requirements-docs.txt; \
	fi
	@touch $@

tools/node_modules/.ready: tools/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Setting up the Node tools in tools (half a minute the first time) ..."; \
		cd tools && npm ci --loglevel=error >/dev/null && touch node_modules/.ready; \
	else \
		echo "Node.js is missing (apt-get install nodejs npm): no cards in the demo, no tests of cards and Table Storage."; \
		test "$$CI" != true; \
	fi

PYTHON_FOR_.venv = $(PYTHON)
ifneq ($(PYTHON),)
ifneq ($(shell $(PYTHON) -V 2>&1),$(shell .venv/bin/python -V 2>&1))
.venv/.locked: FORCE
endif
endif
