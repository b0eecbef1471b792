"""Reading event files: log directories as tables, or events one by one as TensorFlow's summary_iterator returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _lazy

if TYPE_CHECKING:
    from tickertape.reader.accumulator import EventAccumulator
    from tickertape.reader.bundling import Bundle, bundles
    from tickertape.reader.damage import DamageWarning
    from tickertape.reader.events import summary_iterator
    from tickertape.reader.follower import Follower, follow
    from tickertape.reader.frame import Frame
    from tickertape.reader.hparams import HparamsTable
    from tickertape.reader.log_dirs import event_files, find_runs
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
    from tickertape.reader.rank_merge import RankScalars, RankTable
    from tickertape.reader.ray_data import ray_dataset
    from tickertape.reader.runs import Run, Runs, read
    from tickertape.reader.scalar_table import ScalarTable
    from tickertape.reader.scalars import read_scalars
    from tickertape.reader.scan import Problem
    from tickertape.reader.series import Scalars
    from tickertape.reader.summary_reader import SummaryReader
    from tickertape.reader.table import RowTable, Table

__all__ = [
    "Audio",
    "Bundle",
    "DamageWarning",
    "Dim",
    "DtypeAndShape",
    "Event",
    "EventAccumulator",
    "Follower",
    "Frame",
    "HistogramProto",
    "HparamsTable",
    "Image",
    "LogMessage",
    "PluginData",
    "Problem",
    "RankScalars",
    "RankTable",
    "ResourceHandleProto",
    "RowTable",
    "Run",
    "Runs",
    "ScalarTable",
    "Scalars",
    "SessionLog",
    "SourceMetadata",
    "Summary",
    "SummaryMetadata",
    "SummaryReader",
    "Table",
    "TaggedRunMetadata",
    "TensorProto",
    "TensorShapeProto",
    "Value",
    "VariantTensorDataProto",
    "bundles",
    "event_files",
    "find_runs",
    "follow",
    "ray_dataset",
    "read",
    "read_scalars",
    "summary_iterator",
]

_HOMES = {
    "Audio": "tickertape.reader.messages",
    "Bundle": "tickertape.reader.bundling",
    "DamageWarning": "tickertape.reader.damage",
    "Dim": "tickertape.reader.messages",
    "DtypeAndShape": "tickertape.reader.messages",
    "Event": "tickertape.reader.messages",
    "EventAccumulator": "tickertape.reader.accumulator",
    "Follower": "tickertape.reader.follower",
    "Frame": "tickertape.reader.frame",
    "HistogramProto": "tickertape.reader.messages",
    "HparamsTable": "tickertape.reader.hparams",
    "Image": "tickertape.reader.messages",
    "LogMessage": "tickertape.reader.messages",
    "PluginData": "tickertape.reader.messages",
    "Problem": "tickertape.reader.scan",
    "RankScalars": "tickertape.reader.rank_merge",
    "RankTable": "tickertape.reader.rank_merge",
    "ResourceHandleProto": "tickertape.reader.messages",
    "RowTable": "tickertape.reader.table",
    "Run": "tickertape.reader.runs",
    "Runs": "tickertape.reader.runs",
    "ScalarTable": "tickertape.reader.scalar_table",
    "Scalars": "tickertape.reader.series",
    "SessionLog": "tickertape.reader.messages",
    "SourceMetadata": "tickertape.reader.messages",
    "Summary": "tickertape.reader.messages",
    "SummaryMetadata": "tickertape.reader.messages",
    "SummaryReader": "tickertape.reader.summary_reader",
    "Table": "tickertape.reader.table",
    "TaggedRunMetadata": "tickertape.reader.messages",
    "TensorProto": "tickertape.reader.messages",
    "TensorShapeProto": "tickertape.reader.messages",
    "Value": "tickertape.reader.messages",
    "VariantTensorDataProto": "tickertape.reader.messages",
    "bundles": "tickertape.reader.bundling",
    "event_files": "tickertape.reader.log_dirs",
    "find_runs": "tickertape.reader.log_dirs",
    "follow": "tickertape.reader.follower",
    "ray_dataset": "tickertape.reader.ray_data",
    "read": "tickertape.reader.runs",
    "read_scalars": "tickertape.reader.scalars",
    "summary_iterator": "tickertape.reader.events",
}
__getattr__, __dir__ = _lazy.names(__name__, _HOMES)
