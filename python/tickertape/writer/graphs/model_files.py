"""SummaryWriter.add_onnx_graph and add_openvino_graph: models in files as TensorBoard's graph page shows them. Cold."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tickertape.writer.part import WriterPart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tickertape.writer.graphs.nodes import Node


class ModelFileMethods(WriterPart):
    """Graphs of models in files."""

    def add_onnx_graph(self, prototxt: Any) -> None:
        """Writes the graph of an ONNX model. Needs the package onnx.

        Nodes have their own names (torch: those of their first outputs, and some twice), inputs their types and shapes,
        and weights are shown as constants.

        Args:
            prototxt: path of the .onnx file, a file that is open for reading bytes, or a ModelProto.

        Raises:
            ImportError: onnx is missing.
            TypeError, ValueError: `prototxt` is no ONNX model.
            OSError: the file cannot be read.

        Source: torch/utils/tensorboard/_onnx_graph.py.
        """
        from tickertape.writer.graphs import onnx_model  # noqa: PLC0415  # only who calls this needs it

        self._add_nodes(onnx_model.nodes(prototxt))

    def add_openvino_graph(self, xmlname: Any) -> None:
        """Writes the graph of an OpenVINO model. Needs no package: the .xml file says it all.

        Every layer is one node with its type, shapes and settings (tensorboardX: one for each edge, without them).

        Args:
            xmlname: path of the model's .xml file.

        Raises:
            TypeError, ValueError: `xmlname` is no OpenVINO model.
            OSError: the file cannot be read.

        Source: tensorboardX/openvino_graph.py.
        """
        from tickertape.writer.graphs import openvino_model  # noqa: PLC0415  # only who calls this needs it

        self._add_nodes(openvino_model.nodes(xmlname))

    def _add_nodes(self, model: Iterable[Node]) -> None:
        from tickertape.writer.graphs import nodes  # noqa: PLC0415  # only who writes graphs needs it

        graph = nodes.graph_def(model)
        self._event_writer().add_event(nodes.graph_event(graph, time.time()))
