"""add_scalar and add_scalars against torch's writer, over every kind of number and step."""

import decimal
import fractions
import warnings

import numpy as np
import pytest
import torch
from support import ml_dtypes_or_none, oracle

NUMBERS = {
    "int": 3,
    "float": 0.1,
    "bool": True,
    "large int": 2**70,
    "nan": float("nan"),
    "-inf": -float("inf"),
    "float16": np.float16(0.1),
    "float32": np.float32(0.1),
    "float64": np.float64(0.1),
    "longdouble": np.longdouble(0.5),
    "uint8": np.uint8(200),
    "int64": np.int64(-(2**62)),
    "numpy bool": np.bool_(1),
    "0-d array": np.array(2.5),
    "1-element array": np.array([2.5]),
    "[1, 1, 1] array": np.full((1, 1, 1), 2.5, np.float32),
    "0-d tensor": torch.tensor(0.1),
    "1-element tensor": torch.tensor([[0.1]]),
    "with gradient": torch.tensor(0.1, requires_grad=True),
    "half": torch.tensor(0.1, dtype=torch.half),
    "int tensor": torch.tensor(7),
    "bool tensor": torch.tensor(True),
    "double tensor": torch.tensor(0.1, dtype=torch.float64),
    "parameter": torch.nn.Parameter(torch.tensor(0.1)),
    "view": torch.arange(6.0).reshape(2, 3).T[1, 1],
    "numeric text": "2.5",
}


WAYS = {
    "add_scalar": lambda w, value: w.add_scalar("tag", value),
    "log": lambda w, value: w.log({"tag": value}),
    "log, nested": lambda w, value: w.log({"a": {"tag": value}}),
    "add_scalars": lambda w, value: w.add_scalars("tag", {"key": value}),
    "add_hparams": lambda w, value: w.add_hparams({}, {"tag": value}, run_name="run"),
}
ANSWERS = {
    "bytes": (b"2.5", TypeError),
    "bytearray": (bytearray(b"2.5"), TypeError),
    "numpy bytes": (np.bytes_(b"2.5"), TypeError),
    "void": (np.void(b"2.5"), TypeError),
    "text": ("2.5", 2.5),
    "numpy text": (np.str_("2.5"), 2.5),
    "0-d text": (np.array("2.5"), TypeError),
    "1-element text": (np.array(["2.5"]), TypeError),
    "text as object": (np.array("2.5", object), TypeError),
    "0-d object": (np.array(2.5, object), 2.5),
    "1-element object": (np.array([2.5], object), 2.5),
    "0-d None": (np.array(None, object), TypeError),
    "list": ([2.5], TypeError),
    "big-endian": (np.array([2.5], ">f8"), 2.5),
    "long double": (np.array([2.5], np.longdouble), 2.5),
    "Decimal": (decimal.Decimal("2.5"), 2.5),
    "complex": (np.array([2.5 + 0j]), TypeError),
    "timedelta": (np.timedelta64(3, "s"), TypeError),
    "two": (np.array([2.5, 2.5]), ValueError),
    "masked": (np.ma.masked, None),
    "masked result": (np.ma.masked_all(3).mean(), None),
    "masked element": (np.ma.array([2.5], mask=[True]), None),
    "0-d masked": (np.ma.array(2.5, mask=True), None),
    "not masked": (np.ma.array([2.5], mask=[False]), 2.5),
    "no mask": (np.ma.array([2.5]), 2.5),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ANSWERS)
def test_the_same_answer_everywhere(tmp_path, writer, name, way):
    value, expected = ANSWERS[name]
    if isinstance(expected, type):
        with pytest.raises(expected, match=r"^[a-z_]+(\[.*\])?: expected "):
            WAYS[way](writer, value)
        return
    if expected is None:  # masked
        with pytest.warns(
            RuntimeWarning, match=r"^[a-z_]+(\[.*\])?: expected a number, got a masked one.*NaN"
        ):
            WAYS[way](writer, value)
    else:
        WAYS[way](writer, value)
    writer.close()
    found = [
        entry.simple_value
        for events in oracle.tree(tmp_path / "ours").values()
        for event in events
        for entry in event.summary.value
        if entry.tag in ("tag", "a/tag")
    ]
    assert found == [pytest.approx(np.nan if expected is None else expected, nan_ok=True)]


