"""What may stand for a path: names that are not UTF-8, and things that are no regular files."""

import os
import signal
import socket

import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape import _core, reader

ODD = os.fsdecode(b"events.out.tfevents.1.\xff\xfe")


def write_event(path, step):
    event = Event(step=step, summary=Summary(value=[Summary.Value(tag="a", simple_value=1)]))
    path.write_bytes(oracle.frame(event.SerializeToString()))
    return path


@pytest.fixture
def odd_file(tmp_path):
    """A file in a directory, neither of which has a name in UTF-8."""
    folder = tmp_path / "run\udcff"  # as os.fsdecode(b"run\xff")
    folder.mkdir()
    return write_event(folder / ODD, 1)


@pytest.mark.parametrize("form", [os.fsencode, os.fsdecode], ids=["bytes", "str"])
def test_names_that_are_not_utf8(odd_file, form):
    assert [event.step for event in reader.summary_iterator(form(odd_file))] == [1]
    assert reader.read_scalars(form(odd_file))["a"].step.tolist() == [1]
    assert reader.read_scalars(form(odd_file.parent))["a"].step.tolist() == [1]
    runs = reader.find_runs(form(odd_file.parents[1]))
    assert runs == {"run\udcff": [odd_file]}
    assert list(_core.RecordReader(form(odd_file)))


def test_one_such_name_does_not_break_its_directory(odd_file):
    write_event(odd_file.with_name("events.out.tfevents.0"), 0)
    assert reader.read_scalars(odd_file.parent)["a"].step.tolist() == [0, 1]


def test_an_error_names_such_a_file(tmp_path):
    path = tmp_path / ODD
    for read in (reader.summary_iterator, reader.read_scalars):
        with pytest.raises(FileNotFoundError) as caught:
            read(path)
        assert caught.value.filename == str(path)


def test_damage_in_such_a_file_is_told(odd_file):
    with odd_file.open("ab") as file:
        file.write(b"garbage" + oracle.frame(Event(step=2).SerializeToString()))
    with pytest.warns(tickertape.DamageWarning, match="skipped 7 bytes"):
        assert [event.step for event in reader.summary_iterator(odd_file)] == [1, 2]


@pytest.mark.parametrize("read", [reader.summary_iterator, reader.read_scalars, _core.RecordReader])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, read):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match=r"path: expected a regular file, got a FIFO"):
        read(str(tmp_path / "fifo"))
    with pytest.raises(OSError, match=r"path: expected a regular file, got a device"):
        read("/dev/zero")
    (tmp_path / "link").symlink_to("fifo")
    with pytest.raises(OSError, match=r"got a FIFO"):
        read(str(tmp_path / "link"))
    if read is not reader.read_scalars:
        with pytest.raises(IsADirectoryError, match=r"path: expected a regular file, got a directory"):
            read(str(tmp_path))


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(OSError, match="got a socket"):
            reader.summary_iterator("socket")


def test_a_link_to_a_regular_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(oracle.frame(Event(step=5).SerializeToString()))
    (tmp_path / "link").symlink_to("file")
    assert [event.step for event in reader.summary_iterator(tmp_path / "link")] == [5]


def test_a_fifo_named_like_an_event_file_is_passed_by(tmp_path):
    os.mkfifo(tmp_path / "events.out.tfevents.0")
    write_event(tmp_path / "events.out.tfevents.1", 1)
    assert reader.read_scalars(tmp_path)["a"].step.tolist() == [1]
    assert len(reader.find_runs(tmp_path)["."]) == 1


class AlarmError(Exception):
    """Raised by the handler below."""


def test_a_signal_ends_a_search_behind_damage(tmp_path):
    """The alarms come every millisecond, and the search in 100 MB of damage takes many of them."""
    path = tmp_path / "file"
    damage = bytes(range(1, 256)) * 4096
    with path.open("wb") as file:
        for _ in range(100):
            file.write(damage)
        file.write(oracle.frame(b"behind"))
    is_reading = False

    def handler(*_):
        if is_reading:
            raise AlarmError

    before = signal.signal(signal.SIGALRM, handler)
    records = _core.RecordReader(str(path))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(3):
            is_reading = True
            try:
                next(records)
            except AlarmError:
                ended = True
            else:
                ended = False
            is_reading = False
            assert ended
    finally:
        is_reading = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert records.damage == []
    assert list(records) == [b"behind"]  # the next call goes on
    assert records.damage == [(0, len(damage) * 100)]
