"""The real TensorBoard in this process, on its own multiplexer and on our server; both answer the same HTTP requests."""

import json
import urllib.parse
import warnings

import grpc
import werkzeug.test

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what TensorBoard has vendored
    from tensorboard import default, program
    from tensorboard.backend import application
    from tensorboard.backend.event_processing import data_ingester
    from tensorboard.data import grpc_provider


class App:
    """A TensorBoard of one directory."""

    def __init__(self, flags, loaders, provider, multiplexer):
        self.provider = provider
        app = application.TensorBoardWSGIApp(flags, loaders, provider, deprecated_multiplexer=multiplexer)
        self._client = werkzeug.test.Client(app)

    def answer(self, path, method="GET", **query):
        """(status, content type, body) of an endpoint below /data; JSON is parsed."""
        target = "/data/" + path
        if method == "GET":
            if query:
                target += ("&" if "?" in path else "?") + urllib.parse.urlencode(query)
            response = self._client.get(target)
        else:
            response = self._client.post(target, data=json.dumps(query), content_type="application/json")
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        body = response.get_data()
        return response.status_code, kind, json.loads(body) if kind == "application/json" else body

    def form(self, path, **fields):
        """The answer to a posted form."""
        return self._client.post("/data/" + path, data=fields).get_json()

    def json(self, path, **query):
        status, _, body = self.answer(path, **query)
        assert status == 200, (path, query, body)
        return body


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
