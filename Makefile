# make demo, make test: all the set-up they need, on a machine with git, make and Python 3.11/3.12.
# Tests run in two processes at a time; the parts of one file stay together.
WORKERS ?= 2
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not ((3,11) <= sys.version_info[:2] < (3,13)))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo demo-reset pictures test check bench faults format setup clean

demo: $(STAMP)
	@$(BIN)/quarterdeck demo

demo-reset: $(STAMP)
	@$(BIN)/quarterdeck demo --reset

pictures: $(STAMP)
	@$(BIN)/python -m transcript.pictures docs/pictures

test: $(STAMP)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(ARGS)

# One row: make faults ROW=kill-dedupe DB=sqlite SEED=7
faults: $(STAMP)
	@$(BIN)/python -m tests.faults $(if $(ROW),--row $(ROW)) $(if $(DB),--db $(DB)) $(if $(SEED),--seed $(SEED)) $(ARGS)

format: $(STAMP)
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Quarterdeck needs Python 3.11 or 3.12: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python has no venv or pip here: apt-get install python3-venv python3-pip"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "Installing the locked packages …"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --no-index -e .
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
