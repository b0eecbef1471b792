"""A look at a store that fails while other requests of it still wait for an answer."""

import threading
import uuid

import pytest
from support import oracle
from tickertape.remote import fetching, mirror
from tickertape.remote.stores import Store, StoreError


def test_files_that_were_not_begun_stay_as_they_are(tmp_path, monkeypatch):
    """Whoever looks next, in any process, has the folder to itself."""
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetching, "_PAUSES_SECS", ())
    monkeypatch.setattr(mirror, "_FILES_AT_ONCE", 2)
    store = Store(f"memory://{uuid.uuid4()}/runs")
    for name in "abcd":
        store.write(name, oracle.frame(b""))
    began, answered = threading.Event(), threading.Event()
    read = Store.read

    def slow(self, name, begin=0, end=None):
        if name == "a":
            began.wait()  # until "b" has begun, too
            raise StoreError("no answer")
        began.set()
        answered.wait()
        return read(self, name, begin, end)

    looking = mirror.Mirror(store.url, lambda _: True)
    earlier = threading.enumerate()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "read", slow)
        try:
            with pytest.raises(StoreError, match="no answer"):
                looking.look()
        finally:
            answered.set()
        for thread in [one for one in threading.enumerate() if one not in earlier]:
            thread.join()
    files = tmp_path / "cache" / "mirrors"
    assert "d" not in {path.name for path in files.rglob("*")}
    looking.look()
    assert {path.name for path in files.rglob("*")} >= set("abcd")
