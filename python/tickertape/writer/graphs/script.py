"""Reads a model's graph from TorchScript: from torch.jit.trace if torch.export fails, or from a ScriptModule.

Calls of sub-modules are followed, so each operation is in the box of the module that ran it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tickertape.writer.graphs.export import shape_of
from tickertape.writer.graphs.nodes import Graph, Node, Ref, Shape, add_outputs


class _Module(NamedTuple):
    module: Any
    path: str


class _Constant(NamedTuple):
    value: Any


class _Step(NamedTuple):
    """One TorchScript node, and the module and block that run it."""

    node: Any
    inputs: list[Any]  # the Ref, constant, list, ... of each
    outputs: list[Any]  # TorchScript values
    values: dict[str, Any]
    path: str  # of the module
    inner: str  # box of control flow, or ""


def trace(torch: Any, model: Any, args: Any, kwargs: dict[str, Any], *, strict: bool) -> tuple[Graph, str]:
    """Runs a call `model(*args, **kwargs)` under torch.jit.trace: (graph, its text by torch).

    Raises:
        Exception: any error of torch.jit.trace for a model that it cannot capture.
    """
    inputs = {"example_kwarg_inputs": kwargs} if kwargs else {"example_inputs": args}
    traced = torch.jit.trace(model, strict=strict, check_trace=False, **inputs)
    return read(torch, traced, model)


def read(torch: Any, scripted: Any, model: Any) -> tuple[Graph, str]:
    """(graph, its text by torch) of a ScriptModule or ScriptFunction; `model` names the boxes."""
    return _Reader(torch, scripted, model).read(), str(scripted.graph)


class _Reader:
    """Walks the graphs of the methods that call one another."""

    def __init__(self, torch: Any, scripted: Any, model: Any) -> None:
        self._torch = torch
        self._scripted = scripted
        self._graph = Graph(model)
        self._stored: dict[str, Ref] = {}  # path of a parameter, buffer or constant to its node
        self._owner: dict[str, Node] = {}

    def read(self) -> Graph:
        graph = self._scripted.graph
        values: dict[str, Any] = {}
        for number, value in enumerate(graph.inputs()):
            if number == 0 and value.type().kind() == "ClassType":
                values[value.debugName()] = _Module(self._scripted, "")
            else:
                name = value.debugName().split(".")[0]
                name = name if not name.isdigit() else f"input_{name}"
                added = self._graph.add("input", name, "IO Node", [], [_shape(value)], device=_device(value))
                values[value.debugName()] = Ref(added.name)
        returned = self._walk(graph, values, "", "")
        only = returned[0] if len(returned) == 1 else returned
        add_outputs(self._graph, list(_named(only, "")))
        return self._graph

    def _walk(self, block: Any, values: dict[str, Any], path: str, inner: str) -> list[Any]:
        """Adds the operations of a graph or block to the box of module `path`; returns what it returns.

        Args:
            block: graph of a method, or block of control flow.
            values: TorchScript value to its Ref, constant, list, ...; values of this block are added.
            path: the module that runs it.
            inner: box of a branch or loop body; "" for none.
        """
        for node in block.nodes():
            inputs = [values.get(value.debugName()) for value in node.inputs()]
            step = _Step(node, inputs, list(node.outputs()), values, path, inner)
            results = self._special(step)
            if results is None:
                results = self._operation(step)
            for value, result in zip(step.outputs, results, strict=False):
                values[value.debugName()] = result
        return [values.get(value.debugName()) for value in block.outputs()]

    def _special(self, step: _Step) -> list[Any] | None:
        """The outputs of a node that is not an operation (a constant, a call, a list, ...); None for an operation."""
        kind = step.node.kind()
        results: list[Any] | None = None
        if kind == "prim::Constant":
            results = [_Constant(step.outputs[0].toIValue())]
        elif kind == "prim::GetAttr":
            results = [self._attribute(step.inputs[0], step.node.s("name"))]
        elif kind == "prim::CallMethod" and isinstance(step.inputs[0], _Module):
            results = self._call(step)
        elif kind in ("prim::ListConstruct", "prim::TupleConstruct"):
            results = [_collected(step.inputs)]
        elif kind == "prim::DictConstruct":
            results = [_dict(step.inputs)]
        elif kind in ("prim::ListUnpack", "prim::TupleUnpack"):
            results = self._unpacked(step.inputs[0], step.outputs)
        elif kind == "aten::__getitem__" and _is_item(*step.inputs):
            results = [step.inputs[0][step.inputs[1].value]]
        elif kind in ("prim::If", "prim::Loop"):
            results = self._control_flow(step)
        return results

    def _operation(self, step: _Step) -> list[Any]:
        kind = step.node.kind()
        if kind == "prim::CallFunction":  # e.g. of torch.nn.functional
            kind = next(step.node.inputs()).node().s("name")
        added = self._graph.add(
            step.inner or self._graph.scope(step.path),
            _leaf(kind),
            kind,
            self._refs(step.inputs),
            [_shape(value) for value in step.outputs],
            attributes=_attributes(self._torch, step.node, step.inputs),
            device=_device(step.outputs[0]) if step.outputs else "",
        )
        self._owner[added.name] = added
        return [Ref(added.name, slot) for slot in range(len(step.outputs))]

    def _attribute(self, owner: Any, name: str) -> Any:
        if not isinstance(owner, _Module):
            return None
        value = getattr(owner.module, name, None)
        full = f"{owner.path}.{name}" if owner.path else name
        if isinstance(value, self._torch.nn.Module):
            return _Module(value, full)
        if not isinstance(value, self._torch.Tensor):
            return _Constant(value)
        if full not in self._stored:
            is_parameter = isinstance(value, self._torch.nn.Parameter)
            added = self._graph.add(
                self._graph.scope(owner.path),
                name,
                "Parameter" if is_parameter else "Buffer",
                [],
                [shape_of(value)],
                attributes={"requires_grad": bool(value.requires_grad)} if is_parameter else {},
                device=str(value.device),
            )
            self._stored[full] = Ref(added.name)
        return self._stored[full]

    def _call(self, step: _Step) -> list[Any]:
        target: _Module = step.inputs[0]
        method = target.module._c._get_method(step.node.s("name"))  # noqa: SLF001  # second calls ("forward1") have no public name
        parameters = [value.debugName() for value in method.graph.inputs()]
        values = dict(zip(parameters, step.inputs, strict=False))
        return self._walk(method.graph, values, target.path, step.inner)

    def _unpacked(self, packed: Any, outputs: list[Any]) -> list[Any]:
        if isinstance(packed, list):
            return packed
        if not isinstance(packed, Ref):
            return [None] * len(outputs)
        owner = self._owner.get(packed.node)
        if owner is not None:  # the list's items are known only here
            owner.outputs = [_shape(value) for value in outputs]
        return [Ref(packed.node, index) for index in range(len(outputs))]

    def _control_flow(self, step: _Step) -> list[Any]:
        """Shows every branch or body, each in its own box."""
        kind = step.node.kind()
        box = self._graph.unique(step.inner or self._graph.scope(step.path), _leaf(kind).lower())
        names = ("then", "else") if kind == "prim::If" else ("body",)
        merged: list[Any] = step.inputs[:1]
        for name, block in zip(names, step.node.blocks(), strict=False):
            local = dict(step.values)
            # Inputs of a loop's block: iteration, carried values. Of its node: iterations, condition, carried values.
            for value, carried in zip(block.inputs(), [None, *step.inputs[2:]], strict=False):
                local[value.debugName()] = carried
            merged.append(self._walk(block, local, step.path, f"{box}/{name}"))
        shapes = [_shape(value) for value in step.outputs]
        added = self._graph.add(box, _leaf(kind), kind, self._refs(merged), shapes)
        self._owner[added.name] = added
        return [Ref(added.name, slot) for slot in range(len(shapes))]

    def _refs(self, inputs: Any) -> list[Ref]:
        """The nodes among (nested) inputs; a constant tensor becomes a node."""
        if isinstance(inputs, Ref):
            return [inputs]
        if isinstance(inputs, _Constant) and isinstance(inputs.value, self._torch.Tensor):
            shape = shape_of(inputs.value)
            added = self._graph.add(self._graph.scope(""), "constant", "Constant", [], [shape])
            return [Ref(added.name)]
        if isinstance(inputs, dict):
            inputs = list(inputs.values())
        if isinstance(inputs, list):
            return [ref for item in inputs for ref in self._refs(item)]
        return []


def _leaf(kind: str) -> str:
    return kind.rpartition("::")[2]


def _collected(inputs: list[Any]) -> Any:
    """A list of constants as one constant; any other list unchanged."""
    if all(isinstance(item, _Constant) for item in inputs):
        return _Constant([item.value for item in inputs])
    return list(inputs)


def _dict(inputs: list[Any]) -> dict[str, Any]:
    """A dict from alternating keys and values."""
    return {
        str(key.value) if isinstance(key, _Constant) else str(number): value
        for number, (key, value) in enumerate(zip(inputs[::2], inputs[1::2], strict=True))
    }


def _is_item(container: Any, key: Any) -> bool:
    """Whether the value of `container[key]` is known here."""
    if not isinstance(key, _Constant):
        return False
    if isinstance(container, list):
        return isinstance(key.value, int) and -len(container) <= key.value < len(container)
    return isinstance(container, dict) and key.value in container


def _named(value: Any, name: str) -> Any:
    """(name, Ref) of each result: "0", "1.logits"; "output" for a single one."""
    if isinstance(value, Ref):
        yield name or "output", value
    items = value.items() if isinstance(value, dict) else enumerate(value) if type(value) is list else ()
    for key, item in items:
        yield from _named(item, f"{name}.{key}" if name else str(key))


def _attributes(torch: Any, node: Any, inputs: list[Any]) -> dict[str, Any]:
    """The arguments that are constants, by the names of the operation's schema."""
    try:
        names = [argument.name for argument in torch._C.parse_schema(node.schema()).arguments]  # noqa: SLF001  # no public way to a node's argument names
    except RuntimeError:  # "(no schema)"
        names = []
    attributes = {}
    for index, item in enumerate(inputs):
        if isinstance(item, _Constant) and not isinstance(item.value, torch.Tensor):
            attributes[names[index] if index < len(names) else f"arg{index}"] = item.value
    return attributes


def _shape(value: Any) -> Shape:
    """Shape and type of a value, if TorchScript knows them; in a scripted graph it does not."""
    if not value.isCompleteTensor():
        return Shape()
    dtype, dims = value.type().dtype(), tuple(value.type().sizes())
    return Shape(dims, str(dtype).removeprefix("torch."), math.prod(dims) * int(dtype.itemsize))


def _device(value: Any) -> str:
    return str(value.type().device()) if value.isCompleteTensor() else ""
