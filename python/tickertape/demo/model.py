"""The classifier of the demo: a small multi-layer perceptron in NumPy, trained by Adam."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


class Perceptron:
    """Fully connected layers with ReLU between them and softmax at the end.

    Args:
        sizes: width of the input, of each hidden layer and of the output.
        rng: source of the first weights (He initialisation).
    """

    def __init__(self, sizes: tuple[int, ...], rng: np.random.Generator) -> None:
        self.parameters: dict[str, Floats] = {}
        self.layers = len(sizes) - 1
        for layer, (width_in, width_out) in enumerate(itertools.pairwise(sizes)):
            self.parameters[f"layer{layer}/weight"] = rng.normal(
                0, np.sqrt(2 / width_in), (width_in, width_out)
            )
            self.parameters[f"layer{layer}/bias"] = np.zeros(width_out)

    def forward(self, inputs: Floats) -> tuple[Floats, list[Floats]]:
        """(class probabilities [N, classes], the input of every layer, each [N, width])."""
        activations = [inputs]
        for layer in range(self.layers):
            weight = self.parameters[f"layer{layer}/weight"]
            outputs = activations[-1] @ weight + self.parameters[f"layer{layer}/bias"]
            if layer < self.layers - 1:
                activations.append(np.maximum(outputs, 0))
        outputs -= outputs.max(axis=1, keepdims=True)  # the largest exponent is 0: nothing overflows
        exponentials = np.exp(outputs)
        return exponentials / exponentials.sum(axis=1, keepdims=True), activations

    def gradients(
        self, probabilities: Floats, activations: list[Floats], labels: Labels
    ) -> dict[str, Floats]:
        """The gradient of the mean cross-entropy by each parameter."""
        slope = probabilities.copy()
        slope[np.arange(len(labels)), labels] -= 1
        slope /= len(labels)
        gradients = {}
        for layer in reversed(range(self.layers)):
            gradients[f"layer{layer}/weight"] = activations[layer].T @ slope
            gradients[f"layer{layer}/bias"] = slope.sum(axis=0)
            if layer:
                slope = slope @ self.parameters[f"layer{layer}/weight"].T * (activations[layer] > 0)
        return gradients


class Adam:
    """Adam (Kingma and Ba, 2015) with its usual constants."""

    def __init__(self, parameters: dict[str, Floats], learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self._parameters = parameters
        self._mean = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._square = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._steps = 0

    def step(self, gradients: dict[str, Floats]) -> None:
        """Moves every parameter against its gradient."""
        self._steps += 1
        correction = np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps)
        for name, gradient in gradients.items():
            self._mean[name] = 0.9 * self._mean[name] + 0.1 * gradient
            self._square[name] = 0.999 * self._square[name] + 0.001 * gradient**2
            move = self._mean[name] / (np.sqrt(self._square[name]) + 1e-8)
            self._parameters[name] -= self.learning_rate * correction * move


def cross_entropy(probabilities: Floats, labels: Labels) -> float:
    """Mean of -log of the probability of the right class."""
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def accuracy(probabilities: Floats, labels: Labels) -> float:
    """Share of the samples whose most probable class is the correct one."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[Labels]:
    """Every index below `count` once, shuffled, `size` at a time."""
    order = rng.permutation(count)
    for start in range(0, count, size):
        yield order[start : start + size]
