# Everything runs in .venv, which `make setup` builds and keeps current.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup check format test tests docs demo bench shots clean

bin := .venv/bin

help: ## show these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## build .venv and install what is missing; quick when nothing changed
	@bash resources/setup/setup.sh

check: setup ## format, lint, types and the direction of imports
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports

format: setup ## put every file into the common form
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

test: check tests ## everything that CI runs

tests: setup ## the tests alone; ARGS="tests/studio -k name" narrows them, JOBS=2 runs files side by side
	$(bin)/python -m pytest $(if $(JOBS),-n $(JOBS) --dist loadfile) $(ARGS)

docs: setup ## the pages that are made from the code
	$(bin)/python -m tests.architecture.error_page

demo: setup ## the whole loop in the real window; ARGS="--data DIR" walks it on your own data
	@$(bin)/atelier demo --shots build/demo $(ARGS)

bench: setup ## every measured ratio, ours and the reference in one run; ARGS="NAME…" narrows them
	@$(bin)/atelier bench $(ARGS)

shots: setup ## the documentation's pictures, from the real window
	@$(bin)/atelier demo --pace quick --shots docs/shots $(ARGS)

clean: ## remove what was built; .venv stays
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
