# ebpflab: every target sets itself up, in .venv and build/, and touches nothing else.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
SETUP := .venv/.ready
LESSONS := $(wildcard notebooks/en notebooks/fr slides/en slides/fr)
LOCALE := $(or $(EBPFLAB_LANG),$(LC_ALL),$(LC_MESSAGES),$(LANG))
LANGUAGE := $(if $(filter fr%,$(LOCALE)),fr,en)
NEUTRAL := env -u EBPFLAB_LANG LC_ALL=C.UTF-8 # a lesson's language is its folder's
export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV := $(CURDIR)/.venv
.PHONY: help lab test soundness bench lessons slides lint lock other-pythons

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1	/p' Makefile

lab: $(SETUP) ## open JupyterLab on the lessons (EBPFLAB_LANG=en or fr)
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/$(LANGUAGE)/00-start-here.ipynb \
	  $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_OPTIONS)

OTHERS := build/other-pythons.log
test: lint ## lint, the engine on every Python found (beside all else), tests, lessons
	mkdir -p build; $(MAKE) -s other-pythons >$(OTHERS) 2>&1 & others=$$!; \
	$(NEUTRAL) $(BIN)/pytest tests $(LESSONS) --nbval --nbval-current-env \
	  --nbval-sanitize-with tests/sanitize.cfg --nbval-cell-timeout=120; main=$$?; \
	wait $$others || { cat $(OTHERS); exit 1; }; grep -v '%]$$' $(OTHERS); exit $$main

soundness: $(SETUP) ## the verifier and the engines, long: hours; Ctrl-C sums up
	for part in " --programs 200000" .robust .engines; do $(BIN)/python -m tests.soundness$$part || exit 1; done
bench: $(SETUP) ## measure the engines on this machine
	$(BIN)/python tests/bench.py

lessons: $(SETUP) ## run all lessons and decks again, store their text outputs
	$(NEUTRAL) $(BIN)/python -m ebpflab_widgets.lessons $(LESSONS)

slides: $(SETUP) ## build the static decks into build/slides
	$(BIN)/python -m ebpflab_widgets.deck

lint: $(SETUP) ## ruff and mypy
	$(BIN)/ruff check && $(BIN)/ruff format --check
	$(BIN)/mypy

COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes \
  --fork-strategy fewest --custom-compile-command "make lock" $(LOCK_OPTIONS) pyproject.toml
lock: $(SETUP) ## choose the dependencies anew (LOCK_OPTIONS=--upgrade)
	$(COMPILE) --extra dev -o requirements.lock
	$(COMPILE) --extra engine --extra test -c requirements.lock -o requirements-engine.lock

other-pythons: $(SETUP)
	$(NEUTRAL) bash .ci/other-pythons $(UV)

$(SETUP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q uv==0.13.9
	$(UV) pip install -q --require-hashes -r requirements.lock
	$(UV) pip install -q --no-deps --no-build-isolation -e .
	mkdir -p .venv/share/jupyter/lab/settings
	echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
	  > .venv/share/jupyter/lab/settings/overrides.json
	touch $@
