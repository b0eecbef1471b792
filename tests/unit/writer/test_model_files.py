"""add_onnx_graph and add_openvino_graph: the GraphDef that TensorBoard parses, against the peers' and the models themselves."""

import contextlib
import io
import sys

import pytest
import tensorboardX.openvino_graph
from support import oracle
from tensorboard.compat.proto.graph_pb2 import GraphDef
from torch.utils.tensorboard import _onnx_graph

OPENVINO = """<?xml version="1.0"?>
<net name="tiny" version="11">
  <layers>
    <layer id="0" name="x" type="Parameter" version="opset1">
      <data shape="?,3" element_type="f32"/>
      <output><port id="0" precision="FP32"><dim>-1</dim><dim>3</dim></port></output>
    </layer>
    <layer id="1" name="w" type="Const" version="opset1">
      <data element_type="f32" shape="3, 4" offset="0" size="48"/>
      <output><port id="0" precision="FP32"><dim>3</dim><dim>4</dim></port></output>
    </layer>
    <layer id="2" name="net/matmul" type="MatMul" version="opset1">
      <data transpose_a="false" transpose_b="false"/>
      <input>
        <port id="0" precision="FP32"><dim>-1</dim><dim>3</dim></port>
        <port id="1" precision="FP32"><dim>3</dim><dim>4</dim></port>
      </input>
      <output><port id="2" precision="FP32"><dim>-1</dim><dim>4</dim></port></output>
    </layer>
    <layer id="3" name="net/split" type="Split" version="opset1">
      <output>
        <port id="2" precision="I64"><dim>2</dim></port>
        <port id="3" precision="BOOL"/>
      </output>
    </layer>
    <layer id="4" name="out" type="Result" version="opset1"/>
    <layer id="5" name="out" type="Result" version="opset1"/>
  </layers>
  <edges>
    <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
    <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
    <edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
    <edge from-layer="3" from-port="2" to-layer="4" to-port="0"/>
    <edge from-layer="3" from-port="3" to-layer="5" to-port="0"/>
  </edges>
</net>
"""


def graph_of(directory):
    """The GraphDef of the only event; each node there once, each input a node that is there."""
    (event,) = oracle.logged(directory)
    graph = GraphDef.FromString(event.graph_def)
    names = [node.name for node in graph.node]
    assert len(set(names)) == len(names)
    assert {wire.partition(":")[0] for node in graph.node for wire in node.input} <= set(names)
    assert event.wall_time > 1e9
    return graph


def shapes_of(node):
    return [[dim.size for dim in shape.dim] for shape in node.attr["_output_shapes"].list.shape]


def test_openvino(tmp_path, writer):
    (tmp_path / "model.xml").write_text(OPENVINO)
    writer.add_openvino_graph(str(tmp_path / "model.xml"))
    writer.close()
    graph = graph_of(tmp_path / "ours")
    assert [(node.name, node.op, list(node.input)) for node in graph.node] == [
        ("x", "Parameter", []),
        ("w", "Const", []),
        ("net/matmul", "MatMul", ["x", "w"]),
        ("net/split", "Split", ["net/matmul"]),
        ("out", "Result", ["net/split"]),
        ("out_1", "Result", ["net/split:1"]),
    ]
    assert [shapes_of(node) for node in graph.node[:4]] == [[[-1, 3]], [[3, 4]], [[-1, 4]], [[2], []]]
    assert graph.node[2].attr["parameters"].s == b"transpose_a = false, transpose_b = false"
    assert graph.node[3].attr["dtype"].type == 9  # DT_INT64


def test_openvino_edges_as_tensorboardx(tmp_path, writer):
    """tensorboardX makes a node of every edge."""
    path = tmp_path / "model.xml"
    path.write_text(OPENVINO.replace('id="5" name="out"', 'id="5" name="out2"'))
    writer.add_openvino_graph(path)
    writer.close()
    theirs = tensorboardX.openvino_graph.load_openvino_graph(str(path))
    edges = {(node.input[0], node.name) for node in theirs.node}
    assert edges == {
        (wire.partition(":")[0], node.name)
        for node in graph_of(tmp_path / "ours").node
        for wire in node.input
    }


