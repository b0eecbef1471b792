"""What the pages of charts, graphs and points cannot show warns once, or raises; TensorBoard's own plugins show that it is so."""

import json

import numpy as np
import pytest
import torch
from support import plugins
from support.told import quiet, told
from tensorboard.context import RequestContext
from tickertape.writer import SummaryWriter, hparams

RNG = np.random.default_rng(9)


# --- Histograms and curves


def test_histograms_beyond_float32(tmp_path, writer):
    told(
        lambda: writer.add_histogram_raw("t", 0, 1e39, 2, 1, 1, [0.0, 1e39], [1, 1]),
        r"^min, max: expected numbers up to 3.4e\+38, got 1e\+39; .*'t'",
    )
    with pytest.warns(UserWarning, match="^bucket_limits: expected numbers up to"):
        writer.add_histogram_raw("u", 0, 1, 3, 1, 1, [0.0, 1e300, 1e301], [1, 1, 1])
    with pytest.warns(UserWarning, match="^bins: expected numbers up to"):
        writer.add_histogram("v", [1.0, 1e300], bins=[0.0, 1e299, 1e301])
    writer.close()
    with np.errstate(over="ignore"):
        served = plugins.on(tmp_path / "ours", plugins.HistogramsPlugin)
    events, _ = served.histograms_impl(RequestContext(), "t", ".", "")
    assert not np.isfinite(events[0][2]).all()


def test_histograms_as_tensorflow_writes_them(writer):
    most = np.finfo(np.float64).max
    quiet(lambda: writer.add_histogram_raw("t", 0, 1, 2, 1, 1, [0.5, most], [1, 1]))


def curve(directory):
    answer = plugins.on(directory, plugins.PrCurvesPlugin).pr_curves_impl(RequestContext(), "", ["."], "t")
    return answer["."][0]


def test_weights_that_the_page_cuts(tmp_path, writer):
    labels, predictions = RNG.integers(0, 2, 100), RNG.uniform(size=100)
    weights = np.full(100, 0.01)
    told(
        lambda: writer.add_pr_curve("t", labels, predictions, weights=weights),
        r"^weights: expected a sum of at least 10, got 1; .*'t'",
    )
    writer.close()
    assert len(curve(tmp_path / "ours")["thresholds"]) < 10


@pytest.mark.parametrize("weights", [0.5, np.full(100, 0.1001), np.arange(100), None])
def test_weights_that_the_page_shows(tmp_path, writer, weights):
    labels, predictions = RNG.integers(0, 2, 100), RNG.uniform(size=100)
    quiet(lambda: writer.add_pr_curve("t", labels, predictions, weights=weights))
    writer.close()
    assert len(curve(tmp_path / "ours")["thresholds"]) > 100


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_counts_that_the_page_fails_on(tmp_path, writer, bad):
    good = [[1.0, 0.5]] * 5
    for at, name in enumerate(("true_positive", "false_positive", "true_negative", "false_negative")):
        rows = [*good[:at], [1.0, bad], *good[at:]]
        with pytest.raises(ValueError, match=rf"^{name}_counts: expected finite numbers"):
            writer.add_pr_curve_raw("t", *rows)
    writer.write("t", np.full((6, 2), bad, np.float32), pr_metadata())
    writer.close()
    with pytest.raises((ValueError, OverflowError)), np.errstate(invalid="ignore"):
        curve(tmp_path / "ours")


def pr_metadata():
    from tensorboard.plugins.pr_curve import metadata

    return metadata.create_summary_metadata("t", "", 2)


# --- Custom scalars


def test_an_empty_tag_in_a_layout(tmp_path, writer):
    for tags in ([""], ["loss", ""]):
        with pytest.raises(ValueError, match=r"expected tags, got an empty one"):
            writer.add_custom_scalars({"a": {"b": ["Multiline", tags]}})
    with pytest.raises(ValueError, match=r"^tags: expected tags, got an empty one"):
        writer.add_custom_scalars_marginchart(["a", "", "b"])
    writer.add_scalar("any", 1.0)
    writer.close()
    served = plugins.on(tmp_path / "ours", plugins.CustomScalarsPlugin)
    assert not served.scalars_impl(RequestContext(), ".", "", "")["regex_valid"]
    assert list(served.scalars_impl(RequestContext(), ".", "(loss)|()", "")["tag_to_events"]) == ["any"]


def test_a_second_layout_replaces_the_first(tmp_path, writer):
    for _ in range(2):
        quiet(lambda: writer.add_custom_scalars_multilinechart(["a"], title="first"))
    told(
        lambda: writer.add_custom_scalars_multilinechart(["b"], title="second"),
        "^layout: expected one layout in a run",
    )
    writer.close()
    shown = plugins.on(tmp_path / "ours", plugins.CustomScalarsPlugin).layout_impl(RequestContext(), "")
    assert ("first" in shown, "second" in shown) == (False, True)


