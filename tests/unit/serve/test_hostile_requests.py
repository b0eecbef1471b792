"""Requests that TensorBoard would not make, and many at once."""

import base64
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tickertape
from support.data_providers import served
from tensorboard.compat.proto import event_pb2
from tensorboard.data.proto import data_provider_pb2 as protos
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tickertape.serve import blob_keys
from tickertape.serve.blob_keys import BlobKey


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    directory = tmp_path_factory.mktemp("logs")
    rng = np.random.default_rng(3)
    with tickertape.SummaryWriter(directory / "run") as writer:
        for step in range(30):
            writer.add_scalar("loss", step, step)
            writer.add_histogram("weights", rng.normal(size=100), step)
            writer.add_image("noise", rng.integers(0, 255, (3, 8, 8), dtype=np.uint8), step)
    (directory / "secret").write_bytes(b"not for you")
    with served(directory) as found:
        yield found


def test_unknown_runs_tags_and_plugins_are_left_out(client):
    for plugin, method, more in [
        ("scalars", "list_scalars", {}),
        ("scalars", "read_scalars", {"downsample": 10}),
        ("histograms", "list_tensors", {}),
        ("histograms", "read_tensors", {"downsample": 10}),
        ("images", "list_blob_sequences", {}),
        ("images", "read_blob_sequences", {"downsample": 10}),
    ]:
        assert list(client.ask(method, plugin, **more)) == ["run"]
        assert client.ask(method, "nobody", **more) == {}
        for names in ({"runs": ["nobody"]}, {"tags": ["nothing"]}, {"runs": []}, {"tags": []}):
            assert client.ask(method, plugin, **names, **more) == {}


@pytest.mark.parametrize(
    ("method", "request_", "words"),
    [
        ("ListScalars", protos.ListScalarsRequest(), "plugin_filter: expected the name of a plugin"),
        (
            "ReadScalars",
            protos.ReadScalarsRequest(plugin_filter={"plugin_name": "scalars"}),
            "downsample: expected a number of points, got none",
        ),
        (
            "ReadTensors",
            protos.ReadTensorsRequest(plugin_filter={"plugin_name": "a"}, downsample={"num_points": -1}),
            "downsample: expected at least 0 points, got -1",
        ),
    ],
)
def test_requests_that_lack_something(client, method, request_, words):
    with pytest.raises(grpc.RpcError) as caught:
        getattr(client.stub, method)(request_)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert words in caught.value.details()


def test_bytes_that_are_no_request(client):
    method = client.channel.unary_unary("/tensorboard.data.TensorBoardDataProvider/ReadScalars")
    with pytest.raises(grpc.RpcError):
        method(b"\xff\xff\xff")
    assert client.runs() == {"run"}


def _forged():
    key = BlobKey("", "images", "run", "noise", 0, 2)
    yield from (
        "",
        "A",
        "/etc/passwd",
        "🙂",
        "x" * 1_000_000,
        _text("[" * 100_000),
        _text("7"),
        _text("[]"),
        _text(json.dumps([*key[:4], "0", 2])),
        _text(json.dumps([*key[:4], True, 2])),
        _text(json.dumps([*key[:4], 1e400, 2])),
        _text(json.dumps([*key, 1])),
    )
    for change in (
        {"run": "../secret"},
        {"run": "/etc"},
        {"run": "nobody"},
        {"tag": "../../secret"},
        {"tag": "loss"},  # no blobs
        {"tag": "weights"},
        {"step": 31},
        {"step": -1},
        {"step": 1 << 80},
        {"number": 3},
        {"number": -1},
        {"number": 1 << 80},
    ):
        yield blob_keys.encoded(key._replace(**change))


def _text(content):
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


@pytest.mark.parametrize("key", list(_forged()), ids=lambda key: f"{len(key)}:{key[:20]}")
def test_forged_blob_keys(client, key):
    with pytest.raises(grpc.RpcError) as caught:
        list(client.stub.ReadBlob(protos.ReadBlobRequest(blob_key=key)))
    assert caught.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
    assert len(caught.value.details()) < 1000


def test_a_huge_filter(client):
    names = [f"a run with a long name that is not there {number}" for number in range(200_000)]
    assert client.scalars(runs=[*names, "run"], tags=[*names, "loss"])["run"]["loss"]
    with pytest.raises(grpc.RpcError) as caught:  # more than the limit of a request
        client.scalars(runs=["x" * (70 << 20)])
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_100_clients_at_once(client):
    def ask(number):
        with grpc.insecure_channel(client.server.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            request = protos.ReadScalarsRequest(
                plugin_filter={"plugin_name": "scalars"}, downsample={"num_points": number + 1}
            )
            method = channel.unary_unary(
                "/tensorboard.data.TensorBoardDataProvider/ReadScalars",
                request_serializer=protos.ReadScalarsRequest.SerializeToString,
                response_deserializer=protos.ReadScalarsResponse.FromString,
            )
            return list(method(request, timeout=60).runs[0].tags[0].data.step)

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(ask, range(100)))
    assert answers[29:] == [list(range(30))] * 71
    assert all(steps[-1] == 29 for steps in answers)


def test_clients_that_hang_up(client):
    key = client.ask("read_blob_sequences", "images", downsample=1)["run"]["noise"][0].values[2].blob_key
    for _ in range(100):
        client.stub.ReadBlob(protos.ReadBlobRequest(blob_key=key)).cancel()
        client.stub.ListPlugins.future(protos.ListPluginsRequest()).cancel()
    assert client.ask("read_blob", blob_key=key).startswith(b"\x89PNG")


def test_values_whose_file_is_gone(tmp_path, caplog):
    with tickertape.SummaryWriter(tmp_path / "run") as writer:
        for step in range(3):
            writer.add_scalar("loss", step, step)
            writer.add_histogram("weights", np.arange(5.0), step)
            writer.add_image("picture", np.zeros((3, 4, 4), np.uint8), step)
    with served(tmp_path, reload_secs=None) as client:
        keys = client.ask("read_blob_sequences", "images", downsample=10)["run"]["picture"]
        shutil.rmtree(tmp_path / "run")
        assert len(client.scalars()["run"]["loss"]) == 3
        assert client.ask("read_tensors", "histograms", downsample=10) == {"run": {"weights": []}}
        with pytest.raises(Exception, match="is not in its file any more"):
            client.ask("read_blob", blob_key=keys[0].values[2].blob_key)
    assert "'weights' at step 1 is left out" in caplog.text


def test_a_shape_that_says_more_than_there_is(tmp_path):
    writer = EventFileWriter(str(tmp_path / "run"))
    event = event_pb2.Event(step=1)
    value = event.summary.value.add(tag="picture")
    value.metadata.plugin_data.plugin_name = "images"
    value.tensor.dtype = 7  # DT_STRING
    value.tensor.string_val.extend([b"1", b"1", b"an image"])
    value.tensor.tensor_shape.dim.add(size=1 << 40)
    writer.add_event(event)
    writer.close()
    with served(tmp_path) as client:
        assert client.ask("list_blob_sequences", "images")["run"]["picture"].max_length == 3
        (datum,) = client.ask("read_blob_sequences", "images", downsample=10)["run"]["picture"]
        assert [client.ask("read_blob", blob_key=one.blob_key) for one in datum.values][2] == b"an image"


def test_it_listens_at_this_machine_alone(client):
    assert client.server.host == "127.0.0.1"
    assert client.server.address == f"127.0.0.1:{client.server.port}"
