"""watch: the hooks log the values of the tensors, at the right steps, and leave nothing after remove()."""

import copy
import pickle

import numpy as np
import pytest
import tickertape
import torch
from support import oracle
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
        self.head = nn.Linear(64, 2)

    def forward(self, x):
        return self.head(self.body(x).flatten(1))


def train(model, steps, after=lambda step: None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(steps):
        optimizer.zero_grad()
        model(torch.rand(2, 1, 6, 6)).square().mean().backward()
        after(step)
        optimizer.step()


def logged(tmp_path):
    """(tag, step) to Value of everything logged."""
    return {
        (value.tag, event.step): value for event in oracle.logged(tmp_path) for value in event.summary.value
    }


def holds(value, tensor):
    """Whether a histogram was made of a tensor: its statistics are the tensor's."""
    array = np.asarray(tensor.detach(), np.float64)
    histo = value.histo
    assert histo.num == array.size
    assert sum(histo.bucket) == array.size
    np.testing.assert_allclose(
        [histo.min, histo.max, histo.sum, histo.sum_squares],
        [array.min(), array.max(), array.sum(), np.square(array).sum()],
        rtol=1e-9, atol=1e-9,
    )  # fmt: skip


def test_weights_and_gradients(tmp_path):
    model, weights, gradients = Net(), {}, {}
    # Registered first, so it sees the weights of the call before the optimizer changes them.
    model.register_forward_pre_hook(
        lambda m, _: weights.update({(n, len(weights) // 4): p.clone() for n, p in m.named_parameters()})
    )

    def after(step):
        gradients.update({(name, step): p.grad.clone() for name, p in model.named_parameters()})

    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, every=3) as handle:
        train(model, 7, after)
        assert handle.calls == 7
    values = logged(tmp_path)
    names = [name for name, _ in model.named_parameters()]
    assert set(values) == {
        (f"{kind}/{name}", step) for kind in ("weights", "gradients") for name in names for step in (0, 3, 6)
    }
    for name in names:
        for step in (0, 3, 6):
            holds(values[f"weights/{name}", step], weights[name, step])
            holds(values[f"gradients/{name}", step], gradients[name, step])


def test_activations_and_feature_maps(tmp_path):
    model, outputs = Net(), {}
    for name, module in model.named_modules():
        module.register_forward_hook(lambda _m, _a, out, name=name: outputs.setdefault(name, []).append(out))
    kinds = ("activations", "feature_maps")
    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, every=2, log=kinds):
        train(model, 3)
    values = logged(tmp_path)
    leaves = ("body.0", "body.1", "head")
    assert set(values) == {(f"activations/{name}", step) for name in leaves for step in (0, 2)} | {
        (f"feature_maps/{name}", step) for name in leaves[:2] for step in (0, 2)
    }
    for name in leaves:
        for step in (0, 2):
            holds(values[f"activations/{name}", step], outputs[name][step])
    for name in leaves[:2]:
        pixels = oracle.pixels(values[f"feature_maps/{name}", 2].image.encoded_image_string)
        maps = outputs[name][2][0].detach()
        assert pixels.shape == (4 + 2, 4 * 5 + 1, 3)
        for number, channel in enumerate(maps):
            low, high = channel.min(), channel.max()
            expected = ((channel - low) / torch.clamp(high - low, min=1e-5) * 255).numpy().astype(int)
            shown = pixels[1:5, 1 + 5 * number : 5 + 5 * number, 0].astype(int)
            assert np.abs(shown - expected).max() <= 1


@pytest.mark.parametrize("kind", ["weights", "gradients", "activations"])
def test_one_kind_by_name(tmp_path, kind):
    model = Net()
    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, every=1, log=kind):
        train(model, 1)
    assert {tag.split("/")[0] for tag, _ in logged(tmp_path)} == {kind}


def hooks(model):
    """Every hook that a model's modules and parameters carry."""
    found = []
    for module in model.modules():
        found += [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
        found += [*module._backward_hooks.values()]
    for parameter in model.parameters():
        found += (parameter._post_accumulate_grad_hooks or {}).values()
    return found


def test_no_hook_is_left(writer):
    model = Net()
    handle = tickertape.watch(
        model, writer, every=1, log=("weights", "gradients", "activations", "feature_maps")
    )
    assert len(hooks(model)) == 1
    train(model, 2)
    handle.remove()
    handle.remove()
    assert hooks(model) == []
    writer.flush()
    train(model, 2)


def test_between_logged_calls_one_hook_counts(writer):
    model = Net()
    with tickertape.watch(model, writer, every=3, log=("gradients", "activations")):
        train(model, 1)
        assert len(hooks(model)) > 1  # gradients may still come
        train(model, 1)
        assert len(hooks(model)) == 1


def test_a_call_that_raises_leaves_no_hook_inside(writer):
    model = Net()
    with tickertape.watch(model, writer, every=10, log="activations"), pytest.raises(RuntimeError):
        model(torch.rand(2, 1, 60, 6))
    assert hooks(model) == []
    with tickertape.watch(model, writer, every=10, log="activations"):
        with pytest.raises(RuntimeError):
            model(torch.rand(2, 1, 60, 6))
        assert len(hooks(model)) == 1


def test_eval_calls_do_not_count(tmp_path):
    model = Net()
    with tickertape.SummaryWriter(tmp_path) as writer:
        with tickertape.watch(model, writer, every=1, log="weights") as handle:
            model.eval()
            model(torch.rand(2, 1, 6, 6))
            assert handle.calls == 0
        with tickertape.watch(model, writer, every=1, log="activations", training_only=False) as handle:
            model(torch.rand(2, 1, 6, 6))
            assert handle.calls == 1
            writer.add_graph(model, torch.rand(2, 1, 6, 6))  # runs the model with tensors that hold nothing
            assert handle.calls == 1
    tags = {value.tag for event in oracle.logged(tmp_path) for value in event.summary.value}
    assert tags == {"activations/body.0", "activations/body.1", "activations/head"}


def test_steps_prefix_and_modules(tmp_path):
    model, step = Net(), iter([10, 20])
    with tickertape.SummaryWriter(tmp_path) as writer:
        options = {"step": lambda: next(step), "prefix": "net", "modules": ["body", ""]}
        with tickertape.watch(model, writer, 1, "activations", **options):
            train(model, 2)
    assert set(logged(tmp_path)) == {
        (f"net/activations/{name}", number) for name in ("body", "Net") for number in (10, 20)
    }


def test_default_step(tmp_path):
    model = Net()
    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, 1, "weights"):
        tickertape.set_step(77)
        try:
            train(model, 1)
        finally:
            tickertape.set_step(None)
    assert {step for _, step in logged(tmp_path)} == {77}


def test_modules_used_twice_lists_and_dicts(tmp_path):
    class Inner(nn.Module):
        def forward(self, x):
            return {"a": x, "b": [x + 1, None]}

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def forward(self, x):
            self.inner(x)
            return self.inner(2 * x)

    model = Outer()
    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, 1, "activations"):
        model(torch.ones(2, 2))
    tags = ["activations/inner/a", "activations/inner/b/0"]
    assert {tag for tag, _ in logged(tmp_path)} == {*tags, *(tag + "/call_2" for tag in tags)}


