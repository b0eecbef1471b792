"""Reads a model's graph from torch.export: ATen operations, each with the module that called it."""

from __future__ import annotations

import math
import operator
from typing import Any

from tickertape.writer.graphs.nodes import Graph, Ref, Shape, add_outputs

_KINDS = {"PARAMETER": "Parameter", "BUFFER": "Buffer", "CONSTANT_TENSOR": "Constant"}
# Wrappers of a part of the graph that change nothing in it: with torch.no_grad(), with torch.autocast(...).
_TRANSPARENT = "wrap_with_"
# Names of the boxes of control flow (torch.cond, torch.while_loop), in the order of their sub-graphs.
_BRANCHES = {"cond": ("then", "else"), "while_loop": ("condition", "body")}


def read(torch: Any, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Graph, str]:
    """Traces a call `model(*args, **kwargs)` with fake tensors: (graph, its text by torch).

    Raises:
        Exception: any error of torch.export for a model that it cannot capture.
    """
    with _IdentityShown(torch, model):
        program = torch.export.export(model, args, kwargs, strict=False)
    return _Reader(torch, model, program).read(), str(program)


def shape_of(value: Any) -> Shape:
    """Shape and type of a tensor, fake or not; an empty Shape for anything else."""
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return Shape()
    dims = tuple(int(size) for size in value.shape)
    dtype = str(value.dtype).removeprefix("torch.")
    return Shape(dims, dtype, math.prod(dims) * int(value.dtype.itemsize))


class _IdentityShown:
    """While it lasts, nn.Identity runs an operation that changes nothing. Otherwise it would have no box."""

    def __init__(self, torch: Any, model: Any) -> None:
        self._modules = [module for module in model.modules() if type(module) is torch.nn.Identity]
        self._alias = torch.ops.aten.alias.default
        self._handles: list[Any] = []

    def __enter__(self) -> None:
        self._handles = [
            module.register_forward_hook(lambda _module, _args, output: self._alias(output))
            for module in self._modules
        ]

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()


