"""add_custom_scalars and its shorthands against torch's writer and tensorboardX's."""

import collections

import pytest
import tensorboardX
from support import oracle

LAYOUT = {
    "Taiwan": {"twse": ["Multiline", ["twse/0050", "twse/2330"]]},
    "USA": {
        "dow": ["Margin", ["dow/aaa", "dow/bbb", "dow/ccc"]],
        "nasdaq": ["Margin", ["nasdaq/aaa", "nasdaq/bbb", "nasdaq/ccc"]],
    },
    "": {"": ["Multiline", ["ü", ""]]},
    "empty": {},
}


def without_times(events):
    for event in events:
        event.wall_time = 0
    return events


CALLS = {
    "layout": lambda writer: writer.add_custom_scalars(LAYOUT),
    "empty layout": lambda writer: writer.add_custom_scalars({}),
    "tuples": lambda writer: writer.add_custom_scalars(
        collections.OrderedDict(a={"b": ("Multiline", ("c", "d"))})
    ),
    "multiline": lambda writer: writer.add_custom_scalars_multilinechart(["a", "b"]),
    "multiline named": lambda writer: writer.add_custom_scalars_multilinechart(["a"], "category", "title"),
    "margin": lambda writer: writer.add_custom_scalars_marginchart(["a", "b", "c"]),
    "margin named": lambda writer: writer.add_custom_scalars_marginchart(
        ["a", "b", "c"], category="x", title="y"
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_as_torch_and_tensorboardx(tmp_path, name):
    theirs, ours = oracle.both(tmp_path, CALLS[name])
    with tensorboardX.SummaryWriter(str(tmp_path / "x")) as writer:
        CALLS[name](writer)
    assert without_times(ours) == without_times(theirs)
    (event,) = without_times(oracle.load(oracle.event_files(tmp_path / "x")[0])[1:])
    assert [event] == ours


def test_types_in_any_case(tmp_path, writer):
    """torch takes "margin" for lines, and anything else too."""
    writer.add_custom_scalars({"a": {"b": ["margin", ["x", "y", "z"]]}})
    writer.add_custom_scalars({"a": {"b": ["Margin", ["x", "y", "z"]]}})
    writer.close()
    first, second = oracle.logged(tmp_path / "ours")
    assert first.summary == second.summary