@pytest.mark.parametrize("layout", [{}, {"a": {}}, {"a": {}, "b": {}}])
def test_a_layout_without_charts(tmp_path, writer, layout):
    told(lambda: writer.add_custom_scalars(layout), "^layout: expected a chart, got none")
    writer.close()
    shown = json.loads(
        plugins.on(tmp_path / "ours", plugins.CustomScalarsPlugin).layout_impl(RequestContext(), "")
    )
    assert not any(category["chart"] for category in shown["category"])


@pytest.mark.parametrize(
    "lay_out",
    [
        lambda writer: writer.add_custom_scalars({"a": {"b": ["Multiline", ["loss", "los[x]"]]}}),
        lambda writer: writer.add_custom_scalars({"a": {"b": ["Margin", ["loss", "los[x]", "loss"]]}}),
        lambda writer: writer.add_custom_scalars_multilinechart(["los[x]"]),
        lambda writer: writer.add_custom_scalars_marginchart(["loss", "loss", "los[x]"]),
    ],
)
def test_a_tag_of_a_layout_that_nothing_has(tmp_path, lay_out):
    writer = SummaryWriter(tmp_path)
    lay_out(writer)
    writer.add_scalar("loss", 1.0)
    with pytest.warns(
        UserWarning, match=r"^layout: expected tags that have scalars, got 'los\[x\]'"
    ) as caught:
        writer.close()
    assert caught[0].filename == __file__
    writer.close()
    found = plugins.on(tmp_path, plugins.CustomScalarsPlugin).scalars_impl(
        RequestContext(), ".", "los[x]", ""
    )
    assert found["tag_to_events"] == {}


def test_tags_of_a_layout_that_are_there(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_custom_scalars({"a": {"b": ["Multiline", ["lo.*", "new", "c++", "logged"]]}})
        writer.add_scalar("loss", 1.0)
        writer.add_scalar("new", 1.0, new_style=True)
        writer.log({"logged": 1.0})
        writer.add_scalars("c++", {"x": 1.0})
        quiet(writer.close)
    with SummaryWriter(tmp_path / "layout alone") as writer:
        writer.add_custom_scalars({"a": {"b": ["Multiline", ["anything"]]}})
        quiet(writer.close)


# --- Graphs, hyperparameters, points


def test_a_second_graph(tmp_path, writer):
    """The two loaders do not even agree which one is shown."""
    for size in (2, 3):
        graph = torch.nn.Linear(size, size), torch.ones(1, size)
        if size == 2:
            quiet(lambda graph=graph: writer.add_graph(*graph))
        else:
            told(lambda graph=graph: writer.add_graph(*graph), "^add_graph: expected one graph in a run")
    writer.close()
    plain, _ = plugins.on(tmp_path / "ours", plugins.GraphsPlugin).graph_impl(
        RequestContext(), ".", None, False, ""
    )
    assert (plain.count("size: 2\n") > 0, plain.count("size: 3\n") > 0) == (True, False)


def test_a_graph_in_each_run(tmp_path):
    for name in "ab":
        with SummaryWriter(tmp_path / name) as writer:
            quiet(lambda writer=writer: writer.add_graph(torch.nn.Linear(2, 2), torch.ones(1, 2)))


def test_more_hyperparameters_than_columns(writer):
    few = {f"h{number}": number for number in range(hparams.MOST_COLUMNS)}
    quiet(lambda: writer.add_hparams(few, {"m": 1}))
    told(
        lambda: writer.add_hparams({**few, "one more": 1}, {"m": 1}),
        r"^hparam_dict: expected at most 1000 hyperparameters, got 1001",
    )


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1)])
def test_fewer_points_than_the_projector_shows(writer, shape):
    with pytest.warns(
        UserWarning, match=rf"^mat: expected at least 2 rows and 2 columns, got shape \({shape[0]}, "
    ):
        writer.add_embedding(np.ones(shape))


@pytest.mark.parametrize("bad", [np.nan, -np.inf, 1e39])
def test_points_that_are_no_numbers(tmp_path, writer, bad):
    points = np.eye(3)
    points[1, 1] = bad
    with pytest.warns(UserWarning, match="^mat: expected finite numbers in float32"):
        writer.add_embedding(points)
    (path,) = (tmp_path / "ours").rglob("tensors.tsv")
    with np.errstate(over="ignore"):
        assert not np.isfinite(plugins.projector_plugin._read_tensor_tsv_file(str(path))).all()


def test_points_that_the_projector_shows(writer):
    quiet(lambda: writer.add_embedding(np.ones((2, 2))))
