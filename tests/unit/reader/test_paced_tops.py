"""Several stores, or a store and a directory, that are followed together: one that is slow or away holds up no other one."""

import time
import uuid

import pytest
import tickertape
from support import oracle
from tickertape.reader import mirrors
from tickertape.reader.paced_tops import PacedTops
from tickertape.remote.stores import Store, StoreError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own, and no mirror that is open already."""
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mirrors, "_mirrors", mirrors._mirrors._replace(by_url={}))


@pytest.fixture
def stores(tmp_path):
    """Two buckets with a run in each."""
    with tickertape.SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 1)
    file = oracle.only_file(tmp_path / "run")
    made = [Store(f"memory://{uuid.uuid4()}/runs") for _ in range(2)]
    for store in made:
        store.write(f"first/{file.name}", file.read_bytes())
    return made


def test_a_store_that_is_away_hides_no_other_one(stores, monkeypatch):
    away, here = stores
    said = []
    tops = PacedTops([away.url, here.url], 0.0, said.append)
    before = tops.local()
    name = here.list()[0].name.rpartition("/")[2]
    here.write(f"second/{name}", here.read(f"first/{name}"))
    list_ = Store.list

    def refused(self, below=""):
        if self.url == away.url:
            raise StoreError(f"{self.url}: away")
        return list_(self, below)

    monkeypatch.setattr(Store, "list", refused)
    assert tops.local() == before
    assert list(tickertape.read(before[1])) == ["first", "second"]
    assert said == [f"{away.url}: away; what was read stays, and the next look tries again"]


def test_a_store_that_is_away_at_the_start_is_an_error(stores):
    with pytest.raises(FileNotFoundError):
        PacedTops([stores[0].url, f"{stores[1].url}/events.out.tfevents.1"], 0.0, pytest.fail).local()


def test_a_directory_is_polled_as_often_while_a_store_is_slow(stores, tmp_path, monkeypatch):
    """The pause between two polls depends on what they cost here, not on how long a store takes to answer."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    list_ = Store.list

    def slow(self, below=""):
        nonlocal now
        now += 60.0
        return list_(self, below)

    monkeypatch.setattr(Store, "list", slow)
    with tickertape.follow([tmp_path / "run", stores[0].url], timeout=0, interval=1.0) as follower:
        earlier = now = now + 600.0  # the store is due
        follower._poll()
        assert now == earlier + 60.0
        assert follower._seconds_until(None) == 1.0
