"""add_graph of models whose results or inputs are objects: the graph shows the tensors inside them."""

import collections
import dataclasses

import pytest
import torch
from support import oracle
from tensorboard.compat.proto.graph_pb2 import GraphDef

X = torch.zeros(4, 3)


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x)


@dataclasses.dataclass
class Output:
    logits: torch.Tensor
    loss: object = None
    again: object = None


class OfDataclass(Linear):
    def forward(self, x):
        output = Output(self.layer(x))
        output.again = output  # holds itself
        return output


class Cache:
    """As transformers' DynamicCache: no pytree, tensors in objects in a list."""

    def __init__(self, *layers):
        self.layers = [dict(zip(("keys", "values"), layer, strict=True)) for layer in layers]


class OfCache(Linear):
    def forward(self, x):
        return {"logits": self.layer(x), "past": Cache((self.layer(x), x * 2))}


class OfNormal(Linear):
    def forward(self, x):
        return torch.distributions.Normal(self.layer(x), torch.ones(2))


class OfCategorical(Linear):
    def forward(self, x):
        return torch.distributions.Categorical(logits=self.layer(x))


class Tensors(collections.UserDict):
    """As TensorDict, or a tokenizer's BatchEncoding."""


class OfTensors(Linear):
    def forward(self, tensors):
        return Tensors({**tensors, "action": self.layer(tensors["observation"])})


class OfDetection(Linear):
    def forward(self, images):
        return [{"boxes": self.layer(image), "labels": image.sum(1)} for image in images]


class OfTokens(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Embedding(10, 3)

    def forward(self, input_ids, attention_mask=None):
        return self.layer(input_ids) * attention_mask[..., None]


class OfSequence(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.LSTM(3, 4)

    def forward(self, sequence):
        return self.layer(sequence)


PACKED = torch.nn.utils.rnn.pack_sequence([torch.zeros(3, 3), torch.zeros(2, 3)])
TOKENS = {"input_ids": torch.zeros(2, 5, dtype=torch.long), "attention_mask": torch.ones(2, 5)}
MODELS = {  # model, input_to_model, names of the results
    "dataclass": (OfDataclass, X, {"logits"}),
    "cache": (OfCache, X, {"logits", "past.layers.0.keys", "past.layers.0.values"}),
    "Normal": (OfNormal, X, {"loc", "scale"}),
    "Categorical": (OfCategorical, X, {"logits"}),
    "mapping": (OfTensors, ({"observation": X},), {"observation", "action"}),
    "detection": (OfDetection, ([X, X],), {"0.boxes", "0.labels", "1.boxes", "1.labels"}),
    "BatchEncoding": (OfTokens, Tensors(TOKENS), {"output"}),
    "keywords": (OfTokens, TOKENS, {"output"}),
    "PackedSequence": (OfSequence, PACKED, None),
    "NumPy": (Linear, X.numpy(), {"output"}),
    "NumPy in a tuple": (Linear, (X.numpy(),), {"output"}),
    "NumPy in a mapping": (OfTokens, {name: tensor.numpy() for name, tensor in TOKENS.items()}, {"output"}),
}


@pytest.mark.parametrize("name", MODELS)
def test_results_and_inputs(tmp_path, writer, name):
    kind, given, expected = MODELS[name]
    model = kind()
    validates = torch.distributions.Distribution._validate_args
    writer.add_graph(model, given)
    writer.close()
    event, _ = oracle.logged(tmp_path / "ours")
    nodes = {node.name: node for node in GraphDef.FromString(event.graph_def).node}
    assert any("[layer]/" in name for name in nodes), sorted(nodes)
    results = {name.removeprefix("output/") for name in nodes if name.startswith("output/")}
    if expected is not None:
        assert expected <= results
    assert torch.distributions.Distribution._validate_args is validates
    assert not model._forward_hooks
    assert not model._forward_pre_hooks
