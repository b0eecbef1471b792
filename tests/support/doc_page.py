"""Runs the code blocks of one page in the working directory: `python doc_page.py PAGE`. Ends at the first one that fails.

Python blocks share the names of the page. Blocks of the shell run in order among them.
"""

import contextlib
import doctest
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

from support import doc_blocks

COMMAND_SECS = 240
DOCS_PORT = "6007"  # stands for any free one
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_python(block, text, names):
    """Runs it as if it were in the page's file, so that a traceback names the line of the page."""
    page = str(doc_blocks.ROOT / block.page)
    code = compile("\n" * (block.line - 1) + text, page, "exec")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, names)
    finally:
        print(printed.getvalue(), end="")
    return printed.getvalue()


def run_diff(block, names):
    """Both sides must be Python; the new one runs."""
    old, new = (
        "\n".join(line[1:] for line in block.text.splitlines() if line[:1] in {" ", side}) for side in "-+"
    )
    compile(old, str(block), "exec")
    return run_python(block, new, names)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run_shell(block):
    """Runs it with the programs of this environment, and stops what runs until Ctrl-C once it has said `until`."""
    deadline = time.monotonic() + COMMAND_SECS
    code = block.text.replace(DOCS_PORT, str(free_port()))
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

        def printed():
            return os.pread(output.fileno(), 1 << 20, 0).decode()

        try:
            if until := block.says.get("until"):
                while until not in printed():
                    assert process.poll() is None, f"{block}: ended before it said {until!r}\n{printed()}"
                    assert time.monotonic() < deadline, f"{block}: did not say {until!r}\n{printed()}"
                    time.sleep(0.05)
                os.killpg(process.pid, signal.SIGINT)
            status = process.wait(deadline - time.monotonic())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        print(printed(), end="")
        stopped = {0, 130, -signal.SIGINT} if until else {0}
        assert status in stopped, f"{block}: exit status {status}"
        return printed()


def run(blocks):
    names = {"__name__": "__main__"}
    last = ""
    for block in blocks:
        needs = [name.strip() for name in block.says.get("needs", "").split(",") if name.strip()]
        lacks = [name for name in needs if find_spec(name) is None]
        if "not run" in block.says or lacks:
            print(f"== {block} not run: {block.says.get('not run', f'needs {lacks}')}", flush=True)
            continue
        print(f"== {block}", flush=True)
        if "output" in block.says:
            assert doctest.OutputChecker().check_output(block.text, last, FLAGS), f"{block}: printed\n{last}"
        elif block.language == "python":
            last = run_python(block, block.text, names)
        elif block.language == "diff":
            last = run_diff(block, names)
        elif block.language == "sh":
            last = run_shell(block)


if __name__ == "__main__":
    warnings.filterwarnings("error", module="tickertape")
    warnings.filterwarnings("error", message=".*tickertape")
    run(doc_blocks.blocks(Path(sys.argv[1])))
