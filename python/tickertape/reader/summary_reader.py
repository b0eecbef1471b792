"""tbparse's SummaryReader on this reader: the same data frames of event files and of directories of them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.convert import paths
from tickertape.reader import decode, wire
from tickertape.reader.accumulator import STORE_EVERYTHING_SIZE_GUIDANCE, EventAccumulator

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd

    Cells = dict[str, Any]

EVENT_TYPES = ("images", "audio", "histograms", "scalars", "tensors", "hparams", "text")
EXTRA_COLUMNS = frozenset(
    [
        "dir_name",
        "file_name",
        "wall_time",
        "min",
        "max",
        "num",
        "sum",
        "sum_squares",
        "width",
        "height",
        "content_type",
        "length_frames",
        "sample_rate",
    ]
)
_TEXT_SUFFIX = "/text_summary"  # which torch and tensorboardX append to a text's tag
_SESSION_START = "_hparams_/session_start_info"
_LAST_COLUMNS = ("wall_time", "dir_name", "file_name")


class SummaryReader:
    """Data frames of everything in an event file, or in the files in and below a directory, with tbparse's interface.

    Different from tbparse's: images and sounds need no TensorFlow (images need Pillow), sounds are samples as in the WAV
    file's own type scaled to -1..1, and a file in the directory that is no event file is passed by.

    Args:
        log_path: a file or directory.
        pivot: the wide form, a column for each tag; several values of a step become a list.
        extra_columns: any of "dir_name", "file_name", "wall_time", of histograms "min", "max", "num", "sum",
            "sum_squares", of images "width", "height", of sounds "content_type", "length_frames", "sample_rate".
        event_types: any of "scalars", "tensors", "histograms", "images", "audio", "hparams", "text"; all if None.

    Raises:
        ValueError: there is no such path, or an argument is no set.
        KeyError: a set holds something that is not among these.
        ModuleNotFoundError: pandas is not installed.
    """

    def __init__(
        self,
        log_path: str | os.PathLike[str],
        *,
        pivot: bool = False,
        extra_columns: set[str] | None = None,
        event_types: set[str] | None = None,
    ) -> None:
        self._pandas = _pandas()
        self._log_path = paths.text(log_path, "log_path")
        self._pivot = pivot
        self._extra = _checked(extra_columns, EXTRA_COLUMNS, "extra_columns", ())
        self._types = _checked(event_types, frozenset(EVENT_TYPES), "event_types", EVENT_TYPES)
        self._children: dict[str, SummaryReader] = {}
        self._leaf: EventAccumulator | None = None
        path = Path(self._log_path)
        if path.is_file():
            self._leaf = EventAccumulator(self._log_path, STORE_EVERYTHING_SIZE_GUIDANCE).Reload()
        elif path.is_dir():
            for child in sorted(path.iterdir()):
                if child.is_dir() or "tfevents" in child.name:
                    self._children[child.name] = SummaryReader(
                        child, pivot=pivot, extra_columns=self._extra, event_types=self._types
                    )
        else:
            raise ValueError(f"log_path: expected a file or directory, got {self._log_path!r}")

    @property
    def log_path(self) -> str:
        """What was given."""
        return self._log_path

    @property
    def children(self) -> dict[str, SummaryReader]:
        """The readers of what is in the directory, by name."""
        return dict(self._children)

    def __getitem__(self, name: str) -> SummaryReader:
        return self._children[name]

    def __repr__(self) -> str:
        return f"SummaryReader(log_path={self._log_path!r})"

    @property
    def tags(self) -> dict[str, list[str]]:
        """The tags of each event type."""
        return {event_type: self.get_tags(event_type) for event_type in EVENT_TYPES}

    def get_tags(self, event_type: str) -> list[str]:
        """The tags of one event type."""
        _known(event_type)
        if self._leaf is not None:
            return list(self._raw_tags(event_type).values()) if event_type in self._types else []
        found = [tag for child in self._children.values() for tag in child.get_tags(event_type)]
        return list(dict.fromkeys(found))

    @property
    def scalars(self) -> pd.DataFrame:
        """Columns `step, tag, value`."""
        return self.get_events("scalars")

    @property
    def tensors(self) -> pd.DataFrame:
        """Columns `step, tag, value`."""
        return self.get_events("tensors")

    @property
    def histograms(self) -> pd.DataFrame:
        """Columns `step, tag, counts, limits`."""
        return self.get_events("histograms")

    @property
    def images(self) -> pd.DataFrame:
        """Columns `step, tag, value`."""
        return self.get_events("images")

    @property
    def audio(self) -> pd.DataFrame:
        """Columns `step, tag, value`."""
        return self.get_events("audio")

    @property
    def hparams(self) -> pd.DataFrame:
        """Columns `tag, value`."""
        return self.get_events("hparams")

    @property
    def text(self) -> pd.DataFrame:
        """Columns `step, tag, value`."""
        return self.get_events("text")

    def get_events(self, event_type: str) -> pd.DataFrame:
        """The data frame of one event type.

        Raises:
            ValueError: it is none, or was not asked for.
        """
        _known(event_type)
        if event_type not in self._types:
            raise ValueError(f"event_type: expected one of {sorted(self._types)}, got {event_type!r}")
        frame = self._frame(event_type)
        if frame.empty:
            return self._pandas.DataFrame()
        by: list[str] = [name for name in ("dir_name", "file_name") if name in self._extra]
        by = [name for name in [*by, *([] if self._pivot else ["tag"]), "step"] if name in frame.columns]
        frame = frame.sort_values(by, ignore_index=True) if by else frame
        return self._wide(frame, by) if self._pivot else frame

    def _wide(self, frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        """One row for each step: values of a cell are merged, NaN left out."""
        keys: list[Any] = by or [True] * len(frame)
        grouped = frame.groupby(keys, sort=False)
        merged = grouped.aggregate(_merged).reset_index()
        middle = sorted(name for name in frame.columns if name not in ("step", *_LAST_COLUMNS))
        return merged[[name for name in ("step", *middle, *_LAST_COLUMNS) if name in frame.columns]]

    def _frame(self, event_type: str) -> pd.DataFrame:
        """The rows of all files, before they are sorted."""
        if self._leaf is not None:
            return self._of_file(event_type)
        frames = []
        for name, child in self._children.items():
            frame = child.get_events(event_type)
            if "dir_name" in frame and child._leaf is None:  # noqa: SLF001
                frame["dir_name"] = [f"{name}/{below}" if below else name for below in frame["dir_name"]]
            if not frame.empty:
                frames.append(frame)
        return self._pandas.concat(frames, ignore_index=True) if frames else self._pandas.DataFrame()

    def _of_file(self, event_type: str) -> pd.DataFrame:
        rows = list(self._rows(event_type))
        names = dict.fromkeys(name for row in rows for name in row)
        columns: dict[str, list[Any]] = {
            name: [row.get(name, np.nan) for row in rows] for name in names if name not in _LAST_COLUMNS
        }
        if "wall_time" in names and "wall_time" in self._extra:
            columns["wall_time"] = [row["wall_time"] for row in rows]
        if "dir_name" in self._extra:
            columns["dir_name"] = [""] * len(rows)
        if "file_name" in self._extra:
            columns["file_name"] = [Path(self._log_path).name] * len(rows)
        return self._pandas.DataFrame(columns)

    def _rows(self, event_type: str) -> Iterator[Cells]:
        if event_type == "hparams":
            for tag, value in self._hparams().items():
                yield {tag: value} if self._pivot else {"tag": tag, "value": value}
            return
        get, cells = self._decoders()[event_type]
        for tag, raw in self._raw_tags(event_type).items():
            for event in get(raw):
                row = {"step": event.step, "wall_time": event.wall_time}
                extra = {
                    name: cell
                    for name, cell in cells(event).items()
                    if name in self._extra | {"value", "counts", "limits"}
                }
                if self._pivot:
                    row |= {tag if name == "value" else f"{tag}/{name}": cell for name, cell in extra.items()}
                else:
                    row |= {"tag": tag, **extra}
                yield row

    def _decoders(self) -> Mapping[str, tuple[Callable[[str], Iterable[Any]], Callable[[Any], Cells]]]:
        leaf = self._leaf
        assert leaf is not None  # noqa: S101  # for the type checker
        return {
            "scalars": (leaf.Scalars, lambda event: {"value": event.value}),
            "tensors": (leaf.Tensors, _tensor_cells),
            "text": (
                leaf.Tensors,
                lambda event: {"value": decode.tensor(event.tensor_proto).item().decode()},
            ),
            "histograms": (leaf.Histograms, _histogram_cells),
            "images": (leaf.Images, _image_cells),
            "audio": (leaf.Audio, _audio_cells),
        }

    def _raw_tags(self, event_type: str) -> dict[str, str]:
        """The tags of one event type, as the frames show them, to the tags of the file."""
        assert self._leaf is not None  # noqa: S101  # for the type checker
        if event_type == "hparams":
            return {tag: tag for tag in self._hparams()}
        if event_type == "text":
            return {tag.removesuffix(_TEXT_SUFFIX): tag for tag in self._of_plugin("text")}
        tags = self._leaf.Tags()[event_type]
        if event_type == "tensors":
            others = {*self._of_plugin("text"), *self._of_plugin("hparams")}
            tags = [tag for tag in tags if tag not in others]
        return {tag: tag for tag in tags}

    def _of_plugin(self, plugin: str) -> dict[str, bytes]:
        assert self._leaf is not None  # noqa: S101  # for the type checker
        try:
            return self._leaf.PluginTagToContent(plugin)
        except KeyError:
            return {}

    def _hparams(self) -> dict[str, Any]:
        content = self._of_plugin("hparams").get(_SESSION_START)
        return wire.hparams(wire.message(wire.fields(content), 3)) if content else {}


def _merged(values: pd.Series) -> Any:
    """One value for the values of a cell: the only one, or a list; NaN if there is none."""
    if len(values) == 1:
        return values.iloc[0]
    found: list[Any] = []
    for value in values:
        if isinstance(value, list):
            found += value
        elif not np.isscalar(value) or value == value:  # noqa: PLR0124  # NaN is not itself
            found.append(value)
    return np.nan if not found else found[0] if len(found) == 1 else found


def _tensor_cells(event: Any) -> Cells:
    value = decode.tensor(event.tensor_proto)
    return {"value": value.item() if value.shape == () else value}


def _histogram_cells(event: Any) -> Cells:
    value = event.histogram_value
    return {
        "counts": np.array(value.bucket, dtype=np.float64),
        "limits": np.array(value.bucket_limit, dtype=np.float64),
        "max": value.max,
        "min": value.min,
        "num": value.num,
        "sum": value.sum,
        "sum_squares": value.sum_squares,
    }


def _image_cells(event: Any) -> Cells:
    return {"value": decode.pixels(event.encoded_image_string), "height": event.height, "width": event.width}


def _audio_cells(event: Any) -> Cells:
    _, samples = decode.wav(event.encoded_audio_string)
    if samples.dtype.kind in "iu":
        samples = samples.astype(np.float32) / np.float32(2 ** (8 * samples.dtype.itemsize - 1))
    return {
        "value": samples,
        "content_type": event.content_type,
        "length_frames": event.length_frames,
        "sample_rate": event.sample_rate,
    }


def _known(event_type: str) -> None:
    if event_type not in EVENT_TYPES:
        raise ValueError(f"event_type: expected one of {EVENT_TYPES}, got {event_type!r}")


def _checked(
    given: set[str] | None, allowed: frozenset[str], argument: str, default: Iterable[str]
) -> set[str]:
    if given is None or not given:
        return set(default)
    if not isinstance(given, set):
        raise ValueError(f"{argument}: expected a set, got {type(given).__name__}")  # noqa: TRY004  # as tbparse
    if given - allowed:
        raise KeyError(f"{argument}: expected some of {sorted(allowed)}, got {sorted(given - allowed)}")
    return set(given)


def _pandas() -> Any:
    try:
        return import_module("pandas")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "SummaryReader: expected pandas to be installed; pip install pandas"
        ) from error
