# Everything a newcomer, a developer and CI run. Each target makes the environment that it needs.

PYTHON ?= python3
PIP_FLAGS ?= --quiet --disable-pip-version-check
VENV := .venv
DEMO_VENV := .venv-demo
DEMO := demo-out
N_JOBS ?= 2
# The demo installs a copy: it is made again when the source changed.
SOURCE := $(shell find radiorim -type f -not -name '*.nb?' -not -name '*.pyc')

# Without bytecode on disk every command would compile its libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint layers notebooks bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install, make a phantom cohort, find, measure, judge, report (about 5 minutes)"
	@echo "make test    install everything, lint, layers, tests, notebooks (under 25 minutes)"
	@echo "make bench   speed and quality beside peers; writes benchmarks/results"
	@echo "make clean   remove environments and outputs"

$(DEMO_VENV)/done: setup.cfg pyproject.toml constraints.txt $(SOURCE)
	$(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/pip install $(PIP_FLAGS) -c constraints.txt .
	touch $@

$(VENV)/done: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install $(PIP_FLAGS) -c constraints.txt -e '.[pyradiomics,dl,cluster,notebooks,dev]'
	touch $@

demo: $(DEMO_VENV)/done
	PATH="$(CURDIR)/$(DEMO_VENV)/bin:$$PATH" N_JOBS=$(N_JOBS) bash benchmarks/demo.sh $(DEMO)

# One thread for each worker: more of them than cores wait for one another.
test: lint layers
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n $(N_JOBS) --dist loadfile

lint: $(VENV)/done
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/codespell

layers: $(VENV)/done
	$(VENV)/bin/lint-imports --config setup.cfg

notebooks: $(VENV)/done
	$(VENV)/bin/python -m pytest tests/test_notebooks.py

bench: $(VENV)/done
	$(VENV)/bin/python benchmarks/type1_error.py
	$(VENV)/bin/python benchmarks/metrics.py

clean:
	rm -rf $(VENV) $(DEMO_VENV) $(DEMO) build *.egg-info
