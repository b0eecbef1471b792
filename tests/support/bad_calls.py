"""A bad call and what it must do: raise at once, name its argument, write nothing, and let the writer go on."""

import pytest
from tickertape.writer import SummaryWriter

from support import oracle


def call(method, *arguments, **options):
    return method, arguments, options


def check(tmp_path, bad):
    """`bad` is (call, exception, regular expression of what the message must name)."""
    (method, arguments, options), error, name = bad
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("before", 1, 1)
        with pytest.raises(error, match=rf"(?<![a-z_])({name})(?![a-z_])"):
            getattr(writer, method)(*arguments, **options)
        writer.add_scalar("after", 2, 2)
        assert len(writer.all_writers) == 1
    assert oracle.values(tmp_path) == [("before", 1, 1.0), ("after", 2, 2.0)]
    assert list(oracle.tree(tmp_path)) == ["."]


def name_of(bad):
    """The test's name."""
    return bad[0][0]
