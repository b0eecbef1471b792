"""add_graph: decoded by TensorBoard's protos and graph plugin, compared with the model's own modules and hooks."""

import collections
import random

import pytest
import torch
from support import oracle
from support.graph_oracle import box_of, boxes, data_type, dims, graph_of, graph_page, written
from tensorboard.compat.proto.types_pb2 import DataType
from tickertape.writer import SummaryWriter
from torch import nn


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 4)
        self.lstm = nn.LSTM(4, 5, num_layers=2, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, tokens):
        hidden, _ = self.lstm(self.embed(tokens))
        return self.head(hidden[:, -1])


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])

    def forward(self, x):
        x = self.shared(self.shared(x))
        for layer in self.layers:
            x = layer(x)
        return x


class Many(nn.Module):
    """Several inputs and outputs, in lists and dicts."""

    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 6)
        self.right = nn.Linear(5, 6)
        self.register_buffer("scale", torch.full((6,), 2.0))

    def forward(self, left, right):
        both = (self.left(left) + self.right(right)) * self.scale
        a, b, _ = both.split(2, dim=1)
        return {"logits": a, "rest": (b, both), "nothing": None}


class Dicts(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, batch):
        return self.fc(batch["image"]) + batch["offset"]


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.body = nn.Sequential(nn.Sequential(nn.Conv2d(4, 4, 1), nn.Dropout(0.5)), nn.MaxPool2d(2))
        self.head = nn.ModuleDict({"flat": nn.Flatten(), "fc": nn.Linear(36, 2)})

    def forward(self, x):
        return self.head["fc"](self.head["flat"](self.body(self.stem(x))))


def _mlp():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2), nn.Softmax(dim=1))


MODELS = {
    "mlp": (_mlp, lambda: torch.rand(3, 4)),
    "cnn, nested": (Deep, lambda: torch.rand(2, 1, 8, 8)),
    "residual": (lambda: Residual(3), lambda: torch.rand(2, 3, 5, 5)),
    "transformer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        lambda: torch.rand(2, 5, 8),
    ),
    "lstm": (Recurrent, lambda: torch.randint(0, 11, (2, 7))),
    "module used twice": (Twice, lambda: torch.rand(3, 4)),
    "inputs, outputs": (Many, lambda: (torch.rand(3, 4), torch.rand(3, 5))),
    "list of inputs": (Many, lambda: [torch.rand(3, 4), torch.rand(3, 5)]),
    "keywords": (Many, lambda: {"right": torch.rand(3, 5), "left": torch.rand(3, 4)}),
    "dict input": (Dicts, lambda: {"image": torch.rand(3, 4), "offset": torch.rand(2)}),
}


@pytest.mark.parametrize("name", MODELS)
def test_boxes_are_the_modules(tmp_path, name):
    make, inputs = MODELS[name]
    model = make()
    graph = written(tmp_path, model, inputs())
    found = {box for box in boxes(node.name for node in graph.node) if box not in ("input", "output")}
    assert found == {box_of(model, path) for path, _ in model.named_modules()}


@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_buffers(tmp_path, name):
    make, inputs = MODELS[name]
    model = make()
    nodes = {node.name: node for node in written(tmp_path, model, inputs()).node}
    for path, parameter in model.named_parameters():
        owner, _, leaf = path.rpartition(".")
        node = nodes[f"{box_of(model, owner)}/{leaf}"]
        assert node.op == "Parameter"
        assert dims(node) == [tuple(parameter.shape)]
        assert node.attr["dtype"].type == data_type(parameter)
        assert node.attr["requires_grad"].b is True
        assert node.device == "/device:CPU:0"
    buffers = {name for name, node in nodes.items() if node.op == "Buffer"}
    named = {path.rpartition(".") for path, _ in model.named_buffers()}
    assert buffers <= {f"{box_of(model, owner)}/{leaf}" for owner, _, leaf in named}


