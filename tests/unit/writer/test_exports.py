"""export_scalars_to_json against tensorboardX's, and FileWriter's graph methods against torch's."""

import json

import numpy as np
import pytest
import tensorboardX
from support import oracle
from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.step_stats_pb2 import DeviceStepStats, StepStats
from tickertape.writer import FileWriter, SummaryWriter


def exported(writer, path):
    writer.export_scalars_to_json(path)
    return json.loads(path.read_text())


def test_curves_as_tensorboardx(tmp_path):
    """Its keys are <log_dir>/<main_tag>/<key>, ours name our own directories."""
    found = []
    for name, make in (("x", lambda path: tensorboardX.SummaryWriter(str(path))), ("ours", SummaryWriter)):
        with make(tmp_path / name) as writer:
            for step in range(3):
                writer.add_scalars("a/b", {"k": step / 4, "l": -step}, step, oracle.WALLTIME + step)
            found.append(exported(writer, tmp_path / f"{name}.json"))
            assert exported(writer, tmp_path / f"{name}.json") == {}
            writer.add_scalars("a/b", {"k": 9}, 9, oracle.WALLTIME)
            found.append(exported(writer, tmp_path / f"{name}.json"))
    theirs, theirs_again, ours, ours_again = found
    separator = str(tmp_path / "x/a/b/")
    renamed = {
        key.replace(separator + "/", str(tmp_path / "ours/a_b_")): value for key, value in theirs.items()
    }
    assert ours == renamed
    assert list(ours_again.values()) == list(theirs_again.values()) == [[[oracle.WALLTIME, 9, 9.0]]]


def test_scalars_too_and_after_close(tmp_path, writer):
    writer.add_scalar("loss", 0.1, 1, oracle.WALLTIME)
    writer.add_scalar("new", 0.1, 1, oracle.WALLTIME, new_style=True, double_precision=True)
    writer.close()
    writer.add_scalar("loss", 2, 2, oracle.WALLTIME)
    writer.add_scalars("many", {"one": 1}, 3, oracle.WALLTIME)
    writer.close()
    directory = tmp_path / "ours"
    assert exported(writer, tmp_path / "a.json") == {
        f"{directory}/loss": [[oracle.WALLTIME, 1, float(np.float32(0.1))], [oracle.WALLTIME, 2, 2.0]],
        f"{directory}/new": [[oracle.WALLTIME, 1, 0.1]],
        f"{directory}/many_one": [[oracle.WALLTIME, 3, 1.0]],
    }
    assert writer.all_writers is None  # no file was opened for it
    assert exported(writer, tmp_path / "a.json") == {}


def test_a_path_that_cannot_be_written_loses_nothing(tmp_path, writer):
    writer.add_scalar("loss", 1, 1)
    with pytest.raises(FileNotFoundError):
        writer.export_scalars_to_json(tmp_path / "missing" / "a.json")
    with pytest.raises(TypeError):
        writer.export_scalars_to_json(None)
    assert list(exported(writer, tmp_path / "a.json")) == [f"{tmp_path / 'ours'}/loss"]


GRAPH = GraphDef(node=[NodeDef(name="a", op="b"), NodeDef(name="c", op="d", input=["a"])])
PROFILE = RunMetadata(step_stats=StepStats(dev_stats=[DeviceStepStats(device="/device:CPU:0")]))


def test_file_writers_graphs_as_torch(tmp_path):
    pytest.importorskip("torch")
    events = []
    torch_writer = oracle.torch_tensorboard.FileWriter
    for name, make in (("torch", torch_writer), ("ours", FileWriter)):
        writer = make(str(tmp_path / name))
        writer.add_graph((GRAPH, PROFILE), oracle.WALLTIME)
        writer.add_onnx_graph(GRAPH, oracle.WALLTIME)
        writer.close()
        events.append(oracle.logged(tmp_path / name))
    assert events[0] == events[1]


def test_openvino_graph_is_a_graph_and_bytes_will_do(tmp_path):
    writer = FileWriter(tmp_path)
    writer.add_openvino_graph(GRAPH)
    writer.add_onnx_graph(GRAPH.SerializeToString())
    for bad in (None, 5, "graph"):
        with pytest.raises(TypeError, match="graph"):
            writer.add_onnx_graph(bad)
        with pytest.raises(TypeError, match="graph_profile"):
            writer.add_graph(bad)
    with pytest.raises(ValueError, match="walltime"):
        writer.add_onnx_graph(GRAPH, float("nan"))
    writer.close()
    first, second = oracle.logged(tmp_path)
    assert first.graph_def == second.graph_def == GRAPH.SerializeToString()
    assert first.wall_time > oracle.WALLTIME