@pytest.mark.parametrize("content", ["", "no XML", "<net/>", "<net><layers><layer name='a'/></layers></net>"])
def test_what_is_no_openvino_model(tmp_path, writer, content):
    (tmp_path / "model.xml").write_text(content)
    with pytest.raises(ValueError, match="xmlname"):
        writer.add_openvino_graph(tmp_path / "model.xml")
    with pytest.raises(FileNotFoundError):
        writer.add_openvino_graph(tmp_path / "missing.xml")
    writer.close()
    assert oracle.logged(tmp_path / "ours") == []


@pytest.fixture
def onnx_model():
    """y, z = split(conv(x)); out = y + z, with a weight and a shape that is known in part."""
    onnx = pytest.importorskip("onnx")
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    weight = helper.make_tensor("w", float32, [2, 3, 1, 1], [0.5] * 6)
    unused = helper.make_tensor("unused", float32, [1], [0.0])
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["/conv/out"], name="/conv/Conv", kernel_shape=[1, 1]),
        helper.make_node("Split", ["/conv/out", ""], ["y", "z"], name="", axis=1),
        helper.make_node("Add", ["y", "z"], ["out"], name="add:0"),
    ]
    x = helper.make_tensor_value_info("x", float32, ["batch", 3, 8, 8])
    out = helper.make_tensor_value_info("out", float32, ["batch", 1, 8, 8])
    graph = helper.make_graph(nodes, "g", [x], [out], [weight, unused])
    return helper.make_model(graph)


@pytest.mark.filterwarnings("ignore:add_graph. expected one graph")
def test_onnx(tmp_path, writer, onnx_model):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model.SerializeToString())
    for form in (str(path), path, io.BytesIO(path.read_bytes()), onnx_model):
        writer.add_onnx_graph(form)
    writer.close()
    first, *others = oracle.logged(tmp_path / "ours")
    assert all(event.graph_def == first.graph_def for event in others)
    nodes = GraphDef.FromString(first.graph_def).node
    assert [(node.name, node.op, list(node.input)) for node in nodes] == [
        ("x", "Input", []),
        ("w", "Const", []),
        ("conv/Conv", "Conv", ["x", "w"]),
        ("y", "Split", ["conv/Conv"]),
        ("add_0", "Add", ["y", "y:1"]),
        ("output/out", "Output", ["add_0"]),
    ]
    assert shapes_of(nodes[0]) == [[-1, 3, 8, 8]]
    assert shapes_of(nodes[1]) == [[2, 3, 1, 1]]
    assert nodes[0].attr["dtype"].type == 1  # DT_FLOAT
    assert nodes[2].attr["parameters"].s == b"kernel_shape = [1, 1]"


def test_onnx_operations_as_torch(tmp_path, writer, onnx_model):
    with contextlib.redirect_stdout(io.StringIO()):  # torch prints every name
        theirs = _onnx_graph.parse(onnx_model.graph)
    writer.add_onnx_graph(onnx_model)
    writer.close()
    ours = graph_of(tmp_path / "ours")
    assert [node.op for node in ours.node if node.op not in ("Input", "Const", "Output")] == [
        node.op for node in theirs.node if node.op != "Variable"
    ]


def test_what_is_no_onnx_model(tmp_path, writer):
    pytest.importorskip("onnx")
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "empty.onnx").write_bytes(b"")
    for name in ("text.onnx", "empty.onnx"):
        with pytest.raises(ValueError, match="prototxt"):
            writer.add_onnx_graph(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        writer.add_onnx_graph(tmp_path / "missing.onnx")
    with pytest.raises(TypeError, match="prototxt"):
        writer.add_onnx_graph(5)
    writer.close()
    assert oracle.logged(tmp_path / "ours") == []


def test_without_onnx(tmp_path, writer, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "tickertape.writer.graphs.onnx_model", raising=False)
    monkeypatch.delattr("tickertape.writer.graphs.onnx_model", raising=False)
    with pytest.raises(ImportError, match="add_onnx_graph needs the package onnx: pip install onnx"):
        writer.add_onnx_graph("model.onnx")
    writer.close()
    assert oracle.logged(tmp_path / "ours") == []
