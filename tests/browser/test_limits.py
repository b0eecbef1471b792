"""Limits of docs/what-tensorboard-shows.md that only the browser knows."""

import base64
import io
import json
import struct
import wave
import zlib

import pytest

LOADED = """url => new Promise(done => {
    const made = Object.assign(document.createElement(%r), {onerror: () => done(false)});
    made[%r] = () => done(true);
    made.src = url;
})"""


@pytest.fixture(scope="module")
def blank(browser):
    """A page of no server."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def url(kind, content):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize(("rate", "plays"), [(2999, False), (3000, True), (768_000, True), (768_001, False)])
def test_rates_of_sounds(blank, rate, plays):
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(4000))
    assert blank.evaluate(LOADED % ("audio", "onloadedmetadata"), url("audio/wav", file.getvalue())) == plays


def png(width, height):
    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(width + 1) * height, 1))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "is_shown"),
    [((1_000_000, 1), True), ((1_000_001, 1), False), ((1, 1_000_001), False), ((30_000, 17_896), False)],
)
def test_sizes_of_pictures(blank, size, is_shown):
    assert blank.evaluate(LOADED % ("img", "onload"), url("image/png", png(*size))) == is_shown


@pytest.mark.parametrize(
    ("tag", "is_shown"),
    [
        ("a", True),
        ("", True),
        ("x/constructor", True),
        ("#?%/ <b>", True),
        ("constructor", False),
        ("__proto__/x", False),
    ],
)
def test_tags_that_empty_the_page(browser, server, tag, is_shown):
    """The page is told that this is the only tag."""
    context = browser.new_context()
    page = context.new_page()
    errors = []
    page.on("console", lambda message: errors.append(message.text) if "TypeError" in message.text else None)
    tags = json.dumps({"digits": {tag: {"displayName": tag, "description": ""}}})
    page.route(
        "**/data/plugin/scalars/tags*",
        lambda route: route.fulfill(content_type="application/json", body=tags),
    )
    page.goto(f"{server.url}#scalars")
    if is_shown:
        page.locator("tf-scalar-card").first.wait_for(state="attached", timeout=45_000)
        assert not errors
    else:
        page.wait_for_event(
            "console", lambda message: "TypeError" in message.text, timeout=45_000
        ) if not errors else None
        assert page.locator("tf-scalar-card").count() == 0
    context.close()
