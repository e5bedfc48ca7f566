# Each target first makes the environment that it needs, or brings it up to date with pyproject.toml.
#
#   make demo            run examples/quickstart.py, which writes quickstart.png
#   make test            run the tests;      SLOW=1: the slow ones too;  ARGS='-k dropout': options for pytest
#   make coverage        run all tests; fail if they leave more than 5 % of the branches of skann/ out
#   make test-oldest     run the tests with the oldest supported versions, those in .ci/oldest.txt
#   make test-ecosystem  run the tests with other packages, in the versions in .ci/ecosystem.txt
#   make lint            check style, formatting, types and docstrings
#   make docstrings      write the docstrings of the estimators into the source, from their entries
#   make docs            build the documentation into docs/_build/html; it needs no network
#   make dist            build the wheel and the source distribution into dist/, and check them
#   make check-dist      try them: the wheel in a new environment, with a few tests
#   make test-dist       the same with all tests;  ARGS: options for pytest
#   make bench           run the benchmarks; TORCH=1: install PyTorch and JAX and compare with them;  ARGS=--quick
#   make clean           remove the environments and everything generated

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One BLAS thread per worker: more would compete for the same cores.
pytest = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $1/bin/python -m pytest -n auto --maxprocesses 4

.PHONY: demo test coverage test-oldest test-ecosystem lint docstrings docs dist check-dist test-dist bench clean
.NOTPARALLEL: # two pips must not write to one environment

demo: $(VENV)/.installed-demo
	$(BIN)/python examples/quickstart.py

test: $(VENV)/.installed-test
	$(call pytest,$(VENV)) $(if $(SLOW),-m "") $(if $(COVERAGE),--cov --cov-report term-missing:skip-covered) $(ARGS)

coverage:
	$(MAKE) test SLOW=1 COVERAGE=1

test-oldest: $(VENV)-oldest/.installed
	$(call pytest,$(VENV)-oldest) $(ARGS)

test-ecosystem: $(VENV)-ecosystem/.installed
	$(call pytest,$(VENV)-ecosystem) tests/ecosystem skann/dask skann/data/dask.py --dist loadgroup $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.public

docstrings: $(VENV)/.installed-demo
	$(BIN)/python -m skann.estimators.docstrings

docs: $(VENV)-docs/.installed
	$(VENV)-docs/bin/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html

dist: $(VENV)-dist/.installed
	rm -rf dist
	$(VENV)-dist/bin/python -m build
	$(VENV)-dist/bin/python -m twine check --strict dist/*

check-dist: dist
	PYTHON=$(PYTHON) .ci/try-dist

test-dist: dist
	PYTHON=$(PYTHON) .ci/try-dist --all -n auto --maxprocesses 4 $(ARGS)

bench: $(VENV)/.installed-$(if $(TORCH),bench,demo)
	$(BIN)/python benchmarks/bench_fit.py $(ARGS)
	$(BIN)/python benchmarks/bench_frameworks.py $(ARGS)
	$(BIN)/python benchmarks/bench_predict.py $(ARGS)
	$(BIN)/python benchmarks/bench_concurrency.py $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-oldest $(VENV)-ecosystem $(VENV)-docs $(VENV)-dist build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
	rm -rf .coverage .hypothesis quickstart.png
	rm -rf docs/_build docs/files docs/gallery docs/generated docs/pictures docs/changelog.md docs/contributing.md
	rm -rf docs/sg_execution_times.rst
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that skann, with the extra it is named after, was installed after pyproject.toml last changed.
$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --editable .
	touch $@

$(VENV)/.installed-%: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --editable '.[$*]'
	touch $@

# Four environments more; the versions of two are pinned.
$(VENV)-oldest/.installed: pyproject.toml .ci/oldest.txt | $(VENV)-oldest/bin/pip
	$(VENV)-oldest/bin/python -m pip install --editable '.[test]' --constraint .ci/oldest.txt
	touch $@

$(VENV)-ecosystem/.installed: pyproject.toml .ci/ecosystem.txt | $(VENV)-ecosystem/bin/pip
	$(VENV)-ecosystem/bin/python -m pip install --editable '.[ecosystem]' --constraint .ci/ecosystem.txt
	touch $@

$(VENV)-docs/.installed: pyproject.toml | $(VENV)-docs/bin/pip
	$(VENV)-docs/bin/python -m pip install --editable '.[docs]'
	touch $@

$(VENV)-dist/.installed: pyproject.toml | $(VENV)-dist/bin/pip
	$(VENV)-dist/bin/python -m pip install --editable '.[dist]'
	touch $@

$(BIN)/pip $(VENV)-oldest/bin/pip $(VENV)-ecosystem/bin/pip $(VENV)-docs/bin/pip $(VENV)-dist/bin/pip:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("skann needs Python 3.11 or newer: make PYTHON=...")'
	@echo "Making the environment $(@:/bin/pip=), which pip then fills: about half a minute"
	$(PYTHON) -m venv $(@:/bin/pip=)
