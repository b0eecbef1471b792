"""The table of environment variables in docs/troubleshooting.md has what the sources read, and nothing else."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "docs").is_dir():
    pytest.skip("not in a checkout", allow_module_level=True)
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
TABLE = re.search(r"<!-- environment -->\n(.*)<!-- /environment -->", PAGE, re.DOTALL).group(1)
# A name in quotes, or a variable that holds one.
READS = re.compile(
    r"(?:\bgetenv|\benvironment|\benvironment_variable|\bnumber_from|\benviron\.(?:get|setdefault|pop))\(\s*(?P<called>\"\w+\"|\w+)|"
    r"\benviron\[(?P<indexed>\"\w+\"|[\w.]+)\]"
)
PARAMETERS = {"const", "variable"}  # in C++, of the functions that READS knows
INDIRECT = {"get_terminal_size": "COLUMNS"}  # the standard library reads it for us
SOURCES = [
    path.read_text()
    for folder, pattern in (("csrc", "*.cc"), ("csrc", "*.h"), ("python", "*.py"))
    for path in (ROOT / folder).rglob(pattern)
]


def values_of(variable, text):
    """What a variable stands for: the words of a loop, or a constant of Python."""
    loops = re.findall(rf"\bfor {variable} in \(([^()]*)\)", text)
    words = re.findall(r'"(\w+)"', " ".join(loops))
    constant = re.compile(rf'^{variable.rpartition(".")[2]} = "(\w+)"', re.MULTILINE)
    words += [word for source in SOURCES for word in constant.findall(source)]
    assert words, f"what is {variable}?"
    return words


def names_in(text):
    for found in READS.finditer(text):
        name = found["called"] or found["indexed"]
        if name.startswith('"'):
            yield name.strip('"')
        elif name not in PARAMETERS:
            yield from values_of(name, text)
    yield from (name for function, name in INDIRECT.items() if function in text)


def test_the_table_has_what_the_sources_read():
    read = {name for text in SOURCES for name in names_in(text)}
    rows = [row.split("|")[1] for row in TABLE.splitlines()[2:]]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == read
