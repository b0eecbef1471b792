"""log(): many scalars of one step in one Event, read back with TensorBoard's loader."""

import numpy as np
import pytest
import torch
from support import oracle
from tickertape import SummaryWriter


def test_one_event_holds_all_values(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.log({"loss": 0.5, "accuracy": 0.75}, 3, walltime=12.5)
    (event,) = oracle.logged(tmp_path)
    assert (event.step, event.wall_time) == (3, 12.5)
    assert [(v.tag, v.simple_value) for v in event.summary.value] == [("loss", 0.5), ("accuracy", 0.75)]


def test_nested_dicts_join_with_slashes(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.log({"train": {"loss": 1, "by": {"class": np.float32(2)}}, "lr": torch.tensor(3.0)}, 1)
    (event,) = oracle.logged(tmp_path)
    assert [(v.tag, v.simple_value) for v in event.summary.value] == [
        ("train/loss", 1.0),
        ("train/by/class", 2.0),
        ("lr", 3.0),
    ]


def test_every_type_that_add_scalar_takes(tmp_path):
    values = {
        "bool": True,
        "text": "1.5",
        "one": np.ones((1, 1)),
        "half": torch.tensor([2.0], dtype=torch.bfloat16),
    }
    with SummaryWriter(tmp_path) as writer:
        writer.log(values)
    (event,) = oracle.logged(tmp_path)
    assert [v.simple_value for v in event.summary.value] == [1.0, 1.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("values", "error", "name"),
    [
        ({}, ValueError, "values"),
        ({"a": 1.0, "b": None}, TypeError, r"values\['b'\]"),
        ({"a": 1.0, "b": {"c": [1, 2]}}, TypeError, r"values\['b/c'\]"),
        ({"a": "x"}, ValueError, r"values\['a'\]"),
        ({"a": np.zeros(2)}, ValueError, r"values\['a'\]"),
        ({1: 2.0}, TypeError, "values"),
        ({"\ud800": 1.0}, ValueError, "tag"),
        ([("a", 1.0)], TypeError, "values"),
        (None, TypeError, "values"),
    ],
)
def test_bad_values_write_nothing(tmp_path, values, error, name):
    with SummaryWriter(tmp_path) as writer:
        writer.log({"before": 1.0}, 1)
        with pytest.raises(error, match=name):
            writer.log(values, 2)
        with pytest.raises(ValueError, match="global_step"):
            writer.log({"a": 1.0}, 2**63)
        with pytest.raises(TypeError, match="walltime"):
            writer.log({"a": 1.0}, 2, walltime=[])
        writer.log({"after": 1.0}, 3)
    assert [event.step for event in oracle.logged(tmp_path)] == [1, 3]


def test_a_value_beyond_float32_is_stored_as_inf_with_a_warning(tmp_path):
    with SummaryWriter(tmp_path) as writer, pytest.warns(RuntimeWarning, match="float32"):
        writer.log({"a": 1e39})
    (event,) = oracle.logged(tmp_path)
    assert event.summary.value[0].simple_value == float("inf")


def test_a_dict_that_changes_while_it_is_read_does_no_harm(tmp_path):
    values = {}

    class Clearing:
        def __float__(self):
            values.clear()
            return 2.0

    values.update({"first": 1.0, "clearing": Clearing(), "last": 3.0})
    with SummaryWriter(tmp_path) as writer:
        writer.log(values, 1)
    (event,) = oracle.logged(tmp_path)
    assert [v.tag for v in event.summary.value] == ["first", "clearing", "last"]


def test_log_after_close_goes_on_in_a_new_file(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.log({"a": 1.0}, 1)
    writer.close()
    writer.log({"a": 2.0}, 2)
    writer.close()
    assert len(list(tmp_path.glob("events.*"))) == 2


def test_a_value_that_logs_while_it_is_converted(tmp_path):
    with SummaryWriter(tmp_path) as writer:

        class Logging:
            def __float__(self):
                writer.log({f"inner{i}": float(i) for i in range(30)}, 1)
                return 2.0

        for _ in range(3):
            writer.log({"first": 1.0, "logging": Logging(), "last": 3}, 2)
    events = oracle.logged(tmp_path)
    assert [event.step for event in events] == [1, 2] * 3
    for event in events[::2]:
        assert [v.simple_value for v in event.summary.value] == [float(i) for i in range(30)]
    for event in events[1::2]:
        assert [(v.tag, v.simple_value) for v in event.summary.value] == [
            ("first", 1.0),
            ("logging", 2.0),
            ("last", 3.0),
        ]


@pytest.mark.parametrize(
    "value", [3, True, np.float64(0.25), np.float32(0.25), np.int8(-3), np.array(0.25), np.bool_(1)]
)
def test_numbers_beside_floats_keep_their_order(tmp_path, value):
    with SummaryWriter(tmp_path) as writer:
        writer.log({"a": 1.0, "b": value, "c": 2.0}, 1)
        with pytest.raises(ValueError, match=r"values\['b'\]"):
            writer.log({"a": 1.0, "b": 10**400}, 2)
    (event,) = oracle.logged(tmp_path)
    assert [v.simple_value for v in event.summary.value] == [1.0, float(value), 2.0]
