"""record_if and the default step, compared with what they say and with tf.summary's documented rules."""

import threading

import numpy as np
import pytest
import tickertape
from support import oracle


@pytest.fixture(autouse=True)
def no_default_step():
    yield
    tickertape.set_step(None)


def calls(writer, **step):
    """One call of each kind of method."""
    writer.add_scalar("scalar", 1.0, **step)
    writer.log({"log": 1.0}, **step)
    writer.add_histogram("histogram", [1.0], **step)
    writer.add_image("image", np.zeros((3, 2, 2)), **step)
    writer.add_text("text", "x", **step)
    writer.add_tensor("tensor", [1.0], **step)
    writer.add_pr_curve("curve", [0, 1], [0.5, 0.5], **step)


TAGS = {"scalar", "log", "histogram", "image", "text/text_summary", "tensor", "curve"}


def steps(directory):
    """tag to steps of all events."""
    found = {}
    for event in oracle.logged(directory):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append(event.step)
    return found


def test_default_step_of_every_method(tmp_path, writer):
    assert tickertape.get_step() is None
    tickertape.set_step(7)
    assert tickertape.get_step() == 7
    calls(writer)
    calls(writer, global_step=None)
    calls(writer, global_step=3)
    tickertape.set_step(None)
    calls(writer)
    writer.close()
    assert steps(tmp_path / "ours") == {tag: [7, 7, 3, 0] for tag in TAGS}


def test_default_step_by_position(tmp_path, writer):
    tickertape.set_step(np.int64(9))
    writer.add_scalar("a", 1.0, None, 5.0)
    writer.add_scalar("a", 1.0, 4, 5.0)
    writer.add_scalars("s", {"x": 1.0})
    writer.close()
    assert steps(tmp_path / "ours") == {"a": [9, 4]}
    assert oracle.values(tmp_path / "ours/s_x") == [("s", 9, 1.0)]


def test_default_step_holds_in_all_threads(tmp_path, writer):
    tickertape.set_step(5)
    thread = threading.Thread(target=writer.add_scalar, args=("a", 1.0))
    thread.start()
    thread.join()
    writer.add_scalar("a", 1.0)
    writer.close()
    assert steps(tmp_path / "ours") == {"a": [5, 5]}


@pytest.mark.parametrize(
    ("step", "error"), [("x", ValueError), (1j, TypeError), (2**63, ValueError), ([], TypeError)]
)
def test_bad_default_step(step, error):
    tickertape.set_step(4)
    with pytest.raises(error, match="step"):
        tickertape.set_step(step)
    assert tickertape.get_step() == 4


@pytest.mark.parametrize("condition", [False, lambda: False, np.bool_(False), lambda: 0])
def test_nothing_is_recorded(tmp_path, writer, condition):
    with tickertape.record_if(condition):
        calls(writer, global_step=1)
        writer.add_scalar("no argument is looked at", object())
    calls(writer, global_step=2)
    writer.close()
    assert steps(tmp_path / "ours") == {tag: [2] for tag in TAGS}


@pytest.mark.parametrize("condition", [True, lambda: True, np.bool_(True)])
def test_everything_is_recorded(tmp_path, writer, condition):
    with tickertape.record_if(condition):
        calls(writer, global_step=1)
    writer.close()
    assert steps(tmp_path / "ours") == {tag: [1] for tag in TAGS}


def test_a_function_is_asked_once_a_call(tmp_path, writer):
    asked = []

    def condition():
        asked.append(tickertape.get_step())
        return asked[-1] % 2 == 0

    with tickertape.record_if(condition):
        for step in range(6):
            tickertape.set_step(step)
            writer.add_scalar("a", step)
            writer.add_images("i", np.zeros((2, 3, 2, 2)))
    writer.close()
    assert asked == [step for step in range(6) for _ in range(2)]
    assert steps(tmp_path / "ours") == {"a": [0, 2, 4], "i": [0, 2, 4]}


def test_decorator(tmp_path, writer):
    @tickertape.record_if(lambda: tickertape.get_step() == 1)
    def evaluate():
        writer.add_scalar("a", 1.0)
        return "result"

    for step in range(3):
        tickertape.set_step(step)
        assert evaluate() == "result"
    writer.close()
    assert steps(tmp_path / "ours") == {"a": [1]}


def test_the_innermost_counts(tmp_path, writer):
    with tickertape.record_if(False):
        writer.add_scalar("a", 1.0, 1)
        with tickertape.record_if(True):
            writer.add_scalar("a", 1.0, 2)
        writer.add_scalar("a", 1.0, 3)
    with pytest.raises(KeyError), tickertape.record_if(False):
        raise KeyError
    writer.add_scalar("a", 1.0, 4)
    writer.close()
    assert steps(tmp_path / "ours") == {"a": [2, 4]}


def test_other_threads_record(tmp_path, writer):
    with tickertape.record_if(False):
        thread = threading.Thread(target=writer.add_scalar, args=("a", 1.0, 1))
        thread.start()
        thread.join()
    writer.close()
    assert steps(tmp_path / "ours") == {"a": [1]}


@pytest.mark.parametrize("condition", [None, [], {}, "yes", 1])
def test_bad_condition(condition):
    with pytest.raises(TypeError, match="condition"):
        tickertape.record_if(condition)


def test_who_uses_neither_pays_nothing(run_script):
    run_script(
        """
import tickertape
from tickertape import SummaryWriter, _core
native = SummaryWriter.add_scalar
assert type(native) is type(_core.SummaryWriterBase.add_scalar)
tickertape.set_step(None)
assert SummaryWriter.add_scalar is native
tickertape.set_step(1)
assert SummaryWriter.add_scalar.__doc__ == _core.SummaryWriterBase.add_scalar.__doc__
with SummaryWriter("run") as writer:
    writer.add_scalar("a", 1.0)
    writer.close()
    writer.add_scalar("b", 1.0)
"""
    )
