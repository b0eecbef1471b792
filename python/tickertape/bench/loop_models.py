"""The models that the training loops of `tickertape bench` train, and what there is to log of them at each step."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tickertape.demo import model as demo_model

if TYPE_CHECKING:
    from collections.abc import Callable

_LAYERS = (784, 256, 256, 128, 64, 10)  # 5 weights and 5 biases: 308,554 parameters
_BATCH = 128
_VOCABULARY, _WIDTH, _HEADS, _DEPTH, _CONTEXT, _SEQUENCES = 256, 128, 4, 2, 32, 8
_TILES = (16, 3, 32, 32)


class Model(Protocol):
    """The model that a loop trains."""

    words: str

    def step(self) -> float:
        """One step of the optimiser; the loss."""

    def arrays(self) -> dict[str, Any]:
        """What is logged as histograms, by tag. The same tags after each step."""

    def images(self) -> dict[str, Any]:
        """What is logged as grids of images, by tag: float, NCHW."""


class NumpyPerceptron:
    """The perceptron of the demo, if torch is missing."""

    words = f"a perceptron in NumPy, batches of {_BATCH}, histograms of its weights"

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.model = demo_model.Perceptron(_LAYERS, rng)
        self.optimizer = demo_model.Adam(self.model.parameters, 1e-3)
        self.x = rng.random((_BATCH, _LAYERS[0]))
        self.y = rng.integers(0, _LAYERS[-1], _BATCH)

    def step(self) -> float:
        """One step of Adam on one batch."""
        probabilities, activations = self.model.forward(self.x)
        self.optimizer.step(self.model.gradients(probabilities, activations, self.y))
        return float(demo_model.cross_entropy(probabilities, self.y))

    def arrays(self) -> dict[str, Any]:
        """float64 arrays."""
        return dict(self.model.parameters)

    def images(self) -> dict[str, Any]:
        """None."""
        return {}


class TorchPerceptron:
    """The same perceptron in torch, on the CPU."""

    words = f"a perceptron in torch, on one thread of the CPU, batches of {_BATCH}, histograms of its weights"

    def __init__(self) -> None:
        torch = _torch()
        layers: list[Any] = []
        for inputs, outputs in pairwise(_LAYERS):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)
        self.loss = torch.nn.CrossEntropyLoss()
        self.x, self.y = torch.rand(_BATCH, _LAYERS[0]), torch.randint(0, _LAYERS[-1], (_BATCH,))
        self.parameters = dict(self.model.named_parameters())

    def step(self) -> float:
        """One step of Adam on one batch."""
        self.optimizer.zero_grad()
        loss = self.loss(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def arrays(self) -> dict[str, Any]:
        """float32 parameters."""
        return self.parameters

    def images(self) -> dict[str, Any]:
        """None."""
        return {}


class TorchTransformer:
    """A language model of a few layers in torch, on the CPU; its text is random."""

    words = (
        f"a transformer of {_DEPTH} layers of width {_WIDTH} in torch, on one thread of the CPU, {_SEQUENCES} sequences of "
        f"{_CONTEXT} bytes, histograms of its weights and gradients, a grid of {'×'.join(map(str, _TILES))} float32"
    )

    def __init__(self) -> None:
        torch = _torch()
        nn = torch.nn
        layer = nn.TransformerEncoderLayer(
            _WIDTH, _HEADS, 4 * _WIDTH, dropout=0, batch_first=True, norm_first=True
        )
        self.model = nn.ModuleDict(
            {
                "embedding": nn.Embedding(_VOCABULARY, _WIDTH),
                "layers": nn.TransformerEncoder(layer, _DEPTH, enable_nested_tensor=False),
                "head": nn.Linear(_WIDTH, _VOCABULARY),
            }
        )
        self.mask = nn.Transformer.generate_square_subsequent_mask(_CONTEXT)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 1e-3)
        self.loss = nn.CrossEntropyLoss()
        self.text = torch.randint(0, _VOCABULARY, (_SEQUENCES, _CONTEXT + 1))
        self.tiles = torch.rand(*_TILES)
        self.parameters = dict(self.model.named_parameters())
        self.step()  # from here on there are gradients

    def step(self) -> float:
        """One step of AdamW on one batch: the next byte of each sequence is to be found."""
        self.optimizer.zero_grad()
        hidden = self.model["layers"](
            self.model["embedding"](self.text[:, :-1]), mask=self.mask, is_causal=True
        )
        found = self.model["head"](hidden)
        loss = self.loss(found.flatten(0, 1), self.text[:, 1:].flatten())
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def arrays(self) -> dict[str, Any]:
        """float32 parameters and their gradients."""
        gradients = {f"{name}.grad": tensor.grad for name, tensor in self.parameters.items()}
        return {**self.parameters, **gradients}

    def images(self) -> dict[str, Any]:
        """One batch."""
        return {"batch": self.tiles}


def copier(model: Model) -> Callable[[], None]:
    """A function that copies once all that is logged, into memory that it has already."""
    own = {name: np.array(_as_array(found)) for name, found in _all(model).items()}

    def copy() -> None:
        for name, found in _all(model).items():
            np.copyto(own[name], _as_array(found))

    return copy


def _all(model: Model) -> dict[str, Any]:
    return {**model.arrays(), **model.images()}


def _as_array(found: Any) -> Any:
    return found if isinstance(found, np.ndarray) else found.detach().numpy()


def _torch() -> Any:
    import torch  # noqa: PLC0415  # if it is installed

    torch.manual_seed(0)
    torch.set_num_threads(1)  # idle threads of torch spin, so others on the machine would change the result
    return torch