@pytest.mark.parametrize("name", MODELS)
def test_shapes_are_those_that_hooks_see(tmp_path, name):
    """Each leaf module's result is among the results of its box; the graph's inputs are the model's."""
    make, inputs = MODELS[name]
    model = make().eval()
    seen = collections.defaultdict(list)
    for path, module in model.named_modules():
        module.register_forward_hook(lambda _m, _a, output, path=path: seen[path].append(output))
    given = inputs()
    flat = (
        list(given.values())
        if isinstance(given, dict)
        else [given]
        if torch.is_tensor(given)
        else list(given)
    )
    graph = written(tmp_path, model, given)
    seen.clear()
    if name == "dict input":
        model(given)
    elif isinstance(given, dict):
        model(**given)
    else:
        model(*given) if isinstance(given, (tuple, list)) else model(given)
    assert sorted(dims(node)[0] for node in graph.node if node.name.startswith("input/")) == sorted(
        tuple(tensor.shape) for tensor in flat
    )
    assert seen
    for path, outputs in seen.items():
        box = box_of(model, path) + "/"
        inside = [shape for node in graph.node if node.name.startswith(box) for shape in dims(node)]
        for output in outputs:
            tensors = [leaf for leaf in torch.utils._pytree.tree_leaves(output) if torch.is_tensor(leaf)]
            assert {tuple(tensor.shape) for tensor in tensors} <= set(inside)


def test_edges_and_attributes(tmp_path):
    graph = written(tmp_path, Deep(), torch.rand(2, 1, 8, 8))
    nodes = {node.name: node for node in graph.node}
    conv = nodes["Deep/Sequential[stem]/Conv2d[0]/conv2d"]
    assert conv.op == "aten::conv2d"
    assert list(conv.input) == [
        "input/x",
        "Deep/Sequential[stem]/Conv2d[0]/weight",
        "Deep/Sequential[stem]/Conv2d[0]/bias",
    ]
    pool = nodes["Deep/Sequential[body]/MaxPool2d[1]/max_pool2d"]
    assert list(pool.attr["kernel_size"].list.i) == [2, 2]
    norm = nodes["Deep/Sequential[stem]/BatchNorm2d[1]/batch_norm"]
    assert norm.attr["eps"].f == pytest.approx(1e-5)
    assert norm.attr["training"].WhichOneof("value") == "b"
    assert norm.attr["training"].b is False
    assert graph.versions.producer == 22


def test_results_have_the_names_of_the_models_dict(tmp_path):
    graph = written(tmp_path, Many(), (torch.rand(3, 4), torch.rand(3, 5)))
    outputs = {node.name: list(node.input) for node in graph.node if node.name.startswith("output/")}
    assert outputs == {
        "output/logits": ["Many/split"],
        "output/rest.0": ["Many/split:1"],
        "output/rest.1": ["Many/mul"],
    }


