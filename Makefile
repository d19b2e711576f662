# Set-up is incremental: a target installs only what its requirements file changed.
PYTHON ?= python3
OVERRIDES ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
export BENTOML_DO_NOT_TRACK := True
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := true
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: repro test test-live check format ui serve bento bench bench-serve lock clean

repro: $(VENV)/run.done ## set up, run the whole pipeline, say where the report is
	$(if $(OVERRIDES),python -m pointsman.config.compose $(OVERRIDES))
	dvc repro
	@echo "report: $(CURDIR)/reports/index.html"

test: $(VENV)/dev.done ## set up, run the tests that need no model weights
	python -m pytest -m "not live" -n 2 --dist loadfile --cov --cov-report=term

test-live: $(VENV)/dev.done ## run the tests that ask the local models (fetches 590 MB of weights once)
	python -m pytest -m live

check: $(VENV)/dev.done ## lint, types, params.yaml == conf
	ruff check .
	ruff format --check .
	mypy
	python -m pointsman.config.compose --check

format: $(VENV)/dev.done ## let ruff mend what it can
	ruff check --fix .
	ruff format .

ui: $(VENV)/run.done ## MLflow on http://127.0.0.1:5000
	mlflow ui --workers 1 --host 127.0.0.1 --backend-store-uri sqlite:///$(CURDIR)/mlflow.db

serve: $(VENV)/run.done ## the packaged router on http://127.0.0.1:3000
	bentoml serve pointsman.serving.service:Router --host 127.0.0.1 --port 3000

bento: $(VENV)/run.done ## build the Bento
	bentoml build

bench: $(VENV)/dev.done ## print every figure that the README quotes from a benchmark
	for file in benchmarks/*.py; do python -m benchmarks.$$(basename $$file .py) || exit 1; done

bench-serve: $(VENV)/dev.done ## time the service; AGAINST=http://127.0.0.1:8000 times another server in turns
	python -m benchmarks.serving $(if $(AGAINST),--against $(AGAINST))

lock: $(VENV)/dev.done ## compile requirements.in and requirements-dev.in
	sh .ci/lock

clean: ## remove outputs, never data/recordings or the cache of answers
	rm -rf data/*.jsonl data/*.npy data/*.parquet data/*.json data/responses models/*/ reports/routers reports/timing reports/index.html reports/spend.json reports/robustness.json reports/studies.json

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, found {sys.version}: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.done: requirements.txt | $(VENV)/bin/python
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/dev.done: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(PIP) -r requirements.txt -r requirements-dev.txt
	touch $(VENV)/run.done $@
