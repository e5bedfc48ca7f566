# Each target first makes .venv, or brings it up to date with pyproject.toml.
#
#   make demo            run examples/quickstart.py, which writes loss_curve.png
#   make test            run the tests;      SLOW=1: the slow ones too;  ARGS='-k dropout': options for pytest
#   make lint            check style and formatting
#   make bench           run the benchmarks; TORCH=1: install PyTorch and compare with it;  ARGS=--quick
#   make clean           remove .venv and everything generated

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench clean
.NOTPARALLEL: # two pips must not write to one .venv

demo: $(VENV)/.installed-demo
	$(BIN)/python examples/quickstart.py

# One BLAS thread per worker: more would compete for the same cores.
test: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	$(BIN)/python -m pytest -n auto --maxprocesses 4 $(if $(SLOW),-m "") $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.installed$(if $(TORCH),-bench)
	$(BIN)/python benchmarks/bench_fit.py $(ARGS)
	$(BIN)/python benchmarks/bench_predict.py $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .coverage loss_curve.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that skann, with the extra it is named after, was installed after pyproject.toml last changed.
$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-%: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	touch $@

$(BIN)/pip:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("skann needs Python 3.11 or newer: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
