"""tail, compared with TensorBoard's loader, and in a terminal beside a writer."""

import json
import subprocess
import sys

import pytest
from support import commands, oracle


def test_tail(log_dir):
    rows = [
        json.loads(line)
        for line in commands.run(
            "tail", log_dir, "-n", "2", "--tags", "l*", "--json", status=0
        ).out.splitlines()
    ]
    assert sorted((row["run"], row["tag"], row["step"], row["value"]) for row in rows) == [
        row for row in oracle.rows(log_dir, "lr", "loss/train") if row[2] >= 18
    ]
    assert [row["wall_time"] for row in rows] == sorted(row["wall_time"] for row in rows)
    text = commands.run("tail", log_dir, status=0).out
    assert "  seed/torch  loss/train  19  0.1\n" in text
    assert "  ours  picture  7  image\n" in text
    commands.run("tail", log_dir, "--tags", "nothing", status=1)


CHILD = """
import sys
from tickertape import SummaryWriter
for line in sys.stdin:
    run, step = line.split()
    with SummaryWriter(f"{sys.argv[1]}/{run}") as writer:
        writer.add_scalar("a", float(step) / 2, int(step))
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_follow_in_a_terminal(tmp_path, form):
    (tmp_path / "logs").mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "logs")], stdin=subprocess.PIPE, text=True
    )

    def log(run, step):
        child.stdin.write(f"{run} {step}\n")
        child.stdin.flush()

    log("first", 1)
    while not list((tmp_path / "logs").rglob("*tfevents*")):
        assert child.poll() is None
    shown = commands.Terminal(
        "tail", "-f", tmp_path / "logs", *(["--json"] if form == "json" else []), NO_COLOR="1"
    )
    wanted = '{"run": "%s", "tag": "a", "step": %d, ' if form == "json" else "  %s  a  %d  "
    try:
        shown.read_until(wanted % ("first", 1))
        for run, step in (("first", 2), ("second", 7), ("first", 3)):
            log(run, step)
            assert wanted % (run, step) in shown.read_until(wanted % (run, step))
        shown.interrupt()
        assert shown.wait() == 130
        assert "Traceback" not in shown.text
    finally:
        child.stdin.close()
        child.wait(60)
        shown.process.kill()
        shown.process.wait(60)
