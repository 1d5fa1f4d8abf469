# Everything a person needs to type. `make run` and `make test` do their own set-up; see packaging/README.md.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := .venv/bin
# For example: make test PYTEST_ARGS="tests/kiosk -x". Two at a time: most tests wait for a device, not for a processor.
PYTEST_ARGS ?= -n 2 --dist loadfile
# The longest tests wait for a line; handed from worker to worker, all of them take an hour and a half on two cores.
SOAK_ARGS ?= -v -n 4 --dist worksteal
RUN_ARGS ?= --demo

translations := $(patsubst %.ts,%.qm,$(wildcard ui/i18n/*.ts))

.PHONY: help run test check quick fix soak faults strings translations setup setup-dev lock rehearse clean

help: ## this list
	@echo "Linban (邻办). The two commands: make run, make test. All of them:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## start the terminal with simulated devices and its own central platform
	@$(BIN)/kiosk run $(RUN_ARGS)

test: check ## all checks, then all tests (PYTEST_ARGS="..." is handed on); build/faults.html tells what was survived
	$(BIN)/python -m pytest --fault-table build/faults $(PYTEST_ARGS)

quick: setup-dev ## the tests without the slow ones, without the checks
	$(BIN)/python -m pytest -m "not slow and not soak" $(PYTEST_ARGS)

check: setup-dev ## style, import contracts, types, QML
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/python packaging/check_qml.py

fix: setup-dev ## let ruff and qmlformat write what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python packaging/check_qml.py --fix

faults: setup-dev ## every test that plays a line of the fault catalogue, and the table of them: build/faults.html
	$(BIN)/python -m pytest -m "fault and not soak" --fault-table build/faults $(PYTEST_ARGS)

soak: setup-dev ## the tests that run for hours, four at a time; build/faults-soak.html tells what was survived
	$(BIN)/python -m pytest -m soak --fault-table build/faults-soak $(SOAK_ARGS)

strings: setup-dev ## collect the words of the screens into ui/i18n/*.ts
	$(BIN)/pyside6-lupdate -extensions qml,py -no-obsolete -locations none ui/qml ui/pages -ts ui/i18n/linban_en.ts
	$(BIN)/pyside6-lupdate -extensions qml,py -no-obsolete -locations none ui/workbench -ts ui/i18n/workbench_en.ts

translations: $(translations) ## compile ui/i18n/*.ts (part of every set-up)

ui/i18n/%.qm: ui/i18n/%.ts
	@$(BIN)/pyside6-lrelease -silent $< -qm $@

# The environment comes before the translations because their compiler lives in it.
setup:
	@packaging/setup.sh demo
	@$(MAKE) --silent translations

setup-dev:
	@packaging/setup.sh dev
	@$(MAKE) --silent translations

lock: ## choose the newest fitting versions and write the locks anew
	packaging/lock.sh --upgrade

rehearse: ## all of this on a fresh Debian in a directory (needs root and debootstrap)
	packaging/rehearse.sh

clean: ## remove everything that can be made again
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache ui/i18n/*.qm
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
