"""`tickertape run script.py args…`: calls install(), then runs the script as Python would."""

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

# Environment variable that names the script for rerun.py in a child process.
SCRIPT_VARIABLE = "TICKERTAPE_RUN_SCRIPT"


def run_script(path: str, arguments: Sequence[str]) -> None:
    """Runs a file as `__main__`. Its exceptions, SystemExit included, reach the caller.

    Raises:
        OSError: the file cannot be read.
    """
    code = load(path)
    # A module that lasts until the process ends, since threads, atexit functions and pickles of the script need it.
    # runpy.run_path would remove its module before.
    main = ModuleType("__main__")
    vars(main).update(__file__=path, __builtins__=__builtins__, __cached__=None)
    # multiprocessing's spawn and Lightning's launcher start a child process by this name.
    main.__spec__ = ModuleSpec("tickertape.cli.rerun", None, origin=path)
    os.environ[SCRIPT_VARIABLE] = os.path.abspath(path)  # noqa: PTH100  # a str
    sys.modules["__main__"] = main
    set_command_line(os.path.dirname(os.environ[SCRIPT_VARIABLE]), [path, *arguments])  # noqa: PTH120  # a str
    install()
    exec(code, vars(main))  # noqa: S102  # running the script is the purpose


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Runs a module as `python -m` does."""
    set_command_line(os.getcwd(), [name, *arguments])  # noqa: PTH109  # a str
    install()
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def load(path: str) -> CodeType:
    """The compiled script.

    Raises:
        OSError: the file cannot be read.
    """
    with io.open_code(os.path.abspath(path)) as file:  # noqa: PTH100  # open_code takes an absolute str
        return compile(file.read(), path, "exec")


def set_command_line(directory: str, arguments: list[str]) -> None:
    """Sets sys.argv and sys.path to what the script would have without us."""
    sys.argv[:] = arguments
    if not getattr(sys.flags, "safe_path", False):  # Python 3.11's -P leaves this entry out
        sys.path[0] = directory