@pytest.mark.parametrize(
    "step", [1.7, np.float32(1.7), torch.tensor(1.7), decimal.Decimal("1.7"), np.array(1.7)]
)
def test_a_fraction_of_a_step_is_said_once(tmp_path, writer, step):
    with pytest.warns(
        RuntimeWarning, match=r"^global_step: expected an integer, got 1\.7.* as 1 \(said once\)"
    ):
        writer.add_scalar("tag", 1, step)
    writer.add_scalar("tag", 2, 2.5)
    writer.log({"tag": 3}, 3.5)
    writer.add_text("text", "4", 4.5)
    writer.close()
    assert [event.step for event in oracle.logged(tmp_path / "ours")] == [1, 2, 3, 4]


def test_a_fraction_that_is_an_error_is_one_each_time(tmp_path, writer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(RuntimeWarning, match="global_step"):
                writer.add_scalar("tag", 1, 1.5)
    writer.close()
    assert oracle.logged(tmp_path / "ours") == []


@pytest.mark.parametrize("style", [{}, {"new_style": True}, {"new_style": True, "double_precision": True}])
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_as_torch(tmp_path, number, style):
    def calls(writer):
        writer.add_scalar("tag", NUMBERS[number], 5, oracle.WALLTIME, **style)

    theirs, ours = oracle.both(tmp_path, calls)
    # NaN differs from itself: compare the bytes of the messages.
    assert [event.SerializeToString() for event in ours] == [event.SerializeToString() for event in theirs]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (torch.tensor(70000.0, dtype=torch.bfloat16), 70144.0),  # torch: infinity, through float16
        (torch.tensor([0.1], dtype=torch.bfloat16), 0.10009765625),
        (decimal.Decimal("0.5"), 0.5),
        (fractions.Fraction(1, 4), 0.25),
        (ml_dtypes_or_none.scalar("bfloat16", 1.5), 1.5),
    ],
)
def test_numbers_beyond_torch(tmp_path, writer, value, expected):
    if value is None:
        pytest.skip("needs ml_dtypes")
    writer.add_scalar("tag", value, 5)
    writer.close()
    assert oracle.values(tmp_path / "ours") == [("tag", 5, expected)]


STEPS = {
    "none": None,
    "zero": 0,
    "int": 12,
    "negative": -3,
    "float": 7.0,
    "bool": True,
    "int64": np.int64(9),
    "uint8": np.uint8(255),
    "0-d array": np.array(4),
    "tensor": torch.tensor(6),
    "text": "8",
}


@pytest.mark.parametrize("step", STEPS)
def test_steps_as_torch(tmp_path, step):
    theirs, ours = oracle.both(
        tmp_path, lambda writer: writer.add_scalar("tag", 1, STEPS[step], oracle.WALLTIME)
    )
    assert ours == theirs


@pytest.mark.parametrize("walltime", [0, 1, 1.5, np.float32(2.5), np.int64(3), torch.tensor(4.5), -1.0])
def test_walltime_as_torch(tmp_path, walltime):
    theirs, ours = oracle.both(tmp_path, lambda writer: writer.add_scalar("tag", 1, 1, walltime))
    assert ours == theirs


def test_walltime_is_now_unless_given(tmp_path, writer):
    import time

    before = time.time()
    writer.add_scalar("tag", 1, 1)
    after = time.time()
    writer.close()
    (event,) = oracle.logged(tmp_path / "ours")
    assert before <= event.wall_time <= after


