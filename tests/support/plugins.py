"""TensorBoard's own plugins on what its plain loader has read of a directory: the answers that its page gets."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what they import
    from tensorboard.backend.event_processing import data_provider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.custom_scalar.custom_scalars_plugin import CustomScalarsPlugin
    from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin
    from tensorboard.plugins.histogram.histograms_plugin import HistogramsPlugin
    from tensorboard.plugins.mesh.mesh_plugin import MeshPlugin
    from tensorboard.plugins.pr_curve.pr_curves_plugin import PrCurvesPlugin
    from tensorboard.plugins.projector import projector_plugin
    from tensorboard.plugins.scalar.scalars_plugin import ScalarsPlugin
    from tensorboard.plugins.text.text_plugin import TextPlugin
    from werkzeug.test import Client

__all__ = [
    "CustomScalarsPlugin",
    "GraphsPlugin",
    "HistogramsPlugin",
    "MeshPlugin",
    "PrCurvesPlugin",
    "TextPlugin",
    "fetched",
    "on",
    "projector_plugin",
]


def on(directory, plugin):
    """The plugin (a class) that serves what is in `directory`."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(directory)).Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(directory))
    instances = {}
    context = TBContext(
        data_provider=provider,
        multiplexer=multiplexer,
        logdir=str(directory),
        plugin_name_to_instance=instances,
    )
    instances["scalars"] = ScalarsPlugin(context)
    return plugin(context)


def fetched(plugin, route, **query):
    """A route's answer, as bytes."""
    return Client(plugin.get_plugin_apps()[route]).get("/", query_string=query).get_data()
