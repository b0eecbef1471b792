"""Names of slices, and which bytes of a file they cover. The oracle lays the slices out byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickertape.remote import slices
from tickertape.remote.slices import Slice

FILE = "run/events.out.tfevents.1.host.2.3"


def test_a_name_and_back():
    name = slices.name_of(FILE, 12345)
    assert name == FILE + ".at-0000000000012345"
    assert slices.parse(name) == (FILE, 12345)


def test_names_sort_by_offset():
    offsets = [0, 9, 10, 2**31, 2**53]
    names = [slices.name_of(FILE, offset) for offset in offsets]
    assert sorted(names) == names


@pytest.mark.parametrize(
    "name", [FILE, FILE + ".at-1", FILE + ".at-000000000000000x", FILE + ".at-00000000000000011", ".at-0000000000000000",
             "run/.at-0000000000000000", FILE + ".at-٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠", FILE + ".at-0000000000000000\n"]
)  # fmt: skip
def test_what_is_no_slice(name):
    assert slices.parse(name) is None


def test_slices_by_file():
    objects = [
        ("b.at-0000000000000010", 3),
        ("a.at-0000000000000000", 1),
        ("other", 7),
        ("b.at-0000000000000000", 10),
    ]
    found = slices.by_file(objects)
    assert list(found) == ["a", "b"]
    assert [(one.offset, one.end) for one in found["b"]] == [(0, 10), (10, 13)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12))), st.integers(0, 20))
def test_each_byte_is_used_once(parts, covered):
    some = [Slice(offset, size, slices.name_of(FILE, offset)) for offset, size in parts]
    there = {byte for one in some for byte in range(one.offset, one.end)}
    used = []
    for piece in slices.pieces(some, covered):
        assert piece.slice.offset <= piece.begin < piece.end <= piece.slice.end
        used += range(piece.begin, piece.end)
    assert used == sorted(byte for byte in there if byte >= covered)
    end = slices.contiguous_end(some, covered)
    assert all(byte in there for byte in range(covered, end))
    assert end not in there
