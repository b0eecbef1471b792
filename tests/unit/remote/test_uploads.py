"""A SummaryWriter on a URL: what comes to the store, when, and what happens while the store is away.

The oracle for the bytes is a local run of torch's own loader: TensorBoard reads the joined slices.
"""

import pickle
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import tickertape
from support import oracle, scanner
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tickertape import FileWriter, SummaryWriter
from tickertape.remote import uploader
from tickertape.remote.session import Session
from tickertape.remote.spool import Spool


def steps(bucket, tag="a"):
    """The steps of a tag in the store, in order of files and records, as the scanner of the tests reads them."""
    found = []
    for content in bucket.files().values():
        records = oracle_records(content)
        found += [step for step, its_tag, _, _ in map(scanner.event, records) if its_tag == tag]
    return found


def oracle_records(content):
    """The records of bytes that hold nothing but whole records."""
    records, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 8], "little")
        record = content[at + 12 : at + 12 + size]
        assert content[at : at + 16 + size] == oracle.frame(record)
        records.append(record)
        at += 16 + size
    return records


def wait_for(condition):
    """Returns when `condition()` holds."""
    while not condition():
        time.sleep(0.01)


def open_sessions():
    """The sessions that a writer has not given back."""
    return [session for session in uploader._uploader.sessions if session.users]


def log(writer, first, last, tag="a"):
    for step in range(first, last):
        writer.add_scalar(tag, step, step)


