"""add_text and add_tensor against torch's writer, and where torch's tensors are wrong."""

import numpy as np
import pytest
import tensorboardX
import torch
from support import oracle
from tensorboard.compat.proto.summary_pb2 import DataClass, SummaryMetadata
from tensorboard.util.tensor_util import make_ndarray

TEXTS = ["plain", "", "**bold** and\nlines", "ünïcode \N{SNOWMAN}", "|a|b|\n|-|-|\n|1|2|"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_as_torch(tmp_path, text):
    theirs, ours = oracle.both(tmp_path, lambda writer: writer.add_text("a/b", text, 4, oracle.WALLTIME))
    assert ours == theirs


def test_text_takes_bytes(tmp_path, writer):
    writer.add_text("a", "ü".encode())
    writer.close()
    assert oracle.only_value(oracle.logged(tmp_path / "ours")).tensor.string_val == ["ü".encode()]


def test_long_text(tmp_path, writer):
    text = "0123456789abcdef" * (1 << 18)  # 4 MiB
    writer.add_text("a", text)
    writer.close()
    assert oracle.only_value(oracle.logged(tmp_path / "ours")).tensor.string_val == [text.encode()]


# Types that torch stores as TensorBoard reads them.
TENSORS = {
    "float32": torch.linspace(-1, 1, 7),
    "float64": torch.linspace(-1, 1, 7, dtype=torch.float64),
    "int8": torch.tensor([-128, 127], dtype=torch.int8),
    "int16": torch.tensor([-300, 300], dtype=torch.int16),
    "int32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
    "int64": torch.tensor([-(2**63), 2**63 - 1]),
    "bool": torch.tensor([True, False]),
    "complex64": torch.tensor([1 + 2j, -3j], dtype=torch.complex64),
    "complex128": torch.tensor([1 + 2j, -3j], dtype=torch.complex128),
    "0-d": torch.tensor(2.5),
    "3-d": torch.arange(24.0).reshape(2, 3, 4),
    "empty": torch.zeros(0, 3),
    "transposed": torch.arange(6.0).reshape(2, 3).T,
    "conjugated": torch.tensor([1 + 2j]).conj(),
    "negative view": torch.tensor([1 + 2j]).conj().imag,
    "transposed complex128": torch.arange(6).reshape(2, 3).to(torch.complex128).T,
    "every other": torch.arange(7, dtype=torch.int16)[::2],
    "with gradient": torch.arange(3.0, requires_grad=True),
}


@pytest.mark.parametrize("name", [name for name in TENSORS if name != "conjugated"])  # torch raises
def test_tensor_as_torch(tmp_path, name):
    theirs, ours = oracle.both(
        tmp_path, lambda writer: writer.add_tensor("tag", TENSORS[name], 4, oracle.WALLTIME)
    )
    assert ours == theirs


@pytest.mark.parametrize("name", [name for name in TENSORS if name != "empty"])
def test_tensor_reads_back(tmp_path, writer, name):
    writer.add_tensor("tag", TENSORS[name], 4)
    writer.close()
    value = oracle.only_value(oracle.logged(tmp_path / "ours"))
    np.testing.assert_array_equal(
        make_ndarray(value.tensor), TENSORS[name].detach().resolve_conj().resolve_neg().numpy()
    )
    assert value.metadata.plugin_data.plugin_name == "tensor"


def test_half_and_bfloat16_bits_are_true(tmp_path, writer):
    """torch stores the bits of a float32 in half_val."""
    half = torch.tensor([1.0, -0.5, 65504.0], dtype=torch.half)
    writer.add_tensor("half", half)
    writer.add_tensor("bfloat16", half.bfloat16())
    writer.close()
    first, second = (event.summary.value[0].tensor for event in oracle.logged(tmp_path / "ours"))
    np.testing.assert_array_equal(make_ndarray(first), half.numpy())
    assert list(second.half_val) == half.bfloat16().view(torch.uint16).tolist()
    assert (first.dtype, second.dtype) == (19, 14)  # DT_HALF, DT_BFLOAT16 (types.proto)


def test_uint8_reads_back(tmp_path, writer):
    """torch stores uint8 in uint32_val, where no reader looks."""
    writer.add_tensor("tag", torch.tensor([0, 255], dtype=torch.uint8))
    writer.close()
    tensor = oracle.only_value(oracle.logged(tmp_path / "ours")).tensor
    assert make_ndarray(tensor).tolist() == [0, 255]


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.uint64, np.float32, np.int16, np.bool_])
def test_numpy_arrays(tmp_path, writer, dtype):
    array = np.array([[0, 1], [2, 3]]).astype(dtype)
    writer.add_tensor("tag", array)
    writer.close()
    tensor = oracle.only_value(oracle.logged(tmp_path / "ours")).tensor
    assert [dim.size for dim in tensor.tensor_shape.dim] == [2, 2]
    assert (
        sum(
            map(
                len, (tensor.uint32_val, tensor.uint64_val, tensor.float_val, tensor.int_val, tensor.bool_val)
            )
        )
        == 4
    )


