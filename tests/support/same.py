"""Whether our objects hold what TensorBoard's and protobuf's of the same file hold."""

import dataclasses

from tensorboard.compat.proto.summary_pb2 import SummaryMetadata

METHODS = {
    "scalars": "Scalars",
    "histograms": "Histograms",
    "distributions": "CompressedHistograms",
    "images": "Images",
    "audio": "Audio",
    "tensors": "Tensors",
}


def plain(value):
    """An event of either class as nested tuples; a tensor as its bytes."""
    if dataclasses.is_dataclass(value):
        return tuple(plain(getattr(value, field.name)) for field in dataclasses.fields(value))
    if hasattr(value, "SerializeToString"):
        return value.SerializeToString()
    return tuple(map(plain, value)) if isinstance(value, tuple | list) else value


def assert_same(ours, theirs):
    assert_same_values(ours, theirs)
    tags = theirs.Tags()
    if tags["graph"]:
        assert ours.Graph() == theirs.Graph()
    if tags["meta_graph"]:
        assert ours.MetaGraph() == theirs.MetaGraph()
    for tag in tags["run_metadata"]:
        assert ours.RunMetadata(tag) == theirs.RunMetadata(tag)
    assert_same_metadata(ours, theirs)
    for name in ("file_version", "most_recent_step", "most_recent_wall_time"):
        assert getattr(ours, name) == getattr(theirs, name), name
    if any(tags.values()):
        assert ours.FirstEventTimestamp() == theirs.FirstEventTimestamp()
    assert ours.GetSourceWriter() == theirs.GetSourceWriter()


def assert_same_values(ours, theirs):
    tags = theirs.Tags()
    assert ours.Tags() == tags
    for kind, method in METHODS.items():
        for tag in tags[kind]:
            found, expected = getattr(ours, method)(tag), getattr(theirs, method)(tag)
            assert plain(found) == plain(expected), (kind, tag)
            if expected:
                assert found[0]._fields == tuple(field.name for field in dataclasses.fields(expected[0]))


def assert_same_metadata(ours, theirs):
    assert set(ours.summary_metadata) == set(theirs.summary_metadata)
    for tag, metadata in theirs.summary_metadata.items():
        assert SummaryMetadata.FromString(ours.SummaryMetadata(tag).SerializeToString()) == metadata
        plugin = metadata.plugin_data.plugin_name
        if plugin:
            assert ours.PluginTagToContent(plugin) == theirs.PluginTagToContent(plugin)


def assert_same_message(mine, theirs):
    """Every field that protobuf lists, through our attributes."""
    for field, expected in theirs.ListFields():
        found = getattr(mine, field.name)
        if field.is_repeated:
            assert len(found) == len(expected)
            pairs = list(zip(found, expected, strict=True))
        else:
            assert mine.HasField(field.name)
            pairs = [(found, expected)]
        for one, other in pairs:
            if field.message_type is not None:
                assert_same_message(one, other)
            else:
                assert one == other
