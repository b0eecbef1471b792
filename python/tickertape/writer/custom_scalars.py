"""add_custom_scalars and its two shorthands: charts of several scalars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, protobuf

if TYPE_CHECKING:
    from tickertape.writer.file_writer import GetWriter

_TAG = "custom_scalars__config__"  # tensorboard/plugins/custom_scalar/metadata.py
_MARGIN_TAGS = 3


def add_layout(get_writer: GetWriter, layout: Any) -> None:
    """See SummaryWriter.add_custom_scalars."""
    if not isinstance(layout, Mapping):
        raise UnsupportedType(f"layout: expected a dict, got {check.type_name(layout)}")
    _write(get_writer, b"".join(_category(name, charts) for name, charts in check.items(layout, "layout")))


def add_chart(get_writer: GetWriter, kind: str, tags: Any, category: Any, title: Any) -> None:
    """A layout of one chart; `kind` is "multiline" or "margin". See SummaryWriter.add_custom_scalars_multilinechart."""
    chart = _multiline(tags, "tags") if kind == "multiline" else _margin(tags, "tags")
    _write(get_writer, _category_of([_chart(title, chart)], category))


def _write(get_writer: GetWriter, layout: bytes) -> None:
    get_writer().add_tensor(
        _TAG, [layout], "string", [], "custom_scalars", b"", None, None
    )  # torch has no step either


# tensorboard/plugins/custom_scalar/layout.proto. Layout: category 2 (version, field 1, is 0). Category: title 1, chart 2.
# Chart: title 1, multiline 2 (tag 1), margin 3 (series 1: value 1, lower 2, upper 3).


def _category(name: Any, charts: Any) -> bytes:
    title = check.string(name, "layout (a category)")
    if not isinstance(charts, Mapping):
        raise UnsupportedType(f"layout[{title!r}]: expected a dict of charts, got {check.type_name(charts)}")
    return _category_of(
        [_layout_chart(key, chart, title) for key, chart in check.items(charts, f"layout[{title!r}]")], title
    )


def _category_of(charts: list[bytes], name: Any) -> bytes:
    title = check.string(name, "category")
    return protobuf.bytes_field(
        2, protobuf.text_field(1, title) + b"".join(protobuf.bytes_field(2, chart) for chart in charts)
    )


def _layout_chart(key: Any, chart: Any, category: str) -> bytes:
    title = check.string(key, f"layout[{category!r}] (a chart)")
    name = f"layout[{category!r}][{title!r}]"
    if isinstance(chart, str) or not isinstance(chart, Sequence) or len(chart) != len(("type", "tags")):
        raise UnsupportedType(f"{name}: expected a type and a list of tags, got {chart!r}")
    kind, tags = chart
    if isinstance(kind, str) and kind.lower() == "margin":
        return _chart(title, _margin(tags, name))
    if isinstance(kind, str) and kind.lower() == "multiline":
        return _chart(title, _multiline(tags, name))
    raise UnsupportedValue(f"{name}: expected the type 'Multiline' or 'Margin', got {kind!r}")


def _chart(title: Any, content: bytes) -> bytes:
    return protobuf.text_field(1, check.string(title, "title")) + content


def _multiline(tags: Any, name: str) -> bytes:
    lines = _tags(tags, name)
    if not lines:
        raise UnsupportedValue(f"{name}: expected at least one tag, got none")
    return protobuf.bytes_field(2, b"".join(protobuf.text_in_oneof(1, _pattern(tag)) for tag in lines))


def _pattern(tag: str) -> str:
    """`tag` as the page takes it: a regular expression. One that does not match the tag itself also gets the tag's text.

    Source: tensorboard/plugins/custom_scalar/custom_scalars_plugin.py, scalars_impl.
    """
    import re  # noqa: PLC0415  # few write layouts

    text = re.sub(r"[.*+?^${}()|\[\]\\]", r"\\\g<0>", tag)  # as the page escapes the tags of margin charts
    try:
        return tag if re.match(tag, tag) else f"{tag}|{text}"
    except (re.error, OverflowError, RecursionError):
        return text


def _margin(tags: Any, name: str) -> bytes:
    lines = _tags(tags, name)
    if len(lines) != _MARGIN_TAGS:
        raise UnsupportedValue(f"{name}: expected 3 tags (value, lower, upper), got {len(lines)}")
    series = b"".join(protobuf.text_field(number, tag) for number, tag in enumerate(lines, 1))
    return protobuf.bytes_field(3, protobuf.bytes_field(1, series))


def _tags(tags: Any, name: str) -> list[str]:
    if isinstance(tags, (str, bytes)) or not isinstance(tags, Sequence):
        raise UnsupportedType(f"{name}: expected a list of tags, got {check.type_name(tags)}")
    return [check.string(tag, f"{name} (a tag)") for tag in tags]
