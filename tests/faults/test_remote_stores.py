"""Runs with a URL on an S3 server and a GCS emulator whose requests fail: nothing is lost, nothing is there twice.

The store is read past the proxy; the records are those that the scanner of the tests finds.
"""

import contextlib
import subprocess
import sys
import threading
import warnings

import pytest
import tickertape
from support import fault_proxy, scanner
from tickertape import SummaryWriter
from tickertape.remote import uploader


@pytest.fixture(autouse=True)
def no_news_is_left(tmp_path, spool):
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        SummaryWriter(tmp_path / "local").close()  # takes what the thread wanted to say


def steps(store):
    """The steps in the store, in order; slices follow each other without a gap or an overlap."""
    content, found = b"", []
    for key, data in sorted(store.objects().items()):
        if ".at-" in key:
            assert int(key.rpartition(".at-")[2]) == len(content)
            content += data
    at = 0
    while at < len(content):
        data, at = scanner._record_at(content, at)
        step, tag, _, _ = scanner.event(data)
        found += [step] if tag else []
    return found


def log(writer, first, last):
    for step in range(first, last):
        writer.add_scalar("a", step, step)


def quiet():
    """Warnings about the store are not what a test is about."""
    stack = contextlib.ExitStack()
    stack.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    return stack


def run(store, fault=None, **options):
    """Logs two parts; the second one is uploaded under a fault, then the fault ends."""
    with quiet():
        writer = SummaryWriter(f"{store.url}/run", upload_secs=10_000, **options)
        log(writer, 0, 100)
        writer.flush(wait=True)
        assert steps(store) == list(range(100))
        if fault is not None:
            fault()
        log(writer, 100, 200)
        writer.flush(wait=True)
        log(writer, 200, 300)
        store.proxy.clear()
        writer.close()
    assert steps(store) == list(range(300))


ANSWERS = {
    "500": fault_proxy.INTERNAL_ERROR,
    "503 SlowDown": fault_proxy.SLOW_DOWN,
    "403 expired": fault_proxy.EXPIRED_TOKEN,
    "403 denied": fault_proxy.ACCESS_DENIED,
    "clock skew": fault_proxy.CLOCK_SKEW,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_of_s3(s3, answer):
    run(s3, lambda: s3.proxy.fail(ANSWERS[answer], methods=("PUT", "POST"), times=3))


@pytest.mark.parametrize("answer", ["500", "503 SlowDown", "403 denied"])
def test_answers_of_gcs(gcs, answer):
    run(gcs, lambda: gcs.proxy.fail(ANSWERS[answer], methods=("PUT", "POST"), times=2))


@pytest.mark.parametrize("action", ["cut", "lose"])
def test_connections_that_end_in_the_middle(any_store, action):
    """ "lose": the store has the object, but its answer is lost, so the same bytes are uploaded once more."""
    run(any_store, lambda: any_store.proxy.fail(action, methods=("PUT", "POST"), times=2))


def test_no_connection_at_all(any_store):
    run(any_store, None)
    with quiet():
        writer = SummaryWriter(f"{any_store.url}/other", upload_secs=10_000)
        any_store.proxy.refuse()
        log(writer, 0, 10)
        accept = threading.Timer(0.5, any_store.proxy.accept)
        accept.start()
        writer.close()  # tries again until the store is there
        accept.join()
    assert sorted(steps_below(any_store, "other/")) == list(range(10))


def steps_below(store, prefix):
    content = b"".join(data for key, data in sorted(store.objects().items()) if key.startswith(prefix))
    at = 0
    while at < len(content):
        data, at = scanner._record_at(content, at)
        step, tag, _, _ = scanner.event(data)
        if tag:
            yield step


def test_a_store_that_never_answers(s3, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "0.2")
    with quiet():
        writer = SummaryWriter(f"{s3.url}/run", upload_secs=10_000)
        fault = s3.proxy.fail("hang", methods=("PUT",))
        log(writer, 0, 10)
        writer.flush(wait=True)  # returns although the request hangs
        fault.arrived.wait()
        log(writer, 10, 20)
        with pytest.raises(OSError, match=r"the store did not answer for 0\.2 s"):
            writer.sync()
        s3.proxy.clear()
        monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "600")
        writer.close()
    assert steps(s3) == list(range(20))


def test_a_bucket_that_is_missing(s3, monkeypatch):
    url = s3.url.replace("bucket-", "missing-")
    writer = SummaryWriter(f"{url}/run", upload_secs=10_000)
    log(writer, 0, 10)
    with pytest.raises(OSError, match=r"missing-.*bucket does not exist"):
        writer.sync()
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "0.5")
    with quiet():
        writer.close()
    assert tickertape.stats()["upload_bytes_behind"] > 0
    s3.bucket = s3.bucket.replace("bucket-", "missing-")
    s3.make_bucket()  # somebody makes it: the data is still there
    with quiet():
        SummaryWriter(f"{url}/run").close()
        monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "600")
        uploader.finish()
    assert sorted(steps_below(s3, "run/")) == list(range(10))


def test_the_emulator_is_killed_and_starts_again(any_store):
    restart = threading.Timer(1.0, any_store.restart)
    with quiet():
        writer = SummaryWriter(f"{any_store.url}/run", upload_secs=10_000)
        log(writer, 0, 100)
        writer.flush(wait=True)
        any_store.kill()
        restart.start()
        log(writer, 100, 200)
        writer.close()
    restart.join()  # the emulator answers before it has again what it held
    assert steps(any_store) == list(range(200))


def test_an_hour_of_defaults_in_requests(s3):
    """What is counted for each upload: one PUT and nothing else, and nothing while nothing is logged."""
    with SummaryWriter(f"{s3.url}/run", upload_secs=10_000) as writer:
        for part in range(10):
            log(writer, 10 * part, 10 * part + 10)
            writer.flush(wait=True)
        assert [request.kind for request in s3.proxy.requests] == ["put"] * 10
        for _ in range(3):
            writer.flush(wait=True)
        assert len(s3.proxy.requests) == 10
    kinds = [request.kind for request in s3.proxy.requests]
    assert kinds.count("put") == 10
    assert kinds.count("list") == 1  # before the spool is emptied


def test_a_process_that_ends_without_close(any_store, spool):
    """It uploads everything, leaves nothing in the spool but an empty folder, and has nothing to say."""
    script = (
        "import sys; from tickertape import SummaryWriter; writer = SummaryWriter(sys.argv[1])\n"
        "for step in range(100): writer.add_scalar('a', step, step)"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, f"{any_store.url}/run"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    assert steps(any_store) == list(range(100))
    assert {path.name for path in spool.rglob("*") if path.is_file()} <= {"lock", "url"}
