"""The table of environment variables in docs/troubleshooting.md has what the sources read, and nothing else."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
TABLE = re.search(r"<!-- environment -->\n(.*)<!-- /environment -->", PAGE, re.DOTALL).group(1)
# A name in quotes, or a variable that holds one.
READS = re.compile(
    r"(?:\bgetenv|\benvironment|\bnumber_from|\benviron\.get|\benviron\.setdefault|\benviron\.pop)\("
    r"\s*(?P<called>\"\w+\"|\w+)|"
    r"\benviron\[(?P<indexed>\"\w+\"|[\w.]+)\]"
)
# The standard library reads it for us.
INDIRECT = {"get_terminal_size": "COLUMNS"}


def names_in(text):
    for found in READS.finditer(text):
        name = found["called"] or found["indexed"]
        if name.startswith('"'):
            yield name.strip('"')
        else:  # a constant of Python; in C++ the parameter of a function that READS knows
            constant = re.search(rf'^{name.split(".")[-1]} = "(\w+)"', text, re.MULTILINE)
            if constant:
                yield constant[1]
    yield from (name for function, name in INDIRECT.items() if function in text)


def test_the_table_has_what_the_sources_read():
    sources = [
        *(ROOT / "csrc").rglob("*.cc"),
        *(ROOT / "csrc").rglob("*.h"),
        *(ROOT / "python").rglob("*.py"),
    ]
    read = {name for path in sources for name in names_in(path.read_text())}
    rows = [row.split("|")[1] for row in TABLE.splitlines()[2:]]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == read
