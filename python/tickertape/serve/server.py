"""The gRPC server of TensorBoard's data provider."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tickertape.serve.log_dir import LogDir
from tickertape.serve.protos import data_provider_pb2 as protos
from tickertape.serve.protos import grpc
from tickertape.serve.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Self

_SERVICE = "tensorboard.data.TensorBoardDataProvider"
_OWN_SERVICE = "tickertape.Server"
_THREADS = 16  # requests at a time; others wait
_MOST_REQUEST_BYTES = 64 << 20  # a filter may name every run of a large directory


class Server:
    """Serves a log directory until close(), or the end of a `with` block.

    Attributes:
        host, port: where it listens.
        log_dir: what it serves.
    """

    def __init__(
        self,
        logdir: str | LogDir,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        samples: Mapping[str, int] | None = None,
        reload_secs: float | None = 1.0,
        merges_ranks: bool = False,
    ) -> None:
        """Starts it. Runs are read in a thread.

        Args:
            logdir: a LogDir that the caller has begun to read, or a directory; it may come into being later.
            host: the address to listen at. Everybody who can reach it can read the runs.
            port: 0 takes a free one.
            samples: plugin to how many values of a tag it gets at most; 0 is all, as for plugins that are not named.
            reload_secs: seconds between polls; what the system reports is read at once. None reads once.
            merges_ranks: whether a run of several ranks is shown as their mean, least and greatest.

        Raises:
            ValueError: the port is none.
            OSError: it cannot listen there.
        """
        if not 0 <= port < 1 << 16:  # gRPC would take the last 16 bits
            raise ValueError(f"port: expected a number from 0 to 65535, got {port}")
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="tickertape-serve")
        options = [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", _MOST_REQUEST_BYTES),
            ("grpc.max_send_message_length", -1),
        ]
        self._server = grpc.server(pool, options=options)
        self.host = host
        shown = f"[{host}]" if ":" in host else host
        try:
            self.port: int = self._server.add_insecure_port(f"{shown}:{port}")
        except RuntimeError as error:
            raise OSError(f"port: expected one that is free at {shown}, got {port}: {error}") from error
        self.log_dir = logdir if isinstance(logdir, LogDir) else LogDir(logdir, reload_secs)
        self._server.add_generic_rpc_handlers(
            _handlers(Provider(self.log_dir, samples or {}, merges_ranks=merges_ranks))
        )
        self._server.start()

    @property
    def address(self) -> str:
        """What `--grpc_data_provider` takes."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def close(self) -> None:
        """Ends it; requests in progress have a second."""
        self._server.stop(grace=1).wait()
        self.log_dir.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def problems(address: str, timeout: float = 10.0) -> list[dict[str, Any]]:
    """What the server at an address could not read: path, offset, bytes and cause of each problem.

    Raises:
        OSError: no such server answers.
    """
    with grpc.insecure_channel(address) as channel:
        try:
            answer = channel.unary_unary(f"/{_OWN_SERVICE}/Problems")(b"", timeout=timeout)
        except grpc.RpcError as error:
            raise OSError(
                f"address: expected a server of tickertape, got {address!r}: {error.details()}"
            ) from error
    found: list[dict[str, Any]] = json.loads(answer)
    return found


def _handlers(provider: Provider) -> tuple[Any, ...]:
    methods = {
        "GetExperiment": (provider.get_experiment, protos.GetExperimentRequest),
        "ListPlugins": (provider.list_plugins, protos.ListPluginsRequest),
        "ListRuns": (provider.list_runs, protos.ListRunsRequest),
        "ListScalars": (provider.list_scalars, protos.ListScalarsRequest),
        "ReadScalars": (provider.read_scalars, protos.ReadScalarsRequest),
        "ListTensors": (provider.list_tensors, protos.ListTensorsRequest),
        "ReadTensors": (provider.read_tensors, protos.ReadTensorsRequest),
        "ListBlobSequences": (provider.list_blob_sequences, protos.ListBlobSequencesRequest),
        "ReadBlobSequences": (provider.read_blob_sequences, protos.ReadBlobSequencesRequest),
    }
    # Responses are bytes already: no serializer.
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(_answering(method), request_deserializer=request.FromString)
        for name, (method, request) in methods.items()
    }
    handlers["ReadBlob"] = grpc.unary_stream_rpc_method_handler(
        _streaming(provider.read_blob), request_deserializer=protos.ReadBlobRequest.FromString
    )
    own = {"Problems": grpc.unary_unary_rpc_method_handler(_answering(provider.problems))}
    return (
        grpc.method_handlers_generic_handler(_SERVICE, handlers),
        grpc.method_handlers_generic_handler(_OWN_SERVICE, own),
    )


def _answering(method: Callable[[Any], bytes]) -> Callable[[Any, Any], bytes]:
    """A method whose errors become statuses that TensorBoard translates back."""

    def answer(request: Any, context: Any) -> bytes:
        try:
            return method(request)
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except LookupError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))
        raise AssertionError("context.abort() raises")

    return answer


def _streaming(method: Callable[[Any], Iterator[bytes]]) -> Callable[[Any, Any], Iterator[bytes]]:
    def answer(request: Any, context: Any) -> Iterator[bytes]:
        try:
            yield from method(request)
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except LookupError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))

    return answer
