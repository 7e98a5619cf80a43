# `make` or `make help` lists the targets. Another environment: `make VENV=dir test`; another Python: `make PYTHON=python3.12 demo`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
NEEDS  := settings.ini setup.py pyproject.toml constraints.txt

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test long gpu lint export clean-notebooks hooks

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r target what; do printf '%-22s %s\n' "$$target" "$$what"; done

# Each stamp says that an installation is complete. The demo needs the core alone; everything else needs the extras of development.
# pip shows a dot per package; what it has to say is in setup.log, and its end is shown when it fails.
define install
@$(PYTHON) -c 'import sys; sys.exit("ttsft needs Python 3.11 or newer; this is %d.%d. Say which: make PYTHON=python3.12 ..." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
@echo "Setting up $(VENV) with $(1): about 2 GB, one to five minutes"
@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
@$(BIN)/python -m pip install --progress-bar off --disable-pip-version-check -c constraints.txt -e "$(1)" 2>&1 | tee $(VENV)/setup.log | \
	while IFS= read -r line; do case "$$line" in \
		Collecting*) printf .;; Installing\ col*) printf '\ninstalling, which takes longest\n';; Successfully\ inst*) echo done;; esac; done \
	|| { echo; tail -n 20 $(VENV)/setup.log; echo "Set-up failed; all of it is in $(VENV)/setup.log" >&2; exit 1; }
@touch $@
endef

$(VENV)/.ready-core: $(NEEDS)
	$(call install,.)

$(VENV)/.ready-dev: $(NEEDS)
	$(call install,.[dev$(comma)pocket$(comma)espeak$(comma)uroman$(comma)phonemes$(comma)ray])
	@touch $(VENV)/.ready-core

comma := ,

setup: $(VENV)/.ready-dev ## environment for development, in VENV (default .venv)

demo: $(VENV)/.ready-core ## fine-tune on synthetic Arabic and write outputs/arabic-pocket-demo/report.html
	@$(BIN)/ttsft run arabic-pocket-demo

test: $(VENV)/.ready-dev ## every check but those of `long`; the last line says how many passed
	@$(BIN)/python -B tests.py

long: export CHECK_SECONDS := 10800
long: $(VENV)/.ready-dev ## whole trainings on tiny models, and benchmarks, minutes each
	@$(BIN)/python -B tests.py _learns
	@$(BIN)/python -B tests.py checks/bench_
	@$(BIN)/python -B tests.py checks/small_memory
	@$(BIN)/python -B tests.py checks/vits_order
	@$(BIN)/python -B tests.py checks/start_notebooks
	@KILLS=60 $(BIN)/python -B tests.py checks/kills
	@LAUNCH=1 $(BIN)/python -B tests.py checks/many_processes
	@LEVELS=2 $(BIN)/python -B tests.py checks/full_disk_run
	@MUTATIONS=500 $(BIN)/python -B tests.py checks/mutations_of_input

gpu: $(VENV)/.ready-core ## measure all families on a graphics card, 25 minutes; DRY=1 rehearses on the processor
	@$(BIN)/python -B -c "import sys; from ttsft.app.gpu import main; sys.exit(main())" $(if $(DRY),--dry)

lint: $(VENV)/.ready-dev ## ruff over notebooks and package
	@$(BIN)/ruff check --no-cache nbs ttsft *.py

export: $(VENV)/.ready-dev ## write ttsft/*.py from the notebooks
	@$(BIN)/nbdev-export

clean-notebooks: $(VENV)/.ready-dev ## strip what does not belong into a commit from the notebooks
	@$(BIN)/nbdev-clean

hooks: $(VENV)/.ready-dev ## git hooks of this clone: readable notebook diffs, merges by cell
	@$(BIN)/nbdev-install-hooks
