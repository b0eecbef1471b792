"""Reading URLs through the local mirror: what is fetched, what is noticed, and what a stranger's names cannot do."""

import json
import os
import stat
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
import support.disk_store  # noqa: F401  # registers disk://
import tickertape
from support import event_slices, oracle
from support.data_providers import until
from tickertape.reader import EventAccumulator, SummaryReader, mirrors
from tickertape.remote import fetching
from tickertape.remote.stores import Entry, Store, StoreError

STEPS = 100


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own, and no mirror that is open already."""
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))
    return tmp_path / "cache" / "mirrors"


@pytest.fixture
def store():
    return Store(f"memory://{uuid.uuid4()}/runs")


@pytest.fixture
def calls(monkeypatch):
    """The requests of this process: ("list", "") or ("read", name, begin, end)."""
    made = []
    list_, read = Store.list, Store.read

    def counted_list(self, below=""):
        made.append(("list", below))
        return list_(self, below)

    def counted_read(self, name, begin=0, end=None):
        made.append(("read", name, begin, end))
        return read(self, name, begin, end)

    monkeypatch.setattr(Store, "list", counted_list)
    monkeypatch.setattr(Store, "read", counted_read)
    return made


def again():
    """As another process would: nothing is known but what the cache has."""
    mirrors._mirrors.by_url.clear()


def content(tmp_path, steps=range(STEPS), **options):
    """(name, bytes) of an event file with these steps."""
    with tickertape.SummaryWriter(tmp_path / str(uuid.uuid4()), **options) as writer:
        for step in steps:
            writer.add_scalar("loss", step / 2, step)
    file = oracle.only_file(writer.log_dir)
    return file.name, file.read_bytes()


def upload(store, name, data, count=5, take=slice(None)):
    """Puts slices of an event file; returns their names."""
    made = list(event_slices.pieces(data, event_slices.cuts(data, count)).items())[take]
    for ending, piece in made:
        store.write(name + ending, piece)
    return [name + ending for ending, _ in made]


def steps_of(runs, run="exp"):
    return runs[run].scalars["loss"].step.tolist()


def test_every_reader_of_ours_takes_a_url(tmp_path, store):
    pytest.importorskip("pandas")
    name, data = content(tmp_path)
    upload(store, f"exp/{name}", data)
    url, whole = store.url, list(range(STEPS))
    assert steps_of(tickertape.read(url)) == whole
    assert steps_of(tickertape.read(f"{url}/exp"), ".") == whole
    assert steps_of(tickertape.read(f"{url}/exp/{name}"), ".") == whole
    assert list(tickertape.read([f"{url}/exp", url])) == ["exp"]
    assert tickertape.read_scalars(f"{url}/exp")["loss"].step.tolist() == whole
    assert tickertape.read_scalars(f"{url}/exp/{name}")["loss"].step.tolist() == whole
    assert [row.step for row in tickertape.follow(url, timeout=0)] == whole
    assert sum(1 for _ in tickertape.summary_iterator(f"{url}/exp/{name}")) == STEPS + 1
    assert [event.step for event in EventAccumulator(f"{url}/exp").Reload().Scalars("loss")] == whole
    assert SummaryReader(url).scalars["step"].tolist() == whole
    assert list(tickertape.reader.find_runs(url)) == ["exp"]
    assert len(tickertape.reader.event_files(f"{url}/exp")) == 1


def test_a_second_look_is_one_listing_and_what_is_new(tmp_path, store, calls):
    name, data = content(tmp_path)
    made = upload(store, f"exp/{name}", data, take=slice(3))
    runs = tickertape.read(store.url)
    assert 0 < len(steps_of(runs)) < STEPS
    assert sorted(one[1] for one in calls if one[0] == "read") == made
    calls.clear()
    runs.refresh()
    assert calls == [("list", "")]
    calls.clear()
    upload(store, f"exp/{name}", data, take=slice(3, 4))
    runs.refresh()
    assert [one[0] for one in calls] == ["list", "read"]
    calls.clear()
    again()
    assert steps_of(tickertape.read(store.url)) == steps_of(runs)
    assert calls == [("list", "")]
    upload(store, f"exp/{name}", data)
    assert steps_of(runs.refresh()) == list(range(STEPS))


def test_a_whole_object_that_is_rewritten_and_grows(tmp_path, store, calls):
    """As torch's writer and TensorFlow's do it: only what is new is fetched, and the end of what was there is compared."""
    name, data = content(tmp_path, range(3000))
    ends = event_slices.ends(data)
    half = ends[len(ends) // 2]
    store.write(f"exp/{name}", data[:half])
    runs = tickertape.read(store.url)
    seen = steps_of(runs)
    identity = runs["exp"]._files[0].index.identity
    calls.clear()
    store.write(f"exp/{name}", data)
    assert steps_of(runs.refresh()) == list(range(3000))
    assert runs["exp"]._files[0].index.identity == identity
    assert len(seen) < 3000
    fetched = [(begin, end) for kind, _, begin, end in (one for one in calls if one[0] == "read")]
    assert fetched == [(max(0, half - (1 << 16)), half), (half, len(data))]
    _, other = content(tmp_path, range(5000, 8100))
    assert len(other) > len(data)
    store.write(f"exp/{name}", other)
    assert steps_of(runs.refresh()) == list(range(5000, 8100))
    store.write(f"exp/{name}", data[:half])  # shorter
    assert steps_of(runs.refresh()) == seen
    store.remove([f"exp/{name}"])
    with pytest.raises(FileNotFoundError, match="there are none"):
        runs.refresh()


def test_a_file_in_slices_replaced_compacted_and_removed(tmp_path, store, calls):
    name, data = content(tmp_path)
    made = upload(store, f"exp/{name}", data)
    runs = tickertape.read(store.url)
    assert steps_of(runs) == list(range(STEPS))
    calls.clear()
    store.write(made[0], data)
    store.remove(made[1:])
    assert steps_of(runs.refresh()) == list(range(STEPS))
    assert [one[0] for one in calls] == ["list", "read"]  # the end of what is there is compared
    _, other = content(tmp_path, range(1000, 1000 + STEPS))
    store.write(made[0], other)
    assert steps_of(runs.refresh()) == list(range(1000, 1000 + STEPS))
    store.write(f"other/{name}", data)
    store.remove(made[:1])
    assert list(runs.refresh()) == ["other"]


def test_problems_name_objects_and_offsets(tmp_path, store):
    name, data = content(tmp_path)
    made = upload(store, f"exp/{name}", data)
    at = int(made[3][-16:])
    first = event_slices.ends(data[at:])[0]
    broken = bytearray(store.read(made[3]))
    broken[first + 20] ^= 1
    store.write(made[3], bytes(broken))
    store.remove(made[1:2])
    runs = tickertape.read(store.url)
    with pytest.warns(tickertape.DamageWarning) as caught:
        assert len(runs.scalars) < STEPS
    missing = int(made[2][-16:]) - int(made[1][-16:])
    assert runs.problems[0][:3] == (f"{store.url}/exp/{name}.at-*", int(made[1][-16:]), missing)
    assert runs.problems[1][:2] == (f"{store.url}/{made[3]}", first)
    assert {warning.message.path for warning in caught} == {problem.path for problem in runs.problems}
    with pytest.warns(tickertape.DamageWarning, match=str(first)) as caught:
        list(tickertape.summary_iterator(f"{store.url}/exp/{name}"))
    assert f"{store.url}/{made[3]}" in {warning.message.path for warning in caught}


def test_large_objects_come_in_ranges_with_bounded_memory(tmp_path, store, calls, monkeypatch):
    monkeypatch.setattr(fetching, "_RANGE_BYTES", 1000)
    name, data = content(tmp_path, range(2000))
    store.write(f"exp/{name}", data)
    held, most, lock = [0], [0], threading.Lock()
    range_ = fetching.Fetching._range

    def counted(self, name, begin, end):
        with lock:
            held[0] += 1
        found = range_(self, name, begin, end)
        with lock:
            most[0] = max(most[0], held[0])
            held[0] -= 1
        return found

    monkeypatch.setattr(fetching.Fetching, "_range", counted)
    assert steps_of(tickertape.read(store.url)) == list(range(2000))
    reads = [one for one in calls if one[0] == "read"]
    assert len(reads) == -(-len(data) // 1000)
    assert most[0] <= fetching._RANGES_AHEAD


def test_a_download_that_was_cut_off_goes_on(tmp_path, store, calls, monkeypatch):
    monkeypatch.setattr(fetching, "_RANGE_BYTES", 1000)
    monkeypatch.setattr(fetching, "_PAUSES_SECS", (0.0,))
    name, data = content(tmp_path, range(2000))
    store.write(f"exp/{name}", data)
    range_ = Store.read
    is_cut = [True]

    def cut(self, name, begin=0, end=None):
        if begin >= 20_000 and is_cut[0]:
            raise StoreError("the connection was closed")
        return range_(self, name, begin, end)

    monkeypatch.setattr(Store, "read", cut)
    with pytest.raises(StoreError, match="closed"):
        len(tickertape.read(store.url).scalars)
    is_cut[0] = False
    again()
    calls.clear()
    assert steps_of(tickertape.read(store.url)) == list(range(2000))
    assert min(one[2] for one in calls if one[0] == "read") == 20_000


KILLED = """
import os, sys, time
from tickertape.remote import fetching
from tickertape.remote.stores import Store
sys.path.insert(0, sys.argv[2])
import support.disk_store
import tickertape
fetching._RANGE_BYTES = 1000
read, count = Store.read, [0]
def dying(self, name, begin=0, end=None):
    count[0] += 1
    if count[0] > int(sys.argv[3]):
        os.kill(os.getpid(), 9)
    return read(self, name, begin, end)
