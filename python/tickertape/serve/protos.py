"""TensorBoard's generated messages and gRPC, which only the server needs."""

from __future__ import annotations

try:
    import grpc
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.data.proto import data_provider_pb2
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"serve: expected tensorboard and grpcio to be installed ({error}); pip install 'tickertape[serve]'"
    ) from error

__all__ = ["data_provider_pb2", "event_pb2", "grpc", "summary_pb2"]
