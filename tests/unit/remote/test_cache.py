"""The folders of the user's cache: made, used and removed by several processes at once."""

import threading

import pytest
from tickertape.remote import cache as caches

URL = "memory://bucket/runs"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the folder of URL is."""
    monkeypatch.setenv("TICKERTAPE_CACHE", str(tmp_path / "cache"))
    caches.CacheFolder(URL)
    (found,) = (tmp_path / "cache" / "mirrors").iterdir()
    return found


def test_a_folder_in_use_is_never_removed(folder):
    """Others make room while readers come and go: nobody's files vanish, and nobody gets an error."""
    is_over = threading.Event()

    def make_room():
        while not is_over.is_set():
            caches._removed(folder)

    others = [threading.Thread(target=make_room) for _ in range(2)]
    for other in others:
        other.start()
    try:
        for number in range(200):
            used = caches.CacheFolder(URL)
            with used.locked():
                used.save({"bytes": number})
            assert used.state() == {"bytes": number}
            del used
    finally:
        is_over.set()
        for other in others:
            other.join()


def test_who_waited_for_a_removed_folder_does_not_remove_the_new_one(folder, monkeypatch):
    """Its lock is that of a file which is gone: somebody may use the new folder."""
    opened = caches._opened
    made = []

    def others_are_faster(path):
        descriptor = opened(path)
        if not made:
            made.append(path)
            assert caches._removed(folder)
            made.append(caches.CacheFolder(URL))
        return descriptor

    monkeypatch.setattr(caches, "_opened", others_are_faster)
    assert not caches._removed(folder)
    assert (folder / "files").is_dir()


def test_what_is_removed_is_gone_at_once(folder):
    """Whoever opens the URL afterwards has a new folder."""
    (folder / "files" / "old").write_bytes(b"x")
    assert caches._removed(folder)
    assert not folder.exists()
    assert list(folder.parent.iterdir()) == []
    caches.CacheFolder(URL)
    assert list((folder / "files").iterdir()) == []


def test_what_an_interrupted_removal_left_is_removed_later(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(caches.shutil, "rmtree", lambda *_, **__: None)
        assert caches._removed(folder)
    (left,) = folder.parent.iterdir()
    caches.CacheFolder(URL).make_room()
    assert not left.exists()


def test_a_cache_that_cannot_be_made_is_an_error(monkeypatch):
    # There the system says that the folder above is missing, as if somebody had removed it.
    monkeypatch.setenv("TICKERTAPE_CACHE", "/proc/tickertape")
    with pytest.raises(OSError, match=r"/proc/tickertape.*: cannot make this folder"):
        caches.CacheFolder(URL)
