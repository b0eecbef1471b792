"""`tickertape repair` and `tickertape doctor`."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape
from support import left_events, oracle


class Scene:
    """A log directory that a killed process has left, and its ring."""

    def __init__(self, root):
        self.logs, self.rings = root / "logs", root / "rings"
        left_events.leave(self.logs, self.rings, 9)
        self.environment = left_events.environment(self.rings)
        assert self.steps() == [0]

    def steps(self):
        return [step for _, step, _ in oracle.values(self.logs)]

    def run(self, *arguments, answer=""):
        return subprocess.run(
            [sys.executable, "-m", "tickertape", *map(str, arguments)],
            env=self.environment,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_a_directory_is_repaired(scene):
    done = scene.run("repair", scene.logs)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("recovered 9 events of process")
    assert scene.steps() == list(range(10))
    assert scene.run("repair", scene.logs).stdout == "nothing to recover\n"


def test_without_a_directory_it_asks(scene):
    for arguments in (["repair"], ["repair", "--dry-run"], ["repair", "--dry-run", scene.logs], ["doctor"]):
        done = scene.run(*arguments)
        assert done.returncode == 1, done
        assert "would recover 9 events of process" in done.stdout
        assert scene.steps() == [0]
    assert scene.run("repair", "--yes").returncode == 0
    assert scene.steps() == list(range(10))
    done = scene.run("doctor")
    assert done.returncode == 0
    assert f"op rings: {scene.rings}: in use\n" in done.stdout
    assert done.stdout.endswith("nothing to recover\n")
    assert scene.run("repair").returncode == 0  # nothing to ask about


def test_a_directory_that_is_not_there(scene):
    done = scene.run("repair", scene.logs / "typo")
    assert done.returncode == 2
    assert "which does not exist" in done.stderr
    with pytest.raises(FileNotFoundError):
        tickertape.recover(scene.logs / "typo")


def test_what_is_not_found_is_kept_until_somebody_decides(scene, tmp_path):
    scene.logs.rename(tmp_path / "moved")
    done = scene.run("repair", "--yes")
    assert done.returncode == 1
    (ring,) = scene.rings.iterdir()
    assert f"cannot be completed: it is not there; 9 missing events stay in op ring '{ring}'" in done.stdout
    assert f"--discard {ring}" in done.stdout
    assert "9 events" in scene.run("doctor").stdout
    assert scene.run("repair", "--discard", tmp_path / "moved").returncode == 1
    assert scene.run("repair", tmp_path / "moved").returncode == 0
    assert [step for _, step, _ in oracle.values(tmp_path / "moved")] == list(range(10))
    assert not ring.exists()


def test_a_ring_is_discarded(scene):
    (ring,) = scene.rings.iterdir()
    assert scene.run("repair", "--discard", ring).returncode == 0
    assert not list(scene.rings.iterdir())
    assert scene.steps() == [0]


def test_a_damaged_ring_is_told_of_until_it_is_discarded(scene):
    (ring,) = scene.rings.iterdir()
    with ring.open("r+b") as file:
        header = struct.unpack("<QIIQQQQQ", file.read(56))
        file.seek(320)
        (tail,) = struct.unpack("<Q", file.read(8))
        file.seek(header[5] + tail + 3 * 32)
        file.write(b"\xff" * 32)  # the fourth op that is not in the file
    done = scene.run("repair", scene.logs)
    assert done.returncode == 1
    assert "recovered 3 events" in done.stdout
    assert "at most 6 events are not read" in done.stdout
    assert scene.steps() == list(range(4))
    damaged = Path(f"{ring}.damaged")
    assert list(scene.rings.iterdir()) == [damaged]
    done = scene.run("doctor")
    assert done.returncode == 1
    assert f"{damaged}: left over\n  it is damaged, " in done.stdout
    assert scene.run("repair", "--discard", damaged).returncode == 0
    assert scene.run("doctor").returncode == 0


def test_names_that_are_not_utf8(scene):
    strange = os.fsencode(scene.rings) + b"/tickertape-\xff.ring"
    Path(os.fsdecode(strange)).write_bytes(b"x")
    done = scene.run("repair", "--yes")
    assert done.returncode == 1
    assert "\\xff.ring': it is no op ring of tickertape" in done.stdout
    assert scene.steps() == list(range(10))


@pytest.mark.parametrize("change", ["open", "link"])
def test_rings_that_are_passed_over_are_counted_with_the_reason(scene, tmp_path, change):
    if change == "open":
        scene.rings.chmod(0o777)
        why = f"others can write to it; run `chmod 700 '{scene.rings}'`, or"
    else:
        scene.rings.rename(tmp_path / "real")
        scene.rings.symlink_to(tmp_path / "real")
        why = "it is a symbolic link; remove the link, or"
    said = f"1 op ring passed over: '{scene.rings}' cannot hold op rings: {why}"
    for arguments in (["repair", scene.logs], ["repair", "--dry-run"], ["repair", "--yes"]):
        done = scene.run(*arguments)
        assert done.returncode == 1
        assert done.stdout.startswith(said), done
        assert "nothing to recover" not in done.stdout
    script = "import sys, tickertape; print(tickertape.recover(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", script, scene.logs],
        env=scene.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[]\n", done
    assert f"<string>:1: RuntimeWarning: {said}" in done.stderr
    if change == "open":
        scene.rings.chmod(0o700)
        assert scene.run("repair", scene.logs).returncode == 0
        assert scene.steps() == list(range(10))


def test_a_log_directory_with_any_name(scene, tmp_path):
    """Bytes that are no UTF-8, and characters that would steer a terminal; also as the working directory."""
    name = os.fsdecode(b"\xff\x1b[31m\n") + "\u202e"
    strange = scene.logs.rename(tmp_path / name)
    done = scene.run("repair", "--dry-run", strange)
    assert done.returncode == 1, done.stderr
    assert "would recover 9 events of process" in done.stdout
    for shown in (done, scene.run("repair", "--dry-run"), scene.run("doctor", strange)):
        assert not {"\x1b", "\u202e", "\udcff"} & set(shown.stdout)
        assert all(line.strip() for line in shown.stdout.splitlines())
    script = "import sys, tickertape; print(sum(r.events for r in tickertape.recover(eval(sys.argv[1]), dry_run=True)))"
    for path, working in ((repr(os.fsencode(strange)), "/"), (repr(name), tmp_path), ("'.'", strange)):
        done = subprocess.run(
            [sys.executable, "-c", script, path],
            env=scene.environment,
            cwd=working,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "9\n", done
    assert scene.run("repair", strange).returncode == 0
    strange.rename(scene.logs)  # TensorBoard's loader takes no other names
    assert scene.steps() == list(range(10))


def test_what_is_no_path_is_called_path():
    with pytest.raises(TypeError, match=r"^path: expected a str, bytes or path, got int"):
        tickertape.recover(1)
    for bad in ("s3://bucket", "a\0b", "\ud800"):
        with pytest.raises(ValueError, match=r"^path: expected "):
            tickertape.recover(bad)
