"""Names of files may hold control characters; messages show them escaped."""

import re

import pytest
import tickertape
from tickertape.writer import SummaryWriter

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@pytest.mark.parametrize("odd", ["\x1b[31mred", "two\nlines", "\x07", "\x7f", "\x9b31m"])
def test_os_errors(tmp_path, odd):
    path = tmp_path / odd
    path.write_text("")
    with pytest.raises(OSError, match=r"\\[xn]") as caught:
        SummaryWriter(path)
    assert not CONTROL.search(caught.value.args[1])
    assert not CONTROL.search(str(caught.value))
    assert caught.value.filename.startswith(str(path))  # the name itself


def test_urls():
    with pytest.raises(ValueError, match=r"\\x1b") as caught:
        SummaryWriter("s3://\x1b[31m")
    assert not CONTROL.search(str(caught.value))


def test_the_reader(tmp_path):
    with pytest.raises(OSError, match=r"\\x1b") as caught:
        list(tickertape.summary_iterator(tmp_path / "a\x1b[2J"))
    assert not CONTROL.search(str(caught.value))
