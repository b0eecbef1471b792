"""Our signatures against torch's, parameter by parameter: a new torch shows here what is missing."""

import inspect

import oracle
import pytest
from tickertape import writer as ours

TORCH = inspect.getmodule(oracle.torch_tensorboard.SummaryWriter)
# Methods of torch's writer that the rest of issue 3 brings.
LATER = {
    "add_audio",
    "add_custom_scalars",
    "add_custom_scalars_marginchart",
    "add_custom_scalars_multilinechart",
    "add_hparams",
    "add_image_with_boxes",
    "add_mesh",
    "add_onnx_graph",
    "add_video",
}


def _methods(cls):
    return {
        name: member
        for name, member in inspect.getmembers(cls, callable)
        if not name.startswith("_") or name in ("__init__", "__enter__", "__exit__", "_get_file_writer")
    }


CASES = [
    (name, method)
    for name in ("SummaryWriter", "FileWriter")
    for method in _methods(getattr(TORCH, name))
    if method not in LATER and not (name == "FileWriter" and method == "add_graph")
]


@pytest.mark.parametrize(("cls", "method"), CASES)
def test_parameters_are_torchs(cls, method):
    theirs = list(inspect.signature(getattr(getattr(TORCH, cls), method)).parameters.values())
    mine = list(inspect.signature(getattr(getattr(ours, cls), method)).parameters.values())
    assert [(p.name, p.kind) for p in mine[1 : len(theirs)]] == [
        (p.name, p.kind) for p in theirs[1:]
    ]  # after self
    defaults = [p.default for p in theirs]
    assert [p.default for p in mine[: len(theirs)]] == defaults
    for extra in mine[len(theirs) :]:
        assert extra.default is not inspect.Parameter.empty


def test_nothing_of_torchs_is_missing():
    missing = set(_methods(TORCH.SummaryWriter)) - set(_methods(ours.SummaryWriter))
    assert missing <= LATER


def test_public_attributes_are_torchs(tmp_path):
    with (
        oracle.torch_tensorboard.SummaryWriter(tmp_path / "torch") as theirs,
        ours.SummaryWriter(tmp_path) as mine,
    ):
        for name in vars(theirs):
            assert hasattr(mine, name), name
        assert (mine.max_queue, mine.flush_secs) == (theirs.max_queue, theirs.flush_secs)
        assert mine.filename_suffix == theirs.filename_suffix
