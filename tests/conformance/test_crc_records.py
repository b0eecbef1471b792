"""CRC32C against the PyPI package; records with every kind of damage."""

import crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import oracle
from tickertape import _core

# RFC 3720, appendix B.4.
VECTORS = {
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(range(31, -1, -1)): 0x113FDB5C,
    b"123456789": 0xE3069283,
    b"": 0,
}


@pytest.mark.usefixtures("every_cpu")
@pytest.mark.parametrize("data", VECTORS)
def test_vectors(data):
    assert _core.crc32c(data) == VECTORS[data]
    assert _core.masked_crc32c(data) == oracle.mask(VECTORS[data])


@pytest.mark.usefixtures("every_cpu")
def test_every_length_and_alignment():
    data = bytes(value * 7 % 251 for value in range(5000))
    for size in [*range(600), 1023, 1024, 3072, 4095, 4999]:
        for start in (0, 1, 3):
            assert _core.crc32c(data[start : start + size]) == crc32c.crc32c(data[start : start + size])


@given(st.binary(max_size=3000), st.binary(max_size=3000))
def test_any_bytes_in_pieces(first, second):
    assert _core.crc32c(first + second) == crc32c.crc32c(first + second)
    assert _core.crc32c(second, _core.crc32c(first)) == crc32c.crc32c(first + second)
    assert _core.masked_crc32c(first) == oracle.mask(crc32c.crc32c(first))


def read(path, data):
    path.write_bytes(data)
    reader = _core.RecordReader(str(path))
    return list(reader), reader


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_round_trip(tmp_path_factory, records):
    data = b"".join(map(oracle.frame, records))
    found, reader = read(tmp_path_factory.mktemp("records") / "file", data)
    assert found == records
    assert (reader.damage, reader.tail_bytes, reader.offset) == ([], 0, len(data))


RECORDS = [b"first", b"", b"the third record, somewhat longer than the others", b"x" * 300]
FRAMES = [oracle.frame(record) for record in RECORDS]
STARTS = [sum(map(len, FRAMES[:index])) for index in range(len(FRAMES) + 1)]


def test_cut_off_at_every_byte(tmp_path):
    whole = b"".join(FRAMES)
    for size in range(len(whole) + 1):
        complete = max(index for index, start in enumerate(STARTS) if start <= size)
        found, reader = read(tmp_path / "file", whole[:size])
        assert found == RECORDS[:complete]
        assert reader.damage == []
        assert reader.tail_bytes == size - STARTS[complete]
        assert reader.offset == STARTS[complete]


def test_goes_on_when_the_file_has_grown(tmp_path):
    whole = b"".join(FRAMES)
    path = tmp_path / "file"
    reader_found = []
    path.write_bytes(b"")
    offset = 0
    for size in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:size])
        reader = _core.RecordReader(str(path), offset)
        reader_found.extend(reader)
        offset = reader.offset
    path.write_bytes(whole)
    reader_found.extend(_core.RecordReader(str(path), offset))
    assert reader_found == RECORDS


def test_one_flipped_bit_anywhere_costs_one_record(tmp_path):
    target = 2
    for at in range(STARTS[target], STARTS[target + 1]):
        for bit in (0, 7):
            data = bytearray(b"".join(FRAMES))
            data[at] ^= 1 << bit
            found, reader = read(tmp_path / "file", bytes(data))
            assert found == [record for index, record in enumerate(RECORDS) if index != target], at
            assert reader.damage == [(STARTS[target], len(FRAMES[target]))], at
            assert reader.tail_bytes == 0


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 37, b"\xff" * 37, b"\0" * 4096, bytes(range(256))],
    ids=["zeros", "ones", "page", "bytes"],
)
def test_garbage_between_records(tmp_path, garbage):
    found, reader = read(tmp_path / "file", FRAMES[0] + garbage + b"".join(FRAMES[1:]))
    assert found == RECORDS
    assert reader.damage == [(len(FRAMES[0]), len(garbage))]


@pytest.mark.parametrize("length", [2**31, 2**40, 2**62, 2**64 - 1])
def test_impossible_length_with_a_valid_crc(tmp_path, length):
    header = length.to_bytes(8, "little")
    header += oracle.mask(crc32c.crc32c(header)).to_bytes(4, "little")
    found, reader = read(tmp_path / "file", FRAMES[0] + header + FRAMES[3] + FRAMES[2])
    assert found == [RECORDS[0], RECORDS[3], RECORDS[2]]
    assert reader.damage == [(len(FRAMES[0]), 12)]


def test_zero_filled_tail(tmp_path):
    found, reader = read(tmp_path / "file", FRAMES[0] + bytes(1000))
    assert found == RECORDS[:1]
    assert reader.tail_bytes + sum(length for _, length in reader.damage) == 1000


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        _core.RecordReader(str(tmp_path / "nothing"))
    assert caught.value.filename == str(tmp_path / "nothing")


def test_offset_to_start_from(tmp_path):
    (tmp_path / "file").write_bytes(b"".join(FRAMES))
    assert list(_core.RecordReader(str(tmp_path / "file"), STARTS[2])) == RECORDS[2:]
