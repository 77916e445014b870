# The commands of the course. `make` alone lists them.
#
# The first one that needs it makes an environment in .venv and installs the course there, as constraints.txt says.
# After that a command installs only if pyproject.toml or constraints.txt have changed. The files .venv/*.done say
# what is finished: an installation that was interrupted is taken up again.
#
#   PYTHON=python3.12 make lab              choose the Python (delete .venv first, if there is one)
#   make lab LAB_ARGS="--no-browser"        options for JupyterLab

ifeq ($(OS),Windows_NT)
PYTHON ?= python
VENV_PYTHON := ".venv/Scripts/python.exe"
else
PYTHON ?= python3
VENV_PYTHON := ".venv/bin/python"
endif
INSTALL := $(VENV_PYTHON) -m pip install --disable-pip-version-check --no-compile -c constraints.txt -e

.PHONY: help lab test notebooks site slides pdf key wheel address data checkpoints scores bench

help:
	$(info make lab          open the lessons in JupyterLab)
	$(info make test         test everything; ALL=1 also each widget in JupyterLab)
	$(info make notebooks    execute the lessons and store their outputs; LESSON=05 executes that one)
	$(info make site         write the course as a web book, into site/; ALL=1 with decks and PDFs, LESSON=05 that lesson alone)
	$(info make slides       write one deck of slides a lesson; LESSON=05 writes that one, PDF=1 prints it, NOTES=1 with the notes)
	$(info make pdf          print every lesson as a PDF; LESSON=13 prints that one)
	$(info make key          write the answer key and, to hand out, the exercises without it)
	$(info make wheel        write a file for pip with code, lessons and data, into dist/)
	$(info make address      put your fork's address everywhere: TO=OWNER/NAME)
	$(info make data         make the data files anew)
	$(info make checkpoints  train the models in data/checkpoints anew: hours)
	$(info make scores       measure the models in data/checkpoints again, and compare with what they say of themselves)
	$(info make bench        measure the widgets, the models and the lessons against other ways)
	@cd .

lab: .venv/lab.done
	$(VENV_PYTHON) -m course_utils.lab $(LAB_ARGS)

test: .venv/test.done
	$(VENV_PYTHON) -m pytest

notebooks: .venv/lab.done
	$(VENV_PYTHON) -m course_utils.making.execute $(LESSON)

site: .venv/test.done
	$(VENV_PYTHON) -m course_utils.making.site $(if $(ALL),--everything) $(LESSON)

slides: $(if $(PDF),.venv/test.done,.venv/lab.done)
	$(VENV_PYTHON) -m course_utils.making.slides $(if $(PDF),--pdf) $(if $(NOTES),--notes) $(LESSON)

pdf: .venv/test.done
	$(VENV_PYTHON) -m course_utils.making.pdf $(LESSON)

key: .venv/lab.done
	$(VENV_PYTHON) -m course_utils.making.key

wheel: .venv/lab.done
	$(VENV_PYTHON) -m pip wheel --no-deps -w dist .

address: .venv/lab.done
	$(VENV_PYTHON) -m course_utils.making.address $(TO)

data: .venv/lab.done
	$(VENV_PYTHON) data/build/world_land.py
	$(VENV_PYTHON) data/build/wrodl.py
	$(VENV_PYTHON) data/build/planet_pixel.py
	$(VENV_PYTHON) data/build/tin_codes.py

checkpoints: .venv/lab.done
	$(VENV_PYTHON) -m course_utils.pretrain --all

scores: .venv/lab.done
	$(VENV_PYTHON) -m course_utils.models.scores

bench: .venv/test.done
	$(VENV_PYTHON) tests/bench

# Each recipe is plain enough for both kinds of shell that make meets on Windows.
DONE = $(VENV_PYTHON) -c "open('$@', 'w').close()"

# The pip that comes with Python 3.11 takes one and a half times as long as the newest; where that is not to be had, it will do.
.venv/venv.done:
	@$(PYTHON) -c "import sys; (3, 11) <= sys.version_info < (3, 15) or sys.exit('The course needs Python 3.11 to 3.14; ' + sys.executable + ' is ' + sys.version.split()[0] + '. If you have another one, name it: PYTHON=python3.12 make lab')"
	@$(PYTHON) -c "import sys, importlib.util as u; u.find_spec('venv') and u.find_spec('ensurepip') or sys.exit(sys.executable + ' cannot make environments: it lacks the module venv or ensurepip. On Debian and Ubuntu: sudo apt install python3-venv')"
	$(PYTHON) -m venv .venv
	-$(VENV_PYTHON) -m pip install --disable-pip-version-check --quiet --upgrade pip
	@$(DONE)

.venv/lab.done: .venv/venv.done pyproject.toml constraints.txt
	@echo Installing the course into .venv. This takes a few minutes, and only the first time.
	$(INSTALL) .
	@$(DONE)

.venv/test.done: .venv/venv.done pyproject.toml constraints.txt
	@echo Installing the course and its tests into .venv. This takes a few minutes, and only the first time.
	$(INSTALL) ".[test]"
	@$(DONE)
	@$(VENV_PYTHON) -c "open('.venv/lab.done', 'w').close()"
