"""A tag with data of two kinds: TensorBoard shows the first one only, so one warning says so."""

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

PIXELS = np.zeros((3, 4, 4), np.uint8)
# How to log, the name in the message, and the plugin that shows it.
KINDS = {
    "scalar": (lambda w, step: w.add_scalar("t", 1.0, step), "scalars", "scalars"),
    "new style": (lambda w, step: w.add_scalar("t", 1.0, step, new_style=True), "scalars", "scalars"),
    "described": (lambda w, step: w.add_scalar("t", 1.0, step, display_name="T"), "scalars", "scalars"),
    "log": (lambda w, step: w.log({"t": 1.0}, step), "scalars", "scalars"),
    "histogram": (lambda w, step: w.add_histogram("t", np.ones(3), step), "histograms", "histograms"),
    "raw histogram": (
        lambda w, step: w.add_histogram_raw("t", 0, 1, 2, 1, 1, [0.5, 1], [1, 1], step),
        "histograms",
        "histograms",
    ),
    "image": (lambda w, step: w.add_image("t", PIXELS, step), "images", "images"),
    "figure": (lambda w, step: w.add_figure("t", Figure(), step), "images", "images"),
    "video": (lambda w, step: w.add_video("t", PIXELS[None, None], step), "images", "images"),
    "audio": (lambda w, step: w.add_audio("t", np.zeros(9), step), "audio", "audio"),
    "PR curve": (
        lambda w, step: w.add_pr_curve("t", np.array([0, 1]), np.array([0.1, 0.9]), step),
        "PR curves",
        "pr_curves",
    ),
    "tensor": (lambda w, step: w.add_tensor("t", np.ones(3), step), "data of another plugin", "tensor"),
}
PAIRS = [(first, second) for first in KINDS for second in KINDS]


def plugin_of(directory):
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(directory))
    multiplexer.Reload()
    return multiplexer.SummaryMetadata(".", "t").plugin_data.plugin_name


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" then ".join(pair) for pair in PAIRS])
def test_one_warning_for_two_kinds(writer, tmp_path, first, second):
    add_first, first_name, plugin = KINDS[first]
    add_second, second_name, _ = KINDS[second]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(3):
            add_first(writer, 2 * step)
            add_second(writer, 2 * step + 1)
        writer.flush()
    expected = [] if first_name == second_name else [f"'t', got {second_name} after {first_name}"]
    assert len(caught) == len(expected), [str(warning.message) for warning in caught]
    for warning, words in zip(caught, expected, strict=True):
        assert words in str(warning.message)
        assert (warning.filename, warning.lineno) == (__file__, add_second.__code__.co_firstlineno)
    assert plugin_of(tmp_path / "ours") == plugin


def test_kinds_that_have_tags_of_their_own(writer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.add_scalar("t", 1.0)
        writer.add_text("t", "text")
        writer.add_scalars("t", {"a": 1.0})
        writer.add_mesh("t", np.zeros((1, 3, 3)))
        writer.add_embedding(np.eye(3), tag="t")
        writer.add_hparams({"a": 1}, {"t": 1.0}, same_run=True)


def test_a_warning_that_is_an_error_loses_no_picture(writer, tmp_path):
    writer.add_scalar("t", 1.0, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="one kind"):
            writer.add_image("t", PIXELS, 1)
        writer.add_image("t", PIXELS, 2)
        writer.flush()
