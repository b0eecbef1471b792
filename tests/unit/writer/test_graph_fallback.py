"""add_graph where torch.export fails, on TorchScript, on control flow, and on models that nothing can capture."""

import warnings

import pytest
import torch
from support import oracle
from support.graph_oracle import box_of, boxes, check_sound, dims, graph_of, written
from tickertape.writer import SummaryWriter
from tickertape.writer.graphs import capture, script
from torch import nn


class Branch(nn.Module):
    """What runs depends on the values of the input."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3)

    def forward(self, x):
        x = self.first(x)
        if x.sum() > 1e9:
            return x
        return self.second(self.first(x))


class Cond(Branch):
    def forward(self, x):
        return torch.cond(x.sum() > 0, self.first, lambda x: self.second(x) + 1, (x,))


class NoGrad(Branch):
    def forward(self, x):
        with torch.no_grad():
            y = self.first(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.second(x) + y


class Lists(Branch):
    def forward(self, x):
        if x.sum() > 1e9:
            return {}
        return {"a": self.first(x), "b": self.second(x)}


class Hopeless(Branch):
    def forward(self, x):
        return "positive" if self.first(x).sum().item() > 0 else "negative"


class Broken(nn.Module):
    def forward(self, x):
        raise KeyError("no such thing")


def traced(model, *inputs):
    """The graph that the fallback makes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph, _ = script.trace(torch, model.eval(), inputs, {}, strict=False)
    return graph


def names(graph):
    return [node.name for node in graph.nodes]


def test_control_flow_shows_the_way_taken_and_warns(tmp_path, capfd):
    model = Branch()
    with pytest.warns(UserWarning, match="torch.cond"):
        graph = written(tmp_path, model, torch.ones(2, 3))
    found = boxes(node.name for node in graph.node) - {"input", "output"}
    assert found == {box_of(model, path) for path, _ in model.named_modules()}
    nodes = {node.name: node for node in graph.node}
    assert dims(nodes["Branch/Linear[second]/linear"]) == [(2, 3)]
    assert nodes["Branch/Linear[first]/linear_1"].op == "aten::linear"
    assert nodes["Branch/Linear[second]/linear"].input[0] == "Branch/Linear[first]/linear_1"
    assert capfd.readouterr() == ("", "")


def test_torch_cond_shows_every_branch(tmp_path):
    graph = written(tmp_path, Cond(), torch.ones(2, 3))
    nodes = {node.name: node for node in graph.node}
    assert nodes["Cond/cond/then/linear"].input[1] == "Cond/Linear[first]/weight"
    assert nodes["Cond/cond/else/linear"].input[1] == "Cond/Linear[second]/weight"
    assert list(nodes["Cond/cond/cond"].input) == ["Cond/gt", "Cond/cond/then/linear", "Cond/cond/else/add"]


def test_no_grad_and_autocast_change_no_box(tmp_path):
    graph = written(tmp_path, NoGrad(), torch.ones(2, 3))
    found = boxes(node.name for node in graph.node) - {"input", "output"}
    assert found == {"NoGrad", "NoGrad/Linear[first]", "NoGrad/Linear[second]"}


def test_results_in_a_dict_need_a_trace_that_is_not_strict(tmp_path):
    with (
        SummaryWriter(tmp_path / "strict") as writer,
        pytest.raises(RuntimeError, match="use_strict_trace=False"),
    ):
        writer.add_graph(Lists(), torch.ones(2, 3))
    assert oracle.logged(tmp_path / "strict") == []
    with pytest.warns(UserWarning, match="control flow"):
        graph = written(tmp_path / "loose", Lists(), torch.ones(2, 3), use_strict_trace=False)
    assert {node.name for node in graph.node} >= {"output/a", "output/b"}


@pytest.mark.parametrize("make", [lambda: nn.TransformerEncoderLayer(8, 2, 16), lambda: nn.LSTM(8, 8)])
def test_trace_and_export_show_the_same_modules(tmp_path, make):
    """LSTM has no box in itself; its weights are where the export has them."""
    model, inputs = make(), torch.rand(5, 2, 8)
    exported = {node.name for node in written(tmp_path, model, inputs).node if node.op == "Parameter"}
    graph = traced(model, inputs)
    assert {node.name for node in graph.nodes if node.op == "Parameter"} == exported
    assert boxes(names(graph)) >= {box_of(model, path) for path, module in model.named_modules() if path}


