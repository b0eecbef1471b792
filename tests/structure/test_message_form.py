"""Messages about a caller's argument have one form: `argument: expected X, got Y`, and perhaps `; do Z`."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = [
    path for path in sorted((ROOT / "python").rglob("*.py")) if path.parent.name != "bench"
]  # its errors are about results
NATIVE = sorted(path for path in (ROOT / "csrc").rglob("*") if path.suffix in (".h", ".cc"))
FORM = re.compile(r"[^:]+: expected .+, got ", re.DOTALL)
CLASSES = ("TypeError", "ValueError", "UnsupportedType", "UnsupportedValue")
# The words in which Python itself refuses a call.
OF_PYTHON = re.compile(r"\w+\(\) (takes|missing|got)|__init__\(\) was not called")
THROWN = re.compile(
    r"\b(?:ArgumentError|UnsupportedValue|UnsupportedType|value_error|type_error)\(\s*(?P<thrown>(?:\"|std::string\().*?)\);|"
    r"PyErr_(?:SetString|Format)\(\s*PyExc_(?:Type|Value)Error,\s*(?P<set>\".*?)\);",
    re.DOTALL,
)


def text_of(node):
    """The text of an expression, with {} for what is known at run time only; None if it is not written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT / "python")))
def test_python(path):
    for node in ast.walk(ast.parse(path.read_text())):
        raised = node.exc if isinstance(node, ast.Raise) else None
        if not isinstance(raised, ast.Call) or getattr(raised.func, "id", "") not in CLASSES:
            continue
        text = text_of(raised.args[0]) if raised.args else ""
        assert text is None or FORM.match(text), f"line {node.lineno}: {text}"


@pytest.mark.parametrize("path", NATIVE, ids=lambda path: str(path.relative_to(ROOT / "csrc")))
def test_native(path):
    for found in THROWN.finditer(path.read_text()):
        text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found["thrown"] or found["set"]))
        assert "expected " in text or OF_PYTHON.match(text), text


def test_one_helper_finds_the_users_line():
    """`stacklevel` is counted in one place, convert/notices.py. The command line has no line of a user."""
    for path in PYTHON:
        if path.name != "notices.py" and path.parent.name != "cli":
            assert "warnings.warn(" not in path.read_text(), path
