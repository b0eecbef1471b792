"""What every test shares: quiet oracles, Hypothesis without deadlines, scripts in processes of their own."""

import ast
import atexit
import inspect
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest
from support import cpu_sets
from support.disks import fault_disk  # noqa: F401  # a fixture

# Rings that other processes have left are mentioned once, by a warning: not in a test.
if "TICKERTAPE_RING_DIR" not in os.environ:
    os.environ["TICKERTAPE_RING_DIR"] = tempfile.mkdtemp(
        prefix="tickertape-tests-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    )
    _TESTS_PROCESS = os.getpid()
    atexit.register(
        lambda: (
            os.getpid() == _TESTS_PROCESS
            and shutil.rmtree(os.environ["TICKERTAPE_RING_DIR"], ignore_errors=True)
        )
    )

# The oracles warn about their own dependencies while they are imported; ours may not warn at all.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import torch
        import torch.utils.tensorboard
    except ImportError:  # `make wheel-smoke`
        torch = None

import tickertape
import tickertape.writer
from tickertape.convert import notices

hypothesis.settings.register_profile("default", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.register_profile("deep", deadline=None, max_examples=3000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's background job, and every process it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)
if torch is not None:
    torch.set_num_threads(1)


def _imports(path):
    """The packages that a file imports at its top."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]


# `make wheel-smoke` does without the large packages; the files that cannot then be imported are left out.
_MISSING = {
    name
    for name in (
        *("torch", "tensorboardX", "onnx", "skimage", "sklearn"),
        *("duckdb", "pandas", "polars", "pyarrow", "tbparse"),
        *("boto3", "fsspec", "s3fs"),
    )
    if find_spec(name) is None
}
_HERE = Path(__file__).parent
collect_ignore = [
    str(path.relative_to(_HERE)) for path in _HERE.rglob("test_*.py") if _MISSING.intersection(_imports(path))
]

# What only POSIX systems have. A test that has one of these words in its source, or in a script of its own, is skipped elsewhere.
_POSIX = (
    *(
        "os.fork",
        "os.kill(",
        "os.mkfifo",
        "os.symlink",
        "symlink_to",
        "chmod",
        "umask",
        "killpg",
        "preexec_fn",
        "LD_PRELOAD",
    ),
    *(
        "SIGKILL",
        "SIGSTOP",
        "SIGALRM",
        "SIGUSR",
        "fcntl",
        "resource.",
        "Terminal(",
        '"fork"',
        "/proc/",
        "/dev/",
        "os.fsencode",
    ),
)


def pytest_collection_modifyitems(items):
    """Skips tests that need POSIX on other systems, with the reason."""
    if os.name == "posix":
        return
    for item in items:
        source = inspect.getsource(item.function)
        if word := next((word for word in _POSIX if word in source), None):
            item.add_marker(pytest.mark.skip(reason=f"needs POSIX: {word.strip('(.')}"))


# A script of a test may import the package and `support`.
_PYTHONPATH = os.pathsep.join([str(Path(tickertape.__file__).parents[1]), str(_HERE)])


@pytest.fixture(autouse=True)
def nothing_was_said():
    """What is said once for a process is said again in each test."""
    notices.forget()


@pytest.fixture
def writer(tmp_path):
    """A writer of ours on tmp_path / "ours", closed afterwards."""
    with tickertape.writer.SummaryWriter(tmp_path / "ours") as opened:
        yield opened


# A module's: Hypothesis asks for fixtures that outlive one example.
@pytest.fixture(params=cpu_sets.CPU_SETS, scope="module")
def every_cpu(request):
    """Runs a test on each set of CPU features."""
    with cpu_sets.only(request.param):
        yield


@pytest.fixture
def run_script(tmp_path):
    """Runs Python source in a process of its own, from a file (spawn imports it again), and returns its output."""

    def run(source, *arguments, expect=0, timeout=600, flags=()):
        path = tmp_path / "script.py"
        path.write_text(source)
        environment = os.environ | {"PYTHONPATH": _PYTHONPATH, "PYTHONWARNINGS": "default"}
        done = subprocess.run(
            [sys.executable, *flags, str(path), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == expect, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run
