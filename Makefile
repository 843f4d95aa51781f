# The verbs of Kolapp. Needs Python 3.11 or newer with venv, make, and a package index.

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-stores history pulls fuzz waits load bench check format docs setup clean
BIN := .venv/bin
ARGS ?=
# Two processes, each with a file at a time, take little more than half of one's time. In the order of
# their names: files of one long test would else come last, and leave one process idle.
WORKERS ?= -n 2 --dist loadfile --no-loadscope-reorder
# Often set in containers; every start would then compile our modules anew, a third of its time.
unexport PYTHONDONTWRITEBYTECODE

help: ## say what there is
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: ## start everything on this machine and print the addresses of the pages
	@scripts/setup run
	@$(BIN)/python -P -m kolapp_signalling serve $(ARGS)

test: check ## check, then run all tests; ARGS="tests/queue -x" for some
	@browser="$$($(BIN)/python scripts/ensure_browser.py)" \
		&& redis="$$($(BIN)/python scripts/ensure_server.py redis-server)" \
		&& turn="$$($(BIN)/python scripts/ensure_server.py turnserver)" \
		&& KOLAPP_TURNSERVER="$$turn" KOLAPP_CHROMIUM="$$browser" KOLAPP_REDIS_SERVER="$$redis" $(BIN)/pytest $(WORKERS) $(ARGS)

test-stores: check ## run all tests of the store on each store it may be
	@redis="$$($(BIN)/python scripts/ensure_server.py redis-server)" && for kind in embedded redis cluster; do \
		echo "on $$kind"; KOLAPP_TEST_STORES=$$kind KOLAPP_REDIS_SERVER="$$redis" \
			$(BIN)/pytest tests/queue tests/faults tests/history $(ARGS) || exit 1; done

test-long: ## the tests that need minutes: browsers on a bad network, a thousand visits
	@scripts/setup dev
	@browser="$$($(BIN)/python scripts/ensure_browser.py)" \
		&& turn="$$($(BIN)/python scripts/ensure_server.py turnserver)" \
		&& KOLAPP_LONG=1 KOLAPP_TURNSERVER="$$turn" KOLAPP_CHROMIUM="$$browser" $(BIN)/pytest --timeout=3600 tests/long $(ARGS)

history: ## two minutes of clients and a store that are killed at any moment, then the proof
	@scripts/setup dev
	KOLAPP_HISTORY_S=120 $(BIN)/pytest --timeout=3600 -s tests/history $(ARGS)

pulls: ## two clinicians in two processes press pull at once, 10,000 times
	@scripts/setup dev
	KOLAPP_PULLS=10000 $(BIN)/pytest --timeout=3600 tests/faults/test_fault_10.py $(ARGS)

fuzz: ## 100,000 messages made from the catalogue, right and wrong, in both encodings
	@scripts/setup dev
	KOLAPP_FUZZ=100000 $(BIN)/pytest --timeout=3600 tests/signalling/test_fuzz.py $(ARGS)

waits: ## compare waiting-time methods on synthetic days (half an hour)
	@scripts/setup dev
	OMP_NUM_THREADS=1 $(BIN)/kolapp eta truth $(ARGS)

load: ## a whole Monday in five minutes against a fresh server, with a report
	@scripts/setup dev
	$(BIN)/kolapp loadtest run monday-morning --out build/load $(ARGS)

bench: ## all benchmarks, with what a country would need, into build/ (a quarter of an hour)
	@scripts/setup dev
	@mkdir -p build
	@browser="$$($(BIN)/python scripts/ensure_browser.py)" && KOLAPP_CHROMIUM="$$browser" \
		$(BIN)/kolapp bench all --json build/benchmarks.json --markdown build/BENCHMARKS.md $(ARGS)

check: ## lint, format, types, import rules
	@scripts/setup dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: ## write the code in the one format
	@scripts/setup dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: ## write the parts of the documents that are made from the code
	@scripts/setup dev
	$(BIN)/python scripts/docs.py

setup: ## make .venv with everything, for editors
	@scripts/setup dev

clean: ## remove .venv, caches and what was built; the data directory stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
