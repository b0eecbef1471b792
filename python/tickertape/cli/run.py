"""`python -m tickertape run script.py args…`: install() first, then the script as Python would run it."""

from __future__ import annotations

import io
import os
import runpy
import sys
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from tickertape.integrations.install import install

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where rerun.py, in a child process, finds the script.
SCRIPT_VARIABLE = "TICKERTAPE_RUN_SCRIPT"


def run_script(path: str, arguments: Sequence[str]) -> None:
    """Runs a file as `__main__`. What it raises, SystemExit included, is the caller's.

    Raises:
        OSError: it cannot be read.
    """
    code = load(path)
    # A module of its own that stays: threads, atexit functions and pickles of the script need it to the end, for which
    # runpy.run_path is too short-lived.
    main = ModuleType("__main__")
    vars(main).update(__file__=path, __builtins__=__builtins__, __cached__=None)
    # multiprocessing's spawn and Lightning's launcher start a child by the name that stands here.
    main.__spec__ = ModuleSpec("tickertape.cli.rerun", None, origin=path)
    os.environ[SCRIPT_VARIABLE] = os.path.abspath(path)  # noqa: PTH100  # a str
    sys.modules["__main__"] = main
    set_command_line(os.path.dirname(os.environ[SCRIPT_VARIABLE]), [path, *arguments])  # noqa: PTH120  # likewise
    install()
    exec(code, vars(main))  # noqa: S102  # what `run` is for


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Runs a module as `python -m` does."""
    set_command_line(os.getcwd(), [name, *arguments])  # noqa: PTH109  # likewise
    install()
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def load(path: str) -> CodeType:
    """The compiled script.

    Raises:
        OSError: it cannot be read.
    """
    with io.open_code(os.path.abspath(path)) as file:  # noqa: PTH100  # open_code takes an absolute str
        return compile(file.read(), path, "exec")


def set_command_line(directory: str, arguments: list[str]) -> None:
    """Gives the script the sys.argv and the sys.path that it would have without us."""
    sys.argv[:] = arguments
    if not getattr(sys.flags, "safe_path", False):  # Python 3.11's -P: no such entry
        sys.path[0] = directory
