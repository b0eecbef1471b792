"""The edges of bins="tensorflow"."""

from functools import cache


@cache
def tensorflow_edges() -> tuple[float, ...]:
    """torch/utils/tensorboard/writer.py: ±1e-12 · 1.1^k while below 1e20, by repeated multiplication, and 0."""
    positive = []
    edge = 1e-12
    while edge < 1e20:
        positive.append(edge)
        edge *= 1.1
    return (*(-edge for edge in reversed(positive)), 0, *positive)
