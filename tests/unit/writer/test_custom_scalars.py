"""add_custom_scalars and its shorthands against torch's writer and tensorboardX's."""

import collections
import json

import pytest
import tensorboardX
from support import oracle, plugins
from tensorboard.context import RequestContext
from tickertape.writer import SummaryWriter

LAYOUT = {
    "Taiwan": {"twse": ["Multiline", ["twse/0050", "twse/2330"]]},
    "USA": {
        "dow": ["Margin", ["dow/aaa", "dow/bbb", "dow/ccc"]],
        "nasdaq": ["Margin", ["nasdaq/aaa", "nasdaq/bbb", "nasdaq/ccc"]],
    },
    "": {"": ["Multiline", ["ü"]]},
    "empty": {},
}


def without_times(events):
    for event in events:
        event.wall_time = 0
    return events


CALLS = {
    "layout": lambda writer: writer.add_custom_scalars(LAYOUT),
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


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("loss", ["loss", "loss (train)"]),  # TensorBoard asks how a tag begins
        ("loss (train)", ["loss (train)"]),
        ("a[0]", ["a0", "a[0]"]),  # as a pattern, and as it is
        ("c++", ["c++"]),
        ("open(", ["open("]),
        ("^(loss|c)", ["loss", "loss (train)", "c++"]),
        ("what?", ["what?"]),
    ],
)
def test_tags_that_are_no_pattern_of_themselves(tmp_path, tag, found):
    """TensorBoard takes a line's tag for a regular expression; with torch's writer such a chart is empty."""
    tags = ["loss", "loss (train)", "a[0]", "a0", "c++", "open(", "what?"]
    with SummaryWriter(tmp_path) as writer:
        for name in tags:
            writer.add_scalar(name, 1, 1)
        writer.add_custom_scalars({"category": {"chart": ["Multiline", [tag]]}})
    assert served(tmp_path) == sorted(found)


def served(directory):
    """The tags of the only chart, by TensorBoard's own plugin."""
    plugin = plugins.on(directory, plugins.CustomScalarsPlugin)
    (chart,) = json.loads(plugin.layout_impl(RequestContext(), ""))["category"][0]["chart"]
    (pattern,) = chart["multiline"]["tag"]
    answer = plugin.scalars_impl(RequestContext(), ".", f"({pattern})", "")
    assert answer["regex_valid"]
    return sorted(answer["tag_to_events"])


def test_types_in_any_case(tmp_path, writer):
    """torch takes "margin" for lines, and anything else too."""
    writer.add_custom_scalars({"a": {"b": ["margin", ["x", "y", "z"]]}})
    writer.add_custom_scalars({"a": {"b": ["Margin", ["x", "y", "z"]]}})
    writer.close()
    first, second = oracle.logged(tmp_path / "ours")
    assert first.summary == second.summary
