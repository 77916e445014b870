"""What each kernel of the course's JupyterLab runs before the first cell; lab.py names this file in PYTHONSTARTUP.

A cell that is the first to run after a restart ends in a NameError, and the reader sees no reason for it. Until the lesson's
own first cell has run (it brings `check`), the error is a sentence. It stays a NameError in a notebook of the reader's own, and where
it was not a cell that asked for the name.
"""


def _explain(shell, kind, error, trace, tb_offset=None):
    import os
    import traceback

    *_, (frame, _) = traceback.walk_tb(trace)
    in_a_cell = frame.f_globals is shell.user_global_ns and error.name  # an UnboundLocalError has none
    in_a_lesson = os.environ.get("JPY_SESSION_NAME", "00").rpartition("/")[2][:2].isdigit()
    if in_a_cell and in_a_lesson and "check" not in shell.user_ns:
        error._render_traceback_ = lambda: [
            f"{error.name} is not known yet: this kernel has just started, and remembers nothing of the cells above.",
            "Choose Run > Run All Above Selected Cell, then run this cell again.",
        ]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


if "get_ipython" in globals():
    get_ipython().set_custom_exc((NameError,), _explain)  # noqa: F821
del _explain
