"""Every example runs, in a short form, and logs what it says it logs."""

from pathlib import Path

import content
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
# Example to its short form, and some of what must be in the file: (run, tag) to the kind of value.
SHORT = {
    "image_classification": (
        ["--epochs", "3"],
        {
            (".", "batch/loss"): "simple_value",
            (".", "weights/classifier.weight"): "histo",
            (".", "gradients/classifier.weight"): "histo",
            (".", "activations/hidden.2"): "histo",
            (".", "digits/wrong"): "image",
            (".", "digit/9"): "tensor",
            (".", "set-up/text_summary"): "tensor",
            (".", "confusion"): "image",
            (".", "graph_def"): "graph_def",
            ("hparams", "hparam/accuracy"): "simple_value",
        },
    ),
    "gan_images": (
        ["--steps", "20", "--every", "5"],
        {(".", "loss/critic"): "simple_value", (".", "drawn"): "image", (".", "learning to draw"): "image"},
    ),
    "sweep": (
        ["--epochs", "2"],
        {
            ("rate=0.1_width=64_optimizer=Adam_dropout=True", "loss/validation"): "simple_value",
            ("rate=0.1_width=64_optimizer=Adam_dropout=True", "_hparams_/session_start_info"): "hparams",
        },
    ),
    "feature_maps": (
        ["--epochs", "2"],
        {
            (".", "class activation maps"): "image",
            (".", "feature_maps/convolutions.3"): "image",
            (".", "activations/convolutions.3"): "histo",
        },
    ),
    "with_lightning": (
        ["--epochs", "1"],
        {("version_0", "loss/train"): "simple_value", ("version_0", "hp_metric"): "simple_value"},
    ),
    "with_trainer": (
        ["--steps", "20"],
        {(".", "train/loss"): "simple_value", (".", "model_config/text_summary"): "tensor"},
    ),
}


@pytest.mark.parametrize("name", SHORT)
def test_example(run_script, tmp_path, name):
    options, expected = SHORT[name]
    printed = run_script(EXAMPLES / f"{name}.py", *options)
    assert f"tickertape view runs/{name}" in printed
    runs = content.read(tmp_path / "runs" / name)
    kinds = {(run, tag): kind for run, entries in runs.items() for tag, _, kind, _ in entries}
    assert {key: kinds.get(key) for key in expected} == expected


def test_reading_back(run_script):
    run_script(EXAMPLES / "sweep.py", "--epochs", "2")
    printed = run_script(EXAMPLES / "read_with_pandas.py")
    assert "168 values of 24 runs" in printed  # three curves of two epochs, and the metric of add_hparams
    assert "mean accuracy by optimizer" in printed


def test_every_example_is_tested_and_short():
    files = {path.stem: path for path in EXAMPLES.glob("*.py")}
    assert set(files) == {*SHORT, "read_with_pandas"}
    for path in files.values():
        assert len(path.read_text().splitlines()) < 120, path
