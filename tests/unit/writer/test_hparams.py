"""add_hparams: parsed with TensorBoard's own protos and compared with torch's; where torch is wrong, with what it should be."""

import functools

import numpy as np
import pytest
import torch
from google.protobuf.json_format import MessageToDict
from support import oracle
from tensorboard.backend.event_processing import data_provider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
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
    # NaN is unequal to itself: compare text
    assert str(parsed(ours["run"])) == str(parsed(theirs["run"]))
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
        UserWarning, match=r"hparam_dict\['seed'\]: 9007199254740993 is stored as 9007199254740992"
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
        (3, EXPERIMENT),
        (3, START),
        (3, END),
        (3, "loss"),
        (4, "later"),
    ]
    metrics = [info.name.tag for info in found[1][2].experiment.metric_infos]
    assert metrics == ["loss", "later"]


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


def test_tensorboard_shows_it(tmp_path):
    """TensorBoard's own back end of the page finds sessions, values and metrics."""
    with SummaryWriter(tmp_path) as writer:
        for number in range(3):
            writer.add_hparams(
                {"lr": number / 8, "amp": number > 0}, {"loss": number}, run_name=f"run{number}"
            )
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
    context = backend_context.Context(TBContext(data_provider=provider, multiplexer=multiplexer))
    request = api_pb2.ListSessionGroupsRequest(
        slice_size=10,
        allowed_statuses=[api_pb2.STATUS_SUCCESS],
        col_params=[api_pb2.ColParams(hparam="lr", order=api_pb2.ORDER_ASC)],
    )
    groups = list_session_groups.Handler(RequestContext(), context, "", request).run().session_groups
    assert [
        (group.hparams["lr"].number_value, group.hparams["amp"].bool_value, group.metric_values[0].value)
        for group in groups
    ] == [(0, False, 0), (0.125, True, 1), (0.25, True, 2)]
