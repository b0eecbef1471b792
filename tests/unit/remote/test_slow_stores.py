"""Uploads to stores that are slow or never answer: what they hold up, and for how long."""

import contextlib
import threading
import time
import uuid
from pathlib import Path

import fsspec
import pytest
from support import oracle
from tickertape import SummaryWriter
from tickertape.remote import uploader
from tickertape.remote.session import Session
from tickertape.remote.spool import Spool
from tickertape.remote.tree import Tree


class Hanging:
    """A bucket in memory that answers no upload until it is released.

    Attributes:
        url: of the bucket.
        arrived: set when an upload waits.
    """

    def __init__(self, monkeypatch):
        self.name = str(uuid.uuid4())
        self.url = f"memory://{self.name}"
        self.arrived = threading.Event()
        self._released = threading.Event()
        kind = fsspec.get_filesystem_class("memory")
        pipe_file = kind.pipe_file

        def slow(files, path, value, **options):
            if self.name in path:
                self.arrived.set()
                self._released.wait()
            return pipe_file(files, path, value, **options)

        monkeypatch.setattr(kind, "pipe_file", slow)

    def release(self):
        """Answers everything from now on."""
        self._released.set()


@pytest.fixture
def hanging(spool, monkeypatch):
    """A bucket that hangs until the end of the test, when what was logged to it is uploaded."""
    bucket = Hanging(monkeypatch)
    yield bucket
    bucket.release()
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "60")
    uploader.finish()
    assert not uploader._uploader.sessions
    assert objects(bucket.url)


def objects(url):
    """The names of what is in a bucket."""
    return fsspec.filesystem("memory").find(url)


def test_a_store_that_hangs_holds_up_no_other_one(hanging, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "60")
    waiting = SummaryWriter(f"{hanging.url}/run", upload_secs=0.001)
    waiting.add_scalar("a", 1, 1)
    waiting.flush()
    assert hanging.arrived.wait(60)
    healthy = f"memory://{uuid.uuid4()}"
    with SummaryWriter(f"{healthy}/run") as writer:
        writer.add_scalar("a", 1, 1)
        writer.flush(wait=True)
        assert len(objects(healthy)) == 1
        writer.add_scalar("a", 2, 2)
    assert len(objects(healthy)) == 2
    assert objects(hanging.url) == []


def test_the_end_of_a_process_waits_once(hanging, monkeypatch):
    """Not again at atexit for what the end of the main thread has waited for in vain."""
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "0.01")
    writer = SummaryWriter(f"{hanging.url}/run", upload_secs=0.001)
    writer.add_scalar("a", 1, 1)
    writer.flush()
    assert hanging.arrived.wait(60)
    uploader._main_thread_ended()
    late = SummaryWriter(f"memory://{uuid.uuid4()}/run")
    patience = {}

    def wait(sessions, patience_secs, **_):
        patience.update((session.url, patience_secs) for session in sessions)

    with monkeypatch.context() as patch:
        patch.setenv("TICKERTAPE_EXIT_TIMEOUT", "3600")
        patch.setattr(uploader._uploader, "wait", wait)
        uploader.finish()
    assert patience == {f"{hanging.url}/run": 1.0, late.log_dir: 3600.0}


def test_each_period_has_a_look(spool, monkeypatch):
    """However long a look takes, such as one whose thread has to wait for a busy interpreter at each of many files."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    session = Session(Spool.make("memory://bucket/busy"), 30.0, 1 << 30)
    try:
        look = session.tree.look

        def slow():
            nonlocal now
            now += 5.0
            look()

        monkeypatch.setattr(session.tree, "look", slow)
        (Path(session.directory) / "events.out.tfevents.1.a").write_bytes(oracle.frame(b""))
        session.work(0)
        assert not session.error
        assert session.next_look - now == pytest.approx(30.0)
    finally:
        session._place.close()


def test_a_slow_failure_is_tried_again_after_its_own_pause(tmp_path, spool, monkeypatch):
    """A store whose client tries for a minute before it fails is asked again one second later."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def fail(objects):
        nonlocal now
        now += 60.0
        raise OSError("no answer")

    session = Session(Spool.make("memory://bucket/slow"), 3600, 1 << 30)
    try:
        monkeypatch.setattr(session.tree.store, "write_all", fail)
        (Path(session.directory) / "events.out.tfevents.1.a").write_bytes(oracle.frame(b""))
        session.is_closing = True
        for pause in (1.0, 2.0, 4.0):
            session.work(0)
            assert session.error == "no answer"
            assert 0.75 * pause <= session.next_look - now <= 1.25 * pause
            now = session.next_look
    finally:
        session._place.close()
    with pytest.warns(RuntimeWarning, match="no answer"):  # once, from the next call
        SummaryWriter(tmp_path / "local").close()


def uploads(tmp_path, monkeypatch, write_all):
    """Uploads 100 small event files and one large file. The sizes of the batches that `write_all` took or raised for."""
    for number in range(100):
        (tmp_path / f"events.out.tfevents.1.{number}").write_bytes(oracle.frame(b""))
    (tmp_path / "large").write_bytes(bytes((16 << 20) + 1))
    tree = Tree(str(tmp_path), f"memory://{uuid.uuid4()}", is_new=True)
    tree.look()
    sizes = []

    def counted(objects):
        sizes.append(len(objects))
        write_all(objects)

    monkeypatch.setattr(tree.store, "write_all", counted)
    return tree, sizes


def test_a_store_that_limits_requests_gets_smaller_batches(tmp_path, monkeypatch):
    """If it takes five at a time, it would refuse one of 32 for ever."""

    def limited(objects):
        if len(objects) > 5:
            raise OSError("503 SlowDown")

    tree, sizes = uploads(tmp_path, monkeypatch, limited)
    for _ in range(100):
        with contextlib.suppress(OSError):
            tree.upload()
    assert not tree.files_behind
    assert sizes[:4] == [32, 16, 8, 4]
    assert sum(size for size in sizes if size <= 5) == 100


def test_a_large_file_holds_up_no_event_file(tmp_path, monkeypatch):
    """It goes last, and alone: nothing is uploaded again if it fails."""
    tree, sizes = uploads(tmp_path, monkeypatch, lambda objects: None)

    def refused(name, local):
        raise OSError("no answer")

    monkeypatch.setattr(tree.store, "put", refused)
    for _ in range(4):
        assert tree.upload()
    with pytest.raises(OSError, match="no answer"):
        tree.upload()
    assert sizes == [32, 32, 32, 4]
    assert tree.files_behind == 1
