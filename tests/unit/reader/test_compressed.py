"""Event files that were compressed."""

import gzip
import re

import pytest
import tickertape
from support import oracle
from tickertape.reader import EventAccumulator, SummaryReader

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


def packed_log(directory, steps, ending):
    """A log directory with one compressed file, and the bytes of the file as it was."""
    content = event_file(directory, steps)
    compress = gzip.compress if ending == ".gz" else pytest.importorskip("zstandard").compress
    path = directory / "logs" / (NAME + ending)
    path.parent.mkdir()
    path.write_bytes(compress(content))
    return path, content


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_every_entrance_reads_them_as_the_plain_file(tmp_path, ending):
    path, content = packed_log(tmp_path, range(50), ending)
    plain = tmp_path / "same" / NAME
    plain.parent.mkdir()
    plain.write_bytes(content)
    both = path, plain
    events = [[event.SerializeToString() for event in tickertape.summary_iterator(file)] for file in both]
    assert events[0] == events[1]
    scalars = [tickertape.read_scalars(file)["a"] for file in (path, path.parent, plain)]
    assert scalars[0].value.tolist() == scalars[1].value.tolist() == scalars[2].value.tolist()
    for packed, other in (both, (path.parent, plain.parent)):
        one, two = (EventAccumulator(str(file)) for file in (packed, other))
        assert one.FirstEventTimestamp() == two.FirstEventTimestamp()
        assert one.Reload().Scalars("a") == two.Reload().Scalars("a")
        assert one.GetSourceWriter() == two.GetSourceWriter()
    pandas = pytest.importorskip("pandas")
    frames = [SummaryReader(file).scalars for file in both]
    pandas.testing.assert_frame_equal(*frames)
    child = SummaryReader(path.parent)[path.name]  # outlives the reader that it comes from
    pandas.testing.assert_frame_equal(child.scalars, frames[0])


def test_values_that_are_read_later_are_still_there(tmp_path):
    with tickertape.SummaryWriter(tmp_path / "plain") as writer:
        writer.add_histogram("h", [1.0, 2.0, 4.0], 3)
        writer.add_text("words", "some", 3)
    (plain,) = oracle.event_files(tmp_path / "plain")
    path = tmp_path / "logs" / f"{NAME}.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(plain.read_bytes()))
    found = [EventAccumulator(str(file)).Reload() for file in (path, plain)]
    assert found[0].Histograms("h") == found[1].Histograms("h")
    pytest.importorskip("pandas")
    assert SummaryReader(path.parent).text["value"].tolist() == ["some"]


def test_every_entrance_says_what_is_wrong_with_one(tmp_path):
    path = tmp_path / "logs" / f"{NAME}.gz"
    path.parent.mkdir()
    content = event_file(tmp_path, range(5))
    packed = bytearray(gzip.compress(content))
    packed[-8] ^= 1  # the CRC of what it unpacks to
    path.write_bytes(packed)
    readers = (
        lambda: list(tickertape.summary_iterator(path)),
        lambda: tickertape.read_scalars(path),
        lambda: EventAccumulator(str(path)).Reload(),
        lambda: SummaryReader(path),
        lambda: tickertape.read(path).scalars,
    )
    for read in readers:
        with pytest.warns(tickertape.DamageWarning, match="cannot be unpacked") as caught:
            read()
        (warning,) = caught
        assert warning.message.path == str(path)
    path.write_bytes(b"not compressed")
    with pytest.raises(OSError, match="cannot be unpacked"):
        EventAccumulator(str(path)).Reload()


def test_following_one_is_refused_and_in_a_directory_it_is_left_out(tmp_path):
    path, content = packed_log(tmp_path, range(5), ".gz")
    with pytest.raises(ValueError, match="logdir: expected event files that grow, got the compressed file"):
        tickertape.follow(path)
    with tickertape.follow(path.parent, timeout=0) as rows:
        assert list(rows) == []
        (path.parent / NAME.replace("7.0", "7.1")).write_bytes(content)
        assert [row.step for row in rows] == [0, 1, 2, 3, 4]
