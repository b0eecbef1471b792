"""What a process had logged when it was ended from outside, on every system (test_kill.py has more for Linux).

Popen.kill() is TerminateProcess on Windows, which `make windows` runs under wine, and SIGKILL elsewhere.
"""

import subprocess
import sys

import numpy as np
import tickertape
from support import oracle

COUNT = 2_000

LOGS_AND_WAITS = f"""
import sys
import numpy as np
import tickertape

writer = tickertape.SummaryWriter(sys.argv[1])
writer.add_text("notes", "before the end", 0)
writer.add_histogram("weights", np.arange(1000.0), 0)
writer.add_image("picture", np.zeros((3, 8, 8), np.uint8), 0)
for step in range({COUNT}):
    writer.add_scalar("loss", step / 2, step)
print("logged", flush=True)
sys.stdin.read()
"""


def test_a_process_that_is_ended_from_outside_loses_nothing(tmp_path, monkeypatch):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    monkeypatch.setenv("TICKERTAPE_RING_DIR", str(rings))
    run = tmp_path / "run"
    command = [sys.executable, "-c", LOGS_AND_WAITS, str(run)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "logged\n"
        process.kill()
    tickertape.recover(run)

    values = [(value, event.step) for event in oracle.logged(run) for value in event.summary.value]
    scalars = [(step, value.simple_value) for value, step in values if value.tag == "loss"]
    assert scalars == [(step, step / 2) for step in range(COUNT)]
    assert {value.tag.split("/")[0] for value, _ in values} == {"loss", "notes", "weights", "picture"}

    np.testing.assert_array_equal(tickertape.read(run).scalars.to_dict()["value"], np.arange(COUNT) / 2)
