"""Slices of event files, as a mounted bucket shows them: TensorBoard's own two loaders, and our server, live."""

import contextlib
import subprocess
import threading
import time

import grpc
import pytest
import tensorboard_data_server
import tickertape
from support import event_slices, oracle, tensorboards
from support.data_providers import served, until
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.data import grpc_provider
from tickertape.reader import mirrors
from tickertape.remote.stores import Store

STEPS = 60


@pytest.fixture
def pieces(tmp_path):
    """(name, bytes) of the slices of an event file with scalars."""
    with tickertape.SummaryWriter(tmp_path / "made") as writer:
        for step in range(STEPS):
            writer.add_scalar("loss", step / 2, step)
    file = oracle.only_file(tmp_path / "made")
    data = file.read_bytes()
    made = event_slices.pieces(data, event_slices.cuts(data, 6))
    return [(file.name + ending, piece) for ending, piece in made.items()]


def test_tensorboards_loaders_read_slices_in_order(tmp_path, pieces):
    folder = tmp_path / "logs" / "run"
    folder.mkdir(parents=True)
    for name, data in pieces:
        (folder / name).write_bytes(data)
    expected = {"run": [(step, step / 2) for step in range(STEPS)]}
    assert tensorboards.plain(tmp_path / "logs", "loss") == expected
    assert tensorboards.fast(tmp_path / "logs", "loss", tmp_path / "fast") == expected


def test_the_plain_loader_sees_slices_appear(tmp_path, pieces):
    folder = tmp_path / "logs" / "run"
    folder.mkdir(parents=True)
    multiplexer = EventMultiplexer()
    count = 0
    for name, data in pieces:
        (folder / name).write_bytes(data)
        multiplexer.AddRunsFromDirectory(str(tmp_path / "logs"))
        multiplexer.Reload()
        count += sum(1 for event in tickertape.summary_iterator(folder / name) if event.HasField("summary"))
        assert [event.step for event in multiplexer.Tensors("run", "loss")] == list(range(count))
    assert count == STEPS


@contextlib.contextmanager
def fast_server(directory, port_file):
    """TensorBoard's data server, which looks at the directory again and again."""
    process = subprocess.Popen(
        [
            tensorboard_data_server.server_binary(),
            *("--logdir", str(directory), "--port-file", str(port_file), "--reload", "1", "--port", "0"),
            "--die-after-stdin",
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (port_file.exists() and port_file.read_text().strip()):
            assert process.poll() is None
            time.sleep(0.01)
        address = f"127.0.0.1:{port_file.read_text().strip()}"
        with grpc.insecure_channel(address) as channel:
            yield grpc_provider.GrpcDataProvider(address, grpc_provider.make_stub(channel))
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def test_the_fast_loader_sees_slices_appear(tmp_path, pieces):
    folder = tmp_path / "logs" / "run"
    folder.mkdir(parents=True)
    with fast_server(tmp_path / "logs", tmp_path / "port") as provider:

        def shown():
            runs = provider.read_scalars(
                RequestContext(), experiment_id="", plugin_name="scalars", downsample=1000
            )
            return [datum.step for datum in runs.get("run", {}).get("loss", [])]

        count = 0
        for name, data in pieces:
            (folder / name).write_bytes(data)
            count += sum(
                1 for event in tickertape.summary_iterator(folder / name) if event.HasField("summary")
            )
            until(lambda: shown() == list(range(count)))  # noqa: B023  # called at once
    assert count == STEPS


def steps_of(client, run="run"):
    return [step for step, _ in client.scalars().get(run, {}).get("loss", [])]


def test_our_server_on_a_directory_of_slices(tmp_path, pieces):
    folder = tmp_path / "run"
    folder.mkdir()
    with served(tmp_path, reload_secs=1000.0) as client:
        for name, data in pieces:
            (folder / name).write_bytes(data)
            until(lambda: len(steps_of(client)) > 0)
        until(lambda: steps_of(client) == list(range(STEPS)))
        whole = b"".join(data for _, data in pieces)
        (folder / pieces[0][0]).write_bytes(whole)  # compacted
        for name, _ in pieces[1:]:
            (folder / name).unlink()
        until(lambda: len(list(folder.iterdir())) == 1 and steps_of(client) == list(range(STEPS)))


def test_our_server_on_a_url(tmp_path, pieces, monkeypatch, caplog):
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TICKERTAPE_LOOK_SECS", "0.05")
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))
    store = Store(f"memory://served-{tmp_path.name}/runs")
    with served(store.url, reload_secs=0.05) as client:
        assert client.runs() == set()
        for name, data in pieces:
            store.write(f"run/{name}", data)
            until(lambda: len(steps_of(client)) > 0)
        until(lambda: steps_of(client) == list(range(STEPS)))
        store.write(f"new/deep/{pieces[0][0]}", pieces[0][1])
        until(lambda: client.runs() == {"run", "new/deep"})
        monkeypatch.setattr(Store, "list", _away)
        until(lambda: "the store is away" in caplog.text)
        assert client.runs() == {"run", "new/deep"}  # what was read stays
        monkeypatch.undo()
        store.remove([f"new/deep/{pieces[0][0]}"])


def test_runs_show_while_the_rest_is_fetched(tmp_path, pieces, monkeypatch):
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))
    store = Store(f"memory://slow-{tmp_path.name}/runs")
    for run in ("first", "last"):
        for name, data in pieces:
            store.write(f"{run}/{name}", data)
    goes_on = threading.Event()
    read = Store.read

    def slow(self, name, begin=0, end=None):
        if name.startswith("last") and not name.endswith("at-0000000000000000"):
            goes_on.wait()
        return read(self, name, begin, end)

    monkeypatch.setattr(Store, "read", slow)
    with served(store.url) as client:
        try:
            until(lambda: steps_of(client, "first") == list(range(STEPS)))
            until(lambda: 0 < len(steps_of(client, "last")) < STEPS)
        finally:
            goes_on.set()
        until(lambda: steps_of(client, "last") == list(range(STEPS)))


def _away(_self, _below=""):
    raise OSError("the store is away")


def test_an_idle_url_costs_few_listings(tmp_path, pieces, monkeypatch):
    """By a clock that the test turns: 30 s between listings, slower to 120 s while nothing happens."""
    from tickertape.reader import paced_tops

    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))
    store = Store(f"memory://idle-{tmp_path.name}/runs")
    store.write(f"run/{pieces[0][0]}", pieces[0][1])
    now, listings = [1000.0], [0]
    monkeypatch.setattr(paced_tops.time, "monotonic", lambda: now[0])
    list_ = Store.list

    def counted(self, below=""):
        listings[0] += 1
        return list_(self, below)

    monkeypatch.setattr(Store, "list", counted)
    tops = paced_tops.PacedTops(store.url, None, pytest.fail)
    for _ in range(3600):
        tops.local()
        now[0] += 1.0
    assert listings[0] <= 33
    listings[0] = 0
    for second in range(3600):
        if second % 30 == 0:
            store.write(f"run/{pieces[0][0][:-16]}{second:016d}", pieces[0][1])
        tops.local()
        now[0] += 1.0
    assert 100 <= listings[0] <= 120