Store.read = dying
print(len(tickertape.read(sys.argv[1]).scalars))
"""


@pytest.mark.parametrize("after", [0, 1, 7, 30])
def test_a_killed_reader_leaves_a_mirror_that_goes_on(tmp_path, after, cache):
    name, data = content(tmp_path, range(2000))
    store = Store(f"disk://{tmp_path}/bucket")
    upload(store, f"a/{name}", data, count=8)
    store.write(f"b/{name}", data)
    command = [sys.executable, "-c", KILLED, store.url, str(oracle.__file__).rpartition("/support")[0]]
    died = subprocess.run([*command, str(after)], check=False)
    assert died.returncode == -9
    runs = tickertape.read(store.url)
    assert steps_of(runs, "a") == steps_of(runs, "b") == list(range(2000))
    assert runs.problems == []


def test_two_processes_use_one_mirror(tmp_path, cache):
    name, data = content(tmp_path, range(2000))
    store = Store(f"disk://{tmp_path}/bucket")
    for run in range(20):
        upload(store, f"run{run}/{name}", data, count=6)
    tests = str(oracle.__file__).rpartition("/support")[0]
    command = [sys.executable, "-c", KILLED, store.url, tests, "1000000"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert [int(one.communicate()[0]) for one in processes] == [40_000] * 3
    assert len(list(cache.iterdir())) == 1
    assert len(tickertape.read(store.url).scalars) == 40_000


class Hostile(Store):
    """A store whose listing has any names, as a stranger's may."""

    def __init__(self, names, data):
        self.url = "memory://hostile"
        self.names, self.data = names, data

    def list(self, below=""):
        assert below == ""
        return [Entry(name, len(self.data), "1") for name in self.names]

    def read(self, name, begin=0, end=None):
        return self.data[begin:end]


