"""The fenced code blocks of a Markdown page, and what the comment above each of them says about it.

A comment in the line above a block, invisible on the page:

    <!-- not run: needs a GPU -->     the block is not run; the reason is what it lacks
    <!-- needs: lightning -->         run only where these packages are installed
    <!-- until: http:// -->           its command runs until Ctrl-C: it gets one when it has printed this
    <!-- output -->                   not code: what the block before it prints; `...` stands for anything

`<!-- prepare` … `-->` around Python code is a block that readers do not see, e.g. one that makes a log directory.
"""

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# What a fence may say. `text` is no code: pictures made of letters, and output.
LANGUAGES = {"python", "sh", "diff", "text"}
SAYS = {"not run", "needs", "until", "output"}
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)$")
_COMMENT = re.compile(r"^ *<!-- (?P<key>[a-z ]+?)(?:: (?P<value>.+))? -->$")


@dataclass(frozen=True)
class Block:
    """One block of a page; `line` is that of its first line of code, from 1."""

    page: str
    line: int
    language: str
    text: str
    says: dict[str, str]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(path: Path) -> list[Block]:
    """All blocks of a page, in order."""
    page = str(path.relative_to(ROOT))
    found: list[Block] = []
    says: dict[str, str] = {}
    lines = iter(enumerate(path.read_text().splitlines(), start=1))
    for number, line in lines:
        if fence := _FENCE.match(line):
            end, language = fence["indent"] + "```", fence["language"]
        elif line == "<!-- prepare":
            end, language = "-->", "python"
        else:
            if (comment := _COMMENT.match(line)) and comment["key"] in SAYS:
                says[comment["key"]] = comment["value"] or ""
            elif line.strip():
                says = {}
            continue
        code: list[str] = []
        for _, inner in lines:
            if inner == end:
                break
            code.append(inner)
        else:
            raise AssertionError(f"{page}:{number}: the block does not end")
        found.append(Block(page, number + 1, language, textwrap.dedent("\n".join(code)) + "\n", says))
        says = {}
    return found


def run_page(page: str, directory: Path, environment: dict[str, str] | None = None) -> str:
    """Runs the blocks of a page in a process of their own, in `directory`; returns what they print."""
    tests = Path(__file__).parents[1]
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = (
        os.environ
        | (environment or {})
        | {
            "PYTHONPATH": str(tests),
            "PATH": programs,
            "HOME": str(directory),
            "COLUMNS": "100",
        }
    )
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
        variables.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "support.doc_page", str(ROOT / page)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        env=variables,
        cwd=directory,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
