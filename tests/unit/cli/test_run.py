"""`python -m tickertape run`: the script finds itself as Python would have run it, with our writers."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tickertape
from tickertape.cli import main as command

pytest.importorskip("torch", reason="what the scripts import")

REPORT = """
import json, sys
import neighbour
from torch.utils.tensorboard import SummaryWriter
print(json.dumps([__name__, sys.modules[__name__] is sys.modules["__main__"], sys.argv, sys.path[0], SummaryWriter.__module__]))
"""


@pytest.fixture
def run_command(tmp_path):
    """Runs the `tickertape` command in tmp_path and returns the finished process."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "neighbour.py").write_text("")

    def run(*arguments, script="", timeout=120):
        (tmp_path / "folder" / "script.py").write_text(script)
        environment = os.environ | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])}
        return subprocess.run(
            [sys.executable, "-m", "tickertape", "run", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            cwd=tmp_path,
            check=False,
        )

    return run


def test_script(run_command, tmp_path):
    done = run_command("folder/script.py", "--log-dir", "x", "-m", "-h", script=REPORT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        "__main__",
        True,
        ["folder/script.py", "--log-dir", "x", "-m", "-h"],
        str(tmp_path / "folder"),
        "tickertape.writer.summary_writer",
    ]


def test_module(run_command, tmp_path):
    (tmp_path / "neighbour.py").write_text("")
    done = run_command("-m", "folder.script", "--log-dir", "x", script=REPORT)
    assert done.returncode == 0, done.stderr
    path = str(tmp_path / "folder" / "script.py")
    assert json.loads(done.stdout) == [
        "__main__",
        True,
        [path, "--log-dir", "x"],
        str(tmp_path),
        "tickertape.writer.summary_writer",
    ]


def test_exit_status(run_command):
    assert run_command("folder/script.py", script="raise SystemExit(7)").returncode == 7
    done = run_command("folder/script.py", script="import sys\nsys.exit('the end')")
    assert (done.returncode, done.stderr) == (1, "the end\n")
    done = run_command("folder/script.py", script="1 / 0")
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert 'script.py", line 1, in <module>' in done.stderr


@pytest.mark.parametrize("arguments", [[], ["-m"]])
def test_nothing_to_run(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(["run", *arguments])
    assert caught.value.code == 2
    assert "expected a script or -m module" in capsys.readouterr().err


def test_missing_script(run_command, tmp_path):
    done = run_command("nothing.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == f"tickertape run: can't open file '{tmp_path}/nothing.py': No such file or directory\n"
    )


@pytest.mark.parametrize("name", ["nothing", "folder.nothing", "nothing.at.all"])
def test_missing_module(run_command, name):
    done = run_command("-m", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tickertape run: No module named {name}\n"


# Everything that a script can see of how it was started.
PROBE = """
\'\'\'Its docstring.\'\'\'
import json, os, sys, threading
def annotated(x: int): pass
def text(value):
    return repr(value) if isinstance(value, (str, int, list, dict, type(None))) else type(value).__name__
seen = {name: text(value) for name, value in sorted(globals().items()) if name.startswith("__") and name != "__spec__"}
seen["argv"], seen["path0"] = sys.argv, sys.path[0]
seen["main"] = sys.modules["__main__"].__dict__ is globals()
seen["annotations"] = text(annotated.__annotations__) + type(annotated.__annotations__.get("x")).__name__
seen["builtins"] = type(__builtins__).__name__
seen["loader"] = getattr(globals().get("__loader__"), "path", None) or text(globals().get("__loader__"))
seen["code"] = sys._getframe().f_code.co_filename
seen["package"] = text(__package__)
seen["cwd"], seen["thread"], seen["flags"] = os.getcwd(), threading.current_thread().name, list(sys.flags)[:8]
print(json.dumps(seen))
"""


def both_ways(folder, *arguments, stdin=None):
    """The finished processes of `python ...` and `tickertape run ...`."""
    environment = os.environ | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])}
    return [
        subprocess.run(
            [sys.executable, *words, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            env=environment,
            cwd=folder,
            check=False,
            input=stdin,
        )
        for words in ([], ["-m", "tickertape", "run"])
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["script.py", "--", "a", "-m", "--help"],
        ["./sub/../script.py"],
        ["{tmp}/script.py", "x"],
        ["link.py", "--"],
        ["-m", "script", "--", "-x"],
        ["-m", "package.module", "a"],
        ["-m", "package"],
        ["package", "a", "--", "b"],
        ["package/"],
        ["archive.zip", "-m", "x"],
        ["-", "a", "--"],
        ["--", "script.py", "--"],
    ],
    ids=" ".join,
)
def test_a_script_sees_what_python_would_show_it(tmp_path, arguments):
    for name in ("script.py", "package/module.py", "package/__main__.py", "elsewhere/target.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(PROBE)
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.py").symlink_to("elsewhere/target.py")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("__main__.py", PROBE)
    given = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    pythons, ours = both_ways(tmp_path, *given, stdin=PROBE)
    assert (ours.returncode, ours.stderr) == (pythons.returncode, pythons.stderr) == (0, "")
    assert json.loads(ours.stdout) == json.loads(pythons.stdout)


ENDS = {
    "error": "def f():\n    1 / 0\nf()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('x')",
    "syntax error": "x = (",
    "group": "import sys\nif sys.version_info >= (3, 11): raise ExceptionGroup('g', [ValueError(1)])\nraise KeyError(1)",
    "own hook": "import sys, traceback\nsys.excepthook = lambda *args: print(traceback.format_exception(*args))\n1 / 0",
    "interrupt": "raise KeyboardInterrupt",
    "exit": "raise SystemExit(7)",
    "exit with text": "import sys\nsys.exit('the end')",
    "warning": "import warnings\nwarnings.warn('w')",
    "missing module": "import nothing_like_this",
    "missing file": "open('nothing')",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("arguments", [["script.py"], ["-m", "script"]], ids=" ".join)
def test_a_script_ends_as_it_would_with_python(tmp_path, arguments, end):
    (tmp_path / "script.py").write_text(ENDS[end])
    pythons, ours = both_ways(tmp_path, *arguments)
    assert ours.returncode == pythons.returncode
    assert ours.stdout == re.sub(r"'  File \"<frozen runpy>[^']*', ", "", pythons.stdout)
    expected = re.sub(r'^[ |]*File "<frozen runpy>.*\n', "", pythons.stderr, flags=re.MULTILINE)
    assert ours.stderr == expected


def test_what_a_script_may_rely_on(run_command, tmp_path):
    done = run_command(
        "folder/script.py",
        script="""
import atexit, pickle, threading
from torch.utils.tensorboard import SummaryWriter

class Thing:
    pass

def later():
    pickle.loads(pickle.dumps(Thing()))
    with SummaryWriter("run") as writer:
        writer.add_scalar("late", 1.0, 0)

if __name__ == "__main__":
    pickle.loads(pickle.dumps(Thing()))
    atexit.register(later)
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert tickertape.read_scalars(tmp_path / "run")["late"].value.tolist() == [1.0]


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_children_have_it_too(run_command, tmp_path, method):
    done = run_command(
        "folder/script.py",
        script=f"""
import multiprocessing, sys
from torch.utils.tensorboard import SummaryWriter

def work(rank):
    assert SummaryWriter.__module__ == "tickertape.writer.summary_writer"
    with SummaryWriter(f"run/{{rank}}") as writer:
        writer.add_scalar("rank", rank, 0)

if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=work, args=(rank,)) for rank in range(2)]
    [child.start() for child in children]
    [child.join() for child in children]
    sys.exit(max(child.exitcode for child in children))
""",
    )
    assert done.returncode == 0, done.stderr
    for rank in range(2):
        assert tickertape.read_scalars(tmp_path / "run" / str(rank))["rank"].value.tolist() == [rank]


def test_started_again_by_the_name_of_the_main_module(run_command):
    """As Lightning's launcher starts its ranks."""
    done = run_command(
        "folder/script.py",
        "first",
        script="""
import subprocess, sys
import neighbour
from torch.utils.tensorboard import SummaryWriter
print(__name__, sys.argv[1:], SummaryWriter.__module__, flush=True)
if sys.argv[1] == "first":
    import __main__
    sys.exit(subprocess.call([sys.executable, "-m", __main__.__spec__.name, "second"]))
""",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == "__main__ ['first'] tickertape.writer.summary_writer\n__main__ ['second'] tickertape.writer.summary_writer\n"
    )