def test_names_cannot_leave_the_mirror(tmp_path, cache, monkeypatch):
    name, data = content(tmp_path)
    names = [
        f"good/{name}", f"{'d' * 300}/{name}", f"{'x' * 260}{name}", f"{'long/' * 400}{name}", f"file/{name}",
        f"file/{name}/{name}", f"bad\udc80\ud800/{name}", f"ctrl\n\x1b[2J/{name}",
    ]  # fmt: skip
    monkeypatch.setattr("tickertape.remote.mirror.Store", lambda url, argument: Hostile(names, data))
    with pytest.warns(RuntimeWarning, match="it is left out") as caught:
        runs = tickertape.read("memory://hostile")
    assert sorted(runs) == ["ctrl\n\x1b[2J", f"file/{name}", "good"]
    assert len(caught) == 5
    inside = {str(path) for path in cache.rglob("*")}
    assert all(path.startswith(str(cache)) for path in inside)


def test_the_store_itself_leaves_out_names_that_lead_out(tmp_path, monkeypatch, cache):
    """Those of Store.list(): `..`, absolute, NUL, backslash."""
    name, data = content(tmp_path)
    store = Store("memory://leading/runs")
    prefix = store._root
    odd = ["../../out/", "/", "//", "a/../../../", "./", "a\0b/", "..\\..\\", "a//b/"]
    found = {f"{prefix}/{one}{name}": {"size": len(data), "created": 1} for one in [*odd, "good/"]}
    monkeypatch.setattr(type(store._fs), "find", lambda *_, **__: found)
    monkeypatch.setattr(Store, "read", lambda _self, _name, begin=0, end=None: data[begin:end])
    assert list(tickertape.read(store.url)) == ["good"]
    made = [path for path in tmp_path.rglob("*tfevents*") if cache in path.parents]
    assert len(made) == 1


def test_links_in_the_cache_are_not_followed(tmp_path, store, cache):
    name, data = content(tmp_path)
    upload(store, f"exp/{name}", data)
    top = Path(mirrors.top(store.url))
    outside = tmp_path / "outside"
    outside.mkdir()
    (top / "exp").symlink_to(outside)
    with pytest.raises(NotADirectoryError, match="remove it"):
        tickertape.read(store.url)
    assert list(outside.iterdir()) == []
    (top / "exp").unlink()
    (top / "exp").mkdir()
    target = outside / "file"
    target.write_bytes(b"kept")
    (top / "exp" / name).symlink_to(target)
    assert steps_of(tickertape.read(store.url)) == list(range(STEPS))
    assert target.read_bytes() == b"kept"
    assert stat.S_IMODE(top.stat().st_mode) == 0o700
    (folder,) = cache.iterdir()
    folder.rename(outside / "moved")
    folder.symlink_to(outside / "moved")
    again()
    with pytest.raises(PermissionError, match="TICKERTAPE_CACHE"):
        tickertape.read(store.url)


