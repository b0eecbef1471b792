"""add_hparams: parsed with TensorBoard's own protos and compared with torch's; where torch is wrong, with what it should be."""

import argparse
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import pathlib
import types

import numpy as np
import pytest
import torch
from google.protobuf.json_format import MessageToDict
from support import oracle
from tensorboard.backend.event_processing import data_provider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.data.provider import ListHyperparametersResult
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tickertape.writer import SummaryWriter

EXPERIMENT, START, END = (
    "_hparams_/experiment",
    "_hparams_/session_start_info",
    "_hparams_/session_end_info",
)


def parsed(events):
    """Each event as (step, tag, plugin data or scalar): maps have no order when parsed."""
    found = []
    for event in events:
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "hparams":
                content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                assert value.WhichOneof("value") is None
            else:
                content = value.simple_value
            found.append((event.step, value.tag, content))
    return found


def session(directory):
    """Name to value of the hyperparameters in one directory."""
    contents = {tag: content for _, tag, content in parsed(oracle.logged(directory))}
    return {name: MessageToDict(value) for name, value in contents[START].session_start_info.hparams.items()}


CASES = {
    "numbers": ({"lr": 0.1, "bsize": 32}, {"hparam/accuracy": 10, "hparam/loss": 0.5}),
    "texts": ({"optimizer": "adam", "empty": "", "ü": "ß"}, {"m": 1.0}),
    "nothing": ({}, {}),
    "None": ({"a": None, "b": 1}, {"m": 1}),
    "infinite": ({"clip": float("inf"), "x": -0.0}, {"m": float("nan")}),
    "tensor metric": ({"a": 1}, {"m": torch.tensor(0.25), "n": np.float32(0.5)}),
    "domains": ({"lr": 0.1, "o": "sgd"}, {"m": 1}, {"lr": [0.1, 0.2], "o": ["sgd", "adam"]}),
    "empty domain": ({"lr": 0.1}, {}, {"lr": []}),
    "no domains": ({"lr": 0.1}, {"m": 1}, {}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("step", [None, 7])
def test_as_torch(tmp_path, name, step):
    for folder, make in (("torch", oracle.torch_tensorboard.SummaryWriter), ("ours", SummaryWriter)):
        with make(tmp_path / folder) as writer:
            writer.add_hparams(*CASES[name], run_name="run", global_step=step)
    ours, theirs = (oracle.tree(tmp_path / folder) for folder in ("ours", "torch"))
    assert list(ours) == list(theirs) == [".", "run"]
    has_domains = len(CASES[name]) > 2 and CASES[name][2]
    expected = [entry for entry in parsed(theirs["run"]) if has_domains or entry[1] != EXPERIMENT]
    # NaN is unequal to itself: compare text
    assert str(parsed(ours["run"])) == str(expected)
    assert ours["."] == theirs["."] == []


def test_bools_stay_bools(tmp_path, writer):
    """torch's branch for bool cannot be reached: a bool is an int."""
    writer.add_hparams(
        {"amp": True, "ema": np.bool_(False)},
        {},
        hparam_domain_discrete={"amp": [True, False]},
        run_name="run",
    )
    assert session(tmp_path / "ours/run") == {"amp": True, "ema": False}
    contents = {tag: content for _, tag, content in parsed(oracle.logged(tmp_path / "ours/run"))}
    infos = contents[EXPERIMENT].experiment.hparam_infos
    assert {info.type for info in infos} == {api_pb2.DATA_TYPE_BOOL}
    assert MessageToDict(infos[0].domain_discrete) == [True, False]


def test_what_numpy_and_tensors_hold(tmp_path, writer):
    writer.add_hparams(
        {
            "float32": np.float32(0.5),
            "int64": np.int64(3),
            "array": np.array([2.0]),
            "0-d": np.array(True),
            "tensor": torch.tensor(0.25),
            "bfloat16": torch.tensor([1.5], dtype=torch.bfloat16),
            "str_": np.str_("text"),
            "function": np.sqrt,
            "lambda": lambda: None,
            "class": torch.nn.ReLU,
        },
        {},
        run_name="run",
    )
    assert session(tmp_path / "ours/run") == {
        "float32": 0.5,
        "int64": 3,
        "array": 2,
        "0-d": True,
        "tensor": 0.25,
        "bfloat16": 1.5,
        "str_": "text",
        "function": "sqrt",
        "lambda": "<lambda>",
        "class": "ReLU",
    }


def test_seed_that_is_no_float64_warns(tmp_path, writer):
    with pytest.warns(
        UserWarning,
        match=r"hparam_dict\['seed'\]: expected .*, got 9007199254740993, which is stored as 9007199254740992",
    ):
        writer.add_hparams({"seed": 2**53 + 1}, {}, run_name="run")
    assert session(tmp_path / "ours/run") == {"seed": 2**53}


@pytest.mark.parametrize(
    "options", [{"same_run": True}, {"run_name": "."}, {"run_name": "x", "same_run": True}]
)
def test_same_run(tmp_path, writer, options):
    writer.add_scalar("before", 1)
    writer.add_hparams({"lr": 0.1}, {"loss": 0.5, "later": None}, global_step=3, **options)
    writer.add_scalar("later", 2, 4)
    writer.close()
    assert list(oracle.tree(tmp_path / "ours")) == ["."]
    found = parsed(oracle.logged(tmp_path / "ours"))
    assert [(step, tag) for step, tag, _ in found] == [
        (0, "before"),
        (3, START),
        (3, END),
        (3, "loss"),
        (4, "later"),
    ]


def test_same_run_with_domains_names_its_metrics(tmp_path, writer):
    writer.add_hparams({"lr": 0.1}, {"loss": 0.5, "later": None}, {"lr": [0.1, 0.2]}, same_run=True)
    writer.close()
    (_, tag, content), *_ = parsed(oracle.logged(tmp_path / "ours"))
    assert tag == EXPERIMENT
    assert [info.name.tag for info in content.experiment.metric_infos] == ["loss", "later"]


def test_names_of_runs(tmp_path, writer):
    add = functools.partial(writer.add_hparams, {"a": 1}, {"m": 1})
    add(run_name="one/two")
    add(name="tensorboardX's")
    add(run_name="")
    add()
    runs = [run for run in oracle.tree(tmp_path / "ours") if run != "."]
    assert {"one/two", "tensorboardX's"} < set(runs)
    assert len(runs) == 4
    times = [float(run) for run in runs if run[0].isdigit()]
    assert len(times) == 2


def shown(directory, *columns):
    """(hparam columns, metric columns, rows) as TensorBoard's own back end of the page has them."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(directory))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(directory))
    context = backend_context.Context(TBContext(data_provider=provider, multiplexer=multiplexer))
    experiment = context.experiment_from_metadata(
        RequestContext(),
        "",
        include_metrics=True,
        hparams_run_to_tag_to_content=context.hparams_metadata(RequestContext(), ""),
        data_provider_hparams=ListHyperparametersResult(hyperparameters=[], session_groups=[]),
    )
    request = api_pb2.ListSessionGroupsRequest(
        slice_size=10,
        allowed_statuses=[api_pb2.STATUS_SUCCESS],
        col_params=[api_pb2.ColParams(hparam=name, order=api_pb2.ORDER_ASC) for name in columns],
    )
    groups = list_session_groups.Handler(RequestContext(), context, "", request).run().session_groups
    rows = [
        (
            {name: MessageToDict(value) for name, value in group.hparams.items()},
            {metric.name.tag: metric.value for metric in group.metric_values},
        )
        for group in groups
    ]
    hparams = sorted(info.name for info in experiment.hparam_infos)
    return hparams, sorted(info.name.tag for info in experiment.metric_infos), rows


def test_tensorboard_shows_it(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for number in range(3):
            writer.add_hparams(
                {"lr": number / 8, "amp": number > 0}, {"loss": number}, run_name=f"run{number}"
            )
    hparams, metrics, rows = shown(tmp_path, "lr")
    assert (hparams, metrics) == (["amp", "lr"], ["loss"])
    assert rows == [
        ({"lr": 0, "amp": False}, {"loss": 0}),
        ({"lr": 0.125, "amp": True}, {"loss": 1}),
        ({"lr": 0.25, "amp": True}, {"loss": 2}),
    ]


def test_tensorboard_shows_the_columns_of_all_runs(tmp_path):
    """An experiment summary in each run, as torch's, hides all columns but those of the first one."""
    for folder, make in (("torch", oracle.torch_tensorboard.SummaryWriter), ("ours", SummaryWriter)):
        with make(tmp_path / folder) as writer:
            writer.add_hparams({"lr": 0.1, "depth": 2}, {"loss": 1}, run_name="a")
            writer.add_hparams({"lr": 0.2, "momentum": 0.9}, {"loss": 2, "accuracy": 0.5}, run_name="b")
            writer.add_hparams({"lr": 0.3, "optimizer": "adam"}, {"f1": 0.5}, run_name="c")
    hparams, metrics, rows = shown(tmp_path / "ours", "lr")
    assert hparams == ["depth", "lr", "momentum", "optimizer"]
    assert metrics == ["accuracy", "f1", "loss"]
    assert rows == [
        ({"lr": 0.1, "depth": 2}, {"loss": 1}),
        ({"lr": 0.2, "momentum": 0.9}, {"loss": 2, "accuracy": 0.5}),
        ({"lr": 0.3, "optimizer": "adam"}, {"f1": 0.5}),
    ]
    hparams, _, _ = shown(tmp_path / "torch", "lr")
    assert len(hparams) == 2  # those of a run that TensorBoard picks


def test_tensorboard_shows_the_scalars_of_the_same_run(tmp_path):
    for name, hparams in (("a", {"lr": 0.1}), ("b", {"depth": 3})):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_hparams(hparams, {"loss": None}, same_run=True)
            writer.add_scalar("loss", 5, 1)
            writer.add_scalar("loss", 4, 2)
    assert shown(tmp_path, "lr") == (
        ["depth", "lr"],
        ["loss"],
        [({"lr": 0.1}, {"loss": 4}), ({"depth": 3}, {"loss": 4})],
    )


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Optimizer:
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)


@dataclasses.dataclass
class Config:
    optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)
    seed: int | None = None
    name: str = "base"


