"""What a newcomer sees: `tickertape demo`, then `tickertape view` on its log. The README has a picture of this page."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from conftest import ARTIFACTS, Errors, Server, environment, until
from test_dashboards import settled

COMMAND = Path(sys.executable).with_name("tickertape")
TAGS = "^(accuracy|loss|batch/loss|confusion|digits/misc|weights/layer0/w)"  # six cards: three kinds of data


def test_the_demos_curves_and_pictures(browser, tmp_path):
    runs = tmp_path / "runs"
    subprocess.run(
        [COMMAND, "demo", "--log-dir", runs / "demo"], check=True, capture_output=True, timeout=240
    )
    log = tmp_path / "log"
    with log.open("w") as output:
        command = [COMMAND, "view", runs, "--no-open", "--port", "0", "--", "--host", "127.0.0.1"]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment())
    try:
        url = until(lambda: re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()), process, log).group()
        until(lambda: "demo/loss_validation" in Server(url, "view").json("runs"), process, log)
        context = browser.new_context(viewport={"width": 1400, "height": 960})
        page = context.new_page()
        page.set_default_timeout(45_000)
        errors = Errors()
        errors.watch(page)
        page.goto(f"{url}#timeseries")
        page.get_by_role("combobox", name="Filter tags (regex)").fill(TAGS)
        page.get_by_role("button", name="Close side pane").click()
        page.locator("metrics-filtered-view-component").get_by_text("6 cards").wait_for()
        for card, count in (("scalar-card", 3), ("image-card img", 2), ("histogram-card", 1)):
            page.locator(card).nth(count - 1).wait_for(state="attached")
        pixels = settled(page)
        (ARTIFACTS / "demo").mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTIFACTS / "demo" / "timeseries.png")
        context.close()
    finally:
        process.terminate()
        process.wait(30)
    assert not errors, errors
    assert np.std(pixels[100:, 460:1150]) > 2
