"""Serves one run with everything by the real TensorBoard, with each of its two loaders and with ours, to a real browser."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import everything
import pytest

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
START_SECS = 90  # on two busy cores; TensorBoard imports for most of it
# The runs of everything.py that the scalars come from.
RUNS = {
    "digits",
    "digits/loss_both_train",
    "digits/loss_both_validation",
    *(f"sweep/run{n}" for n in range(3)),
}


@pytest.fixture(scope="session")
def logdir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs")
    everything.write(directory)
    return directory


class Server:
    """A running TensorBoard; `url` ends with a slash."""

    def __init__(self, url, loader):
        self.url = url
        self.loader = loader

    def fetch(self, path, **query):
        """The body of an answer."""
        question = "?" + urllib.parse.urlencode(query) if query else ""
        with urllib.request.urlopen(self.url + "data/" + path + question, timeout=30) as answer:
            return answer.read()

    def json(self, path, **query):
        return json.loads(self.fetch(path, **query))

    def post(self, path, body):
        request = urllib.request.Request(
            self.url + "data/" + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="session", params=["fast", "slow", "ours"])
def server(request, logdir, tmp_path_factory):
    """TensorBoard with --load_fast true (its Rust server), false, and true with our data server."""
    log = tmp_path_factory.mktemp("server") / "log"
    fast = "false" if request.param == "slow" else "true"
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--host", "127.0.0.1"]
    command += ["--port", "0", "--load_fast", fast, "--reload_interval", "1"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment() | reader(request.param)
        )
    try:
        url = until(lambda: re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()), process, log).group()
        started = Server(url, request.param)
        until(lambda: set(started.json("runs")) >= RUNS, process, log)
        # The projector looks for its files on a thread.
        until(lambda: started.json("plugins_listing")["projector"]["enabled"], process, log)
        yield started
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def reader(loader):
    """What makes TensorBoard start our data server in place of its own."""
    ours = Path(sys.executable).with_name("tickertape-data-server")
    return {"TENSORBOARD_DATA_SERVER_BINARY": str(ours)} if loader == "ours" else {}


def environment():
    """Without what some machines set to send requests elsewhere."""
    return {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


def until(condition, process, log):
    """What `condition` returns, once it is true. A server that has ended, or takes too long, shows its log."""
    deadline = time.monotonic() + START_SECS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            found = condition()
        except (urllib.error.URLError, ConnectionError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"TensorBoard did not get there:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser():
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs chromium (apt-get install chromium), or CHROMIUM=<path>")
    sync_api = pytest.importorskip("playwright.sync_api")
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ]
    flags += ["--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader"]
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, headless=True, args=flags, env=environment()
        )
        yield launched
        launched.close()


class Errors(list):
    """What a page complained about."""

    def watch(self, page):
        page.on("console", lambda message: self.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("requestfailed", lambda request: self.append(f"{request.url}: {request.failure}"))


@pytest.fixture
def page(browser, server):
    """A fresh page. The test fails where it complains of anything."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    opened = context.new_page()
    opened.set_default_timeout(45_000)
    errors = Errors()
    errors.watch(opened)
    yield opened
    context.close()
    assert not errors, errors
