"""`runs.hparams` of what Lightning's TensorBoardLogger writes, with torch's writer and with ours, beside TensorBoard's own parser."""

import pytest
import tickertape
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

SCRIPT = """
import sys
import tickertape

if sys.argv[1] == "ours":
    tickertape.install()
from lightning.pytorch.loggers import TensorBoardLogger

logger = TensorBoardLogger(sys.argv[2], name="exp", version=0, default_hp_metric=sys.argv[3] == "default")
hparams = {"lr": 0.1, "layers": 3, "act": "relu", "use": True, "opt": {"name": "adam"}}
logger.log_hyperparams(hparams, None if sys.argv[3] == "default" else {"val_loss": 0.5, "acc": 0.9})
logger.log_metrics({"val_loss": 0.25, "acc": 0.95, "hp_metric": 0.75}, step=3)
assert type(logger.experiment).__module__.startswith("tickertape") == (sys.argv[1] == "ours")
logger.finalize("success")
"""


def parsed_by_tensorboard(directory):
    """The hyperparameters of the session, and the metrics that the experiment names."""
    tags = EventAccumulator(str(directory)).Reload().SummaryMetadata
    start = metadata.parse_session_start_info_plugin_data(
        tags(metadata.SESSION_START_INFO_TAG).plugin_data.content
    )
    hparams = {name: getattr(value, value.WhichOneof("kind")) for name, value in dict(start.hparams).items()}
    experiment = metadata.parse_experiment_plugin_data(tags(metadata.EXPERIMENT_TAG).plugin_data.content)
    return hparams, {info.name.tag for info in experiment.metric_infos}


@pytest.mark.parametrize("metrics", ["default", "named"])
@pytest.mark.parametrize("writer", ["torch", "ours"])
def test_hparams(run_script, tmp_path, writer, metrics):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run_script(script, writer, tmp_path / "logs", metrics)
    (session,) = tickertape.read(tmp_path / "logs").hparams
    hparams, names = parsed_by_tensorboard(tmp_path / "logs" / "exp" / "version_0")
    assert (session.run, session.status, session.hparams) == ("exp/version_0", "success", hparams)
    assert set(hparams) == {"lr", "layers", "act", "use", "opt/name"}
    assert set(session.metrics) == names == ({"hp_metric"} if metrics == "default" else {"val_loss", "acc"})
    if metrics == "default":
        assert session.metrics["hp_metric"][:3] == (0.75, -1.0, 0.75)
    else:
        assert session.metrics["val_loss"][:2] == (0.25, 0.25)
        assert session.metrics["val_loss"].best == 0.25
