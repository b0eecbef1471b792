"""add_embedding: points, labels and thumbnails for TensorBoard's projector, as files beside the events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check, notices, windows_names
from tickertape.writer import sprites

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_CONFIG = "projector_config.pbtxt"
MOST_POINTS = 100_000  # LIMIT_NUM_POINTS of the projector: it shows the first ones
LEAST_POINTS = LEAST_COLUMNS = (
    2  # the projector's first page shows no points otherwise (tried with Chromium 156)
)
# The projector passes over lines that JavaScript's trim() empties. This character is invisible, and no white space.
_BLANK = "\u200b"


class Embedding(NamedTuple):
    """One embedding, its arguments checked."""

    name: str  # for the projector: tag and step
    folder: str  # of its files, inside log_dir
    points: npt.NDArray[Any]
    labels: list[list[str]] | None
    sprite: sprites.Sprite | None


def checked(
    mat: Any, metadata: Any, label_img: Any, global_step: Any, tag: Any, metadata_header: Any
) -> Embedding:
    """The arguments of SummaryWriter.add_embedding.

    Raises:
        TypeError, ValueError: one is of the wrong kind, or their lengths differ.
    """
    points = _points(mat)
    labels = None if metadata is None else _labels(metadata, metadata_header, len(points))
    sprite = None if label_img is None else sprites.make(label_img, len(points))
    step = f"{check.step(global_step):05d}" if global_step is not None else "00000"
    check.string(tag, "tag")
    encoded = tag.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
    if encoded in (".", "..") or "\0" in encoded:
        raise UnsupportedValue(f"tag: expected a name for a directory, got {tag!r}")
    _warn_of_points(points, tag)
    if labels is not None and metadata_header is not None and len(metadata_header) == 1:
        notices.warn(
            "metadata_header: expected at least 2 names, got 1; the projector calls a single column 'label'"
        )
    return Embedding(f"{tag}:{step}", f"{step}/{windows_names.allowed(encoded)}", points, labels, sprite)


def write(embedding: Embedding, directory: str) -> None:
    """Writes the files of an embedding below `directory`, and its entry in the projector's configuration.

    Raises:
        OSError: a file cannot be written.
    """
    from pathlib import Path  # noqa: PLC0415  # takes longer to import than all of this package

    log_dir, folder = Path(directory), embedding.folder
    if (log_dir / folder).is_dir():
        notices.warn(f"global_step: {folder} exists in {log_dir} and is written over")
    (log_dir / folder).mkdir(parents=True, exist_ok=True)
    (log_dir / folder / "tensors.tsv").write_bytes(_tsv(embedding.points.tolist()))
    entry = [f"tensor_name: {_quoted(embedding.name)}"]
    if embedding.labels is not None:
        (log_dir / folder / "metadata.tsv").write_bytes(_tsv(embedding.labels))
        entry.append(f"metadata_path: {_quoted(folder + '/metadata.tsv')}")
    if embedding.sprite is not None:
        (log_dir / folder / "sprite.png").write_bytes(embedding.sprite.png)
        sizes = f"single_image_dim: {embedding.sprite.width} single_image_dim: {embedding.sprite.height}"
        entry.append(f"sprite {{ image_path: {_quoted(folder + '/sprite.png')} {sizes} }}")
    entry.append(f"tensor_path: {_quoted(folder + '/tensors.tsv')}")
    _add_to_config(log_dir / _CONFIG, "embeddings {\n  " + "\n  ".join(entry) + "\n}\n")


def _warn_of_points(points: npt.NDArray[Any], tag: str) -> None:
    count, columns = points.shape
    if count > MOST_POINTS:
        notices.warn(
            f"mat: expected at most {MOST_POINTS} points, got {count}; the projector shows the first {MOST_POINTS}"
        )
    if count < LEAST_POINTS or columns < LEAST_COLUMNS:
        notices.warn_once_a_tag(
            "few points",
            tag,
            f"mat: expected at least {LEAST_POINTS} rows and {LEAST_COLUMNS} columns, got shape {points.shape}, of which the "
            "projector shows nothing",
        )
    with np.errstate(over="ignore"):
        is_shown = np.isfinite(points.astype(np.float32, copy=False)).all()
    if not is_shown:
        notices.warn_once_a_tag(
            "no numbers",
            tag,
            "mat: expected finite numbers in float32, got NaN or infinity, with which the projector ends in an error",
        )


def _points(mat: Any) -> npt.NDArray[Any]:
    array, dtype = arrays.as_array(mat, "mat")
    array = arrays.widened(array, dtype)
    if array.ndim != 2 or array.size == 0:
        raise UnsupportedValue(f"mat: expected [N, D] numbers, one row a point, got shape {array.shape}")
    return array.astype(np.uint8) if dtype == "bool" else array


def _labels(metadata: Any, header: Sequence[str] | None, count: int) -> list[list[str]]:
    """The rows of metadata.tsv. With a header, the first row has the names of the columns."""
    rows = metadata.tolist() if hasattr(metadata, "tolist") else metadata
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Sequence):
        raise UnsupportedType(f"metadata: expected a list of labels, got {check.type_name(metadata)}")
    if len(rows) != count:
        raise UnsupportedValue(
            f"metadata: expected a label for each of the {count} rows of mat, got {len(rows)}"
        )
    if header is not None and (isinstance(header, (str, bytes)) or not isinstance(header, Sequence)):
        raise UnsupportedType(f"metadata_header: expected a list of names, got {check.type_name(header)}")
    table = _table(rows, header)
    for row in table:
        for label in row:
            if "\n" in label or "\t" in label or "\r" in label:
                raise UnsupportedValue(f"metadata: expected labels without tabs and line ends, got {label!r}")
            check.string(label, "metadata")
        if not "".join(row).strip().strip("\ufeff"):
            row[0] = _BLANK  # otherwise every later label would be that of the point before
    return table


def _table(rows: Sequence[Any], header: Sequence[str] | None) -> list[list[str]]:
    """The texts of all cells. A table of one column has no header: the projector takes each of its lines for a label."""
    if not header:
        return [[str(label)] for label in rows]
    if len(header) == 1:
        rows = [row if not isinstance(row, str) and isinstance(row, Sequence) else [row] for row in rows]
    if any(isinstance(row, str) or not isinstance(row, Sequence) or len(row) != len(header) for row in rows):
        raise UnsupportedValue(
            f"metadata: expected rows of {len(header)} labels, as metadata_header has, got other rows"
        )
    return [[str(label) for label in row] for row in (rows if len(header) == 1 else (header, *rows))]


def _tsv(rows: list[list[Any]]) -> bytes:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows).encode()


def _quoted(text: str) -> str:
    """A string in protobuf's text format."""
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:03o}" for byte in text.encode()
    )
    return f'"{escaped}"'


def _add_to_config(path: Path, entry: str) -> None:
    """Appends `entry` unless the file has it. In the text format a repeated field may be written in several pieces."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        text = ""
    if entry in text:
        return
    with path.open("ab") as file:  # one write, so that writers in several processes do not mix
        file.write((("\n" if text and not text.endswith("\n") else "") + entry).encode())