class _Reader:
    """Walks the exported graph once."""

    def __init__(self, torch: Any, model: Any, program: Any) -> None:
        self._torch = torch
        self._model = model
        self._program = program
        self._graph = Graph(model)
        self._values: dict[Any, Any] = {}  # fx node to Ref, list of Refs, sub-graph, or None

    def read(self) -> Graph:
        module = self._program.graph_module
        placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
        specs = self._program.graph_signature.input_specs
        for node, spec in zip(placeholders, specs, strict=True):
            self._values[node] = self._placeholder(node, spec)
        results = self._walk(module, "")
        specs = self._program.graph_signature.output_specs
        returned = [
            result for result, spec in zip(results, specs, strict=True) if spec.kind.name == "USER_OUTPUT"
        ]
        names = self._output_names(len(returned))
        add_outputs(
            self._graph,
            [(name, ref) for name, ref in zip(names, returned, strict=True) if isinstance(ref, Ref)],
        )
        return self._graph

    def _placeholder(self, node: Any, spec: Any) -> Ref | None:
        value = node.meta.get("val")
        kind = _KINDS.get(spec.kind.name)
        if kind is None:
            shapes = [shape_of(value)] if hasattr(value, "shape") else []
            return Ref(self._graph.add("input", node.name, "IO Node", [], shapes, device=_device(value)).name)
        if kind != "Parameter" and not node.users:
            return None
        path, _, leaf = spec.target.rpartition(".")
        attributes = {"requires_grad": self._requires_grad(spec.target)} if kind == "Parameter" else {}
        added = self._graph.add(
            self._graph.scope(path),
            leaf,
            kind,
            [],
            [shape_of(value)],
            attributes=attributes,
            device=_device(value),
        )
        return Ref(added.name)

    def _requires_grad(self, target: str) -> bool | None:
        try:
            return bool(self._model.get_parameter(target).requires_grad)
        except AttributeError:
            return None

    def _walk(self, module: Any, inner: str) -> list[Any]:
        """Adds the operations of a graph whose placeholders have values; returns what the graph returns.

        Args:
            module: the fx GraphModule.
            inner: box of a branch or loop body, inside those of the modules; "" for none.
        """
        for node in module.graph.nodes:
            if node.op == "get_attr":
                self._values[node] = self._get_attr(module, node)
            elif node.op == "call_function":
                self._values[node] = self._call(node, inner)
            elif node.op == "output":
                returned = node.args[0]
                return [
                    self._values.get(item) if isinstance(item, self._torch.fx.Node) else None
                    for item in (returned if isinstance(returned, (list, tuple)) else [returned])
                ]
        return []

    def _get_attr(self, module: Any, node: Any) -> Any:
        value = operator.attrgetter(node.target)(module)
        if isinstance(value, self._torch.nn.Module):
            return value
        added = self._graph.add(self._scope(node, ""), node.target, "Constant", [], [shape_of(value)])
        return Ref(added.name)

    def _call(self, node: Any, inner: str) -> Any:
        target = node.target
        if target is operator.getitem and isinstance(self._values.get(node.args[0]), list):
            return self._values[node.args[0]][node.args[1]]
        values = self._inputs(node)
        branches = [value for value in values if not isinstance(value, Ref)]
        inputs = [value for value in values if isinstance(value, Ref)]
        schema = getattr(target, "_schema", None)
        name = target.__name__ if schema is None else schema.name.split("::")[-1]
        if branches:
            return self._branches(node, name, branches, inputs, inner)
        result = node.meta.get("val")
        several = isinstance(result, (list, tuple))
        added = self._graph.add(
            self._scope(node, inner),
            name,
            name if schema is None else schema.name,
            inputs,
            [shape_of(item) for item in result] if several else [shape_of(result)],
            attributes=self._attributes(node),
            device=_device(result[0] if several and result else result),
        )
        return [Ref(added.name, index) for index in range(len(result))] if several else Ref(added.name)

    def _branches(self, node: Any, name: str, branches: list[Any], inputs: list[Ref], inner: str) -> Any:
        """Control flow: shows every branch or body, each in its own box unless it is transparent."""
        transparent = name.startswith(_TRANSPARENT)
        box = inner if transparent else self._graph.unique(self._scope(node, inner), name)
        results: list[list[Any]] = []
        operands = 0
        for number, branch in enumerate(branches):
            placeholders = [item for item in branch.graph.nodes if item.op == "placeholder"]
            # The operands are the last inputs. A predicate may come before them.
            for placeholder, value in zip(reversed(placeholders), reversed(inputs), strict=False):
                self._values[placeholder] = value
            operands = max(operands, len(placeholders))
            names = _BRANCHES.get(name, ())
            place = names[number] if number < len(names) else f"body_{number}"
            results.append(self._walk(branch, box if transparent else f"{box}/{place}"))
        if transparent:
            return results[0]
        merged = [ref for result in results for ref in result if isinstance(ref, Ref)]
        value = node.meta.get("val")
        shapes = [shape_of(item) for item in value] if isinstance(value, (list, tuple)) else [shape_of(value)]
        added = self._graph.add(box, name, name, [*inputs[: len(inputs) - operands], *merged], shapes)
        return [Ref(added.name, index) for index in range(len(shapes))]

    def _inputs(self, node: Any) -> list[Any]:
        """Refs and sub-graphs among the arguments, in their order, lists flattened."""
        found: list[Any] = []
        for item in _flat((node.args, node.kwargs), self._torch.fx.Node):
            value = self._values.get(item)
            found.extend(value if isinstance(value, list) else [value])
        return [value for value in found if value is not None]

    def _attributes(self, node: Any) -> dict[str, Any]:
        """The arguments that are not tensors, by their names in the operation's schema."""
        schema = getattr(node.target, "_schema", None)
        names = [argument.name for argument in schema.arguments] if schema is not None else []
        named = {
            (names[index] if index < len(names) else f"arg{index}"): value
            for index, value in enumerate(node.args)
        } | dict(node.kwargs)
        return {
            name: _plain(value)
            for name, value in named.items()
            if value is not None and not _flat(value, self._torch.fx.Node)
        }

    def _scope(self, node: Any, inner: str) -> str:
        if inner:
            return inner
        stack = list((node.meta.get("nn_module_stack") or {}).values())
        path = stack[-1][0] if stack else ""
        return self._graph.scope(path.split("@")[0])  # "fc@1" is the second call of fc

    def _output_names(self, count: int) -> list[str]:
        """Names of the model's results: keys and positions ("logits", "1.hidden"); "output" for a single tensor."""
        pytree = self._torch.utils._pytree  # noqa: SLF001  # torch's own name for its trees
        tree = pytree.tree_unflatten(list(range(count)), self._program.call_spec.out_spec)
        paths, _ = pytree.tree_flatten_with_path(tree)
        return [".".join(map(_key, path)) or "output" for path, _ in paths]


def _key(key: Any) -> str:
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _flat(value: Any, kind: type) -> list[Any]:
    """All objects of type `kind` inside lists, tuples, dicts and slices."""
    if isinstance(value, kind):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, slice):
        value = [value.start, value.stop, value.step]
    return [item for part in value for item in _flat(part, kind)] if isinstance(value, (list, tuple)) else []


def _plain(value: Any) -> Any:
    """Numbers, text and lists of them unchanged; anything else (devices, dtypes) as text."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _device(value: Any) -> str:
    return str(getattr(value, "device", ""))
