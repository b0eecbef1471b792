"""close() in another thread between the look-up of a file and the call on it: the op goes into a new file."""

import threading

import numpy as np
import pytest
from support import oracle
from tickertape.writer import SummaryWriter, file_writer

CALLS = {
    "add_text": lambda writer: writer.add_text("t", "x", 1),
    "add_histogram": lambda writer: writer.add_histogram("t", np.arange(3), 1),
    "add_histogram with bins": lambda writer: writer.add_histogram("t", [1.0, 2.0], 1, bins="auto"),
    "add_histogram_raw": lambda writer: writer.add_histogram_raw("t", 0, 1, 2, 1, 1, [1, 2], [1, 1], 1),
    "add_image": lambda writer: writer.add_image("t", np.zeros((3, 4, 4)), 1),
    "add_tensor": lambda writer: writer.add_tensor("t", np.zeros(3), 1),
    "add_pr_curve": lambda writer: writer.add_pr_curve("t", [0, 1], [0.1, 0.9], 1),
    "add_audio": lambda writer: writer.add_audio("t", np.zeros(10), 1),
    "add_video": lambda writer: writer.add_video("t", np.zeros((1, 2, 3, 4, 4)), 1),
    "add_mesh": lambda writer: writer.add_mesh("t", np.zeros((1, 3, 3)), global_step=1),
    "add_custom_scalars": lambda writer: writer.add_custom_scalars({"a": {"b": ["Multiline", ["x"]]}}),
    "add_scalar": lambda writer: writer.add_scalar("t", 1.0, 1),
    "log": lambda writer: writer.log({"t": 1.0}, 1),
    "write": lambda writer: writer.write("t", "x", "text", 1),
    "add_scalars": lambda writer: writer.add_scalars("t", {"a": 1.0, "b": 2.0}, 1),
    "add_hparams": lambda writer: writer.add_hparams({"a": 1}, {"m": 1.0}, same_run=True),
}


def written(directory):
    """Events other than the version events."""
    events = [event for path in directory.rglob("*tfevents*") for event in oracle.load(path)]
    return [event for event in events if event.WhichOneof("what") != "file_version"]


@pytest.mark.parametrize("name", CALLS)
def test_the_op_is_written(tmp_path, monkeypatch, name):
    """The file is closed at the last moment: when the call has looked up the writer that takes its op."""
    writer = SummaryWriter(tmp_path / "race")
    with SummaryWriter(tmp_path / "calm") as calm:
        CALLS[name](calm)

    def close_once(self):
        if closing:
            closing.clear()
            writer.close()
        return vars(self)["op_writer"]

    closing = [True]
    monkeypatch.setattr(
        file_writer.FileWriter,
        "op_writer",
        property(close_once, lambda self, value: vars(self).update(op_writer=value)),
        raising=False,
    )
    CALLS[name](writer)
    writer.close()
    monkeypatch.undo()
    assert len(written(tmp_path / "race")) == len(written(tmp_path / "calm")) > 0


def test_threads(tmp_path):
    writer = SummaryWriter(tmp_path)
    stop, errors = threading.Event(), []

    def work(number):
        try:
            for step in range(60):
                writer.add_text(f"t{number}", "x", step)
                writer.add_scalars("s", {"k": step}, step)
        except Exception as error:  # noqa: BLE001  # any of them fails the test
            errors.append(error)

    def close():
        while not stop.is_set():
            writer.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    closer = threading.Thread(target=close)
    for thread in [*threads, closer]:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    closer.join()
    writer.close()
    assert not errors
    assert len(written(tmp_path)) == 360
