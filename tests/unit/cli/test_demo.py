"""`python -m tickertape demo`, with few epochs: what it logs, what it prints."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tickertape
from support import oracle
from tickertape import demo
from tickertape.cli import main as command


def test_demo_logs_everything_and_says_so(tmp_path, capsys):
    pytest.importorskip("sklearn")
    folder = tmp_path / "a run"
    assert command.main(["demo", "--log-dir", str(folder), "--epochs", "6"]) == 0
    printed = capsys.readouterr().out
    program, *words = shlex.split(printed.splitlines()[-1])
    assert words == ["view", str(folder)]
    assert shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    runs = oracle.tree(folder)
    assert set(runs) == {".", "loss_train", "loss_validation", "accuracy_train", "accuracy_validation"}
    assert "right for 9" in printed.splitlines()[0]
    table = dict(re.findall(r"^(\S+) +\d+ +([\d,]+) +[\d,]+$", printed, re.MULTILINE))
    assert {name: int(number.replace(",", "")) for name, number in table.items() if name != "all"} == {
        name: len(events) + 1 for name, events in runs.items()
    }
    share = re.search(r"logging took .* \((\d+\.\d)%\)", printed)
    assert share

    kinds = {
        value.tag: value.metadata.plugin_data.plugin_name or value.WhichOneof("value")
        for event in runs["."]
        for value in event.summary.value
    }
    assert kinds["batch/loss"] == "simple_value"
    assert kinds["weights/layer0/weight"] == kinds["gradients/layer2/bias"] == "histo"
    assert kinds["digits/train"] == kinds["digits/misclassified"] == kinds["confusion"] == "image"
    assert [kinds[f"digit/{digit}"] for digit in range(10)] == ["pr_curves"] * 10
    assert kinds["set-up/text_summary"] == "text"
    accuracy = tickertape.read_scalars(folder)["epoch/validation_accuracy"].value
    assert accuracy[-1] > 0.9
    assert (folder / "projector_config.pbtxt").is_file()
    assert (folder / "00006" / "hidden" / "sprite.png").is_file()


def test_demo_is_deterministic(tmp_path):
    pytest.importorskip("sklearn")
    results = []
    for name in "ab":
        assert demo.run(str(tmp_path / name), epochs=1) == 0
        results.append(tickertape.read_scalars(tmp_path / name)["batch/loss"].value)
    np.testing.assert_array_equal(*results)


def test_demo_without_scikit_learn(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert demo.run(str(tmp_path / "run")) == 2
    assert "scikit-learn" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["demo", "--epochs", "0"], ["demo", "--epochs", "x"]])
def test_bad_command_line(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_module_runs():
    environment = os.environ | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "tickertape", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert "demo" in done.stdout