@pytest.mark.parametrize("damage", ["state", "file", "truncated", "removed"])
def test_a_broken_cache_is_fetched_anew(tmp_path, store, cache, damage):
    name, data = content(tmp_path)
    upload(store, f"exp/{name}", data)
    (file,) = tickertape.read(store.url)["exp"].files
    again()
    (folder,) = cache.iterdir()
    if damage == "state":
        (folder / "state.json").write_text('{"version": 1, "files": {"exp/x": [[1]]}}')
    elif damage == "file":
        (folder / "files" / "exp" / "events.out.tfevents.9.left.1.0").write_bytes(b"of a killed process")
    elif damage == "truncated":
        os.truncate(file, 100)
    else:
        file.unlink()
    runs = tickertape.read(store.url)
    assert steps_of(runs) == list(range(STEPS))
    assert len(runs["exp"].files) == 1


def test_the_cache_has_a_limit(tmp_path, store, cache, monkeypatch):
    name, data = content(tmp_path)
    urls = [f"{store.url}/{run}" for run in range(4)]
    for run in range(4):
        upload(store, f"{run}/{name}", data)
    monkeypatch.setenv("TICKERTAPE_CACHE_BYTES", str(2 * len(data)))
    for number, url in enumerate(urls):
        assert len(tickertape.read(url).scalars) == STEPS
        again()
        (folder,) = (path for path in cache.iterdir() if f"-{number}-" in path.name)
        os.utime(folder / "used", (number, number))
    kept = sorted(path.name.rpartition("-")[0][-1] for path in cache.iterdir())
    assert kept == ["2", "3"]  # the least recently used went first
    held = tickertape.read(urls[2])
    assert len(held.scalars) == STEPS
    tickertape.read(urls[0])
    assert sorted(path.name.rpartition("-")[0][-1] for path in cache.iterdir()) == ["0", "2"]  # 2 is in use
    monkeypatch.setenv("TICKERTAPE_CACHE_BYTES", "1000")
    with pytest.raises(OSError, match=r"TICKERTAPE_CACHE_BYTES: expected at least .* got 1,000"):
        tickertape.read(store.url)
    monkeypatch.setenv("TICKERTAPE_CACHE_BYTES", "some")
    with pytest.raises(ValueError, match="TICKERTAPE_CACHE_BYTES"):
        tickertape.read(store.url)


def test_errors_name_the_url_and_the_cure(store, monkeypatch):
    with pytest.raises(FileNotFoundError, match=f"{store.url}.*there are none"):
        tickertape.read(store.url)
    with pytest.raises(FileNotFoundError, match="tfevents"):
        tickertape.read(f"{store.url}/events.out.tfevents.1")
    assert list(tickertape.follow(store.url, timeout=0)) == []

    def refused(_self, _below=""):
        raise StoreError(f"{store.url}: SlowDown")

    monkeypatch.setattr(Store, "list", refused)
    with pytest.raises(OSError, match=f"{store.url}: SlowDown"):
        tickertape.read(store.url)


def test_a_cache_that_cannot_be_written_is_said(tmp_path, store, monkeypatch):
    name, data = content(tmp_path)
    upload(store, f"exp/{name}", data)
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "file"))
    with pytest.raises((NotADirectoryError, FileExistsError)):
        tickertape.read(store.url)


def test_a_store_that_fails_while_it_is_followed(tmp_path, store, monkeypatch):
    name, data = content(tmp_path)
    upload(store, f"exp/{name}", data, take=slice(3))
    follower = tickertape.follow(store.url, timeout=0, interval=0.001)
    seen = [row.step for row in follower]
    list_, is_away = Store.list, [True]

    def refused(self, below=""):
        if is_away[0]:
            raise StoreError(f"{store.url}: away")
        return list_(self, below)

    monkeypatch.setattr(Store, "list", refused)
    upload(store, f"exp/{name}", data)
    with pytest.warns(RuntimeWarning, match="away; what was read stays") as caught:
        until(lambda: not list(follower) and len(caught))
    is_away[0] = False
    rows = []
    while len(rows) + len(seen) < STEPS:
        rows += [row.step for row in follower]
    assert seen + rows == list(range(STEPS))


def test_the_state_is_small(tmp_path, store, cache):
    name, data = content(tmp_path)
    upload(store, f"exp/{name}", data, count=50)
    tickertape.read(store.url)
    (state,) = cache.glob("*/state.json")
    found = json.loads(state.read_text())
    assert found["bytes"] == len(data)
    assert state.stat().st_size < 200 + 120 * len(found["files"][f"exp/{name}"])
