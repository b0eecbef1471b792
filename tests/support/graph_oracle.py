"""Graphs decoded by TensorBoard's protos and served by its graph plugin, and the module tree as torch has it."""

import warnings

from google.protobuf import text_format
from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.types_pb2 import DataType
from tickertape.writer import SummaryWriter

from support import oracle

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin


def graph_of(directory):
    """The GraphDef of a directory's only event file, and what its run metadata says."""
    graph, metadata = oracle.logged(directory)
    assert metadata.tagged_run_metadata.tag == "step1"
    assert graph.wall_time > 0
    return (
        GraphDef.FromString(graph.graph_def),
        RunMetadata.FromString(metadata.tagged_run_metadata.run_metadata),
    )


def written(tmp_path, model, inputs, **options):
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, inputs, **options)
    graph, _ = graph_of(tmp_path)
    check_sound(graph)
    return graph


def check_sound(graph):
    """Names are unique and no box at once, inputs exist, and there is a way from an input to each output."""
    names = [node.name for node in graph.node]
    assert len(set(names)) == len(names)
    assert not set(names) & boxes(names)
    slots = {node.name: max(1, len(node.attr["_output_shapes"].list.shape)) for node in graph.node}
    sources = {name for name in names if name.startswith("input/")}
    reached = set(sources)
    for node in graph.node:  # in the order in which they run
        for wire in node.input:
            name, _, slot = wire.partition(":")
            assert name in names, wire
            assert int(slot or 0) < slots[name], wire
            if name in reached:
                reached.add(node.name)
    outputs = [name for name in names if name.startswith("output/")]
    assert outputs
    assert set(outputs) <= reached


def boxes(names):
    return {name[:end] for name in names for end in range(len(name)) if name[end] == "/"}


def box_of(model, path):
    """The box of a module, from the module tree alone: root class, then Class[attribute] of each level."""
    parts, module = [type(model).__name__], model
    for attribute in path.split(".") if path else []:
        module = module._modules[attribute]
        parts.append(f"{type(module).__name__}[{attribute}]")
    return "/".join(parts)


def dims(node):
    return [tuple(dim.size for dim in shape.dim) for shape in node.attr["_output_shapes"].list.shape]


def data_type(tensor):
    name = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}.get(str(tensor.dtype)[6:])
    return DataType.Value(f"DT_{name or str(tensor.dtype)[6:].upper()}")


def graph_page(logdir, run):
    """What the page asks the server for: (what there is of a run, its graph, its run metadata as text)."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={})
    multiplexer.AddRunsFromDirectory(str(logdir))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(logdir))
    plugin = GraphsPlugin(base_plugin.TBContext(data_provider=provider))
    context = RequestContext()
    graph, _ = plugin.graph_impl(context, run, None, False, "", 1024, "_too_large_attrs")
    metadata, _ = plugin.run_metadata_impl(context, "", run, "step1")
    return plugin.info_impl(context, experiment="")[run], text_format.Parse(graph, GraphDef()), metadata
