"""Warnings that are found after the call: tag and step in the text, the line of the call on that tag, nothing lost."""

import itertools
import os
import warnings

import numpy as np
import pytest
import tickertape
from support import oracle

NAN = np.array([np.nan, 1.0])
BRIGHT = np.full((3, 4, 4), 200.0, np.float32)
LATE = {  # what the pool finds out: the call, and what is said of it
    "histogram": (lambda w, tag, step: w.add_histogram(tag, NAN, step), "left out 1 NaN"),
    "image": (lambda w, tag, step: w.add_image(tag, BRIGHT, step), "floats from 0 to 1"),
    "NaN pixels": (lambda w, tag, step: w.add_image(tag, BRIGHT * np.nan, step), "got NaN"),
    "video": (lambda w, tag, step: w.add_video(tag, BRIGHT[None, None], step), "floats from 0 to 1"),
}


def wait_until_written():
    """Without flush(), which would warn."""
    while tickertape.stats()["events_queued"]:
        os.sched_yield()


def log_what_is_told_late(writer, add, step):
    """The tag that was used. Most often the call returns before the pool has found anything; otherwise another tag is tried."""
    for number in itertools.count():
        tag = f"late{number}"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            add(writer, tag, step)
        if not caught:
            wait_until_written()
            return tag
    return None


def unrelated_calls(writer, directory):
    writer.add_scalar("loss", 1.0, 1)
    writer.add_scalar("loss", np.float32(1), 2, 3.0)
    writer.log({"loss": 1.0}, 3)
    writer.add_scalars("losses", {"a": 1.0}, 3)
    writer.add_histogram("weights", np.ones(3), 3)
    writer.add_text("note", "text", 3)
    tickertape.SummaryWriter(directory / "another").add_scalar("loss", 1.0)


@pytest.mark.parametrize("name", LATE)
def test_the_next_call_on_the_tag_warns_and_no_other(writer, tmp_path, name):
    add, says = LATE[name]
    tag = log_what_is_told_late(writer, add, 7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unrelated_calls(writer, tmp_path)
    with pytest.warns(
        RuntimeWarning, match=rf"'{tag}' at step 7: .*{says}.*said once for this tag"
    ) as caught:
        add(writer, tag, 8)
    assert [(warning.filename, warning.lineno) for warning in caught] == [
        (__file__, add.__code__.co_firstlineno)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.flush()  # the second finding of the tag is not told again


@pytest.mark.parametrize("end", ["flush", "sync", "close"])
def test_flush_and_close_warn_of_every_tag(writer, end):
    first = log_what_is_told_late(writer, LATE["histogram"][0], 1)
    second = log_what_is_told_late(writer, lambda w, tag, step: w.add_histogram(f"other/{tag}", NAN, step), 2)
    with pytest.warns(RuntimeWarning) as caught:
        getattr(writer, end)()
    assert [str(warning.message).partition(":")[0] for warning in caught] == [
        f"histogram '{first}' at step 1",
        f"histogram 'other/{second}' at step 2",
    ]
    assert {warning.filename for warning in caught} == {__file__}


def test_a_warning_that_is_an_error_loses_nothing(writer, tmp_path):
    tag = log_what_is_told_late(writer, LATE["histogram"][0], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.add_scalar("loss", 1.0, 2)
        with pytest.raises(RuntimeWarning, match=f"'{tag}' at step 1"):
            writer.add_histogram(tag, np.ones(3), 3)
        writer.add_histogram(tag, np.ones(3), 4)
        writer.flush()
    found = [(name, step) for name, step, _ in oracle.values(tmp_path / "ours")]
    assert found[-4:] == [(tag, 1), ("loss", 2), (tag, 3), (tag, 4)]


def test_the_same_tag_of_another_writer_is_another_tag(writer, tmp_path):
    tag = log_what_is_told_late(writer, LATE["histogram"][0], 1)
    with tickertape.SummaryWriter(tmp_path / "other") as other, warnings.catch_warnings():
        warnings.simplefilter("error")
        other.add_histogram(tag, np.ones(3), 1)
        with pytest.raises(RuntimeWarning, match=f"'{tag}' at step 1"):
            writer.add_histogram(tag, np.ones(3), 2)


@pytest.mark.parametrize(
    ("add", "says"),
    [
        (lambda w: w.add_scalar("a", 1e39, 5), r"^scalar_value: expected a number within float32, got 1e\+39 of 'a' at step 5,"),
        (lambda w: w.log({"b": 1.0, "a": 1e39}, 5), r"^values\['a'\]: expected a number within float32, got 1e\+39 at step 5,"),
        (lambda w: w.add_audio("a", np.array([2.0, 0.0]), 5), r"^snd_tensor: expected samples within \[-1, 1\], got others in 'a' at step 5"),
    ],
)  # fmt: skip
def test_what_the_call_itself_finds_has_tag_and_step_too(writer, add, says):
    with pytest.warns(RuntimeWarning if "samples" not in says else UserWarning, match=says):
        add(writer)
