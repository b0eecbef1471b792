"""`tickertape run script.py args…`: calls install(), then runs the script as Python would."""

from __future__ import annotations

import builtins
import contextlib
import importlib.util
import io
import os
import pkgutil
import runpy
import sys
from importlib.machinery import BuiltinImporter, ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from tickertape.cli.errors import CommandError
from tickertape.integrations.install import install

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType, TracebackType

# Environment variable that names the script for rerun.py in a child process.
SCRIPT_VARIABLE = "TICKERTAPE_RUN_SCRIPT"


def run_script(path: str, arguments: Sequence[str]) -> None:
    """Runs what `python path` runs: a file, a directory or zip file with `__main__.py`, or "-", standard input.

    Its exceptions, SystemExit included, reach the caller.

    Raises:
        CommandError: the file cannot be read.
    """
    whole = os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118  # as Python's, which does not normalise it
    if path == "-":
        main = _new_main()
        vars(main).update(__file__="<stdin>", __cached__=None, __loader__=BuiltinImporter)
        set_command_line("", ["-", *arguments])
        code = compile(sys.stdin.buffer.read(), "<stdin>", "exec", dont_inherit=True)
    elif pkgutil.get_importer(path) is not None:
        set_command_line(whole, [path, *arguments])
        _run_as_main("__main__", alter_argv=False)
        return
    else:
        main = _new_main()
        with _own_frames():
            code = _opened(whole)
        vars(main).update(__file__=whole, __cached__=None, __loader__=SourceFileLoader("__main__", whole))
        # multiprocessing's spawn and Lightning's launcher start a child process by this name.
        main.__spec__ = ModuleSpec("tickertape.cli.rerun", None, origin=whole)
        os.environ[SCRIPT_VARIABLE] = whole
        set_command_line(os.path.dirname(os.path.realpath(whole)), [path, *arguments])  # noqa: PTH120  # a str
    install()
    with _own_frames():
        exec(code, vars(main))  # noqa: S102  # running the script is the purpose


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Runs a module as `python -m` does.

    Raises:
        CommandError: there is no such module.
    """
    set_command_line(os.getcwd(), ["-m", *arguments])  # noqa: PTH109  # a str
    try:
        found = importlib.util.find_spec(name)
    except (AttributeError, TypeError, ValueError) as error:  # of the parents, as in runpy
        raise CommandError(f"{name}: {error}") from error
    except ModuleNotFoundError as error:
        if not name.startswith(f"{error.name}."):  # an import of the package's own
            raise
        found = None
    if found is None:
        raise CommandError(f"No module named {name}")
    _run_as_main(name, alter_argv=True)


def _run_as_main(name: str, *, alter_argv: bool) -> None:
    """What Python itself calls for `-m`, directories and zip files."""
    _new_main()
    install()
    with _own_frames():
        runpy._run_module_as_main(name, alter_argv)  # type: ignore[attr-defined]  # noqa: SLF001  # the same in all versions


def _new_main() -> ModuleType:
    """A `__main__` as Python makes it.

    It lasts until the process ends, since threads, atexit functions and pickles of the script need it.
    """
    main = ModuleType("__main__")
    vars(main).update(__builtins__=builtins)
    if sys.version_info < (3, 14):
        vars(main).update(__annotations__={})
    sys.modules["__main__"] = main
    return main


@contextlib.contextmanager
def _own_frames() -> Iterator[None]:
    """If the script ends with an exception, its traceback is shown from the script's first frame on."""
    try:
        yield
    except (SystemExit, CommandError):
        raise
    except BaseException:
        show = sys.excepthook  # the script may have set its own

        def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            while trace is not None and _is_ours(trace.tb_frame):
                trace = trace.tb_next
            show(kind, error.with_traceback(trace), trace)

        sys.excepthook = hook
        raise


def _is_ours(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__"))
    is_command = module == "__main__" and frame.f_globals is not vars(sys.modules["__main__"])
    return is_command or module in ("runpy", "contextlib") or module.partition(".")[0] == "tickertape"


def _opened(path: str) -> CodeType:
    try:
        return load(path)
    except OSError as error:
        raise CommandError(f"can't open file {path!r}: {error.strerror}") from error


def load(path: str) -> CodeType:
    """The compiled script.

    Raises:
        OSError: the file cannot be read.
    """
    with io.open_code(os.path.abspath(path)) as file:  # noqa: PTH100  # open_code takes an absolute str
        return compile(file.read(), path, "exec", dont_inherit=True)


def set_command_line(directory: str, arguments: list[str]) -> None:
    """Sets sys.argv and sys.path to what the script would have without us."""
    sys.argv[:] = arguments
    if not getattr(sys.flags, "safe_path", False):  # Python 3.11's -P leaves this entry out
        sys.path[0] = directory
