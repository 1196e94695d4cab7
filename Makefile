# What can be done in a checkout? `make` tells. Python 3.11 or later and make are all that a machine must have.

PYTHON ?= python3
ARGS ?=
PEERS ?=
PEER_LIBRARIES := .peers
VENV := .venv
INSTALLED := $(VENV)/.installed
PY := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup up demo test test-slow check bench clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo 'Options go into ARGS, such as: make up ARGS="--port 9000"'

setup: $(INSTALLED) ## Create .venv and install everything that is pinned into it

# Nova itself is not installed: it runs from the checkout.
$(INSTALLED): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Nova needs Python 3.11 or later, and $(PYTHON) is %d.%d: make PYTHON=/path/to/python3" % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo 'This Python cannot create virtual environments: install its package for that (python3-venv).'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

up: $(INSTALLED) ## Run the whole of Nova until Ctrl-C
	@exec $(PY) manage.py up $(ARGS)

demo: $(INSTALLED) ## Run Nova through a realistic day, and tell what happened
	@exec $(PY) manage.py demo $(ARGS)

# What is compiled once need not be compiled by each of the programs that tests start.
test test-slow: export PYTHONDONTWRITEBYTECODE :=

# Each of the five has servers of its own, and the module that is next; they wait for servers more than they compute.
test: $(INSTALLED) ## Run the tests, five at a time
	$(PY) -m pytest -n 5 --dist loadfile --no-loadscope-reorder $(ARGS)

# Both are run whatever comes of the first. One of them may have nothing of what ARGS choose (pytest's status 5).
test-slow: $(INSTALLED) ## Run the longer proofs: three at a time, then alone those of time
	@run() { $(PY) -m pytest "$$@" $(ARGS); case $$? in 0) ran=1 ;; 5) ;; *) failed=1 ;; esac; }; \
	  run -m 'slow and not alone' -n 3 --dist loadfile --no-loadscope-reorder; \
	  run -m 'slow and alone'; \
	  [ -z "$$failed" ] && [ -n "$$ran" ]

check: export SECRET_KEY := only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF
check: export ALLOWED_HOSTS := nova.example
check: export DATABASE_URL := postgresql://nova@127.0.0.1/nova
check: export REDIS_URL := redis://127.0.0.1:6379/0
check: export KAFKA_BROKERS := kafka.example:9093
check: export KAFKA_SECURITY_PROTOCOL := SSL
check: $(INSTALLED) ## Check format, lint, types, imports, migrations and settings
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m mypy .
	$(VENV)/bin/lint-imports
	DJANGO_SETTINGS_MODULE=nova.settings.test $(PY) manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=nova.settings.test $(PY) manage.py openapi --check
	DJANGO_SETTINGS_MODULE=nova.settings.test $(PY) manage.py event_schemas --check
	DJANGO_SETTINGS_MODULE=nova.settings.test $(PY) manage.py saga_histories --check
	DJANGO_SETTINGS_MODULE=nova.settings.production $(PY) manage.py check --deploy --fail-level WARNING

bench: $(INSTALLED) $(if $(PEERS),$(PEER_LIBRARIES)/.installed) ## Measure the hot paths beside the raw limit; with PEERS=1 beside other libraries too
	$(if $(PEERS),PYTHONPATH=$(PEER_LIBRARIES)) $(PY) -m benchmarks $(if $(PEERS),--peers) $(ARGS)

# Beside .venv and not in it, so that nothing else ever sees them.
$(PEER_LIBRARIES)/.installed: requirements/peers.lock
	rm -rf $(PEER_LIBRARIES)
	$(PY) -m pip install --disable-pip-version-check --no-deps --require-hashes --target $(PEER_LIBRARIES) -r requirements/peers.lock
	@touch $@

clean: ## Remove .venv and caches; data directories stay
	rm -rf $(VENV) $(PEER_LIBRARIES) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
