"""Names of a model file's nodes: free of what TensorBoard's page splits names at, and each there once."""

from __future__ import annotations

from tickertape.writer.graphs.nodes import part


class NodeNames:
    """Hands out names. "/" makes boxes, as in the model; empty parts are left out."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str, otherwise: str) -> str:
        """`name`, or `otherwise` where it is empty, with a number behind it where a node has it."""
        parts = [part(text) for text in (name or otherwise).split("/") if text]
        base = "/".join(parts) or part(otherwise)
        unique, number = base, 0
        while unique in self._taken:
            number += 1
            unique = f"{base}_{number}"
        self._taken.add(unique)
        return unique