@pytest.fixture(autouse=True)
def no_thread_is_left(tmp_path, spool):
    yield
    if not open_sessions():  # otherwise the test has failed before close()
        wait_for(lambda: not uploader._uploader._threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the thread wanted to say belongs to this test
        SummaryWriter(tmp_path / "local").close()


def test_close_uploads_everything_and_empties_the_spool(bucket, spool):
    with SummaryWriter(bucket.url) as writer:
        assert writer.log_dir == bucket.url
        log(writer, 0, 1000)
    assert steps(bucket) == list(range(1000))
    assert not any(path.is_file() for path in spool.rglob("*"))
    assert tickertape.stats()["upload_bytes_behind"] == 0


def test_tensorboard_reads_the_slices_in_order(bucket):
    with SummaryWriter(bucket.url) as writer:
        for part in range(5):
            log(writer, 100 * part, 100 * part + 100)
            writer.flush(wait=True)
    read = []
    for path in sorted(bucket.folder.iterdir()):
        read += [event.step for event in LegacyEventFileLoader(str(path)).Load() if event.HasField("summary")]
    assert len(list(bucket.folder.iterdir())) == 5
    assert read == list(range(500))


def test_it_comes_without_a_call(bucket):
    earlier = tickertape.stats()["uploaded_objects"]
    with SummaryWriter(bucket.url, upload_secs=0.05) as writer:
        log(writer, 0, 10)
        wait_for(lambda: steps(bucket) == list(range(10)))
        log(writer, 10, 20)
        wait_for(lambda: steps(bucket) == list(range(20)))
        wait_for(lambda: tickertape.stats()["uploaded_objects"] - earlier == len(bucket.names()))
        idle = len(bucket.faults.puts)
        before = tickertape.stats()["uploaded_objects"]
    assert len(bucket.faults.puts) == idle
    assert tickertape.stats()["uploaded_objects"] == before


def test_a_large_file_is_cut_before_the_time(bucket):
    with SummaryWriter(bucket.url, upload_secs=10_000) as writer:
        noise = np.random.default_rng(1).integers(0, 255, 1 << 20, dtype=np.uint8)
        for step in range(20):
            writer.add_tensor("noise", noise, step)
        wait_for(lambda: len(bucket.names()) >= 2)
        assert all(size <= 8 << 20 for _, size in bucket.faults.puts)
    assert steps(bucket, "noise") == list(range(20))


def test_a_record_larger_than_a_slice(bucket):
    with SummaryWriter(bucket.url) as writer:
        writer.add_tensor("large", np.zeros(9 << 20, np.uint8), 1)
        writer.add_scalar("a", 2, 2)
    assert steps(bucket, "large") == [1]
    assert steps(bucket) == [2]


@pytest.mark.parametrize("wait", ["flush", "sync"])
def test_waiting_calls_upload(bucket, wait):
    with SummaryWriter(bucket.url, upload_secs=10_000) as writer:
        log(writer, 0, 10)
        writer.flush()
        assert bucket.names() == []
        writer.flush(wait=True) if wait == "flush" else writer.sync()
        assert steps(bucket) == list(range(10))


def test_a_file_writer_of_its_own(bucket, spool):
    writer = FileWriter(bucket.url, upload_secs=10_000)
    writer.event_writer.add_scalar("a", 1, 7)
    writer.flush(wait=True)
    assert steps(bucket) == [7]
    writer.close()
    writer.close()
    assert not any(path.is_file() for path in spool.rglob("*"))


def test_everything_below_the_directory(bucket):
    with SummaryWriter(bucket.url) as writer:
        writer.add_scalars("curves", {"one": 1, "two": 2}, 3)
        writer.add_hparams({"lr": 0.1}, {"loss": 1}, run_name="session")
        writer.add_embedding(np.eye(3), metadata=["a", "b", "c"], tag="points")
    names = bucket.names()
    folders = [name.rpartition("/")[0] for name in names if ".at-" in name]
    assert sorted(folders) == ["", "curves_one", "curves_two", "session"]
    assert {"00000/points/tensors.tsv", "00000/points/metadata.tsv", "projector_config.pbtxt"} <= set(names)


def test_embeddings_of_an_earlier_process_stay(bucket):
    for tag in ("first", "second", "second"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with SummaryWriter(bucket.url) as writer:
                writer.add_embedding(np.eye(3), tag=tag)
    config = (bucket.folder / "projector_config.pbtxt").read_text()
    assert config.count("embeddings {") == 2
    assert config.index('"first:') < config.index('"second:')


def test_two_writers_of_one_url_share_the_spool(bucket):
    one = SummaryWriter(bucket.url)
    with pytest.warns(UserWarning, match="another writer of this process is open"):
        two = FileWriter(bucket.url, filename_suffix=".two")
    log(one, 0, 5)
    two.event_writer.add_scalar("b", 1, 9)
    two.close()
    log(one, 5, 10)
    one.close()
    assert steps(bucket) == list(range(10))
    assert steps(bucket, "b") == [9]


def test_a_constructor_that_raises_leaves_no_session(bucket):
    one = SummaryWriter(bucket.url)
    with pytest.raises(UserWarning, match="another writer"):
        FileWriter(bucket.url)  # warnings are errors here
    one.close()


def test_a_closed_writer_opens_again(bucket):
    writer = SummaryWriter(bucket.url)
    log(writer, 0, 5)
    writer.close()
    log(writer, 5, 10)
    writer.close()
    assert sorted(steps(bucket)) == list(range(10))


def test_a_writer_that_writes_nothing_makes_nothing(bucket, spool):
    with SummaryWriter(bucket.url, write_to_disk=False) as writer:
        writer.add_scalar("a", 1)
        writer.flush(wait=True)
    assert not spool.exists()
    assert bucket.names() == []


def test_a_pickled_writer_has_a_spool_of_its_own(bucket):
    writer = SummaryWriter(bucket.url)
    copy = pickle.loads(pickle.dumps(writer))
    writer.close()
    log(copy, 0, 3)
    copy.close()
    assert steps(bucket) == [0, 1, 2]


def test_a_slice_never_holds_part_of_a_record(bucket):
    """Looks at each object while a thread logs at full speed."""
    with SummaryWriter(bucket.url, upload_secs=0.001) as writer:

        def log_all():
            for step in range(3000):
                writer.add_histogram("h", np.arange(100 + step % 1000), step)

        thread = threading.Thread(target=log_all)
        thread.start()
        while thread.is_alive():
            for path in bucket.folder.glob("*"):
                oracle_records(path.read_bytes())
        thread.join()
    assert steps(bucket, "h") == list(range(3000))


# --- The store is away


def test_nothing_is_lost_while_the_store_is_away(bucket):
    writer = SummaryWriter(bucket.url, upload_secs=0.01)
    bucket.faults.set("refuse")
    text = r"cannot upload to 'faulty:.*503 SlowDown; what is logged stays in .*spool"
    with pytest.warns(RuntimeWarning, match=text):  # noqa: PT031  # any of these calls says it
        log(writer, 0, 100)
        writer.flush()
        wait_for(lambda: tickertape.stats()["last_upload_error"])
        log(writer, 100, 200)
        writer.flush()
    assert tickertape.stats()["upload_bytes_behind"] > 0
    assert tickertape.stats()["upload_files_behind"] == 1
    bucket.faults.set("")
    writer.close()
    assert steps(bucket) == list(range(200))
    assert not tickertape.stats()["last_upload_error"]


def test_an_upload_that_failed_unclearly_is_repeated_with_the_same_bytes(bucket):
    writer = SummaryWriter(bucket.url, upload_secs=10_000)
    log(writer, 0, 100)
    bucket.faults.set("after")
    writer.flush(wait=True)
    with pytest.warns(RuntimeWarning, match="the connection was reset"):
        log(writer, 100, 200)
    bucket.faults.set("")
    writer.close()
    (*tries, rest) = bucket.faults.puts  # two, or more if the machine is busy
    assert len(tries) > 1
    assert len(set(tries)) == 1
    assert rest[0] != tries[0][0]
    assert steps(bucket) == list(range(200))


def test_sync_raises_and_flush_warns(bucket):
    writer = SummaryWriter(bucket.url)
    bucket.faults.set("refuse")
    log(writer, 0, 10)
    with pytest.raises(OSError, match="503 SlowDown"):
        writer.sync()
    with pytest.warns(RuntimeWarning, match="503 SlowDown"):
        writer.flush()
    bucket.faults.set("")
    writer.close()
    assert steps(bucket) == list(range(10))


def test_on_error_raise_makes_flush_raise(bucket):
    writer = SummaryWriter(bucket.url, on_error="raise")
    bucket.faults.set("refuse")
    log(writer, 0, 10)
    with pytest.raises(OSError, match="503 SlowDown"):
        writer.flush(wait=True)
    with pytest.warns(RuntimeWarning, match="503 SlowDown"):
        writer.flush()
    bucket.faults.set("")
    writer.close()


def test_close_has_a_bound_and_says_what_to_do(bucket, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "0.1")
    writer = SummaryWriter(bucket.url)
    bucket.faults.set("refuse")
    log(writer, 0, 10)
    with pytest.warns(RuntimeWarning) as said:
        writer.close()
    text = "\n".join(str(one.message) for one in said)
    assert "bytes for 'faulty://" in text
    assert f"`tickertape sync {bucket.url}`" in text
    bucket.faults.set("")  # the process goes on trying
    wait_for(lambda: steps(bucket) == list(range(10)))


def test_a_store_that_hangs_holds_nobody_up(bucket, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "0.1")
    writer = SummaryWriter(bucket.url)
    bucket.faults.set("slow")
    log(writer, 0, 10)
    writer.flush(wait=True)
    with pytest.warns(RuntimeWarning, match=r"the store did not answer for 0.1 s"):
        writer.close()
    bucket.faults.set("")
    wait_for(lambda: steps(bucket) == list(range(10)))


@pytest.mark.parametrize("on_full", ["block", "drop"])
def test_a_full_spool(bucket, on_full):
    writer = SummaryWriter(bucket.url, spool_bytes=100_000, on_full=on_full, upload_secs=0.01)
    bucket.faults.set("refuse")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        step = 0
        while not any("spool_bytes: " in str(one.message) for one in said):
            writer.add_scalar("a", step, step)
            writer.flush()
            step += 1
        size = tickertape.stats()["upload_bytes_behind"]
        log(writer, step, step + 1000)
        writer.flush()
        file = Path(writer.file_writer.event_writer.path)
        grown = max(size, file.stat().st_size)
        log(writer, step + 1000, step + 2000)
        writer.flush()
        assert file.stat().st_size <= grown + 100_000  # at most until the next look
        bucket.faults.set("")
        writer.close()
    assert steps(bucket) == list(range(step + 2000))  # the queue had room for all of them


def test_what_the_arguments_may_be(bucket):
    with pytest.raises(ValueError, match="upload_secs: expected seconds above 0, got 0"):
        SummaryWriter(bucket.url, upload_secs=0)
    with pytest.raises(ValueError, match="spool_bytes: "):
        SummaryWriter(bucket.url, spool_bytes=0)
    with pytest.raises(TypeError, match="upload_secs: "):
        SummaryWriter(bucket.url, upload_secs="soon")
    with pytest.raises(ValueError, match="log_dir: expected a URL that fsspec can open, got 'nosuch://x'"):
        SummaryWriter("nosuch://x")


def test_a_spool_that_others_can_write_to_is_refused(bucket, spool):
    spool.mkdir(mode=0o777)
    spool.chmod(0o777)
    with pytest.raises(
        PermissionError, match=r"spool directory that only this user can write to.*\$TICKERTAPE_SPOOL"
    ):
        SummaryWriter(bucket.url)


def test_the_spool_is_private(bucket, spool):
    with SummaryWriter(bucket.url) as writer:
        folder = writer.file_writer.get_logdir()
        assert folder.startswith(str(spool))
        assert (spool.stat().st_mode & 0o777) == 0o700


def test_large_uploaded_files_give_their_blocks_back(bucket):
    with SummaryWriter(bucket.url) as writer:
        noise = np.random.default_rng(1).integers(0, 255, 1 << 22, dtype=np.uint8)
        for step in range(24):
            writer.add_tensor("noise", noise, step)
        writer.flush(wait=True)
        path = writer.file_writer.event_writer.path
        log(writer, 0, 10)
        writer.flush(wait=True)
        status = Path(path).stat()
        assert status.st_blocks * 512 < status.st_size
    assert steps(bucket, "noise") == list(range(24))
    assert steps(bucket) == list(range(10))


def test_after_install_torchs_class_uploads(bucket):
    pytest.importorskip("torch")
    import torch.utils.tensorboard

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other test modules have imported torch's class
        tickertape.install()
    try:
        with torch.utils.tensorboard.SummaryWriter(bucket.url) as writer:
            log(writer, 0, 10)
    finally:
        tickertape.uninstall()
    assert steps(bucket) == list(range(10))


def test_what_comes_during_an_upload_waits_for_its_own_time(tmp_path, spool, monkeypatch):
    """One slice a file and period, however busy the writers are, and each of many files gets its turn."""
    with SummaryWriter(tmp_path / "local") as writer:
        writer.add_scalar("a", 0, 0)
    (made,) = (tmp_path / "local").iterdir()
    session = Session(Spool.make("memory://bucket/busy"), 3600, 1 << 30)
    try:
        paths = [Path(session.directory) / str(number) / made.name for number in range(40)]
        for path in paths:
            path.parent.mkdir()
            path.write_bytes(made.read_bytes())
        write_all = session.tree.store.write_all

        def busy(objects):
            write_all(objects)
            for path in paths:
                path.write_bytes(path.read_bytes() + oracle.frame(b""))

        monkeypatch.setattr(session.tree.store, "write_all", busy)
        session._due = 0.0
        session.work(0)
        while session._has_more:
            session.work(0)
        assert session.objects == len(paths)
        assert not session.error
        session._look()
        assert session.files_behind == len(paths)
    finally:
        session._place.close()
