"""What the two loaders of the real TensorBoard show of a directory: the plain one and the fast data server."""

import contextlib
import subprocess
import time

import grpc
import tensorboard_data_server
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.data import grpc_provider
from tensorboard.util import tensor_util


def plain(directory, tag):
    """Run to [(step, value)] of the scalars called `tag`, in the order in which the loader has them."""
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(directory))
    multiplexer.Reload()
    return {
        run: [
            (event.step, tensor_util.make_ndarray(event.tensor_proto).item())
            for event in multiplexer.Tensors(run, tag)
        ]
        for run, content in multiplexer.Runs().items()
        if tag in content["tensors"]
    }


@contextlib.contextmanager
def _server(directory, port_file):
    """The data server's address, once it has loaded the directory."""
    process = subprocess.Popen(
        [
            tensorboard_data_server.server_binary(),
            *("--logdir", str(directory), "--port-file", str(port_file)),
            *("--reload", "once", "--port", "0", "--die-after-stdin"),
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (port_file.exists() and port_file.read_text().strip()):
            assert process.poll() is None
            time.sleep(0.01)
        yield f"127.0.0.1:{port_file.read_text().strip()}"
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def fast(directory, tag, tmp_path):
    """The same from the data server; `tmp_path` is an empty directory."""
    tmp_path.mkdir()
    with (
        _server(directory, tmp_path / "port") as address,
        grpc.insecure_channel(address) as channel,
    ):
        provider = grpc_provider.GrpcDataProvider(address, grpc_provider.make_stub(channel))
        # The server answers while it loads; "once" ends with all that there is, so wait for it to stay the same.
        shown, before = _scalars(provider, tag), None
        while not shown or shown != before:
            time.sleep(0.2)
            shown, before = _scalars(provider, tag), shown
        return shown


def _scalars(provider, tag):
    runs = provider.read_scalars(RequestContext(), experiment_id="", plugin_name="scalars", downsample=10_000)
    return {
        run: [(datum.step, datum.value) for datum in series]
        for run, tags in runs.items()
        for name, series in tags.items()
        if name == tag
    }
