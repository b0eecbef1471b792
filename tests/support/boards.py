"""The real `tensorboard` command with Tickertape's data server, and requests to it."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

DATA_SERVER = Path(sys.executable).with_name("tickertape-data-server")
_START_SECS = 120  # on busy cores; TensorBoard imports for most of it


@contextlib.contextmanager
def started(directory, *arguments, python=sys.executable, data_server=DATA_SERVER):
    """The URL of a TensorBoard whose data server is ours; it is ended behind the block."""
    log = directory.parent / f"{directory.name}.board.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [python, "-m", "tensorboard.main", "--logdir", str(directory), "--port", "0", "--load_fast", "true",
             *arguments],
            env=os.environ | {"TENSORBOARD_DATA_SERVER_BINARY": str(data_server), "PYTHONWARNINGS": "ignore"},
            stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        yield _url(process, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _url(process, log):
    end = time.monotonic() + _START_SECS
    while True:
        found = re.search(r"(http://\S+?)/? ", log.read_text())
        if found:
            return found[1]
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def fetch(url, path, **query):
    """The body of an answer below /data."""
    question = "?" + urllib.parse.urlencode(query) if query else ""
    with urllib.request.urlopen(f"{url}/data/{path}{question}", timeout=60) as answer:
        return answer.read()


def as_json(url, path, **query):
    return json.loads(fetch(url, path, **query))
