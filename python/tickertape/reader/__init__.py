"""Reading event files: events one by one as TensorFlow's summary_iterator returns them, or scalars as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _lazy

if TYPE_CHECKING:
    from tickertape.reader.damage import DamageWarning
    from tickertape.reader.events import summary_iterator
    from tickertape.reader.messages import (
        Audio,
        Dim,
        DtypeAndShape,
        Event,
        HistogramProto,
        Image,
        LogMessage,
        PluginData,
        ResourceHandleProto,
        SessionLog,
        SourceMetadata,
        Summary,
        SummaryMetadata,
        TaggedRunMetadata,
        TensorProto,
        TensorShapeProto,
        Value,
        VariantTensorDataProto,
    )
    from tickertape.reader.runs import event_files, find_runs
    from tickertape.reader.scalars import Scalars, read_scalars

__all__ = [
    "Audio",
    "DamageWarning",
    "Dim",
    "DtypeAndShape",
    "Event",
    "HistogramProto",
    "Image",
    "LogMessage",
    "PluginData",
    "ResourceHandleProto",
    "Scalars",
    "SessionLog",
    "SourceMetadata",
    "Summary",
    "SummaryMetadata",
    "TaggedRunMetadata",
    "TensorProto",
    "TensorShapeProto",
    "Value",
    "VariantTensorDataProto",
    "event_files",
    "find_runs",
    "read_scalars",
    "summary_iterator",
]

_HOMES = {
    "Audio": "tickertape.reader.messages",
    "DamageWarning": "tickertape.reader.damage",
    "Dim": "tickertape.reader.messages",
    "DtypeAndShape": "tickertape.reader.messages",
    "Event": "tickertape.reader.messages",
    "HistogramProto": "tickertape.reader.messages",
    "Image": "tickertape.reader.messages",
    "LogMessage": "tickertape.reader.messages",
    "PluginData": "tickertape.reader.messages",
    "ResourceHandleProto": "tickertape.reader.messages",
    "Scalars": "tickertape.reader.scalars",
    "SessionLog": "tickertape.reader.messages",
    "SourceMetadata": "tickertape.reader.messages",
    "Summary": "tickertape.reader.messages",
    "SummaryMetadata": "tickertape.reader.messages",
    "TaggedRunMetadata": "tickertape.reader.messages",
    "TensorProto": "tickertape.reader.messages",
    "TensorShapeProto": "tickertape.reader.messages",
    "Value": "tickertape.reader.messages",
    "VariantTensorDataProto": "tickertape.reader.messages",
    "event_files": "tickertape.reader.runs",
    "find_runs": "tickertape.reader.runs",
    "read_scalars": "tickertape.reader.scalars",
    "summary_iterator": "tickertape.reader.events",
}
__getattr__, __dir__ = _lazy.names(__name__, _HOMES)
