"""wandb's sync_tensorboard, MLflow's autolog and ClearML's patch see of our writer what they see of torch's."""

import io
import json
import struct
import zipfile

import pytest


def wandb_history(directory):
    """The history of an offline run; its file is a LevelDB log of protobuf messages (wandb/core, 7-byte header)."""
    from wandb.proto import wandb_internal_pb2

    (path,) = directory.glob("wandb/offline-run-*/*.wandb")
    blob = path.read_bytes()
    at, part, rows = 7, b"", []
    while at + 7 <= len(blob):
        if 2**15 - at % 2**15 < 7:  # no record header is split between two blocks
            at += 2**15 - at % 2**15
            continue
        size, kind = struct.unpack_from("<HB", blob, at + 4)
        part += blob[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, last part
            items = wandb_internal_pb2.Record.FromString(part).history.item
            row = {item.key or "/".join(item.nested_key): item.value_json for item in items}
            rows.append({key: row[key] for key in sorted(row) if not key.startswith("_")})
            part = b""
    return sorted((row for row in rows if row), key=repr)


def mlflow_run(directory):
    """Metrics and parameters of the only run in a file store: a file each, a line a value."""
    (run,) = (path for path in directory.glob("mlruns/0/*") if path.is_dir())
    metrics = {
        str(path.relative_to(run)): [line.split()[1:] for line in path.read_text().splitlines()]
        for path in (run / "metrics").rglob("*")
        if path.is_file()
    }
    return metrics | {str(path.relative_to(run)): path.read_text() for path in (run / "params").iterdir()}


def clearml_metrics(directory):
    """What an offline session would report, without its time stamps."""
    (path,) = directory.parent.glob(".clearml/cache/offline/*.zip")
    lines = zipfile.ZipFile(io.BytesIO(path.read_bytes())).read("metrics.jsonl").decode().splitlines()
    path.unlink()
    reports = [report for line in lines for report in json.loads(line)]
    for report in reports:
        for key in ("timestamp", "task", "key", "url"):
            report.pop(key, None)
    return sorted(reports, key=repr)


READERS = {"wandb": wandb_history, "mlflow": mlflow_run, "clearml": clearml_metrics}


@pytest.mark.parametrize("observer", READERS)
def test_observer_sees_the_same(run_script, tmp_path, observer):
    def seen(mode):
        (tmp_path / mode).mkdir()
        run_script("stacks/log_with_observer.py", mode, tmp_path / mode, observer)
        return READERS[observer](tmp_path / mode)

    theirs = seen("theirs")
    assert len(theirs) >= 5
    for mode in ("install", "late", "handed"):
        ours = seen(mode)
        if observer == "mlflow" and mode == "handed":
            # It patches add_hparams of torch's class, which is not ours without install().
            for key in ("params/rate", "params/name"):
                del theirs[key]
            theirs["metrics/final"] = ours.get("metrics/final")
        assert ours == theirs, mode
