"""The Nth call of malloc, write, open, … fails, once or from then on: what was accepted is in the files all the same.

As SQLite tests itself. N goes from 1 until a run makes fewer calls than that; where that would be too many for every day,
some N are left out, unless TICKERTAPE_ALL_FAILURES is set (`make failures`).
"""

import collections
import errno
import os
import shutil
import signal
import struct
import subprocess
from pathlib import Path

import pytest
from support import scanner

ROOT = Path(__file__).parents[2]
DRIVER = Path(os.environ.get("TICKERTAPE_NATIVE_BUILD", ROOT / "build" / "dev")) / "fault_driver"
KINDS = ("malloc", "write", "open", "mmap", "fallocate", "fsync", "ftruncate", "unlink", "rename", "thread")
ERRORS = {"open": errno.EMFILE, "fallocate": errno.ENOSPC, "unlink": errno.EACCES, "rename": errno.EACCES}
ENDS = ("return", "close", "kill")
ACCEPTED = 1
CALLS = 4088  # fault_driver.cc

pytestmark = pytest.mark.skipif(
    not DRIVER.exists() or shutil.which("cc") is None,
    reason="needs cc and fault_driver of the native build (make native-test)",
)


@pytest.fixture(scope="module")
def failing_library(tmp_path_factory):
    path = tmp_path_factory.mktemp("support") / "fail_nth.so"
    source = ROOT / "tests" / "support" / "fail_nth.c"
    subprocess.run(
        ["cc", "-O1", "-Wall", "-shared", "-fPIC", "-o", path, source, "-ldl", "-pthread"], check=True
    )
    return path


class Scene:
    """One directory for logs, one for rings; a run of the driver in them."""

    def __init__(self, root, library):
        self.root, self.logs, self.rings = root, root / "logs", root / "rings"
        self.library = library

    def run(self, kind, number, forever, end):
        """Runs the driver in fresh directories; returns how many calls of that kind it made."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.rings.mkdir(parents=True, mode=0o700)
        (self.root / "answers").write_bytes(bytes(4096))
        (self.root / "counts").write_bytes(bytes(4096))
        self.lost = 0
        self.output, status = self._drive(end, kind, number, forever)
        # If a writer could not be opened, the driver ends by itself.
        assert status == 0 or (end == "kill" and status == -signal.SIGKILL), self.output
        return struct.unpack_from("<Q", (self.root / "counts").read_bytes())[0]

    def recover(self, kind="", number=0, forever=False):
        """Brings home what is left; returns how many calls of that kind that took."""
        (self.root / "counts").write_bytes(bytes(4096))
        output, status = self._drive("recover", kind, number, forever)
        self.output += output
        assert status == 0, self.output
        self.lost += int(output.split()[0]) if output[:1].isdigit() else 0
        return struct.unpack_from("<Q", (self.root / "counts").read_bytes())[0]

    def _drive(self, how, kind, number, forever):
        done = subprocess.run(
            [DRIVER, self.logs, self.root / "answers", how],
            env={
                "PATH": os.environ["PATH"],
                "LD_PRELOAD": str(self.library),
                "FAIL_KIND": kind,
                "FAIL_AT": str(number),
                "FAIL_FOREVER": str(int(forever)),
                "FAIL_ERRNO": str(ERRORS.get(kind, errno.EIO)),
                "FAIL_COUNTS": str(self.root / "counts"),
                "TICKERTAPE_RING_DIR": str(self.rings),
                "TICKERTAPE_QUEUE_BYTES": str(4 << 20),
                "TICKERTAPE_EXIT_TIMEOUT": "0.3",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
            check=False,
        )
        return done.stdout.decode(errors="replace"), done.returncode

    @property
    def answers(self):
        return (self.root / "answers").read_bytes()[:CALLS]

    def check(self):
        """Recovers what is left, then compares the files with the results of the calls."""
        self.recover()
        lost = self.lost + struct.unpack_from("<Q", (self.root / "answers").read_bytes(), CALLS)[0]
        found = collections.Counter()
        for file in sorted(self.logs.rglob("*tfevents*")):
            records, damage = scanner.records(file)
            assert not damage, (file, damage)
            steps = [scanner.event(record)[0] for record in records]
            steps = [step for step in steps if step != 0]  # 0: the file's opening
            assert steps == sorted(steps), (file, steps)
            found.update(steps)
        assert not [step for step, count in found.items() if count > 1]
        answers = self.answers
        assert not [step for step in found if answers[step] == 0]
        missing = [step for step, answer in enumerate(answers) if answer == ACCEPTED and not found[step]]
        if "own memory" in self.output:
            # No ring could be made where another process finds it, and that was said: a kill costs the last 20 ms.
            last = [step for step, answer in enumerate(answers) if answer == ACCEPTED][-len(missing) :]
            assert not missing or missing == last, (missing, self.output)
            return
        assert len(missing) <= lost, (missing, lost, self.output)


@pytest.fixture
def scene(tmp_path, failing_library):
    # Thousands of small files: memory where there is some.
    memory = Path("/dev/shm")
    root = memory / f"tickertape-nth-{os.getpid()}" if memory.is_dir() else tmp_path / "scene"
    yield Scene(root, failing_library)
    shutil.rmtree(root, ignore_errors=True)


def numbers(total):
    """Which N to try: all up to 8, then fewer and fewer, unless all are asked for."""
    if "TICKERTAPE_ALL_FAILURES" in os.environ:
        yield from range(1, total + 2)
        return
    number = 1
    while number <= total + 1:
        yield number
        number = max(number + 1, number * 3 // 2) if number >= 8 else number + 1


@pytest.mark.parametrize("forever", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_accepted_is_lost(scene, kind, forever):
    total = scene.run(kind, 0, forever, "close")
    scene.check()
    for at in numbers(total):
        ends = ENDS if "TICKERTAPE_ALL_FAILURES" in os.environ else (ENDS[at % len(ENDS)],)
        for end in ends:
            scene.run(kind, at, forever, end)
            try:
                scene.check()
            except AssertionError as error:
                raise AssertionError(f"{kind} number {at} of {total}, then {end}: {error}") from error


@pytest.mark.parametrize("forever", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_recovery_that_fails_is_repeated(scene, kind, forever):
    scene.run("write", 8, forever=True, end="kill")
    total = scene.recover(kind)
    for at in numbers(total):
        scene.run("write", 8, forever=True, end="kill")
        scene.recover(kind, at, forever)
        try:
            scene.check()
        except AssertionError as error:
            raise AssertionError(f"{kind} number {at} of {total} in recovery: {error}") from error
