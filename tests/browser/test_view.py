"""`tickertape view` in real Chromium: TensorBoard on our reader draws the charts of what was logged."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ARTIFACTS, RUNS, Errors, Server, environment, until
from test_dashboards import DASHBOARDS, settled

COMMAND = Path(sys.executable).with_name("tickertape")


@pytest.fixture(scope="module")
def view(logdir, tmp_path_factory):
    log = tmp_path_factory.mktemp("view") / "log"
    with log.open("w") as output:
        command = [COMMAND, "view", logdir, "--no-open", "--port", "0", "--", "--host", "127.0.0.1"]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment())
    try:
        url = until(lambda: re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()), process, log).group()
        started = Server(url, "view")
        until(lambda: set(started.json("runs")) >= RUNS, process, log)
        # The projector looks for its files on a thread.
        until(lambda: started.json("plugins_listing")["projector"]["enabled"], process, log)
        yield started
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("name", ["scalars", "timeseries", "images", "histograms"])
def test_charts(browser, view, name):
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(45_000)
    errors = Errors()
    errors.watch(page)
    texts, elements = DASHBOARDS[name]
    page.goto(f"{view.url}#{name}")
    for text in texts:
        page.get_by_text(text).first.wait_for()
    for selector, count in elements.items():
        page.locator(selector).nth(count - 1).wait_for(state="attached")
    pixels = settled(page)
    (ARTIFACTS / "view").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / "view" / f"{name}.png")
    context.close()
    assert not errors, errors
    assert np.std(pixels[100:, 460:1150]) > 2