def test_trace_of_keywords(tmp_path):
    class Keywords(Branch):
        def forward(self, x, scale):
            return super().forward(x * scale)

    with pytest.warns(UserWarning, match="control flow"):
        graph = written(tmp_path, Keywords(), {"x": torch.ones(2, 3), "scale": torch.ones(3)})
    assert {node.name for node in graph.node if node.name.startswith("input/")} == {"input/x", "input/scale"}


def test_scripted_module_is_shown_as_it_is(tmp_path):
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)
            self.relu = nn.ReLU()

        def forward(self, x, rounds: int = 2):
            for _ in range(rounds):
                if x.sum() > 0:  # noqa: SIM108  # TorchScript's If, not its ternary
                    x = self.relu(self.fc(x))
                else:
                    x = x - 1
            return x, [x, x]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(Loop())
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(scripted)
    graph, _ = graph_of(tmp_path)
    found = {node.name for node in graph.node}
    assert {"input/x", "Loop/Linear[fc]/weight", "output/0", "output/1.0"} <= found
    assert any(name.startswith("Loop/loop/body/if/else/sub") for name in found)


def test_scripted_function(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)

        @torch.jit.script
        def double(x):
            return x * 2 + torch.relu(x)

    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(double)
    assert len(oracle.logged(tmp_path)) == 2


def test_trace_of_a_model_already_traced(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.trace(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), torch.ones(1, 3))
    graph = written(tmp_path, module, torch.ones(1, 3))
    assert "Sequential/Linear[0]/linear" in {node.name for node in graph.node}


def test_compiled_module(tmp_path):
    graph = written(
        tmp_path, torch.compile(nn.Sequential(nn.Linear(3, 2)), backend="eager"), torch.ones(1, 3)
    )
    assert "Sequential/Linear[0]/linear" in {node.name for node in graph.node}


def test_names_with_signs_of_their_own(tmp_path):
    model = nn.Sequential()
    model.add_module("a/b:c", nn.Linear(3, 3))
    model.add_module("ü 'x'", nn.Linear(3, 3))
    graph = written(tmp_path, model, torch.ones(1, 3))
    check_sound(graph)
    assert {"Sequential/Linear[a_b_c]/weight", "Sequential/Linear[ü__x_]/weight"} <= {
        n.name for n in graph.node
    }


# model, input_to_model, exception, what the message must name
BAD = {
    "no module": (lambda: 5, None, TypeError, "model"),
    "None": (lambda: None, torch.ones(1), TypeError, "model"),
    "a class": (lambda: nn.Linear, torch.ones(1), TypeError, "model"),
    "a function": (lambda: lambda x: x, torch.ones(1), TypeError, "model"),
    "no input": (Branch, None, ValueError, "input_to_model"),
    "too many inputs": (Branch, (torch.ones(2, 3), torch.ones(2, 3)), ValueError, "input_to_model"),
    "wrong shape": (Branch, torch.ones(2, 4), RuntimeError, "model"),
    "text": (Branch, "text", RuntimeError, "model"),
    "hopeless": (Hopeless, torch.ones(2, 3), RuntimeError, "torch.cond"),
    "broken": (Broken, torch.ones(2, 3), RuntimeError, "no such thing"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_call(tmp_path, name, capfd):
    make, inputs, error, match = BAD[name]
    model = make()
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("before", 1, 1)
        with pytest.raises(error, match=match):
            writer.add_graph(model, inputs)
        writer.add_scalar("after", 2, 2)
    assert oracle.values(tmp_path) == [("before", 1, 1.0), ("after", 2, 2.0)]
    assert len(oracle.logged(tmp_path)) == 2
    if isinstance(model, nn.Module):
        assert all(module.training for module in model.modules())
    assert capfd.readouterr() == ("", "")


def test_without_torch_nothing_is_a_module(run_script):
    run_script(
        """
import sys, tickertape
with tickertape.SummaryWriter("run") as w:
    try:
        w.add_graph(object(), 1)
    except TypeError as error:
        assert "model" in str(error)
    else:
        raise SystemExit(1)
assert "torch" not in sys.modules
assert "tickertape.writer.graphs.capture" not in sys.modules
"""
    )


def test_other_threads_keep_their_stderr(capsys):
    import sys
    import threading

    with capture._silenced():
        sys.stderr.write("mine\n")
        thread = threading.Thread(target=lambda: sys.stderr.write("theirs\n"))
        thread.start()
        thread.join()
    assert capsys.readouterr().err == "theirs\n"
