# Every target works on a machine that has only Python >= 3.11 and make: it builds .venv first,
# with the versions of constraints.txt, and again only when one of the three files below changes.

PYTHON ?= python3
JOBS ?= 2
STUDY_DIR ?= results/all-quick
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCHMARKS := $(sort $(wildcard tests/benchmarks/bench_*.py))

ENGINE_TESTS := $(wildcard tests/test_core_*.py) tests/test_blas.py \
	tests/test_estimators_threads.py tests/test_estimators_padding.py
PROCESSORS := OMP_NUM_THREADS=1 OMP_NUM_THREADS=2 \
	OMP_NUM_THREADS=2,ATEN_CPU_CAPABILITY=avx2,ONEDNN_MAX_CPU_ISA=AVX2,MKL_ENABLE_INSTRUCTIONS=AVX2 \
	OMP_NUM_THREADS=1,ATEN_CPU_CAPABILITY=default,ONEDNN_MAX_CPU_ISA=SSE41,MKL_ENABLE_INSTRUCTIONS=SSE4_2 \
	OMP_NUM_THREADS=2,MKL_CBWR=COMPATIBLE

# Of `make package`, `make lowest` and `make newest`. Another torch (its floor is 2.4.0) or any:
# make lowest VERSIONS_TORCH="torch==2.4.0"; make newest VERSIONS_TORCH=torch PYTHON=python3.13
PACKAGE_ARGS ?=
VERSIONS_TORCH ?= $(shell grep "^torch==" constraints.txt)
VERSIONS_TESTS ?= tests
THEIR_WARNINGS := -o filterwarnings= -W default --disable-warnings

.DEFAULT_GOAL := help
.PHONY: help setup study test processors lint docs bench package lowest newest clean distclean

help:
	@echo "make study   set up, then run all studies (quick presets) and show their tables"
	@echo "make test    set up, then run the whole test suite, doctests included"
	@echo "make processors  the engine's tests as other processors compute (minutes)"
	@echo "make lint    ruff, mypy, numpydoc validation, codespell"
	@echo "make docs    build the documentation and its gallery (docs/_build/html)"
	@echo "make bench   run the benchmarks, one thread and two (minutes)"
	@echo "make package build sdist and wheel, install the wheel elsewhere, try it there"
	@echo "make lowest  the test suite on the lowest versions that setup.cfg allows"
	@echo "make newest  the test suite on the newest versions there are"
	@echo "make setup   only set up the virtual environment $(VENV)"
	@echo "make clean   remove what the targets wrote;  make distclean: $(VENV) too"
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter for $(VENV), JOBS=$(JOBS) the parallel jobs."

setup: $(STAMP)

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@echo "==> Set up: $(VENV) with the versions of constraints.txt (minutes, once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed, $(PYTHON) is %d.%d; try make PYTHON=python3.11" % sys.version_info[:2])'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -c constraints.txt -e ".[dev]"
	@touch $@

study: $(STAMP)
	@echo "==> Study: all studies, quick presets, $(JOBS) jobs (minutes on 2 cores)"
	$(BIN)/sk-biornn study all --preset quick --n-jobs $(JOBS) --output $(STUDY_DIR) --resume

test: $(STAMP)
	@echo "==> Test: the whole suite and the doctests, $(JOBS) workers"
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

# Threads, older instruction sets and MKL's compatible mode: one machine computes as others do.
processors: $(STAMP)
	@set -e; for setting in $(PROCESSORS); do \
		echo "==> Processors: $$setting"; \
		env $$(echo $$setting | tr ',' ' ') $(BIN)/python -m pytest -q -n $(JOBS) $(ENGINE_TESTS); \
	done

lint: $(STAMP)
	@echo "==> Lint: ruff check"
	$(BIN)/python -m ruff check .
	@echo "==> Lint: ruff format --check"
	$(BIN)/python -m ruff format --check .
	@echo "==> Lint: mypy, the whole package"
	$(BIN)/python -m mypy sk_biornn
	@echo "==> Lint: numpydoc validation of every public object"
	$(BIN)/python -m pytest -q tests/test_docstrings.py
	@echo "==> Lint: codespell"
	$(BIN)/python -m codespell_lib .
	@echo "==> Lint: all clean"

docs: $(STAMP)
	@echo "==> Docs: Sphinx, warnings as errors, no network"
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "==> Docs: no dead link, nothing from elsewhere; in Chromium where it is installed"
	$(BIN)/python -m pytest -q -n 0 tests/test_pages.py
	@echo "==> Docs: open docs/_build/html/index.html"

# Needs no .venv: what is released must not lean on it.
package:
	@$(PYTHON) tests/release/build_and_install.py $(PACKAGE_ARGS)

# Its own warnings about what is to come are no errors of old or new versions of others.
lowest:
	@echo "==> Lowest: the lowest versions of setup.cfg, $(VERSIONS_TORCH)"
	$(PYTHON) -m venv --clear .venv-lowest
	$(PYTHON) tests/release/lowest.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install -q -c .venv-lowest/constraints.txt "$(VERSIONS_TORCH)" -e ".[test]"
	.venv-lowest/bin/python -m pytest -q -n $(JOBS) -p no:cacheprovider $(THEIR_WARNINGS) $(VERSIONS_TESTS)

newest:
	@echo "==> Newest: the newest versions of everything, $(VERSIONS_TORCH)"
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install -q --upgrade "$(VERSIONS_TORCH)" -e ".[test]"
	.venv-newest/bin/python -m pytest -q -n $(JOBS) -p no:cacheprovider $(THEIR_WARNINGS) $(VERSIONS_TESTS)

bench: $(STAMP)
	@echo "==> Benchmarks: ratios measured in one run; keep the machine otherwise idle"
	@test -n "$(BENCHMARKS)" || { echo "no tests/benchmarks/bench_*.py found" >&2; exit 1; }
	@set -e; for file in $(BENCHMARKS); do echo "--> $$file"; $(BIN)/python $$file; done

clean:
	@echo "==> Clean: build outputs, caches and results"
	rm -rf build dist *.egg-info results docs/_build docs/gallery docs/generated docs/sg_execution_times.rst
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage
	find . -name __pycache__ -type d -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
	@rm -f $(STAMP)

distclean: clean
	rm -rf $(VENV) .venv-lowest .venv-newest
