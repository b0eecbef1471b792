"""Event files that were compressed."""

import gzip
import re

import pytest
import tickertape
from support import oracle

NAME = "events.out.tfevents.1.host.7.0"


def event_file(directory, steps):
    """The bytes of a file with a scalar "a" for each step."""
    with tickertape.SummaryWriter(directory / "plain") as writer:
        for step in steps:
            writer.add_scalar("a", 1 / (step + 1), step)
    (path,) = oracle.event_files(directory / "plain")
    return path.read_bytes()


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_files(tmp_path, ending):
    steps = list(range(1000))
    content = event_file(tmp_path, steps)
    if ending == ".gz":
        packed = gzip.compress(content)
    else:
        packed = pytest.importorskip("zstandard").ZstdCompressor().compress(content)
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / (NAME + ending)
    path.write_bytes(packed)
    runs = tickertape.read(tmp_path / "logs")
    assert runs["."].scalars["a"].step.tolist() == steps
    assert runs.scalars.column("file").tolist() == [str(path)] * 1000
    assert runs.problems == []
    path.write_bytes(packed[: len(packed) - 12])  # cut off: no damage, and what can be unpacked counts
    cut = runs.refresh()["."].scalars.column("step").tolist()
    assert cut == steps[: len(cut)]
    assert ending == ".zst" or len(cut) > 900
    path.write_bytes(b"not compressed")
    with pytest.warns(tickertape.DamageWarning, match=re.escape(str(path))):
        assert len(tickertape.read(tmp_path / "logs").scalars) == 0


def test_unpacked_copies_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    content = event_file(tmp_path, [1])
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / f"{NAME}.gz").write_bytes(gzip.compress(content))
    runs = tickertape.read(tmp_path / "logs")
    assert len(runs.scalars) == 1
    assert list((tmp_path / "temporary").iterdir())
    del runs
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize("times", [1, 3])
def test_what_unpacks_to_much_more_is_cut_off_and_said(tmp_path, monkeypatch, times):
    """A stranger's small file must not fill the disk."""
    content = event_file(tmp_path, range(100_000))
    path = tmp_path / "logs" / f"{NAME}.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(content))
    limit = len(content) // 2 * times
    monkeypatch.setattr("tickertape.reader.compressed._ALWAYS_BYTES", limit)
    monkeypatch.setattr("tickertape.reader.compressed._MOST_TIMES", 0)
    runs = tickertape.read(path.parent)
    if times == 3:
        assert len(runs.scalars) == 100_000
        assert runs.problems == []
        return
    with pytest.warns(tickertape.DamageWarning):
        steps = runs.scalars.column("step").tolist()
    assert 0 < len(steps) < 100_000
    assert steps == list(range(len(steps)))
    assert f"more than {limit:,} bytes" in str(runs.problems)