@pytest.mark.parametrize(
    "tag", ["", "a/b/c", "/", "täg 1", "\N{SNOWMAN}", "a\nb", "x" * 5000, "../..", "%41"]
)
def test_tags_stay_as_given(tmp_path, tag):
    theirs, ours = oracle.both(tmp_path, lambda writer: writer.add_scalar(tag, 1, 1, oracle.WALLTIME))
    assert ours == theirs
    assert ours[0].summary.value[0].tag == tag


def test_str_subclass_and_keywords(tmp_path):
    class Name(str):
        __slots__ = ()

    def calls(writer):
        writer.add_scalar(tag=Name("tag"), scalar_value=1, global_step=2, walltime=oracle.WALLTIME)
        writer.add_scalar("tag", 1, walltime=oracle.WALLTIME, global_step=3)
        writer.add_scalar(np.str_("tag"), 1, walltime=oracle.WALLTIME)

    theirs, ours = oracle.both(tmp_path, calls)
    assert ours == theirs


def test_order_of_many_calls(tmp_path):
    def calls(writer):
        for step in range(3000):
            writer.add_scalar(f"tag{step % 7}", step / 3, step, step)

    theirs, ours = oracle.both(tmp_path, calls)
    assert ours == theirs


def test_add_scalars_as_torch(tmp_path):
    def calls(writer):
        for step in range(5):
            curves = {"train": step, "val/x": torch.tensor(step / 3), "test": np.float32(step)}
            writer.add_scalars("a/loss", curves, step, oracle.WALLTIME + step)
        writer.add_scalars("other", {"train": 1}, walltime=0)
        writer.add_scalars("empty", {})

    oracle.both(tmp_path, calls)
    theirs, ours = oracle.tree(tmp_path / "torch"), oracle.tree(tmp_path / "ours")
    assert set(ours) == {".", "a_loss_train", "a_loss_val/x", "a_loss_test", "other_train"}
    assert ours == theirs


def test_add_scalars_gives_all_curves_one_time(tmp_path, writer):
    writer.add_scalars("a", {str(number): number for number in range(20)}, 1)
    writer.close()
    runs = oracle.tree(tmp_path / "ours")
    assert len({event.wall_time for events in runs.values() for event in events}) == 1


def test_add_scalars_registers_its_writers(tmp_path, writer):
    writer.add_scalars("a", {"b": 1})
    assert list(writer.all_writers) == [str(tmp_path / "ours"), str(tmp_path / "ours" / "a_b")]


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", ">f8", ">i2", "O"]
)
def test_an_array_of_one_element_is_what_numpy_says(tmp_path, writer, dtype):
    numbers = np.array([0, 1, 77, 3], dtype)
    odd = np.zeros(1, [("pad", "u1"), ("value", dtype)])["value"]  # not aligned
    odd[0] = 77
    cases = [numbers[2:3], numbers[::2][1:], numbers[2:3].reshape(()), numbers[2:3].reshape(1, 1), odd]
    if numbers.dtype.kind in "iu":
        info = np.iinfo(numbers.dtype)
        cases += [np.array([info.min], dtype), np.array(info.max, dtype)]
    for step, value in enumerate(cases):
        writer.add_scalar("tag", value, step, new_style=True, double_precision=True)
        writer.log({"log": value}, step)
    writer.close()
    found = [value for event in oracle.logged(tmp_path / "ours") for value in event.summary.value]
    expected = [float(value.item()) for value in cases]
    assert [value.tensor.double_val[0] for value in found[::2]] == expected
    assert [value.simple_value for value in found[1::2]] == [float(np.float32(x)) for x in expected]


@pytest.mark.parametrize(
    "value",
    [np.zeros(0), np.zeros(2), np.array(1j), np.array("x"), np.array(None), torch.zeros(2), torch.tensor(1j)],
)
def test_what_is_no_single_number_is_refused(tmp_path, writer, value):
    for log in (lambda: writer.add_scalar("tag", value), lambda: writer.log({"tag": value})):
        with pytest.raises((TypeError, ValueError), match=r"scalar_value|values"):
            log()
    writer.close()
    assert oracle.values(tmp_path / "ours") == []
