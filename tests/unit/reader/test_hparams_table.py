"""One row a session, whoever wrote it: torch, tensorboardX, us in both layouts, and the layouts of TensorFlow and Lightning."""

import math

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import tensorboardX
import tickertape
import torch
from support import oracle
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import summary_v2 as hparams_summary

WRITERS = {
    "torch": oracle.torch_tensorboard.SummaryWriter,
    "tensorboardX": tensorboardX.SummaryWriter,
    "ours": tickertape.SummaryWriter,
}
HPARAMS = {"lr": 0.1, "layers": 3, "optimizer": "adam", "bias": True}


@pytest.mark.parametrize("name", WRITERS)
def test_sessions_of_the_three_writers(tmp_path, name):
    for number, lr in enumerate((0.1, 0.2)):
        with WRITERS[name](str(tmp_path / f"trial{number}")) as writer:
            extra = {"name": "session"} if name == "tensorboardX" else {"run_name": "session"}
            writer.add_hparams(HPARAMS | {"lr": lr}, {"accuracy": 0.5 + number, "loss": 2.0}, **extra)
    table = tickertape.read(tmp_path).hparams
    assert len(table) == 2
    for number, (session, lr) in enumerate(zip(table, (0.1, 0.2), strict=True)):
        assert session.run == f"trial{number}/session"
        assert session.status == "success"
        assert session.hparams == HPARAMS | {"lr": lr}
        assert session.metrics["accuracy"] == (0.5 + number,) * 4
        assert session.metrics["loss"].last == 2.0
    columns = table.to_dict()
    assert columns["hparam.lr"].tolist() == [0.1, 0.2]
    assert columns["hparam.optimizer"].tolist() == ["adam"] * 2
    assert columns["hparam.bias"].tolist() == [True] * 2
    assert columns["metric.accuracy.best"].tolist() == [0.5, 1.5]
    assert list(table.to_pandas()["hparam.bias"]) == [True, True]
    frame = pl.DataFrame(table)
    assert frame["hparam.lr"].to_list() == [0.1, 0.2]
    assert frame["hparam.bias"].to_list() == [True, True]
    assert frame["hparam.optimizer"].to_list() == ["adam", "adam"]


def test_metrics_are_of_the_whole_series(tmp_path):
    """Lightning's layout: hyperparameters in the run of its scalars."""
    with tickertape.SummaryWriter(tmp_path / "run") as writer:
        # With a domain an experiment summary is written, which names the metrics.
        domain = {"lr": [0.1, 0.01]}
        writer.add_hparams({"lr": 0.1}, {"loss": 4.0, "accuracy": 0.25}, domain, same_run=True)
        for step, (loss, accuracy) in enumerate(
            [(2.0, 0.5), (1.0, 0.875), (3.0, 0.75), (math.nan, 0.5)], start=1
        ):
            writer.add_scalar("loss", loss, step)
            writer.add_scalar("accuracy", accuracy, step)
            writer.add_scalar("other", 1.0, step)
    (session,) = tickertape.read(tmp_path).hparams
    assert set(session.metrics) == {"loss", "accuracy"}
    loss, accuracy = session.metrics["loss"], session.metrics["accuracy"]
    assert math.isnan(loss.last)
    assert (loss.min, loss.max, loss.best) == (1.0, 4.0, 1.0)
    assert accuracy == (0.5, 0.25, 0.875, 0.875)


def write_summary(folder, *summaries, seconds=1):
    folder.mkdir(parents=True, exist_ok=True)
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    records = [
        oracle.frame(Event(summary=Summary.FromString(one.SerializeToString())).SerializeToString())
        for one in summaries
    ]
    (folder / f"events.out.tfevents.{seconds}.h.1.0").write_bytes(b"".join(records))


def test_tensorflows_layout(tmp_path):
    """hparams_config() in the top directory, hparams() in each run, metrics in a sub-directory of it."""
    config = hparams_summary.hparams_config_pb(
        hparams=[
            hparams_summary.HParam("units", hparams_summary.Discrete([16, 32])),
            hparams_summary.HParam("drop"),
        ],
        metrics=[hparams_summary.Metric("epoch_accuracy", group="validation")],
    )
    write_summary(tmp_path, config)
    for units in (16, 32):
        start = hparams_summary.hparams_pb({"units": units, "drop": 0.5, "fast": True}, trial_id=f"t{units}")
        write_summary(tmp_path / f"run{units}", start)
        with tickertape.SummaryWriter(tmp_path / f"run{units}" / "validation") as writer:
            writer.add_scalar("epoch_accuracy", units / 64, 0)
            writer.add_scalar("epoch_accuracy", units / 128, 1)
    table = tickertape.read(tmp_path).hparams
    assert [session.run for session in table] == ["run16", "run32"]
    assert [session.group for session in table] == ["t16", "t32"]
    assert [session.hparams["units"] for session in table] == [16, 32]
    assert all(session.hparams["fast"] is True and session.start_time > 0 for session in table)
    assert [session.status for session in table] == ["running"] * 2  # nothing says that they ended
    assert table.column("metric.validation/epoch_accuracy.last").tolist() == [0.125, 0.25]
    assert table.column("metric.validation/epoch_accuracy.best").tolist() == [0.25, 0.5]


def test_status_and_times(tmp_path):
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

    def value(tag, data):
        plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=data.SerializeToString())
        return Summary(value=[Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin))])

    start = plugin_data_pb2.SessionStartInfo(group_name="g", start_time_secs=10.5)
    start.hparams["none"].null_value = 0
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_FAILURE, end_time_secs=20.25)
    write_summary(
        tmp_path,
        value("_hparams_/session_start_info", plugin_data_pb2.HParamsPluginData(session_start_info=start)),
        value("_hparams_/session_end_info", plugin_data_pb2.HParamsPluginData(session_end_info=end)),
    )
    (session,) = tickertape.read(tmp_path).hparams
    assert session[:5] == (".", "g", "failure", 10.5, 20.25)
    assert session.hparams == {"none": None}
    assert session.metrics == {}


def test_sessions_with_other_hyperparameters(tmp_path):
    for run, hparams in {"a": {"x": 1, "only_a": "text"}, "b": {"x": "now text"}}.items():
        with tickertape.SummaryWriter(tmp_path / run) as writer:
            writer.add_hparams(hparams, {"m": 1.0}, same_run=True)
    table = tickertape.read(tmp_path).hparams
    assert table.column("hparam.x").tolist() == [1, "now text"]
    assert table.column("hparam.only_a").tolist() == ["text", None]
    arrow = pa.table(table)
    assert arrow.column("hparam.x").to_pylist() == ["1.0", "now text"]
    assert arrow.column("hparam.only_a").to_pylist() == ["text", None]
    assert "HparamsTable: 2 rows" in repr(table)


def test_no_hyperparameters(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1)
    table = tickertape.read(tmp_path).hparams
    assert len(table) == 0
    assert table.columns == ("run", "group", "status", "start_time", "end_time")
    assert pl.DataFrame(table).shape == (0, 5)


def test_torch_and_ours_read_alike(tmp_path):
    rows = {}
    for name in ("torch", "ours"):
        with WRITERS[name](str(tmp_path / name)) as writer:
            writer.add_hparams(HPARAMS, {"m": torch.tensor(1.5)}, run_name="s")
        (session,) = tickertape.read(tmp_path / name).hparams
        rows[name] = session
    assert rows["torch"] == rows["ours"] or np.isnan(rows["torch"].start_time)
    assert rows["torch"].hparams == rows["ours"].hparams
    assert rows["torch"].metrics == rows["ours"].metrics
