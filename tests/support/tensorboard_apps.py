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


def _loaded(flags):
    ingester = data_ingester.LocalDataIngester(flags)
    ingester.start()
    return ingester


def plain(directory, *arguments):
    """On TensorBoard's own multiplexer, loaded."""
    flags, loaders = _configured(directory, *arguments)
    ingester = _loaded(flags)
    return App(flags, loaders, ingester.data_provider, ingester.deprecated_multiplexer)


def provider(directory, *arguments):
    """TensorBoard's own data provider, loaded."""
    flags, _ = _configured(directory, *arguments)
    return _loaded(flags).data_provider


def channel(address):
    """A channel to a data provider, with TensorBoard's limit of a message."""
    return grpc.insecure_channel(address, [("grpc.max_receive_message_length", 256 << 20)])


def served(directory, address, *arguments):
    """On the data provider at an address. Returns the app and its channel, which the caller closes."""
    flags, loaders = _configured(directory, *arguments)
    opened = channel(address)
    found = grpc_provider.GrpcDataProvider(address, grpc_provider.make_stub(opened))
    return App(flags, loaders, found, None), opened
