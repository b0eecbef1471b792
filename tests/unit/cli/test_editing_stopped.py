"""Commands that change files and are stopped: by a full disk, Ctrl-C or kill -9, or by a killed writer's events."""

import shutil
import subprocess
import sys

import pytest
from support import commands, left_events, oracle


def test_a_disk_that_is_full_changes_nothing(log_dir, tmp_path):
    before = commands.tree(tmp_path)
    for where in ("--in-place", f"-o {tmp_path}/new.tfevents"):
        done = subprocess.run(
            ["bash", "-c", f"ulimit -f 1; exec {commands.COMMAND} rm-tag {oracle.only_file(log_dir / 'ours')} lr {where}"],
            capture_output=True, text=True, env=commands.environment(), check=False,
        )  # fmt: skip
        assert done.returncode == 1, done
        assert done.stderr.startswith("tickertape rm-tag: [Errno 27]")
        assert {name: content for name, (content, _) in commands.tree(tmp_path).items()} == {
            name: content for name, (content, _) in before.items()
        }


EDITS = {
    "rm-tag": ["rm-tag", "LOGS", "lr"],
    "rename-tag": ["rename-tag", "LOGS", "lr", "rate"],
    "shift-steps": ["shift-steps", "LOGS", "7"],
}
COPIES = {
    **{name: [*words, "-o", "NEW"] for name, words in EDITS.items()},
    "rename-run": ["rename-run", "LOGS", "ours", "theirs", "-o", "NEW"],
    "merge": ["merge", "LOGS/ours", "LOGS/seed/torch", "LOGS/seed/tbx", "-o", "NEW"],
    "repair": ["repair", "LOGS", "-o", "NEW"],
    "average": ["average", "LOGS", "NEW", "--over", "t*"],
    "export": ["export", "LOGS", "NEW", "--wide", "--format", "csv"],
}


def filled(words, top):
    return [
        word.replace("LOGS", str(top / "logs")).replace("NEW", str(top / "deep" / "new")) for word in words
    ]


@pytest.mark.parametrize("name", COPIES)
def test_a_disk_that_fills_leaves_no_half_output(name, log_dir, tmp_path):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    before = commands.tree(tmp_path)
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 1; exec "$0" "$@"', commands.COMMAND, *filled(COPIES[name], tmp_path)],
        capture_output=True, text=True, env=commands.environment(TICKERTAPE_RING_DIR=str(rings)), check=False,
    )  # fmt: skip
    assert done.returncode == 1, done
    assert "[Errno 27]" in done.stderr
    assert commands.tree(tmp_path) == before  # no ring either


# Calls of os.replace, os.rename, os.link or open in the command's own process: it is interrupted or killed before the n-th.
STOP_BEFORE = """
import os, signal, sys
from tickertape.cli import main
count = int(sys.argv[2])
def stop(event, args):
    global count
    if event in ("os.rename", "os.link", "os.remove") or event == "open" and "tickertape-" in str(args[0]):
        count -= 1
        if count == 0:
            os.kill(os.getpid(), getattr(signal, sys.argv[1]))
sys.addaudithook(stop)
sys.exit(main.main(sys.argv[3:]))
"""


def stopped(number, name, words):
    """Runs a command that gets a signal before one of its changes of the file system; its status."""
    done = subprocess.run(
        [sys.executable, "-c", STOP_BEFORE, name, str(number), *words],
        env=commands.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_an_edit_in_place_that_is_stopped_changes_all_or_nothing(name, how, log_dir, tmp_path):
    old, words = commands.contents(log_dir), filled([*EDITS[name], "--in-place"], tmp_path)
    shutil.copytree(log_dir, tmp_path / "kept")
    commands.run(*words, status=0)
    new = {path: content for path, content in commands.contents(log_dir).items() if path in old}
    for number in range(1, 40, 2):
        shutil.rmtree(log_dir)
        shutil.copytree(tmp_path / "kept", log_dir)
        status = stopped(number, how, words)
        there = commands.contents(log_dir)
        left = {path: content for path, content in there.items() if path not in old}
        backups = {content for path, content in left.items() if "backup" in path}
        states = {path: "old" if there[path] == old[path] else "new" for path in old if old[path] is not None}
        assert all(there[path] in (old[path], new[path]) for path in old)
        assert all(
            old[path] in backups
            for path, state in states.items()
            if state == "new" and old[path] != new[path]
        )
        if how != "SIGKILL":
            assert len(set(states.values())) == 1 or old == new, (number, states)
        if how == "SIGINT":
            assert not [path for path in left if "backup" not in path]
        if status == 0:
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_that_is_interrupted_is_whole_or_not_there(name, log_dir, tmp_path):
    before = commands.contents(tmp_path)
    commands.run(*filled(COPIES[name], tmp_path))
    whole = len(commands.contents(tmp_path))
    shutil.rmtree(tmp_path / "deep")
    for number in range(1, 60, 3):
        status = stopped(number, "SIGINT", filled(COPIES[name], tmp_path))
        if status == 0:
            return
        assert status == 130
        if (tmp_path / "deep" / "new").exists():  # the signal came after the copy had got its name
            assert len(commands.contents(tmp_path)) == whole, number
        else:
            assert commands.contents(tmp_path) == before, number
        shutil.rmtree(tmp_path / "deep", ignore_errors=True)
    raise AssertionError("it never came to its end")


def test_a_killed_process_left_events_for_the_run(tmp_path):
    rings = tmp_path / "rings"
    left_events.leave(tmp_path / "run", rings, 1)
    arguments = ["rm-tag", tmp_path / "run", "b", "-o", tmp_path / "new"]
    done = commands.run(*arguments, status=1, TICKERTAPE_RING_DIR=str(rings))
    assert f"run `tickertape repair {tmp_path / 'run'}` first" in done.err
    before = commands.tree(tmp_path)
    done = commands.run("ls", tmp_path / "run", status=0, TICKERTAPE_RING_DIR=str(rings))
    assert "a killed process left 1 event for" in done.err
    assert f"`tickertape repair {tmp_path / 'run'}` puts them into their files" in done.err
    assert commands.tree(tmp_path) == before
    commands.run("repair", tmp_path / "run", status=0, TICKERTAPE_RING_DIR=str(rings))
    assert commands.run("ls", tmp_path / "run", status=0, TICKERTAPE_RING_DIR=str(rings)).err == ""
    commands.run("repair", tmp_path / "run", status=0, TICKERTAPE_RING_DIR=str(rings))
    commands.run(
        "rm-tag", tmp_path / "run", "a", "-o", tmp_path / "new", status=0, TICKERTAPE_RING_DIR=str(rings)
    )