def test_what_cannot_be_logged_warns_once_and_training_goes_on(tmp_path):
    class Nested(nn.Module):
        def forward(self, x):
            return x.to_sparse()

    model = nn.Sequential(Nested())
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_histogram = None  # a writer gone wrong
        with pytest.raises(TypeError, match="writer"):
            tickertape.watch(model, writer)
        del writer.add_histogram
        handle = tickertape.watch(model, writer, 1, "activations")
        writer.add_histogram = lambda *_: (_ for _ in ()).throw(ValueError("no room"))
        with pytest.warns(UserWarning, match="activations/0 cannot be logged: no room"):
            model(torch.eye(2))
        for _ in range(2):
            model(torch.eye(2))  # a second warning would be an error
        del writer.add_histogram
        model(torch.eye(2))
        handle.remove()
    assert set(logged(tmp_path)) == {("activations/0", 3)}


def test_odd_parameters(tmp_path):
    """Sparse gradients, complex and frozen parameters, those without gradient, empty ones."""

    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(9, 3, sparse=True)
            self.wave = nn.Parameter(torch.ones(3, dtype=torch.complex64))
            self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
            self.unused = nn.Parameter(torch.ones(3))
            self.empty = nn.Parameter(torch.ones(0))

        def forward(self, tokens):
            return (self.embed(tokens) * self.wave * self.frozen).abs()

    model = Odd()
    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, 1):
        model(torch.tensor([1, 2])).sum().backward()
    values = logged(tmp_path)
    names = {tag for tag, _ in values}
    assert names == {
        *(f"weights/{name}" for name in ("embed.weight", "wave", "frozen", "unused")),
        "gradients/embed.weight",
        "gradients/wave",
    }
    assert values["gradients/embed.weight", 0].histo.num == 6
    assert values["weights/wave", 0].histo.num == 6


def test_only_the_first_backward_pass_counts(tmp_path):
    model = nn.Linear(2, 1)
    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, 1, "gradients"):
        for _ in range(2):
            loss = model(torch.ones(1, 2)).sum()
            loss.backward(retain_graph=True)
            loss.backward()
            model.zero_grad()
    assert set(logged(tmp_path)) == {(f"gradients/{n}", s) for n in ("weight", "bias") for s in (0, 1)}
    assert {value.histo.max for value in logged(tmp_path).values()} == {1.0}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_of_the_model_are_not_watched(tmp_path, copied):
    model = Net()
    with tickertape.SummaryWriter(tmp_path) as writer, tickertape.watch(model, writer, 1, "weights"):
        train(copied(model), 2)
    assert oracle.logged(tmp_path) == []


def test_results_and_gradients_are_those_of_an_unwatched_model(writer):
    torch.manual_seed(0)
    model = Net()
    x = torch.rand(2, 1, 6, 6)
    expected = model(x)
    expected.sum().backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    with tickertape.watch(model, writer, 1, ("weights", "gradients", "activations", "feature_maps")):
        result = model(x)
        result.sum().backward()
    assert torch.equal(result, expected)
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))


NET = Net()
BAD = [
    ({"model": 5}, TypeError, "model"),
    ({"writer": None}, TypeError, "writer"),
    ({"every": 0}, ValueError, "every"),
    ({"every": 1.5}, TypeError, "every"),
    ({"log": "wieghts"}, ValueError, "log"),
    ({"log": ()}, ValueError, "log"),
    ({"log": 5}, TypeError, "log"),
    ({"log": ("weights", "x")}, ValueError, "log"),
    ({"step": 5}, TypeError, "step"),
    ({"prefix": 5}, TypeError, "prefix"),
    ({"modules": ["nothing"]}, ValueError, "modules"),
    ({"modules": "body"}, TypeError, "modules"),
    ({"max_maps": 0}, ValueError, "max_maps"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_arguments(writer, number):
    options, error, name = BAD[number]
    with pytest.raises(error, match=name):
        tickertape.watch(**{"model": NET, "writer": writer, **options})
    assert hooks(NET) == []
