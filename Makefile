# The README's two commands are `make book` and `make test`; both set up all they need. `make help` lists the rest.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
SETUP := PYTHON="$(PYTHON)" VENV="$(VENV)" NAMED="$(filter command environment,$(origin PYTHON))" sh tools/setup.sh
PORT ?= 8000
RELEASE ?= bookworm
PERSON ?= ordinary
TARGET ?= book
export CHAPTER

.DEFAULT_GOAL := help
.PHONY: again help book live check test test-all chapter serve lab lab-vm notebooks record lock fresh bench format clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

# A stamp: a second run neither reinstalls nor asks the network, unless the environment cannot be used any more.
$(READY): requirements.txt pyproject.toml apt.txt tools/setup.sh $(shell $(SETUP) usable || echo again)
	@$(SETUP)

book: $(READY) ## the whole book, every cell executed, in _build/html
	@$(BIN)/python -m tools.book

live: $(READY) ## the book with every cell run again, whatever was kept
	@$(BIN)/python -m tools.book --live

check: $(READY) ## in a minute: static checks, layouts, models, chapters without machines
	@$(BIN)/python -m tools.check --short

test: $(READY) ## everything that CI checks; CHAPTER=kvm/halt: what belongs to one chapter
	@$(BIN)/python -m tools.check $(if $(CHAPTER),--chapter "$$CHAPTER")

test-all: $(READY) ## also the exhaustive loops that `make test` samples
	@SYSLAB_EXHAUSTIVE=1 $(BIN)/python -m tools.check

# make chapter kvm/timers: the second word is no target of its own
ifeq ($(firstword $(MAKECMDGOALS)),chapter)
CHAPTER ?= $(word 2,$(MAKECMDGOALS))
.PHONY: $(word 2,$(MAKECMDGOALS))
$(word 2,$(MAKECMDGOALS)):
	@:
endif

chapter: $(READY) ## a new chapter's page, folder and tests: make chapter kvm/timers
	@$(BIN)/python -m tools.new_chapter "$$CHAPTER"

serve: book ## the built book on loopback, PORT=8000
	@echo "http://127.0.0.1:$(PORT)  (Ctrl-C ends it)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: $(READY) ## JupyterLab on work/, your own copy of the notebooks
	@$(BIN)/python -m tools.lab

lab-vm: $(READY) ## the lab VM, made ahead or anew if its packages have newer versions
	@$(BIN)/python -m syslab.lab_vm --update

notebooks: $(READY) ## notebooks/ from book/
	@$(BIN)/python -m tools.notebooks

record: $(READY) ## run the experiments here and write the records that are stale
	@$(BIN)/python -m tools.record

lock: $(READY) ## requirements.txt from pyproject.toml (needs the network)
	@VENV="$(VENV)" sh tools/lock.sh

fresh: ## HEAD on a bare Debian, as root: RELEASE=bookworm or trixie, PERSON=ordinary or root, TARGET=book or test
	@$(PYTHON) -m tools.fresh_debian $(RELEASE) --user $(PERSON) --target $(TARGET)

bench: $(READY) ## build times, import times, widgets, experiments
	@$(BIN)/python -m tools.benchmark

format: $(READY) ## ruff's formatter over all Python, Jupytext's over the chapters
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
	@$(BIN)/python -m tools.sources

clean: ## remove what was built; keeps the environment and work/
	rm -rf _build
