"""The methods of TensorBoard's data provider, on the runs of a log directory: requests in, responses out."""

from __future__ import annotations

import json
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.serve import blob_keys
from tickertape.serve.blob_keys import BlobKey
from tickertape.serve.protos import data_provider_pb2 as protos
from tickertape.serve.served_run import BLOB_SEQUENCE, SCALAR, TENSOR, ServedTag, say_if_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tickertape.serve.log_dir import LogDir
    from tickertape.serve.served_run import ServedRun

_ALL = 1 << 62
_LISTED_POINTS = (
    10  # values that the length of the longest sequence is looked for in, as TensorBoard keeps of a tag
)
_CHUNK_BYTES = 1 << 20  # of a blob in one message
# The first answers wait for the first look at the directory, so that the first page is whole; of a very large one it shows
# what was read by then.
_FIRST_WAIT_SECS = 10.0


class Provider:
    """Answers requests. Any thread may ask.

    Raises of every method: ValueError: the request lacks something or has what it may not have. LookupError: there is no
    such blob. Unknown runs and tags are left out of a response.
    """

    def __init__(self, log_dir: LogDir, samples: Mapping[str, int], *, merges_ranks: bool = False) -> None:
        self._log_dir = log_dir
        self._rank_runs = None
        if merges_ranks:
            from tickertape.serve.rank_runs import RankRuns  # noqa: PLC0415  # imports NumPy, see _prepare()

            self._rank_runs = RankRuns()
        self._has_said = merges_ranks  # that a run has several ranks
        self._samples = samples
        self._is_prepared = False

    def get_experiment(self, _: Any) -> bytes:
        """The log directory as the place of the data."""
        return _serialized(protos.GetExperimentResponse(data_location=self._log_dir.path))

    def list_plugins(self, _: Any) -> bytes:
        """Every plugin that a tag names."""
        names = {tag.description.plugin for run in self._runs().values() for tag in run.tags.values()}
        plugins = [protos.Plugin(name=name) for name in sorted(names) if name]
        return _serialized(protos.ListPluginsResponse(plugins=plugins))

    def list_runs(self, _: Any) -> bytes:
        """Every run, by name."""
        runs = [protos.Run(name=run.name, start_time=run.start_time) for run in self._runs().values()]
        return _serialized(protos.ListRunsResponse(runs=runs))

    def list_scalars(self, request: Any) -> bytes:
        """The tags of scalars, each with its last step."""
        return self._listing(request, SCALAR, protos.ListScalarsResponse())

    def list_tensors(self, request: Any) -> bytes:
        """The tags of tensors, each with its last step."""
        return self._listing(request, TENSOR, protos.ListTensorsResponse())

    def list_blob_sequences(self, request: Any) -> bytes:
        """The tags of blob sequences, each with its last step and the length of its longest sequence."""

        def add_length(tag: ServedTag, metadata: Any) -> None:
            if tag.blobs_of_all is not None:
                metadata.max_length = tag.blobs_of_all if len(tag.entry) else 0
                return
            from tickertape.serve import values  # noqa: PLC0415  # see _prepare()

            most = self._samples.get(request.plugin_filter.plugin_name, _LISTED_POINTS)
            numbers = values.spread(len(tag.entry), most or _ALL)
            counts = [count for _, count in values.each(tag, numbers, values.blob_count)]
            metadata.max_length = max(counts, default=0)

        return self._listing(request, BLOB_SEQUENCE, protos.ListBlobSequencesResponse(), add_length)

    def read_scalars(self, request: Any) -> bytes:
        """Scalars, encoded natively."""
        from tickertape.serve import values  # noqa: PLC0415  # see _prepare()

        points = self._points(request, _downsample(request))
        runs = [
            (run.name, [(tag.name, *values.scalars(tag)) for tag in tags])
            for run, tags in self._selected(request, SCALAR)
        ]
        return _core.scalars_response(runs, points)

    def read_tensors(self, request: Any) -> bytes:
        """Tensors, read from their files."""
        from tickertape.serve import values  # noqa: PLC0415  # see _prepare()

        points = self._points(request, _downsample(request))
        response = protos.ReadTensorsResponse()
        for run, tags in self._selected(request, TENSOR):
            run_entry = response.runs.add(run_name=run.name)
            for tag in tags:
                data = run_entry.tags.add(tag_name=tag.name).data
                numbers = values.spread(len(tag.entry), points)
                for row, tensor in values.each(tag, numbers, values.tensor):
                    data.step.append(row.step)
                    data.wall_time.append(row.wall_time)
                    data.value.append(tensor)
        return _serialized(response)

    def read_blob_sequences(self, request: Any) -> bytes:
        """Keys of blobs. Of several values of a step the first counts, as in TensorBoard."""
        from tickertape.serve import values  # noqa: PLC0415  # see _prepare()

        points = self._points(request, _downsample(request))
        plugin = request.plugin_filter.plugin_name
        response = protos.ReadBlobSequencesResponse()
        for run, tags in self._selected(request, BLOB_SEQUENCE):
            run_entry = response.runs.add(run_name=run.name)
            for tag in tags:
                data = run_entry.tags.add(tag_name=tag.name).data
                found = values.each(tag, values.first_of_steps(tag, points), values.blob_count)
                for row, count in sorted(found, key=lambda one: one[0].step):
                    key = BlobKey(request.experiment_id, plugin, run.name, tag.name, row.step, 0)
                    keys = [blob_keys.encoded(key._replace(number=number)) for number in range(count)]
                    data.step.append(row.step)
                    data.wall_time.append(row.wall_time)
                    data.values.add(blob_refs=[protos.BlobReference(blob_key=one) for one in keys])
        return _serialized(response)

    def read_blob(self, request: Any) -> Iterator[bytes]:
        """One blob, read from its file, in pieces."""
        key = blob_keys.decoded(request.blob_key)
        blob = self._blob(key, request.blob_key)
        for start in range(0, len(blob), _CHUNK_BYTES):
            yield _serialized(protos.ReadBlobResponse(data=blob[start : start + _CHUNK_BYTES]))

    def problems(self, _: Any) -> bytes:
        """What could not be read, as JSON: a list of objects with path, offset, bytes, cause."""
        return json.dumps([problem._asdict() for problem in self._log_dir.problems]).encode()

    def _runs(self) -> Mapping[str, ServedRun]:
        self._log_dir.wait_until_loaded(_FIRST_WAIT_SECS)
        runs = self._log_dir.runs
        if not self._has_said:
            self._has_said = True
            say_if_many(runs)
        return runs if self._rank_runs is None else self._rank_runs.shown(runs)

    def _selected(self, request: Any, data_class: int) -> Iterator[tuple[ServedRun, list[ServedTag]]]:
        """Runs and tags of a plugin that pass the filters; runs without such a tag are left out."""
        plugin = request.plugin_filter.plugin_name
        if not plugin:
            raise ValueError("plugin_filter: expected the name of a plugin, got none")
        wanted = request.run_tag_filter
        run_names = set(wanted.runs.names) if wanted.HasField("runs") else None
        tag_names = set(wanted.tags.names) if wanted.HasField("tags") else None
        for name, run in self._runs().items():
            if run_names is None or name in run_names:
                tags = run.by_plugin.get((plugin, data_class), {})
                passed = [tag for tag in tags.values() if tag_names is None or tag.name in tag_names]
                if passed:
                    yield run, passed

    def _listing(
        self,
        request: Any,
        data_class: int,
        response: Any,
        add: Callable[[ServedTag, Any], None] = lambda _tag, _metadata: None,
    ) -> bytes:
        for run, tags in self._selected(request, data_class):
            run_entry = response.runs.add(run_name=run.name)
            for tag in tags:
                metadata = run_entry.tags.add(tag_name=tag.name).metadata
                metadata.max_step, metadata.max_wall_time = tag.latest
                metadata.summary_metadata.MergeFromString(tag.description.metadata)
                add(tag, metadata)
        answer = _serialized(response)
        self._prepare()
        return answer

    def _prepare(self) -> None:
        """Imports, once a listing is answered, what reading values needs: it comes next.

        NumPy takes as long to import as gRPC, so the server starts without it.
        """
        if not self._is_prepared:
            self._is_prepared = True
            threading.Thread(target=import_module, args=("tickertape.serve.values",), daemon=True).start()

    def _points(self, request: Any, asked: int) -> int:
        """How many values of a tag to return. Zero asks for all: that is what --samples-per-plugin means by it."""
        most = self._samples.get(request.plugin_filter.plugin_name, 0)
        return min(asked or _ALL, most or _ALL)

    def _blob(self, key: BlobKey, text: str) -> bytes:
        from tickertape.serve import values  # noqa: PLC0415  # see _prepare()

        run = self._runs().get(key.run)
        tag = None if run is None else run.tags.get(key.tag)
        if tag is None or tag.description.data_class != BLOB_SEQUENCE:
            raise LookupError(
                f"blob_key: expected the key of a blob, got {text!r}, whose run or tag is not there"
            )
        row = values.of_step(tag, key.step)
        if row is None:
            raise LookupError(f"blob_key: expected the key of a blob, got {text!r}, whose step is not there")
        try:
            return values.blob(tag, row, key.number)
        except (ValueError, OSError) as error:
            raise LookupError(f"blob_key: {text!r} is not in its file any more: {error}") from error


def _downsample(request: Any) -> int:
    if not request.HasField("downsample"):
        raise ValueError("downsample: expected a number of points, got none")
    asked: int = request.downsample.num_points
    if asked < 0:
        raise ValueError(f"downsample: expected at least 0 points, got {asked}")
    return asked


def _serialized(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data
