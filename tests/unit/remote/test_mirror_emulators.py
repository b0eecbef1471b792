"""The mirror on an S3 server and a GCS emulator: requests are counted where they arrive, and fail as a test asks."""

import signal
import subprocess
import time

import pytest
import tickertape
from support import commands, event_slices, fault_proxy, oracle
from support.data_providers import served, until
from tickertape.reader import mirrors
from tickertape.remote import fetching
from tickertape.remote.stores import Store

STEPS = 100


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))
    monkeypatch.setattr(fetching, "_PAUSES_SECS", (0.0, 0.0))


@pytest.fixture
def made(tmp_path):
    """(name, bytes) of the slices of an event file."""
    with tickertape.SummaryWriter(tmp_path / "made") as writer:
        for step in range(STEPS):
            writer.add_scalar("loss", step, step)
    file = oracle.only_file(tmp_path / "made")
    data = file.read_bytes()
    pieces = event_slices.pieces(data, event_slices.cuts(data, 5)).items()
    return [(f"runs/exp/{file.name}{ending}", piece) for ending, piece in pieces]


def put(store, pieces):
    files = store.filesystem(direct=True)
    for name, data in pieces:
        files.pipe_file(f"{store.bucket}/{name}", data)


def steps_of(runs):
    return runs["exp"].scalars["loss"].step.tolist()


def test_requests_are_one_listing_and_one_for_each_new_slice(any_store, made):
    put(any_store, made[:3])
    runs = tickertape.read(f"{any_store.url}/runs")
    assert 0 < len(steps_of(runs)) < STEPS
    table = any_store.proxy.table()
    assert {kind: count for kind, (count, *_) in table.items()} == {"list": 1, "get": 3}
    assert table["get"][2] == sum(len(data) for _, data in made[:3])  # each byte once
    any_store.proxy.forget()
    for _ in range(5):
        runs.refresh()
    assert {kind: count for kind, (count, *_) in any_store.proxy.table().items()} == {"list": 5}
    put(any_store, made[3:4])
    any_store.proxy.forget()
    runs.refresh()
    assert {kind: count for kind, (count, *_) in any_store.proxy.table().items()} == {"list": 1, "get": 1}
    put(any_store, made)
    assert steps_of(runs.refresh()) == list(range(STEPS))
    mirrors._mirrors.by_url.clear()
    any_store.proxy.forget()
    assert steps_of(tickertape.read(f"{any_store.url}/runs")) == list(range(STEPS))
    assert {kind: count for kind, (count, *_) in any_store.proxy.table().items()} == {"list": 1}


def test_objects_that_are_rewritten_as_torch_does_it(any_store, made):
    """The version of each store (ETag, generation) says that an object of the same size is another one."""
    whole = b"".join(data for _, data in made)
    name = made[0][0].rpartition(".at-")[0]
    put(any_store, [(name, whole[: event_slices.ends(whole)[40]])])
    runs = tickertape.read(f"{any_store.url}/runs")
    seen = steps_of(runs)
    put(any_store, [(name, whole)])
    assert steps_of(runs.refresh()) == list(range(STEPS))
    assert 0 < len(seen) < STEPS
    changed = bytearray(whole)
    changed[-20:] = bytes(20)
    put(any_store, [(name, bytes(changed))])
    assert len(steps_of(runs.refresh())) == STEPS - 1


@pytest.mark.parametrize("action", [fault_proxy.SLOW_DOWN, fault_proxy.INTERNAL_ERROR, "cut", "lose"])
def test_requests_that_fail_for_a_while(s3, made, action):
    put(s3, made)
    listings = s3.proxy.fail(action, methods=("GET",), key=rf"^{s3.bucket}/?$", times=1)
    fault = s3.proxy.fail(action, methods=("GET",), key="tfevents", times=3)
    assert steps_of(tickertape.read(f"{s3.url}/runs")) == list(range(STEPS))
    assert fault.hits == 3
    assert listings.hits <= 1


def test_one_object_that_may_not_be_read(s3, made):
    """An error that names it; everything else is fetched, and shown by a server."""
    put(s3, made)
    put(s3, [(name.replace("/exp/", "/secret/"), data) for name, data in made])
    s3.proxy.fail(fault_proxy.ACCESS_DENIED, key="secret/.*tfevents")
    with pytest.raises(PermissionError, match=f"{s3.url}/runs/secret"):
        tickertape.read(f"{s3.url}/runs")
    assert len(tickertape.read(f"{s3.url}/runs/exp").scalars) == STEPS
    with served(f"{s3.url}/runs") as client:
        until(lambda: len(client.scalars().get("exp", {}).get("loss", [])) == STEPS)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (fault_proxy.ACCESS_DENIED, PermissionError),
        (fault_proxy.EXPIRED_TOKEN, OSError),
        (fault_proxy.NO_SUCH_BUCKET, FileNotFoundError),
    ],
)
def test_a_store_that_refuses_is_named(any_store, made, action, error):
    put(any_store, made)
    any_store.proxy.fail(action)
    with pytest.raises(error, match=any_store.bucket):
        tickertape.read(f"{any_store.url}/runs")


def test_a_bucket_that_is_missing(any_store):
    with pytest.raises(FileNotFoundError, match=f"{any_store.bucket}-not-there"):
        tickertape.read(f"{any_store.url}-not-there/runs")


def test_the_store_is_killed_and_started_again(s3, made):
    put(s3, made[:2])
    follower = tickertape.follow(f"{s3.url}/runs", timeout=0, interval=0.001)
    seen = [row.step for row in follower]
    s3.proxy.refuse()
    with pytest.warns(RuntimeWarning, match="what was read stays") as caught:
        until(lambda: not list(follower) and len(caught))
    s3.proxy.accept()
    put(s3, made[2:])
    while len(seen) < STEPS:
        seen += [row.step for row in follower]
    assert seen == list(range(STEPS))


def test_compact_and_its_requests(any_store, made, capsys):
    from tickertape.cli.main import main

    put(any_store, made)
    runs = tickertape.read(f"{any_store.url}/runs")
    assert steps_of(runs) == list(range(STEPS))
    assert main(["compact", f"{any_store.url}/runs"]) == 1
    assert "may still be written" in capsys.readouterr().err
    any_store.proxy.forget()
    assert main(["compact", f"{any_store.url}/runs", "--force"]) == 0
    table = {kind: count for kind, (count, *_) in any_store.proxy.table().items()}
    assert table["put"] == 1
    assert table["get"] == len(made)
    assert table["list"] == 2
    assert list(any_store.objects()) == [made[0][0]]
    assert any_store.objects()[made[0][0]] == b"".join(data for _, data in made)
    assert steps_of(runs.refresh()) == list(range(STEPS))
    assert Store(f"{any_store.url}/runs").list()[0].modified > 0


@pytest.mark.parametrize("words", [["ls"], ["verify"], ["tail", "-f"], ["serve"]])
@pytest.mark.parametrize("kind", ["list", "get"])
def test_ctrl_c_ends_a_command_whose_store_hangs(s3, made, words, kind):
    put(s3, made)
    key = "tfevents" if kind == "get" else rf"^{s3.bucket}/?$"
    fault = s3.proxy.fail(
        "hang", methods=("GET",), key=key, after=1 if words == ["serve"] and kind == "list" else 0
    )
    process = subprocess.Popen(
        [commands.COMMAND, words[0], f"{s3.url}/runs", *words[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert fault.arrived.wait(60)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert time.monotonic() - begin < 30  # requests that hang take 60 s
