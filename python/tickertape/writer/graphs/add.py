"""add_graph, add_onnx_graph and add_openvino_graph. Each imports the modules for its kind of model when it is called."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedType
from tickertape.convert import check, notices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tickertape.writer.file_writer import GetWriter
    from tickertape.writer.graphs.nodes import Node


def one_more(*, is_another: bool) -> bool:
    """Warns of a second graph of a run, which TensorBoard cannot show beside the first. Returns True."""
    if is_another:
        notices.warn_once(
            "another graph",
            "add_graph: expected one graph in a run, got another, and TensorBoard shows one: the last, with --load_fast=false the "
            "first; write it into a run of its own (said once)",
        )
    return True


def add_graph(get_writer: GetWriter, model: Any, input_to_model: Any, *, verbose: Any, strict: Any) -> None:
    """See SummaryWriter.add_graph."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, (torch.nn.Module, torch.jit.ScriptFunction)):
        raise UnsupportedType(f"model: expected a torch.nn.Module, got {check.type_name(model)}")
    from tickertape.writer.graphs import capture, nodes  # noqa: PLC0415  # only add_graph needs them

    graph, printed = capture.capture(
        torch, model, input_to_model, strict=check.flag(strict, "use_strict_trace")
    )
    if check.flag(verbose, "verbose"):
        sys.stdout.write(printed + "\n")
    writer = get_writer()
    writer.add_event(nodes.graph_event(graph.graph_def(), time.time()))
    writer.add_event(nodes.run_metadata_event(graph.run_metadata(), time.time()))


def add_onnx_graph(get_writer: GetWriter, prototxt: Any) -> None:
    """See SummaryWriter.add_onnx_graph."""
    from tickertape.writer.graphs import onnx_model  # noqa: PLC0415  # imports onnx

    _add_nodes(get_writer, onnx_model.nodes(prototxt))


def add_openvino_graph(get_writer: GetWriter, xmlname: Any) -> None:
    """See SummaryWriter.add_openvino_graph."""
    from tickertape.writer.graphs import openvino_model  # noqa: PLC0415  # imports XML

    _add_nodes(get_writer, openvino_model.nodes(xmlname))


def _add_nodes(get_writer: GetWriter, model: Iterable[Node]) -> None:
    from tickertape.writer.graphs import nodes  # noqa: PLC0415  # few write graphs

    graph = nodes.graph_def(model)
    get_writer().add_event(nodes.graph_event(graph, time.time()))
