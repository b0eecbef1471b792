"""record_if and the default step, compared with what they say and with tf.summary's documented rules."""

import asyncio
import contextlib
import contextvars
import inspect
import threading

import numpy as np
import pytest
import tickertape
from support import oracle
from tickertape import _core


@pytest.fixture(autouse=True)
def no_default_step():
    yield
    tickertape.set_step(None)
    assert not _core.is_gated


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


def public_methods():
    return [
        name for name in dir(tickertape.SummaryWriter) if name.startswith("add_") or name in ("log", "write")
    ]


@pytest.mark.parametrize("name", public_methods())
def test_every_method_asks_the_condition_before_it_looks_at_an_argument(tmp_path, writer, name):
    method = getattr(writer, name)
    required = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
    with tickertape.record_if(False):
        assert method(*[object() for _ in required]) is None
    writer.close()
    assert oracle.logged(tmp_path / "ours") == []


def test_every_method_takes_the_default_step(tmp_path, writer):
    """Those that have a step, that is; each writes to the run of the writer, or to a run or directory below it."""
    picture, numbers = np.zeros((3, 2, 2)), [0.5]
    all_calls = {
        "add_scalars": ("s", {"x": 1.0}),
        "add_histogram_raw": ("raw", 0, 1, 1, 1, 1, [1.0], [1.0]),
        "add_images": ("images", picture[None]),
        "add_image_with_boxes": ("boxes", picture, [[0, 0, 1, 1]]),
        "add_figure": ("figure", figure()),
        "add_video": ("video", picture[None, None]),
        "add_audio": ("audio", np.zeros(10)),
        "add_pr_curve_raw": ("curve_raw", *[numbers] * 6, None, 1),
        "add_mesh": ("mesh", np.zeros((1, 3, 3))),
        "add_hparams": ({"lr": 0.1}, {"loss": 1.0}, None, "hparams"),
        "add_embedding": (np.eye(2),),
        "write": ("write", numbers),
    }
    with_step = {
        n for n in public_methods() if "global_step" in inspect.signature(getattr(writer, n)).parameters
    }
    told = ("scalar", "histogram", "image", "text", "tensor", "pr_curve")  # calls()
    assert with_step == {*all_calls, *(f"add_{name}" for name in told), "log"}
    tickertape.set_step(7)
    calls(writer)
    for name, arguments in all_calls.items():
        getattr(writer, name)(*arguments)
    writer.close()
    found = {tag: at for run in ("", "s_x", "hparams") for tag, at in steps(tmp_path / "ours" / run).items()}
    assert len(found) > len(TAGS) + len(all_calls) - 2
    assert {step for at in found.values() for step in at} == {7}
    assert (tmp_path / "ours/00007/default/tensors.tsv").is_file()


def figure():
    from matplotlib.figure import Figure

    return Figure(figsize=(1, 1), dpi=10)


def test_a_task_that_outlives_the_block_records(tmp_path, writer):
    """It inherited the condition, which has ended: the same whether or not another block is running meanwhile."""

    async def run(outer):
        left = asyncio.Event()

        async def work():
            writer.add_scalar("inside", 1.0, 1)
            await left.wait()
            writer.add_scalar("outside", 1.0, 2)

        with tickertape.record_if(False):
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
        with outer:
            left.set()
            await task

    asyncio.run(run(contextlib.nullcontext()))
    asyncio.run(run(tickertape.record_if(True)))
    writer.close()
    assert steps(tmp_path / "ours") == {"outside": [2, 2]}


def test_a_block_that_is_left_in_another_context(tmp_path, writer):
    def block():
        with tickertape.record_if(False):
            yield

    generator = block()
    contextvars.copy_context().run(next, generator)
    assert _core.is_gated
    contextvars.copy_context().run(generator.close)
    assert not _core.is_gated
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    assert steps(tmp_path / "ours") == {"a": [1]}


def test_many_threads_leave_the_gate_clear(tmp_path, writer):
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        for step in range(200):
            with tickertape.record_if(step % 2 == 0):
                writer.add_scalar(str(number), 1.0, step)
            with writer.use_metadata(walltime=1.0):
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not _core.is_gated
    writer.close()
    assert steps(tmp_path / "ours") == {str(number): list(range(0, 200, 2)) for number in range(8)}


def test_an_error_of_the_condition_reaches_the_caller(writer):
    def condition():
        raise KeyError("mine")

    with tickertape.record_if(condition):
        for call in (lambda: writer.add_scalar("a", 1.0), lambda: writer.add_text("a", "b")):
            with pytest.raises(KeyError, match="mine"):
                call()


def test_a_condition_may_log_and_close(tmp_path, writer):
    asked = []

    def condition():
        asked.append(len(asked))
        if len(asked) == 1:
            writer.add_scalar("from the condition", 1.0, 1)  # asks again
            writer.close()
        return True

    with tickertape.record_if(condition):
        writer.add_scalar("a", 1.0, 2)
    writer.close()
    assert asked == [0, 1]
    files = oracle.event_files(tmp_path / "ours")
    assert [[event.step for event in oracle.load(path)[1:]] for path in files] == [[1], [2]]


def test_nothing_is_left_behind(run_script):
    """What was used and has ended costs nothing: every class is as it was, and the gate is clear."""
    run_script(
        """
import tickertape
from tickertape import FileWriter, SummaryWriter, _core

def members():
    classes = {*SummaryWriter.__mro__, *FileWriter.__mro__, _core.EventFileWriter}
    return {(cls, name): id(member) for cls in classes for name, member in list(vars(cls).items())}

with SummaryWriter("run") as writer:
    writer.add_scalar("a", 1.0)
    before = members()
    assert not _core.is_gated
    with SummaryWriter("null", write_to_disk=False) as null:
        null.add_scalar("a", 1.0)
    tickertape.set_step(None)
    assert not _core.is_gated
    tickertape.set_step(1)
    assert _core.is_gated
    tickertape.set_step(2)
    tickertape.set_step(None)
    assert not _core.is_gated
    with tickertape.record_if(lambda: True), writer.use_metadata(global_step=3):
        assert _core.is_gated
        writer.add_scalar("a", 1.0)
    assert not _core.is_gated
    assert members() == before
"""
    )
