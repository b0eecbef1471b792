"""Our signatures against torch's and tensorboardX's, parameter by parameter: a new release shows here what is missing."""

import ast
import inspect
from pathlib import Path

import pytest
import tensorboardX.writer
from support import oracle
from tickertape import _core
from tickertape import writer as ours
from tickertape.integrations import tensorboardx

pytest.importorskip("torch")
TORCH = inspect.getmodule(oracle.torch_tensorboard.SummaryWriter)
CLASSES = ("SummaryWriter", "FileWriter")


def _methods(cls):
    return {
        name: member
        for name, member in inspect.getmembers(cls, callable)
        if not name.startswith("_") or name in ("__init__", "__enter__", "__exit__", "_get_file_writer")
    }


def _parameters(cls, method):
    """All but self."""
    return list(inspect.signature(getattr(cls, method)).parameters.values())[1:]


@pytest.mark.parametrize(
    ("cls", "method"), [(name, method) for name in CLASSES for method in _methods(getattr(TORCH, name))]
)
def test_parameters_are_torchs(cls, method):
    theirs = _parameters(getattr(TORCH, cls), method)
    mine = _parameters(getattr(ours, cls), method)
    assert [(p.name, p.kind, p.default) for p in mine[: len(theirs)]] == [
        (p.name, p.kind, p.default) for p in theirs
    ]
    for extra in mine[len(theirs) :]:
        assert extra.default is not inspect.Parameter.empty


# tensorboardX's parameters that ours do not have by that name or at that place, and why.
BY_ANOTHER_NAME = {
    ("SummaryWriter", "__init__", "logdir"),  # log_dir, as torch; tensorboardx has both
    ("SummaryWriter", "__init__", "comet_config"),  # likewise; Comet is told nothing
    ("SummaryWriter", "__init__", "kwargs"),  # likewise
    ("SummaryWriter", "add_image_with_boxes", "kwargs"),  # they are rescale
    ("SummaryWriter", "add_onnx_graph", "onnx_model_file"),  # prototxt, as torch
    ("FileWriter", "__init__", "logdir"),  # log_dir, as torch; tensorboardx has logdir
}
AT_ANOTHER_PLACE = {  # torch has something else there
    ("SummaryWriter", "__init__", "log_dir"),
    ("SummaryWriter", "add_hparams", "name"),  # run_name is torch's
    ("SummaryWriter", "add_hparams", "global_step"),
    ("SummaryWriter", "add_image_with_boxes", "dataformats"),
    ("SummaryWriter", "add_image_with_boxes", "labels"),
    ("SummaryWriter", "add_scalar", "display_name"),
    ("SummaryWriter", "add_scalar", "summary_description"),
}


@pytest.mark.parametrize(
    ("cls", "method"),
    [(name, method) for name in CLASSES for method in _methods(getattr(tensorboardX.writer, name))],
)
def test_parameters_are_tensorboardxs(cls, method):
    theirs = _parameters(getattr(tensorboardX.writer, cls), method)
    mine = _parameters(getattr(ours, cls), method)
    places = {parameter.name: place for place, parameter in enumerate(mine)}
    for place, parameter in enumerate(theirs):
        key = (cls, method, parameter.name)
        assert (parameter.name in places) is (key not in BY_ANOTHER_NAME), key
        if parameter.name not in places:
            continue
        same = places[parameter.name] == place
        assert same is (key not in AT_ANOTHER_PLACE), key
        assert mine[places[parameter.name]].default == parameter.default, key


@pytest.mark.parametrize("cls", CLASSES)
def test_what_stands_in_for_tensorboardx(cls):
    """install() hands out classes with tensorboardX's order, but for add_scalar, which stays native: names by keyword."""
    for method in ("__init__", "add_hparams", "add_image_with_boxes"):
        if not hasattr(getattr(tensorboardX.writer, cls), method):
            continue
        theirs, mine = (
            [p.name for p in _parameters(getattr(module, cls), method) if p.kind is not p.VAR_KEYWORD]
            for module in (tensorboardX.writer, tensorboardx)
        )
        assert mine == theirs, method


def test_nothing_is_missing():
    for peer in (TORCH, tensorboardX.writer):
        for name in CLASSES:
            missing = set(_methods(getattr(peer, name))) - set(_methods(getattr(ours, name)))
            assert not missing, (peer.__name__, name)


@pytest.mark.parametrize("method", ["add_scalar", "log", "flush"])
def test_what_the_class_file_says_of_native_methods(method):
    """They are written there for readers and type checkers; help() shows what the native module says."""
    tree = ast.parse(Path(inspect.getsourcefile(ours.SummaryWriter)).read_text())
    (written,) = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == method
    ]
    native = getattr(_core.SummaryWriterBase, method)
    assert ast.get_docstring(written).rstrip() == inspect.getdoc(native).rstrip()
    names = [argument.arg for argument in written.args.args]
    defaults = [ast.literal_eval(node) for node in written.args.defaults]
    parameters = inspect.signature(native).parameters.values()
    assert [parameter.name for parameter in parameters] == names
    assert [p.default for p in parameters if p.default is not p.empty] == defaults


def test_public_attributes_are_torchs(tmp_path):
    with (
        oracle.torch_tensorboard.SummaryWriter(tmp_path / "torch") as theirs,
        ours.SummaryWriter(tmp_path) as mine,
    ):
        for name in vars(theirs):
            assert hasattr(mine, name), name
        assert (mine.max_queue, mine.flush_secs) == (theirs.max_queue, theirs.flush_secs)
        assert mine.filename_suffix == theirs.filename_suffix