class ConfigDict:
    """As that of ml_collections and omegaconf: a mapping that does not say so."""

    def __init__(self, **values):
        self.values = values

    def keys(self):
        return self.values.keys()

    def items(self):
        return self.values.items()

    def __getitem__(self, key):
        return self.values[key]


class NoText:
    pass


TEXTS = {
    "tuple": ((0.9, 0.999), "(0.9, 0.999)"),
    "list": ([64, 64], "[64, 64]"),
    "set": ({3}, "{3}"),
    "range": (range(3), "range(0, 3)"),
    "bytes": (b"x", "b'x'"),
    "Path": (pathlib.PurePosixPath("/data/x"), "/data/x"),
    "Enum": (Colour.RED, "Colour.RED"),
    "device": (torch.device("cpu"), "cpu"),
    "dtype": (torch.bfloat16, "torch.bfloat16"),
    "Size": (torch.Size([3, 4]), "torch.Size([3, 4])"),
    "module": (torch.nn.Sequential(torch.nn.ReLU()), "Sequential( (0): ReLU() )"),
    "array": (np.arange(3), "[0 1 2]"),
    "tensor": (torch.zeros(2), "tensor([0., 0.])"),
    "text array": (np.array("adam"), "adam"),
    "complex": (1j, "1j"),
    "no text": (NoText(), "NoText"),
    "long": ([0] * 1000, str([0] * 1000)[:199] + "…"),
    "meta tensor": (torch.empty(1, device="meta"), "tensor(..., device='meta', size=(1,))"),
    "datetime": (dt.date(2020, 1, 2), "2020-01-02"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_number_is_a_short_text_and_said_once(tmp_path, writer, name):
    value, expected = TEXTS[name]
    with pytest.warns(UserWarning, match=rf"^hparam_dict\['{name}'\]: expected a number.*once") as caught:
        writer.add_hparams({name: value}, {}, run_name="run")
    writer.add_hparams({name: value}, {}, run_name="again")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert session(tmp_path / "ours/run") == session(tmp_path / "ours/again") == {name: expected}


def test_numbers_bools_and_texts_as_they_are(tmp_path, writer):
    values = {
        "Decimal": decimal.Decimal("0.5"),
        "Fraction": fractions.Fraction(1, 4),
        "IntEnum": Level.HIGH,
        "long text": "x" * 1000,
        "bool": True,
        "None": None,
    }
    writer.add_hparams(values, {}, run_name="run")
    expected = {"Decimal": 0.5, "Fraction": 0.25, "IntEnum": 3, "long text": "x" * 1000, "bool": True}
    assert session(tmp_path / "ours/run") == expected


CONFIGS = {
    "dict": {"optimizer": {"lr": 0.1, "betas": (0.9, 0.999)}, "seed": None, "name": "base"},
    "dataclass": Config(),
    "namespace": argparse.Namespace(
        optimizer=argparse.Namespace(lr=0.1, betas=(0.9, 0.999)), seed=None, name="base"
    ),
    "simple namespace": types.SimpleNamespace(optimizer=Optimizer(), name="base"),
    "mapping": types.MappingProxyType({"optimizer": ConfigDict(lr=0.1, betas=(0.9, 0.999)), "name": "base"}),
    "duck": ConfigDict(optimizer=collections.OrderedDict(lr=0.1, betas=(0.9, 0.999)), name="base", empty={}),
}


@pytest.mark.filterwarnings("ignore:hparam_dict.*which is stored as the text")
@pytest.mark.parametrize("name", CONFIGS)
def test_nested_configurations_are_flat_as_in_log(tmp_path, writer, name):
    writer.add_hparams(CONFIGS[name], {}, run_name="run")
    assert session(tmp_path / "ours/run") == {
        "optimizer/lr": 0.1,
        "optimizer/betas": "(0.9, 0.999)",
        "name": "base",
    }


def test_a_domain_of_texts_and_of_nested_names(tmp_path, writer):
    with pytest.warns(UserWarning, match="betas"):
        writer.add_hparams(
            {"adam": {"betas": (0.9, 0.99)}},
            {},
            {"adam/betas": [(0.9, 0.99), (0.5, 0.9)]},
            run_name="run",
        )
    contents = {tag: content for _, tag, content in parsed(oracle.logged(tmp_path / "ours/run"))}
    (info,) = contents[EXPERIMENT].experiment.hparam_infos
    assert (info.name, info.type) == ("adam/betas", api_pb2.DATA_TYPE_STRING)
    assert MessageToDict(info.domain_discrete) == ["(0.9, 0.99)", "(0.5, 0.9)"]


def test_no_end_and_no_sense(tmp_path, writer):
    endless = {}
    endless["again"] = endless
    with pytest.raises(RecursionError):
        writer.add_hparams(endless, {})
    with pytest.raises(ValueError, match=r"^hparam_dict: expected each name once, got 'a/b' twice"):
        writer.add_hparams({"a/b": 1, "a": {"b": 2}}, {})
    for bad in ([1], "lr", 5, None, np.zeros(2), Colour.RED, Config):
        with pytest.raises(TypeError, match=r"^hparam_dict: expected a dict"):
            writer.add_hparams(bad, {})
    with pytest.raises(TypeError, match=r"^hparam_dict\['a'\] \(a key\): expected a str"):
        writer.add_hparams({"a": {1: 2}}, {})
    assert list(oracle.tree(tmp_path / "ours")) == ["."]


@pytest.mark.parametrize("run_name", ["run", "deep/run", "."])
def test_the_same_run_again_with_other_hparams_raises(tmp_path, run_name):
    """TensorBoard keeps the first hyperparameters of a run, and would show them beside the new metrics."""
    with SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"lr": 0.1, "name": "a"}, {"loss": 1}, run_name=run_name)
        writer.add_hparams({"name": "a", "lr": 0.1}, {"loss": 2}, run_name=run_name, global_step=1)
    with SummaryWriter(tmp_path) as later:  # a later process
        for other in ({"lr": 0.2, "name": "a"}, {"lr": 0.1}, {"lr": 0.1, "name": "a", "more": 1}, {}):
            with pytest.raises(
                ValueError, match=r"^run_name: expected a run without hyperparameters.*choose"
            ):
                later.add_hparams(other, {"loss": 3}, run_name=run_name)
        later.add_hparams({"lr": 0.1, "name": "a"}, {"loss": 4}, run_name=run_name, global_step=2)
        later.add_hparams({"lr": 0.2}, {"loss": 5}, run_name="other")
    _, _, rows = shown(tmp_path, "lr")
    assert rows == [({"lr": 0.1, "name": "a"}, {"loss": 4}), ({"lr": 0.2}, {"loss": 5})]


def test_what_torch_wrote_is_known_too(tmp_path):
    with oracle.torch_tensorboard.SummaryWriter(tmp_path) as theirs:
        theirs.add_hparams({"lr": 0.1, "name": "a", "amp": 1}, {"loss": 1}, run_name="run")
    with SummaryWriter(tmp_path) as ours:
        ours.add_hparams({"amp": 1, "lr": 0.1, "name": "a"}, {"loss": 2}, run_name="run", global_step=1)
        with pytest.raises(ValueError, match="run_name"):
            ours.add_hparams({"lr": 0.1}, {"loss": 2}, run_name="run")
