"""SummaryWriter.add_graph: a torch module as TensorBoard's graph page shows it. Cold; torch does the capturing."""

from __future__ import annotations

import sys
import time
from typing import Any

from tickertape.convert import check
from tickertape.writer.part import WriterPart


class GraphMethods(WriterPart):
    """Graphs."""

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Writes a model's graph, with a box for each of its modules.

        The model is captured in eval mode by torch.export, which runs no kernel; where that fails, by torch.jit.trace,
        which runs the model once. Every module is left in the mode it was in (torch sets them all to the mode of
        the outermost), and random numbers go on as though nothing had been called. Parameters may be on the meta
        device. A ScriptModule is shown as it is.

        Args:
            model: a torch.nn.Module.
            input_to_model: an example of what forward() takes: a tensor, a tuple or list of its arguments, or a dict.
                A dict whose keys are names of forward()'s parameters is taken as keyword arguments (torch: always
                as one argument).
            verbose: print torch's own form of the graph.
            use_strict_trace: torch.jit.trace's `strict`; False allows lists and dicts as results.

        Raises:
            TypeError, ValueError: `model` is no module, or forward() does not take `input_to_model`.
            RuntimeError: neither way can capture the model; the message says why and what to do.

        Source: torch/utils/tensorboard/_pytorch_graph.py.
        """
        torch = sys.modules.get("torch")
        if torch is None or not isinstance(model, (torch.nn.Module, torch.jit.ScriptFunction)):
            raise TypeError(f"model: expected a torch.nn.Module, got {check.type_name(model)}")
        from tickertape.writer.graphs import capture, nodes  # noqa: PLC0415  # only who calls add_graph needs it

        graph, printed = capture.capture(torch, model, input_to_model, strict=bool(use_strict_trace))
        if verbose:
            sys.stdout.write(printed + "\n")
        writer = self._event_writer()
        writer.add_event(nodes.graph_event(graph.graph_def(), time.time()))
        writer.add_event(nodes.run_metadata_event(graph.run_metadata(), time.time()))
