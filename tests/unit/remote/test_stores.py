"""One directory of a store, on fsspec's file systems in memory and on the disk."""

import sys
import uuid

import fsspec
import pytest
from support.disk_store import Disk
from tickertape.remote.stores import Store, StoreError


@pytest.fixture(params=["memory", "disk"])
def url(request, tmp_path):
    return f"memory://{uuid.uuid4()}/runs" if request.param == "memory" else f"disk://{tmp_path}/runs"


def test_write_list_read_remove(url):
    store = Store(url)
    assert store.list() == []
    store.write("a/b/x", b"0123456789")
    store.write("y", b"")
    assert [(entry.name, entry.size) for entry in store.list()] == [("a/b/x", 10), ("y", 0)]
    assert [entry.name for entry in store.list("a/b")] == ["a/b/x"]
    assert store.list("nothing") == []
    assert store.read("a/b/x") == b"0123456789"
    assert store.read("a/b/x", 3) == b"3456789"
    assert store.read("a/b/x", 0, 3) == b"012"
    assert store.read("a/b/x", 3, 5) == b"34"
    store.write("a/b/x", b"new")
    assert store.read("a/b/x") == b"new"
    store.remove(["y", "y"])
    assert [entry.name for entry in store.list()] == ["a/b/x"]


def test_another_store_sees_what_was_written(url):
    ours, theirs = Store(url), Store(url)
    assert theirs.list() == []
    ours.write("x", b"1")
    assert [entry.name for entry in theirs.list()] == ["x"]
    before = theirs.list()[0].version
    ours.write("x", b"2")
    assert theirs.list()[0].version != before


def test_an_object_that_is_not_there(url):
    with pytest.raises(FileNotFoundError):
        Store(url).read("nothing")


def test_a_file_that_is_being_written_is_not_listed(tmp_path, monkeypatch):
    store = Store(f"disk://{tmp_path}/runs")
    seen = []

    def fail(*args, **kwargs):
        seen.extend(path.name for path in (tmp_path / "runs").iterdir())
        raise OSError("the connection is gone")

    monkeypatch.setattr(Disk, "mv", fail)
    with pytest.raises(StoreError, match="the connection is gone"):
        store.write("x", b"1")
    assert [name.rpartition(".")[2] for name in seen] == ["uploading"]
    assert store.list() == []


def test_errors_of_a_store_name_the_url(monkeypatch):
    class Strange(Exception):
        pass

    def fail(*args, **kwargs):
        raise Strange("503 SlowDown")

    store = Store("memory://there/runs")
    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "find", fail)
    with pytest.raises(OSError, match=r"memory://there/runs: Strange: 503 SlowDown"):
        store.list()


def test_names_that_lead_out_are_left_out(monkeypatch):
    store = Store("memory://there/runs")
    names = ["/there/runs/../x", "/there/runs//x", "/there/runs/a/../../x", "/elsewhere/x", "/there/runs/a\\..\\x",
             "/there/runs/fine"]  # fmt: skip
    found = {name: {"size": 1} for name in names}
    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "find", lambda *args, **kwargs: found)
    assert [entry.name for entry in store.list()] == ["fine"]


def test_a_protocol_that_nobody_knows():
    with pytest.raises(ValueError, match="log_dir: expected a URL that fsspec can open, got 'nosuch://x'"):
        Store("nosuch://x")


def test_without_fsspec(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"pip install 'tickertape\[remote\]'"):
        Store("memory://x")


def test_without_the_package_of_the_store(monkeypatch):
    def fail(*args, **kwargs):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", fail)
    with pytest.raises(ImportError, match=r"'s3://bucket/x'.*Install s3fs"):
        Store("s3://bucket/x")