def test_memory_of_each_node(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(_mlp(), torch.rand(3, 4))
    graph, metadata = graph_of(tmp_path)
    (device,) = metadata.step_stats.dev_stats
    assert device.device == "/device:CPU:0"
    stats = {stats.node_name: stats for stats in device.node_stats}
    assert set(stats) == {node.name for node in graph.node}
    (memory,) = stats["Sequential/Linear[0]/linear"].memory  # what the page adds up
    assert (memory.allocator_name, memory.total_bytes) == ("cpu", 3 * 8 * 4)
    (output,) = stats["Sequential/Linear[0]/linear"].output
    assert output.tensor_description.allocation_description.requested_bytes == 3 * 8 * 4
    assert [dim.size for dim in output.tensor_description.shape.dim] == [3, 8]
    assert output.tensor_description.dtype == DataType.Value("DT_FLOAT")


def test_tensorboards_graph_page(tmp_path):
    """What the page asks the server for: the run has a graph and a profile, and the graph is the one written."""
    written(tmp_path / "run", Twice(), torch.rand(3, 4))
    info, shown, metadata = graph_page(tmp_path, "run")
    assert info["run_graph"] is True
    assert info["tags"]["step1"]["profile"] is True
    assert shown == graph_of(tmp_path / "run")[0]
    assert "Twice/Sequential[shared]/Linear[0]/linear_1" in metadata


def test_the_model_is_left_as_it_was(tmp_path):
    """Modes of single modules, buffers, gradients, random numbers, the fused attention."""
    model = nn.Sequential(Deep(), nn.Sequential(nn.Dropout(), nn.Linear(2, 2)))
    model[0].stem.eval()  # frozen, as in fine-tuning
    modes = [module.training for module in model.modules()]
    assert set(modes) == {True, False}
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.manual_seed(3)
    random.seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    written(tmp_path, model, torch.ones(2, 1, 8, 8))
    assert torch.equal(torch.rand(2), expected)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.backends.mha.get_fastpath_enabled() == fused
    assert torch.is_grad_enabled()
    assert not any(module._forward_hooks for module in model.modules())


def test_parameters_on_meta(tmp_path):
    with torch.device("meta"):
        model = Residual(3)
    graph = written(tmp_path, model, torch.rand(2, 3, 5, 5))
    nodes = {node.name: node for node in graph.node}
    assert dims(nodes["Residual/Conv2d[conv1]/weight"]) == [(3, 3, 3, 3)]
    assert nodes["Residual/Conv2d[conv1]/weight"].device == "/device:META:0"


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_types_of_parameters(tmp_path, dtype):
    graph = written(tmp_path, nn.Sequential(nn.Linear(2, 2)).to(dtype), torch.ones(1, 2, dtype=dtype))
    (weight,) = [node for node in graph.node if node.name == "Sequential/Linear[0]/weight"]
    assert weight.attr["dtype"].type == data_type(torch.empty(0, dtype=dtype))


def test_print(tmp_path, capsys):
    written(tmp_path, _mlp(), torch.rand(3, 4), verbose=True)
    assert "linear" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:add_graph. expected one graph")
def test_two_graphs_in_one_file(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("before", 1, 1)
        writer.add_graph(_mlp(), torch.rand(3, 4))
        writer.add_graph(Twice(), torch.rand(3, 4))
        writer.add_scalar("after", 2, 2)
    kinds = [event.WhichOneof("what") for event in oracle.logged(tmp_path)]
    assert kinds == ["summary", *["graph_def", "tagged_run_metadata"] * 2, "summary"]


def test_hooks_of_users_do_not_run(writer):
    """Under torch.export they would keep fake tensors as results."""
    seen = []
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 3), torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))
    )
    handles = [
        model[0].register_forward_hook(lambda *args: seen.append(args)),
        model[0].register_forward_pre_hook(lambda *args: seen.append(args)),
        model.register_forward_hook(
            lambda *args, **kwargs: seen.append(args), with_kwargs=True, always_call=True
        ),
        torch.nn.modules.module.register_module_forward_hook(lambda *args: seen.append(args)),
    ]
    try:
        writer.add_graph(model, torch.zeros(1, 2))
        assert not seen
        model(torch.zeros(1, 2))
        count = len(seen)
        assert count >= 4
        for handle in handles[:3]:
            handle.remove()
        model(torch.zeros(1, 2))
        assert 0 < len(seen) - count < count  # the global one
    finally:
        for handle in handles:
            handle.remove()
    model(torch.zeros(1, 2))


@pytest.mark.filterwarnings("ignore")
def test_hooks_of_torch_run(writer):
    """The old weight_norm and pruning get their weight by one."""
    import torch.nn.utils.prune

    pruned = torch.nn.Linear(2, 2)
    torch.nn.utils.prune.l1_unstructured(pruned, "weight", amount=1)
    writer.add_graph(pruned, torch.zeros(1, 2))
    writer.add_graph(torch.nn.utils.weight_norm(torch.nn.Linear(2, 2)), torch.zeros(1, 2))
