"""Where a file is cut for an upload. The oracle is the scanner of the tests, which is struct and the PyPI crc32c."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import oracle, scanner
from tickertape import _core

PARTS = st.lists(
    st.one_of(
        st.integers(0, 3000).map(lambda size: oracle.frame(bytes(size))),  # a record
        st.integers(1, 300).map(bytes),  # zeros
        st.binary(min_size=1, max_size=40),
        st.integers(1, 15).map(lambda cut: oracle.frame(b"cut off" * 9)[:-cut]),
    ),
    max_size=30,
)


def spans(path, most_bytes):
    """All spans of a file, one after the other."""
    found, offset = [], 0
    while True:
        begin, end = _core.record_span(path, offset, most_bytes)
        assert begin >= offset
        if begin == end:
            assert begin == offset
            return found
        found.append((begin, end))
        offset = end


@given(PARTS, st.sampled_from([1, 20, 500, 4000, 1 << 20]))
def test_spans_hold_every_record_and_nothing_else(tmp_path_factory, parts, most_bytes):
    path = tmp_path_factory.mktemp("span") / "file"
    content = b"".join(parts)
    path.write_bytes(content)
    whole, _ = scanner.records(path)
    in_spans = []
    for begin, end in spans(str(path), most_bytes):
        records = []
        at = begin
        while at < end:
            data, at = scanner._record_at(content, at)
            records.append(data)
        assert at == end
        assert end - begin <= most_bytes or len(records) == 1
        in_spans += records
    assert in_spans == whole


def test_a_record_is_taken_when_it_is_whole(tmp_path):
    path = tmp_path / "file"
    record = oracle.frame(b"x" * 100)
    for size in range(len(record)):
        path.write_bytes(record + record[:size])
        assert _core.record_span(path, 0, 10**9) == (0, len(record))
        assert _core.record_span(path, len(record), 10**9) == (len(record), len(record))
    path.write_bytes(record + record)
    assert _core.record_span(path, len(record), 10**9) == (len(record), 2 * len(record))


def test_what_is_no_regular_file(tmp_path):
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(OSError, match=str(path)):
            _core.record_span(path, 0, 100)


def test_a_file_stops_at_its_limit_and_goes_on(tmp_path, writer):
    file = writer.file_writer.event_writer
    size = (tmp_path / "ours").joinpath(file.path).stat().st_size
    file.set_size_limit(size)
    writer.add_scalar("a", 1, 1)
    with pytest.warns(RuntimeWarning, match="Disk quota exceeded"):
        writer.flush()
    assert oracle.values(tmp_path / "ours") == []
    file.set_size_limit(2**63)
    while not oracle.values(tmp_path / "ours"):
        writer.flush()
    assert oracle.values(tmp_path / "ours") == [("a", 1, 1.0)]


def test_a_notice_comes_with_the_next_call(writer):
    _core.leave_notice("something happened elsewhere")
    with pytest.warns(RuntimeWarning, match="something happened elsewhere"):
        writer.add_scalar("a", 1, 1)
