"""add_custom_scalars and its two shorthands: charts of several scalars."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, notices, protobuf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tickertape.writer.file_writer import GetWriter

_TAG = "custom_scalars__config__"  # tensorboard/plugins/custom_scalar/metadata.py
_MARGIN_TAGS = 3


class Layout(NamedTuple):
    """A layout that was written."""

    tags: list[str]  # of all charts
    encoded: bytes

    def warn_of_unknown_tags(self, files: Iterable[str]) -> None:
        """Warns of the first tag that the event files have no scalar for, unless they have none at all."""
        try:
            known = {
                series.tag
                for index in _core.scan_files(list(files), kinds=["scalars"])
                for series in index.series
            }
        except OSError:
            return
        missing = next(
            (line for line in self.tags if not any(map(re.compile(_pattern(line)).match, known))), None
        )
        if known and missing is not None:
            notices.warn_once(
                ("unknown tag", missing),
                f"layout: expected tags that have scalars, got {missing!r}, which no tag of this run matches; its chart stays empty "
                "unless another run has it",
            )


def add_layout(get_writer: GetWriter, layout: Any, before: Layout | None) -> Layout:
    """See SummaryWriter.add_custom_scalars; `before` is the run's layout so far, and the result the new one."""
    lines: list[str] = []
    if not isinstance(layout, Mapping):
        raise UnsupportedType(f"layout: expected a dict, got {check.type_name(layout)}")
    categories = [_category(name, charts, lines) for name, charts in check.items(layout, "layout")]
    if not any(count for _, count in categories):
        notices.warn_once(
            "empty layout", "layout: expected a chart, got none; the page shows nothing (said once)"
        )
    return _write(get_writer, Layout(lines, b"".join(category for category, _ in categories)), before)


def add_chart(
    get_writer: GetWriter, kind: str, tags: Any, category: Any, title: Any, before: Layout | None
) -> Layout:
    """A layout of one chart; `kind` is "multiline" or "margin". See SummaryWriter.add_custom_scalars_multilinechart."""
    lines: list[str] = []
    chart = _multiline(tags, "tags", lines) if kind == "multiline" else _margin(tags, "tags", lines)
    return _write(get_writer, Layout(lines, _category_of([_chart(title, chart)], category)), before)


def _write(get_writer: GetWriter, layout: Layout, before: Layout | None) -> Layout:
    if before is not None and before.encoded != layout.encoded:
        notices.warn_once(
            "another layout",
            "layout: expected one layout in a run, got another, which replaces it on the page; write all charts together with "
            "add_custom_scalars (said once)",
        )
    get_writer().add_tensor(
        _TAG, [layout.encoded], "string", [], "custom_scalars", b"", None, None
    )  # torch has no step either
    return layout


# tensorboard/plugins/custom_scalar/layout.proto. Layout: category 2 (version, field 1, is 0). Category: title 1, chart 2.
# Chart: title 1, multiline 2 (tag 1), margin 3 (series 1: value 1, lower 2, upper 3).


def _category(name: Any, charts: Any, lines: list[str]) -> tuple[bytes, int]:
    """(the encoded category, the number of its charts)."""
    title = check.string(name, "layout (a category)")
    if not isinstance(charts, Mapping):
        raise UnsupportedType(f"layout[{title!r}]: expected a dict of charts, got {check.type_name(charts)}")
    encoded = [
        _layout_chart(key, chart, title, lines) for key, chart in check.items(charts, f"layout[{title!r}]")
    ]
    return _category_of(encoded, title), len(encoded)


def _category_of(charts: list[bytes], name: Any) -> bytes:
    title = check.string(name, "category")
    return protobuf.bytes_field(
        2, protobuf.text_field(1, title) + b"".join(protobuf.bytes_field(2, chart) for chart in charts)
    )


def _layout_chart(key: Any, chart: Any, category: str, lines: list[str]) -> bytes:
    title = check.string(key, f"layout[{category!r}] (a chart)")
    name = f"layout[{category!r}][{title!r}]"
    if isinstance(chart, str) or not isinstance(chart, Sequence) or len(chart) != len(("type", "tags")):
        raise UnsupportedType(f"{name}: expected a type and a list of tags, got {chart!r}")
    kind, tags = chart
    if isinstance(kind, str) and kind.lower() == "margin":
        return _chart(title, _margin(tags, name, lines))
    if isinstance(kind, str) and kind.lower() == "multiline":
        return _chart(title, _multiline(tags, name, lines))
    raise UnsupportedValue(f"{name}: expected the type 'Multiline' or 'Margin', got {kind!r}")


def _chart(title: Any, content: bytes) -> bytes:
    return protobuf.text_field(1, check.string(title, "title")) + content


def _multiline(tags: Any, name: str, lines: list[str]) -> bytes:
    """The chart; its tags are added to `lines`."""
    found = _tags(tags, name)
    if not found:
        raise UnsupportedValue(f"{name}: expected at least one tag, got none")
    lines += found
    return protobuf.bytes_field(2, b"".join(protobuf.text_in_oneof(1, _pattern(tag)) for tag in found))


def _pattern(tag: str) -> str:
    """`tag` as the page takes it: a regular expression. One that does not match the tag itself also gets the tag's text.

    Source: tensorboard/plugins/custom_scalar/custom_scalars_plugin.py, scalars_impl.
    """
    text = re.sub(r"[.*+?^${}()|\[\]\\]", r"\\\g<0>", tag)  # as the page escapes the tags of margin charts
    try:
        return tag if re.match(tag, tag) else f"{tag}|{text}"
    except (re.error, OverflowError, RecursionError):
        return text


def _margin(tags: Any, name: str, lines: list[str]) -> bytes:
    """The chart; its tags are added to `lines`."""
    found = _tags(tags, name)
    if len(found) != _MARGIN_TAGS:
        raise UnsupportedValue(f"{name}: expected 3 tags (value, lower, upper), got {len(found)}")
    lines += found
    series = b"".join(protobuf.text_field(number, tag) for number, tag in enumerate(found, 1))
    return protobuf.bytes_field(3, protobuf.bytes_field(1, series))


def _tags(tags: Any, name: str) -> list[str]:
    if isinstance(tags, (str, bytes)) or not isinstance(tags, Sequence):
        raise UnsupportedType(f"{name}: expected a list of tags, got {check.type_name(tags)}")
    lines = [check.string(tag, f"{name} (a tag)") for tag in tags]
    if "" in lines:
        # tensorboard/plugins/custom_scalar/custom_scalars_plugin.py, scalars_impl: alone it is refused, among others it
        # matches every tag.
        raise UnsupportedValue(
            f"{name}: expected tags, got an empty one, for which the page shows nothing, or every tag"
        )
    return lines
