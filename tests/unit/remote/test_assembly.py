"""A file put together from slices that come, go, overlap and are replaced: the bytes are those of the plain rule."""

import random

import pytest
from tickertape.remote import slices
from tickertape.remote.assembly import Assembly
from tickertape.remote.slices import Slice


def expected(objects):
    """The bytes, by the rule: in the order of offset and size, what is behind the bytes before."""
    out, covered = b"", 0
    for offset, data in sorted(objects.items(), key=lambda one: (one[0], len(one[1]))):
        if data and offset + len(data) > covered:
            out += data[max(0, covered - offset) :]
            covered = offset + len(data)
    return out


class Bucket:
    """Objects of one file by offset, with versions, and a count of the bytes that were read."""

    def __init__(self):
        self.objects = {}
        self.versions = {}
        self.count = 0
        self.read_bytes = 0

    def put(self, offset, data):
        self.count += 1
        self.objects[offset] = data
        self.versions[slices.name_of("F", offset)] = str(self.count)

    def remove(self, offset):
        del self.objects[offset]

    def listed(self):
        return [
            Slice(offset, len(data), slices.name_of("F", offset)) for offset, data in self.objects.items()
        ]

    def read(self, name, begin, end):
        data = self.objects[slices.parse(name)[1]][begin:end]
        self.read_bytes += len(data)
        return [data[at : at + 7] for at in range(0, len(data), 7)]

    def check(self, assembly, path):
        assert assembly.update(self.listed(), self.versions, self.read)
        content = path.read_bytes()
        assert content == expected(self.objects)
        assert assembly.size == len(content)
        assert assembly.is_current(self.listed(), self.versions)
        for at in random.Random(1).sample(range(len(content)), min(5, len(content))):
            name, offset = assembly.origin(at)
            assert self.objects[slices.parse(name)[1]][offset] == content[at]


@pytest.mark.parametrize("seed", range(40))
def test_any_history(tmp_path, seed):
    generator = random.Random(seed)
    bucket, path = Bucket(), tmp_path / "F"
    assembly = Assembly(str(path))
    content = generator.randbytes(400)
    for _ in range(25):
        what = generator.random()
        if what < 0.5:
            begin = generator.randrange(400)
            bucket.put(begin, content[begin : generator.randrange(begin, 401)])
        elif what < 0.65 and bucket.objects:
            bucket.remove(generator.choice(list(bucket.objects)))
        elif what < 0.75 and bucket.objects:  # compacted
            whole = content[: max(offset + len(data) for offset, data in bucket.objects.items())]
            bucket.objects.clear()
            bucket.put(0, whole)
        elif what < 0.85:  # another process took its place
            content = generator.randbytes(400)
            bucket.objects.clear()
            bucket.put(0, content[: generator.randrange(401)])
        else:  # another reader goes on with what an earlier one had
            assembly = Assembly(str(path), assembly.parts)
        bucket.check(assembly, path)


def test_what_grows_is_read_once(tmp_path):
    bucket, path = Bucket(), tmp_path / "F"
    assembly = Assembly(str(path))
    for begin in range(0, 1000, 100):
        bucket.put(begin, bytes([begin % 251]) * 100)
        bucket.check(assembly, path)
        identity = path.stat().st_ino
    assert bucket.read_bytes == 1000
    bucket.put(0, path.read_bytes())
    for begin in range(100, 1000, 100):
        bucket.remove(begin)
    bucket.check(assembly, path)
    assert path.stat().st_ino == identity  # readers of the file go on
    assert assembly.gaps == []


def test_a_slice_that_became_shorter_is_gone_on_with_later(tmp_path):
    bucket, path = Bucket(), tmp_path / "F"
    bucket.put(0, b"0123456789")
    bucket.put(10, b"abc")
    assembly = Assembly(str(path))
    listed = bucket.listed()
    bucket.objects[0] = b"01234"
    assert not assembly.update(listed, bucket.versions, bucket.read)
    assert path.read_bytes() == b"01234"
    bucket.objects[0] = b"0123456789"
    bucket.check(assembly, path)
    assert path.read_bytes() == b"0123456789abc"


def test_an_error_in_the_middle_keeps_what_is_there(tmp_path):
    bucket, path = Bucket(), tmp_path / "F"
    bucket.put(0, bytes(range(100)))
    assembly = Assembly(str(path))

    def read(name, begin, end):
        yield from bucket.read(name, begin, 50)
        raise OSError("cut")

    with pytest.raises(OSError, match="cut"):
        assembly.update(bucket.listed(), bucket.versions, read)
    assert assembly.size == 50
    path.write_bytes(path.read_bytes() + b"of an update that was killed")
    bucket.read_bytes = 0
    bucket.check(assembly, path)
    assert bucket.read_bytes == 50


def test_an_update_that_a_later_one_overtook_cuts_nothing_off(tmp_path):
    """Its store did not answer, its caller gave up and asked again; then the first request fails."""
    path = tmp_path / "F"
    bucket, assembly = Bucket(), Assembly(str(path))
    bucket.put(0, b"0123456789")
    bucket.check(assembly, path)
    bucket.put(10, b"abcdefghij")

    def overtaken(name, begin, end):
        yield from bucket.read(name, begin, end)[:1]
        bucket.check(assembly, path)
        raise OSError("no answer")

    with pytest.raises(OSError, match="no answer"):
        assembly.update(bucket.listed(), bucket.versions, overtaken)
    assert path.read_bytes() == expected(bucket.objects)
    bucket.check(assembly, path)
