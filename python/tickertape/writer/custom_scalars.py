"""SummaryWriter.add_custom_scalars and its two shorthands: charts that gather several scalars. Cold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tickertape.convert import check, protobuf
from tickertape.writer.part import WriterPart

_TAG = "custom_scalars__config__"  # tensorboard/plugins/custom_scalar/metadata.py
_MARGIN_TAGS = 3


class CustomScalarMethods(WriterPart):
    """Layouts of the custom scalars page."""

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Writes which scalars TensorBoard's custom scalars page draws together.

        TensorBoard takes the last layout of a run: to add a chart, write all of them again.

        Args:
            layout: name of each category to its charts; each chart is a title to `["Multiline", tags]`, or to
                `["Margin", [value, lower, upper]]`. Tags are those given to add_scalar.

        Raises:
            TypeError, ValueError: the layout is of another form (torch draws a chart of an unknown type as lines).

        Source: torch/utils/tensorboard/summary.py, custom_scalars.
        """
        if not isinstance(layout, Mapping):
            raise TypeError(f"layout: expected a dict, got {check.type_name(layout)}")
        self._add_layout(b"".join(_category(name, charts) for name, charts in layout.items()))

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """add_custom_scalars of one chart with a line for each tag.

        Args:
            tags: tags given to add_scalar, at least one.
            category: the category's name.
            title: the chart's title.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        chart = _multiline(tags, "tags")
        self._add_layout(_category_of([_chart(title, chart)], category))

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """add_custom_scalars of one chart with a line between two bounds.

        Args:
            tags: three tags given to add_scalar: value, lower bound, upper bound.
            category: the category's name.
            title: the chart's title.

        Raises:
            TypeError, ValueError: an argument is of the wrong kind.
        """
        chart = _margin(tags, "tags")
        self._add_layout(_category_of([_chart(title, chart)], category))

    def _add_layout(self, layout: bytes) -> None:
        self._event_writer().add_tensor(
            _TAG, [layout], "string", [], "custom_scalars", b"", None, None
        )  # torch gives no step


# tensorboard/plugins/custom_scalar/layout.proto. Layout: category 2 (version, field 1, is 0). Category: title 1, chart 2.
# Chart: title 1, multiline 2 (tag 1), margin 3 (series 1: value 1, lower 2, upper 3).


def _category(name: Any, charts: Any) -> bytes:
    title = check.string(name, "layout (a category)")
    if not isinstance(charts, Mapping):
        raise TypeError(f"layout[{title!r}]: expected a dict of charts, got {check.type_name(charts)}")
    return _category_of([_layout_chart(key, chart, title) for key, chart in charts.items()], title)


def _category_of(charts: list[bytes], name: Any) -> bytes:
    title = check.string(name, "category")
    return protobuf.bytes_field(
        2, protobuf.text_field(1, title) + b"".join(protobuf.bytes_field(2, chart) for chart in charts)
    )


def _layout_chart(key: Any, chart: Any, category: str) -> bytes:
    title = check.string(key, f"layout[{category!r}] (a chart)")
    name = f"layout[{category!r}][{title!r}]"
    if isinstance(chart, str) or not isinstance(chart, Sequence) or len(chart) != len(("type", "tags")):
        raise TypeError(f"{name}: expected a type and a list of tags, got {chart!r}")
    kind, tags = chart
    if isinstance(kind, str) and kind.lower() == "margin":
        return _chart(title, _margin(tags, name))
    if isinstance(kind, str) and kind.lower() == "multiline":
        return _chart(title, _multiline(tags, name))
    raise ValueError(f"{name}: expected the type 'Multiline' or 'Margin', got {kind!r}")


def _chart(title: Any, content: bytes) -> bytes:
    return protobuf.text_field(1, check.string(title, "title")) + content


def _multiline(tags: Any, name: str) -> bytes:
    lines = _tags(tags, name)
    if not lines:
        raise ValueError(f"{name}: expected at least one tag")
    return protobuf.bytes_field(2, b"".join(protobuf.text_in_oneof(1, tag) for tag in lines))


def _margin(tags: Any, name: str) -> bytes:
    lines = _tags(tags, name)
    if len(lines) != _MARGIN_TAGS:
        raise ValueError(f"{name}: expected 3 tags (value, lower, upper), got {len(lines)}")
    series = b"".join(protobuf.text_field(number, tag) for number, tag in enumerate(lines, 1))
    return protobuf.bytes_field(3, protobuf.bytes_field(1, series))


def _tags(tags: Any, name: str) -> list[str]:
    if isinstance(tags, (str, bytes)) or not isinstance(tags, Sequence):
        raise TypeError(f"{name}: expected a list of tags, got {check.type_name(tags)}")
    return [check.string(tag, f"{name} (a tag)") for tag in tags]
