"""Values as large as anybody gets: stored whole, whether they fit the queue or not."""

import numpy as np
import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event


def events_in(directory):
    """By protobuf and the PyPI crc32c: TensorBoard's loader takes a minute for 200 MB."""
    (path,) = oracle.event_files(directory)
    return [Event.FromString(data) for data in oracle.raw_records(path)][1:]


def test_a_text_of_64_megabytes(tmp_path):
    text = "0123456789abcdef" * (4 << 20)
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("before", 1, 1)
        writer.add_text("t", text, 2)
        writer.add_scalar("after", 3, 3)
    before, event, after = events_in(tmp_path)
    assert event.summary.value[0].tensor.string_val[0] == text.encode()
    assert (before.step, event.step, after.step) == (1, 2, 3)


@pytest.mark.parametrize("size", [1 << 20, 100_000_000])
def test_a_tag_of_100_megabytes(tmp_path, size):
    """The names of a process take 64 MiB; a tag that finds no room there is written before its call returns."""
    tag = "t" * size
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("before", 1, 1)
        writer.add_scalar(tag, 2, 2)
        writer.add_scalar("after", 3, 3)
        writer.add_scalar(tag, 4, 4)
    values = [(event.summary.value[0].tag, event.step) for event in events_in(tmp_path)]
    assert values == [("before", 1), (tag, 2), ("after", 3), (tag, 4)]


def test_ops_larger_than_the_whole_budget(tmp_path, run_script):
    run_script(
        """
import os
os.environ['TICKERTAPE_QUEUE_BYTES'] = str(4 << 20)
import numpy as np
from tickertape import SummaryWriter
with SummaryWriter('run') as w:
    for s in range(3):
        w.add_tensor('t', np.full(2 << 20, s, dtype=np.float32), s)
        w.add_scalar('a', s, s)
"""
    )
    events = events_in(tmp_path / "run")
    assert [event.step for event in events] == [0, 0, 1, 1, 2, 2]
    for step, event in enumerate(events[::2]):
        tensor = event.summary.value[0].tensor
        values = (
            np.frombuffer(tensor.tensor_content, np.float32) if tensor.tensor_content else tensor.float_val
        )
        assert len(values) == 2 << 20
        assert values[0] == values[-1] == step
