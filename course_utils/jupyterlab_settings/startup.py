"""What each kernel of the course's JupyterLab runs before the first cell; lab.py names this file in PYTHONSTARTUP.

A cell that is the first to run after a restart ends in a NameError, and the reader sees no reason for it. Until the lesson's
own first cell has run (it brings `check`), the error is a sentence.
"""


def _explain(shell, kind, error, trace, tb_offset=None):
    if "check" not in shell.user_ns:
        error._render_traceback_ = lambda: [
            f"{error.name} is not known yet: this kernel has just started, and remembers nothing of the cells above.",
            "Choose Run > Run All Above Selected Cell, then run this cell again.",
        ]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


if "get_ipython" in globals():
    get_ipython().set_custom_exc((NameError,), _explain)  # noqa: F821
    del _explain
