"""Each stack logs with our writer what it logs with its own: the same runs, tags, steps and values."""

import re

import content
import pytest

STACKS = ["lightning", "fabric", "transformers", "accelerate", "ignite", "stable_baselines3"]
# Depends on the clock.
TIMED = re.compile(r"fps|time|runtime|per_second|_hparams_/session|^args/text_summary|train/flos")


def train(run_script, tmp_path, stack, mode):
    run_script(f"stacks/train_{stack}.py", mode, tmp_path / mode)
    runs = content.read(tmp_path / mode)
    runs.pop("unused", None)
    if mode == "handed":
        runs = {run: entries for run, entries in runs.items() if run != "ours"}
    return runs


def comparable(entries):
    """Entries without what depends on the clock; the order within a step is each stack's own business.

    Experiment summaries are left out: we write them only with domains, so that the page shows the columns of all runs.
    """
    return sorted(
        (
            (tag, step, kind, None if TIMED.search(tag) else value)
            for tag, step, kind, value in entries
            if tag != "_hparams_/experiment"
        ),
        key=repr,
    )


@pytest.mark.parametrize("stack", STACKS)
def test_stack(run_script, tmp_path, stack):
    theirs = train(run_script, tmp_path, stack, "theirs")
    assert sum(map(len, theirs.values())) > 5
    for mode in ("install", "handed"):
        ours = train(run_script, tmp_path, stack, mode)
        assert set(ours) == set(theirs), mode
        for run, entries in theirs.items():
            assert comparable(ours[run]) == comparable(entries), (mode, run)


def test_stable_baselines3_by_the_command(run_script, tmp_path):
    """It imports the class at module level, as the script does: what `tickertape run` is for."""
    script = tmp_path / "script.py"
    script.write_text(
        "from stable_baselines3 import PPO\n"
        "from stable_baselines3.common import logger\n"
        "assert logger.SummaryWriter.__module__ == 'tickertape.writer.summary_writer'\n"
        "PPO('MlpPolicy', 'CartPole-v1', n_steps=32, batch_size=16, n_epochs=1, tensorboard_log='runs').learn(64)\n"
    )
    run_script(script, flags=("-m", "tickertape", "run"))
    assert len(content.scalars(tmp_path / "runs")["PPO_1", "train/loss"]) == 1


def test_install_after_stable_baselines3_says_so(run_script, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import warnings\n"
        "import stable_baselines3, tickertape\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    tickertape.install()\n"
        "assert 'stable_baselines3.common.logger' in str(caught[0].message), caught\n"
    )
    run_script(script)
