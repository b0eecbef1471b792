"""Unique names for the nodes of a model file, without characters that TensorBoard's page splits names at."""

from __future__ import annotations

from tickertape.writer.graphs.nodes import part, take


class NodeNames:
    """Makes names. "/" separates boxes, as in the model; empty parts are left out."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str, otherwise: str) -> str:
        """`name`, or `otherwise` if it is empty; if another node has it, with a number at its end."""
        parts = [part(text) for text in (name or otherwise).split("/") if text]
        return take("/".join(parts) or part(otherwise), self._taken)
