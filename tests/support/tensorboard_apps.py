"""The real TensorBoard in this process, on its own multiplexer and on our server; both answer the same HTTP requests."""

import warnings

import grpc
import werkzeug.test

from support.endpoints import Endpoints

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what TensorBoard has vendored
    from tensorboard import default, program
    from tensorboard.backend import application
    from tensorboard.backend.event_processing import data_ingester
    from tensorboard.data import grpc_provider


class App(Endpoints):
    """A TensorBoard of one directory."""

    def __init__(self, flags, loaders, provider, multiplexer):
        app = application.TensorBoardWSGIApp(flags, loaders, provider, deprecated_multiplexer=multiplexer)
        self._client = werkzeug.test.Client(app)

    def send(self, target, data=None, content_type=None):
        """Within this process."""
        ask = self._client.get if data is None else self._client.post
        response = ask(target, data=data, content_type=content_type)
        return response.status_code, response.headers.get("Content-Type", ""), response.get_data()


def _configured(directory, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        board = program.TensorBoard(plugins=default.get_plugins())
    board.configure(
        argv=[
            "",
            "--logdir",
            str(directory),
            "--reload_interval",
            "0",
            "--reload_task",
            "blocking",
            *arguments,
        ]
    )
    return board.flags, board.plugin_loaders


def plain(directory, *arguments):
    """On TensorBoard's own multiplexer, loaded."""
    flags, loaders = _configured(directory, *arguments)
    ingester = data_ingester.LocalDataIngester(flags)
    ingester.start()
    return App(flags, loaders, ingester.data_provider, ingester.deprecated_multiplexer)


def served(directory, address, *arguments):
    """On the data provider at an address. Returns the app and its channel, which the caller closes."""
    flags, loaders = _configured(directory, *arguments)
    channel = grpc.insecure_channel(address)
    provider = grpc_provider.GrpcDataProvider(address, grpc_provider.make_stub(channel))
    return App(flags, loaders, provider, None), channel