def test_python_numbers(tmp_path, writer):
    writer.add_tensor("number", 2.5)
    writer.add_tensor("list", [[1, 2], [3, 4]])
    writer.close()
    number, matrix = (
        make_ndarray(event.summary.value[0].tensor) for event in oracle.logged(tmp_path / "ours")
    )
    assert number == 2.5
    assert matrix.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("name", ["float32", "float64", "int32", "bool", "0-d", "3-d", "empty"])
def test_write_as_add_tensor(tmp_path, writer, name):
    writer.add_tensor("tag", TENSORS[name], 4, oracle.WALLTIME)
    writer.write("tag", TENSORS[name], "tensor", 4, oracle.WALLTIME)
    writer.close()
    first, second = oracle.logged(tmp_path / "ours")
    assert first == second


METADATA = SummaryMetadata(
    plugin_data=SummaryMetadata.PluginData(plugin_name="my_plugin", content=b"\0\xff"),
    display_name="shown",
    summary_description="described",
    data_class=DataClass.DATA_CLASS_TENSOR,
)


@pytest.mark.parametrize("form", [METADATA, METADATA.SerializeToString()], ids=["message", "bytes"])
def test_write_for_any_plugin(tmp_path, writer, form):
    writer.write("tag", [1.5, 2.5], form)
    writer.close()
    value = oracle.only_value(oracle.logged(tmp_path / "ours"))
    assert value.metadata == METADATA
    assert make_ndarray(value.tensor).tolist() == [1.5, 2.5]


WRITTEN_TEXTS = {
    "str": ("ü", [], ["ü".encode()]),
    "bytes": (b"\xff", [], [b"\xff"]),
    "list": (["a", "", b"c"], [3], [b"a", b"", b"c"]),
    "matrix": ([["a", "b"], ["c", "d"]], [2, 2], [b"a", b"b", b"c", b"d"]),
    "array": (np.array(["a", "bc"]), [2], [b"a", b"bc"]),
    "array of bytes": (np.array([b"a", b"bc"]), [2], [b"a", b"bc"]),
}


@pytest.mark.parametrize("name", WRITTEN_TEXTS)
def test_write_of_texts(tmp_path, writer, name):
    text, shape, expected = WRITTEN_TEXTS[name]
    writer.write("tag", text)
    writer.close()
    value = oracle.only_value(oracle.logged(tmp_path / "ours"))
    assert not value.HasField("metadata")
    assert [dim.size for dim in value.tensor.tensor_shape.dim] == shape
    assert list(value.tensor.string_val) == expected
    make_ndarray(value.tensor)


def test_text_as_tensorboardx(tmp_path):
    with tensorboardX.SummaryWriter(str(tmp_path / "x")) as writer:
        writer.add_text("a/b", "ü", 4, oracle.WALLTIME)
    theirs, ours = oracle.both(
        tmp_path, lambda writer: writer.add_text("a/b", "ü".encode().decode(), 4, oracle.WALLTIME)
    )
    assert oracle.load(oracle.event_files(tmp_path / "x")[0])[1:] == ours == theirs
