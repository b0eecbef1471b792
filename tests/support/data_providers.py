"""TensorBoard's own client of the data provider, on a server of ours in this process."""

import contextlib
import time

import grpc
from tensorboard.context import RequestContext
from tensorboard.data import grpc_provider, provider
from tickertape.serve.server import Server

_WAIT_SECS = 60  # for what takes milliseconds on an idle machine


class Client:
    """Asks one data provider; `stub` is for requests that TensorBoard would not make."""

    def __init__(self, server, channel):
        self.server = server
        self.channel = channel
        self.stub = grpc_provider.make_stub(channel)
        self._provider = grpc_provider.GrpcDataProvider(server.address, self.stub)

    def ask(self, method, plugin=None, *, runs=None, tags=None, **arguments):
        """The answer of a method of the provider."""
        if plugin is not None:
            arguments |= {"plugin_name": plugin}
            if runs is not None or tags is not None:
                arguments |= {"run_tag_filter": provider.RunTagFilter(runs=runs, tags=tags)}
        if method != "read_blob":
            arguments |= {"experiment_id": ""}
        return getattr(self._provider, method)(RequestContext(), **arguments)

    def runs(self):
        return {run.run_name for run in self.ask("list_runs")}

    def scalars(self, downsample=1_000_000, **names):
        """{run: {tag: [(step, value)]}}."""
        found = self.ask("read_scalars", "scalars", downsample=downsample, **names)
        return {
            run: {tag: [(datum.step, datum.value) for datum in series] for tag, series in tags.items()}
            for run, tags in found.items()
        }


@contextlib.contextmanager
def served(directory, **arguments):
    """A client of a server of this directory."""
    with Server(str(directory), **arguments) as server, grpc.insecure_channel(server.address) as channel:
        yield Client(server, channel)


def until(condition):
    """Waits until a function returns something true, and returns that."""
    end = time.monotonic() + _WAIT_SECS
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found
