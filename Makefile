# SkyDesk's two commands are `make demo` and `make test`; the rest serve development.
# Everything is installed into .venv in this checkout; nothing else of the machine is changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell git ls-files -co --exclude-standard -- skydesk hub_config extensions/skydesk_server extensions/jupyter-config extensions/labextension/dist widgets/skydesk_widgets setup.py pyproject.toml 2>/dev/null)

.PHONY: demo demo-oracle test test-cluster lint frontend bench docs format clean
.PRECIOUS: $(VENV)/.dependencies-% $(VENV)/.installed-%

demo: $(VENV)/.installed-demo
	@exec $(BIN)/skydesk demo $(DEMO_OPTIONS)

# the same with the catalogue behind python-oracledb, a socket and a wire fake; that is not Oracle (docs/oracle.md)
demo-oracle: $(VENV)/.installed-demo-oracle
	@exec $(BIN)/python -m tests.fakes.oracle_wire.demo $(DEMO_OPTIONS)

# without the cluster that KUBECONFIG may name: nothing is made there unless one asks for it
test: $(VENV)/.installed-test
	@exec env -u KUBECONFIG bash tools/test.sh

# on the cluster that KUBECONFIG names, whose node must be this machine (CONTRIBUTING.md)
test-cluster: $(VENV)/.installed-test
	@test -n "$$KUBECONFIG" || { echo "KUBECONFIG is not set: it names the cluster to test on" >&2; exit 2; }
	@PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m pytest -q --durations=10 tests/cluster

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

frontend: $(VENV)/.installed-test
	$(BIN)/python tools/build_frontend.py

bench: $(VENV)/.installed-test
	$(BIN)/python -m bench

docs: $(VENV)/.installed-test
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build
	@echo "docs/_build/index.html"

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("SkyDesk needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (make PYTHON=python3.12 ...)") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "no venv module: apt install python3-venv" >&2; exit 1; }

# `install` is not editable: an editable one puts no lab extension in place.
$(VENV)/.dependencies-%: pyproject.toml $(VENV)/bin/python
	@echo "installing what SkyDesk needs into $(VENV) (some minutes the first time) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check '.[$*]'
	@sh tools/install_proxy.sh $(VENV)
	@touch $@

$(VENV)/.installed-%: $(VENV)/.dependencies-% $(SOURCES)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info docs/_build test-results
