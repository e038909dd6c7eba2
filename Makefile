# `make` or `make help` lists what there is.
PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install demo test fuzz mutants chaos lint format bench clean

VENV := .venv/bin
# Node lies beside Python.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
LOCAL := supabase/local

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Install everything under this folder (.venv and node_modules)
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Firmbase needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) cli/install.py

demo: install ## Play a working day of a small firm on a local Supabase and leave it running
	@$(VENV)/firmbase demo

# Two at a time, each with a stack of its own.
test: install lint ## Run every linter and every test
	@$(VENV)/pytest -n 2 --dist loadfile

fuzz: install ## Damage files of every kind, a few thousand times each (ARGS="-k pdf" for some)
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-3000} $(VENV)/pytest -q tests/unit/test_files_fuzz.py $(ARGS)

mutants: install ## Take away each right, policy and key in turn; the tests must notice
	@$(VENV)/python -m tests.mutants $(ARGS)

chaos: install ## Kill everything around 20,000 jobs; none may suffer (ARGS="--seed N" for one again)
	@$(VENV)/python -m tests.chaos $(ARGS)

lint: install ## Check the style and types of all code
	@$(VENV)/ruff format --check . && $(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/sqlfluff lint --processes 2 sql supabase/tests cli/schema
	@$(LOCAL)/node_modules/.bin/biome ci
	@$(LOCAL)/node_modules/.bin/deno check --quiet --no-config --no-lock supabase/functions/*/index.ts
	@web/node_modules/.bin/tsc -p web

format: install ## Put all code into the house style
	@$(VENV)/ruff format . && $(VENV)/ruff check --fix .
	@$(VENV)/sqlfluff format --processes 2 sql supabase/tests cli/schema
	@$(LOCAL)/node_modules/.bin/biome check --write

bench: install ## Measure the start-up time (python -m bench NAME for the others)
	@$(VENV)/python -m bench startup

clean: ## Stop the local stacks and delete everything that was installed or made
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m cli.local.clean; fi
	rm -rf .venv .stack $(LOCAL)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis chaos
	rm -rf web/node_modules web/app/dist*
	rm -rf bench/out bench/jobs/programs/.venv bench/jobs/programs/node_modules
