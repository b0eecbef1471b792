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


@pytest.mark.filterwarnings("ignore:tag. expected at most 65000 bytes")
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


LIMIT = r"expected less than 2 GiB, protobuf's limit for a message, got \d+"


def test_no_record_that_no_reader_can_parse(tmp_path):
    """None of these touches the memory that it names: pages of zeros, and arrays of one element."""
    huge = bytes(2**31)
    zeros = np.broadcast_to(np.float32(0), 2**29)
    with tickertape.SummaryWriter(tmp_path) as writer:
        for call, name in (
            (lambda: writer.add_text("t", huge, 1), "text_string"),
            (lambda: writer.add_tensor("t", zeros, 1), "tensor"),
            (lambda: writer.write("t", zeros, "plugin", 1), "tensor"),
            (lambda: writer.write("t", huge, "plugin", 1), "tensor"),
            (lambda: writer.file_writer.op_writer.add_summary(huge, 1, None), "summary"),
        ):
            with pytest.raises(ValueError, match=rf"^{name}: {LIMIT}"):
                call()
    assert events_in(tmp_path) == []


def test_varints_are_longer_in_the_file_than_in_memory(tmp_path):
    """A negative number takes ten bytes: 2.15 GB of them in 0.86 GB."""
    with tickertape.SummaryWriter(tmp_path) as writer:
        minus_one = np.broadcast_to(np.int8(-1), 2**31 // 10 + 1)
        with pytest.raises(ValueError, match=f"^tensor: {LIMIT}"):
            writer.add_tensor("t", minus_one, 1)


def test_sounds_have_the_same_limit(writer):
    with pytest.raises(ValueError, match=r"^snd_tensor: expected less than 2 GiB"):
        writer.add_audio("t", np.broadcast_to(np.int16(0), 2**30))


def test_write_takes_numbers_without_a_detour(tmp_path, run_script):
    """80 MB of numbers took 537 MB."""
    run_script(
        """
import numpy as np
from tickertape import SummaryWriter
numbers = np.ones(10_000_000)
def status(key):
    with open('/proc/self/status') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024
def more(log):
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')  # VmHWM starts again
    before = status('VmRSS')
    with SummaryWriter(log.__name__) as w:
        log(w)
    return status('VmHWM') - before
def add_tensor(w): w.add_tensor('t', numbers, 1)
def write(w): w.write('t', numbers, 'plugin', 1)
assert more(add_tensor) > 60e6
assert more(write) < 300e6
"""
    )


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
