"""Tags that TensorBoard's page cannot show warn once; what the page does with them is in tests/browser."""

import json

import grpc
import numpy as np
import pytest
import tickertape
from support import plugins, tensorboards
from support.told import quiet, told
from tensorboard import errors
from tensorboard.context import RequestContext
from tensorboard.data import grpc_provider

PICTURE = np.zeros((3, 4, 4), np.uint8)
METHODS = {
    "scalar": lambda writer, tag: writer.add_scalar(tag, 1.0, 1),
    "plain": lambda writer, tag: (writer.add_scalar("before", 1.0, 1), writer.add_scalar(tag, 1.0, 1)),
    "scalars": lambda writer, tag: writer.add_scalars(tag, {"a": 1.0}, 1),
    "log": lambda writer, tag: writer.log({"a": 1.0, tag: 2.0}, 1),
    "nested log": lambda writer, tag: writer.log({tag: {"x": np.float32(1)}}, 1),
    "histogram": lambda writer, tag: writer.add_histogram(tag, [1.0, 2.0], 1),
    "image": lambda writer, tag: writer.add_image(tag, PICTURE, 1),
    "audio": lambda writer, tag: writer.add_audio(tag, np.zeros(9), 1),
    "text": lambda writer, tag: writer.add_text(tag, "text", 1),
    "tensor": lambda writer, tag: writer.add_tensor(tag, np.zeros(2), 1),
    "curve": lambda writer, tag: writer.add_pr_curve(tag, [0, 1], [0.1, 0.9], 1),
}


@pytest.mark.parametrize("name", METHODS)
def test_properties_of_every_javascript_object(writer, name):
    with pytest.warns(
        RuntimeWarning, match=r"^tag: expected another name before the first / than 'constructor'"
    ):
        METHODS[name](writer, "constructor/loss")
    quiet(lambda: METHODS[name](writer, "constructor/loss"))
    quiet(lambda: METHODS[name](writer, "loss/constructor"))


@pytest.mark.parametrize("tag", ["__proto__", "toString/x", "hasOwnProperty", "valueOf/a/b"])
def test_other_properties(writer, tag):
    with pytest.warns(RuntimeWarning, match=r"^tag: expected another name"):
        writer.add_scalar(tag, 1.0)


@pytest.mark.parametrize(
    "tag", ["Constructor", "constructors", "x/__proto__", "to_string", "proto", "#", "a?b%2F", "", " "]
)
def test_tags_that_the_page_has(writer, tag):
    quiet(lambda: writer.add_scalar(tag, 1.0))
    quiet(lambda: writer.log({tag + "x": 1.0}))


@pytest.mark.parametrize("name", ["scalar", "plain", "log", "histogram", "text"])
@pytest.mark.parametrize(
    "tag", ["t" * 65_001, "ä" * 10_834, "%" * 21_667], ids=["ascii", "umlauts", "percent"]
)
def test_tags_of_more_than_a_request(writer, name, tag):
    shown = tag[:20]
    with pytest.warns(
        RuntimeWarning, match=r"^tag: expected at most 65000 bytes once it is percent-encoded"
    ) as caught:
        METHODS[name](writer, tag)
    assert shown in str(caught[0].message)
    assert len(str(caught[0].message)) < 300
    quiet(lambda: METHODS[name](writer, tag[:-20]))


def test_a_size_of_log_is_looked_at_once(writer):
    quiet(lambda: writer.log({"a": 1.0}))
    with pytest.warns(RuntimeWarning, match=r"'__proto__'"):
        writer.log({"a": 1.0, "__proto__": 1.0})
    quiet(lambda: writer.log({"a": 1.0, "__proto__": 1.0}))
    quiet(lambda: writer.log({"a": 1.0, "b": 1.0, "__proto__": 1.0}))  # said before


@pytest.mark.parametrize("name", ["image", "audio"])
@pytest.mark.parametrize("mark", ['"', "\\", "\n", "\x1f"])
def test_blobs_of_the_default_loader(tmp_path, writer, name, mark):
    told(
        lambda: METHODS[name](writer, f"a{mark}b"), r"^tag: expected no quote, backslash or control character"
    )
    quiet(lambda: METHODS[name](writer, "ä'b<c>&"))
    writer.close()
    kind = "images" if name == "image" else name
    assert blobs(tmp_path, kind) == {f"a{mark}b": False, "ä'b<c>&": True}


def blobs(tmp_path, plugin):
    """Tag to whether TensorBoard's data server returns its blob."""
    found = {}
    with (
        tensorboards._server(tmp_path / "ours", tmp_path / "port") as address,
        grpc.insecure_channel(address) as channel,
    ):
        provider = grpc_provider.GrpcDataProvider(address, grpc_provider.make_stub(channel))
        while len(found) < 2:
            runs = provider.read_blob_sequences(
                RequestContext(), experiment_id="", plugin_name=plugin, downsample=9
            )
            for tag, series in runs.get(".", {}).items():
                found[tag] = has_blob(provider, series[0].values[-1 if plugin == "images" else 0].blob_key)
    return found


def has_blob(provider, key):
    try:
        return bool(provider.read_blob(RequestContext(), blob_key=key))
    except errors.PublicError:
        return False


def test_an_empty_tag_of_a_curve(tmp_path, writer):
    told(lambda: writer.add_pr_curve("", [0, 1], [0.1, 0.9]), r"^tag: expected a name, got an empty one")
    writer.close()
    served = plugins.on(tmp_path / "ours", plugins.PrCurvesPlugin)
    assert json.loads(plugins.fetched(served, "/tags"))["."][""]
    with pytest.raises(Exception):  # noqa: B017, PT011  # what it raises is an accident: the server answers 500
        plugins.fetched(served, "/pr_curves", run=".", tag="")


def test_write_to_disk_false(tmp_path):
    with tickertape.SummaryWriter(tmp_path, write_to_disk=False) as writer:
        quiet(lambda: writer.add_scalar("__proto__", 1.0))
