"""SummaryReader: tbparse's class of this name over the native index, with the same data frames."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from tickertape.convert import check, paths
from tickertape.reader import histogram_views, log_dirs, summary_columns, summary_frames, summary_tree
from tickertape.reader.compressed import Unpacked
from tickertape.reader.summary_columns import EVENT_TYPES, EXTRA_COLUMNS, HPARAMS, TEXT
from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from tickertape.reader.accumulator import EventAccumulator
    from tickertape.reader.summary_frames import Piece
    from tickertape.reader.summary_tree import Node


class SummaryReader:
    """The events of a file, or of all files in and below a directory, as pandas data frames: tbparse's interface.

    Columns are `step`, `tag` and `value` (histograms: `counts` and `limits`; hyperparameters: no `step`), then those of
    `extra_columns`. With `pivot` there is one row a step and one column a tag; several values of one step and tag become a
    list. What differs from tbparse:

    - Images and sounds need no TensorFlow: images are decoded by Pillow, and are among the default `event_types`.
    - `event_types={"text"}` has every text, not only the last one of each tag.
    - A name in a directory that is no event file is a child without events, and so is a directory that leads back above itself.
    - Only damaged events are lost; one DamageWarning for each such file says what was skipped.
    - Rows with the same keys keep the order of their files and events.

    Args:
        log_path: a directory or an event file. `.gz` and `.zst` files are unpacked.
        pivot: whether the data frames are wide.
        extra_columns: a set of "dir_name", "file_name", "wall_time"; "min", "max", "num", "sum", "sum_squares" of
            histograms; "width", "height" of images; "content_type", "length_frames", "sample_rate" of sounds.
        event_types: a set of what is read of "scalars", "tensors", "histograms", "images", "audio", "hparams", "text";
            all of them by default.

    Raises:
        TypeError: an argument is not of its type.
        ValueError: there is no such directory or file.
        KeyError: there is no such column or type.
    """

    def __init__(
        self,
        log_path: str | os.PathLike[str],
        *,
        pivot: bool = False,
        extra_columns: Collection[str] | None = None,
        event_types: Collection[str] | None = None,
    ) -> None:
        path = paths.text(log_path, "log_path")
        columns = _names(extra_columns, "extra_columns", EXTRA_COLUMNS, ())
        types = _names(event_types, "event_types", EVENT_TYPES, EVENT_TYPES)
        path = log_dirs.in_slices(path)
        if not (os.path.exists(path) or path.endswith(slices.ALL)):  # noqa: PTH110  # names need not be UTF-8
            raise ValueError(f"log_path: expected a directory or a file, got {path!r}, which does not exist")
        unpacked = Unpacked()
        self._hold(summary_tree.read(path, unpacked), unpacked, bool(pivot), columns, types)

    def _hold(
        self,
        node: Node,
        unpacked: Unpacked,
        pivot: bool,
        extra_columns: frozenset[str],
        event_types: frozenset[str],
    ) -> None:
        self._node = node
        self._unpacked = unpacked  # the copies of compressed files are kept as long as this
        self._pivot = pivot
        self._extra_columns = extra_columns
        self._event_types = event_types
        self._children: dict[str, SummaryReader] = {}
        for name, child in node.children.items():
            reader = self._children[name] = SummaryReader.__new__(SummaryReader)
            reader._hold(child, unpacked, pivot, extra_columns, event_types)  # noqa: SLF001  # of this class

    @property
    def log_path(self) -> str:
        """The directory or file."""
        return self._node.path

    @property
    def children(self) -> dict[str, SummaryReader]:
        """Name to reader of what is in the directory."""
        return dict(self._children)

    @property
    def tags(self) -> dict[str, list[str]]:
        """Type to its tags; of "hparams" the names of the hyperparameters."""
        return {name: self._tags_of(name) for name in EVENT_TYPES}

    @property
    def scalars(self) -> pd.DataFrame:
        """`step, tag, value`."""
        return self.get_events("scalars")

    @property
    def tensors(self) -> pd.DataFrame:
        """`step, tag, value`: NumPy arrays, or numbers if the tensor has no dimensions."""
        return self.get_events("tensors")

    @property
    def histograms(self) -> pd.DataFrame:
        """`step, tag, counts, limits`: arrays of one length, the limits are the right ends of the buckets."""
        return self.get_events("histograms")

    @property
    def images(self) -> pd.DataFrame:
        """`step, tag, value`: HWC pixels."""
        return self.get_events("images")

    @property
    def audio(self) -> pd.DataFrame:
        """`step, tag, value`: [frames, channels] samples, float32 from -1 to 1."""
        return self.get_events("audio")

    @property
    def hparams(self) -> pd.DataFrame:
        """`tag, value`."""
        return self.get_events(HPARAMS)

    @property
    def text(self) -> pd.DataFrame:
        """`step, tag, value`."""
        return self.get_events(TEXT)

    @property
    def raw_tags(self) -> dict[str, Any]:
        """What EventAccumulator.Tags() returns for the file, and the tags of "hparams" and "text"."""
        found: dict[str, Any] = self.get_raw_tags()
        return found

    @property
    def raw_events(self) -> dict[str, dict[str, Any]]:
        """Type to tag to EventAccumulator's events of the file."""
        return {name: self.get_raw_events(name) for name in EVENT_TYPES}

    def get_tags(self, event_type: str | None = None) -> Any:
        """The tags of a type, or of each type. ValueError: there is no such type."""
        if event_type is None:
            return self.tags
        return self._tags_of(_known(event_type, EVENT_TYPES))

    def get_events(self, event_type: str) -> pd.DataFrame:
        """The data frame of a type.

        Raises:
            ValueError: there is no such type, or `event_types` leaves it out.
            ModuleNotFoundError: pandas is not installed; or Pillow, for images.
        """
        if _known(event_type, EVENT_TYPES) not in self._event_types:
            chosen = ", ".join(map(repr, sorted(self._event_types)))
            raise ValueError(
                f"event_type: expected one of those given as event_types ({chosen}), got {event_type!r}"
            )
        return summary_frames.frame(self._pieces(event_type), self._pivot, self._extra_columns)

    def get_raw_tags(self, event_type: str | None = None, event_acc: EventAccumulator | None = None) -> Any:
        """The tags of a type as EventAccumulator has them; of a file only.

        Args:
            event_type: None for a dict of all types.
            event_acc: what to ask instead of this file.
        """
        tags = summary_columns.raw_tags(event_acc or self._node.accumulator)
        return tags if event_type is None else tags[_known(event_type, tuple(tags))]

    def get_raw_events(
        self, event_type: str | None = None, tag: str | None = None, event_acc: EventAccumulator | None = None
    ) -> Any:
        """The events of a type and tag as EventAccumulator has them; without a tag a dict of all. Of a file only.

        Raises:
            KeyError: there is no such tag.
            ValueError: this is no file, or a tag is given without a type.
        """
        accumulator = event_acc or self._node.accumulator
        if event_type is None:
            if tag is not None:
                raise ValueError(f"tag: expected None if event_type is None, got {tag!r}")
            return self.raw_events
        get = summary_columns.getter(accumulator, _known(event_type, EVENT_TYPES))
        if tag is not None:
            return get(tag)
        return {name: get(name) for name in summary_columns.raw_tags(accumulator)[event_type]}

    @staticmethod
    def tensor_to_histogram(tensor: npt.NDArray[Any]) -> dict[str, Any]:
        """[[left, right, count], ...] of a new-style histogram as `limits, counts, min, max, num, sum, sum_squares`."""
        return histogram_views.of_triples(tensor)

    @staticmethod
    def buckets_to_histogram_dict(lst: npt.NDArray[Any]) -> dict[str, Any]:
        """tensor_to_histogram() by its older name."""
        return histogram_views.of_triples(lst)

    @staticmethod
    def tensor_to_image(tensor: npt.NDArray[Any]) -> dict[str, Any]:
        """[width, height, image, ...] of a new-style image as `image` (HWC pixels), `width, height`; needs Pillow."""
        return summary_columns.image_of_tensor(tensor)

    @staticmethod
    def tensor_to_audio(tensor: npt.NDArray[Any]) -> dict[str, Any]:
        """[[sound, label], ...] of new-style audio as `audio` ([frames, channels]), `sample_rate, length_frames, ...`."""
        return summary_columns.audio_of_tensor(tensor)

    @staticmethod
    def histogram_to_cdf(
        counts: npt.NDArray[np.float64], limits: npt.NDArray[np.float64], x: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """The share of the values up to each `x`, linear within a bucket."""
        return histogram_views.cdf(counts, limits, x)

    @staticmethod
    def histogram_to_pdf(
        counts: npt.NDArray[np.float64], limits: npt.NDArray[np.float64], x: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Centres of the intervals between the `x`, and the density in each."""
        return histogram_views.pdf(counts, limits, x)

    @staticmethod
    def histogram_to_bins(
        counts: npt.NDArray[np.float64],
        limits: npt.NDArray[np.float64],
        lower_bound: float | None = None,
        upper_bound: float | None = None,
        n_bins: int = 30,
    ) -> tuple[list[float], list[float]]:
        """Centres and counts of `n_bins` bins of one width, as TensorBoard's histogram dashboard draws them."""
        return histogram_views.bins(counts, limits, lower_bound, upper_bound, n_bins)

    def __repr__(self) -> str:
        return f"SummaryReader(log_path={self._node.path!r})"

    def __getitem__(self, child_idx: str) -> SummaryReader:
        return self._children[child_idx]

    def _tags_of(self, event_type: str) -> list[str]:
        found: dict[str, None] = {}
        if event_type in self._event_types:
            for _, file in self._node.files():
                found.update(dict.fromkeys(summary_columns.tags(file.accumulator, event_type)))
        return list(found)

    def _pieces(self, event_type: str) -> Iterator[Piece]:
        """The rows of every tag of every file, in the order of the names."""
        for directory, file in self._node.files():
            yield from summary_columns.pieces(file.accumulator, event_type, directory, file.name)


def _names(
    value: object, argument: str, allowed: tuple[str, ...], default: tuple[str, ...]
) -> frozenset[str]:
    if not value and (value is None or isinstance(value, Collection)):
        return frozenset(default)
    if isinstance(value, str) or not isinstance(value, Collection):
        raise TypeError(f"{argument}: expected a set of str, got {check.type_name(value)}")
    unknown = [name for name in value if name not in allowed]
    if unknown:
        raise KeyError(f"{argument}: expected some of {', '.join(map(repr, allowed))}, got {unknown[0]!r}")
    return frozenset(value)


def _known(event_type: str, allowed: tuple[str, ...]) -> str:
    if event_type not in allowed:
        raise ValueError(f"event_type: expected one of {', '.join(map(repr, allowed))}, got {event_type!r}")
    return event_type
