"""The real `tensorboard` command in a process of its own, by default with Tickertape's data server."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from support.endpoints import Endpoints

DATA_SERVER = Path(sys.executable).with_name("tickertape-data-server")
_START_SECS = 120  # on busy cores; TensorBoard imports for most of it


class Board(Endpoints):
    """A TensorBoard that listens at `url`."""

    def __init__(self, url):
        self.url = url

    def send(self, target, data=None, content_type=None):
        """Over HTTP."""
        headers = {} if content_type is None else {"Content-Type": content_type}
        request = urllib.request.Request(self.url + target, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.headers.get("Content-Type", ""), response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get("Content-Type", ""), error.read()


@contextlib.contextmanager
def started(directory, *arguments, python=sys.executable, is_plain=False, log=None):
    """A TensorBoard on the data server of its environment, or on its own loader; it is ended behind the block.

    What it prints is in the file `log`, by default beside the directory.
    """
    data_server = Path(python).with_name(DATA_SERVER.name)
    log = log or directory.parent / f"{directory.name}.{'plain' if is_plain else 'ours'}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [python, "-m", "tensorboard.main", "--logdir", str(directory), "--port", "0",
             "--load_fast", "false" if is_plain else "true", *arguments],
            env=os.environ | {"TENSORBOARD_DATA_SERVER_BINARY": str(data_server), "PYTHONWARNINGS": "ignore"},
            stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        yield Board(_url(process, log))
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
