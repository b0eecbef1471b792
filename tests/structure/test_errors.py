"""Errors about arguments are of our two classes, which are also torch's (tests/conformance/test_exceptions.py)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    *(
        path
        for folder in ("convert", "writer", "devices")
        for path in (ROOT / "python/tickertape" / folder).rglob("*.py")
    ),
    *(ROOT / "csrc/bindings").rglob("*.cc"),
]
PLAIN = re.compile(r"raise (TypeError|ValueError)\(|py::(type|value)_error\(")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_plain_error(path):
    assert not PLAIN.findall(path.read_text()), "raise UnsupportedType or UnsupportedValue"
