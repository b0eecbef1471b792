"""What counts as an array: NumPy, torch, lists, and everything that offers __array__ or DLPack."""

import array
import collections

import numpy as np
import pytest
import torch
from tickertape.convert import arrays, check


class WithArray:
    def __init__(self, data):
        self._data = data

    def __array__(self, dtype=None, copy=None):
        return self._data


class WithDlpack:
    def __init__(self, data):
        self._data = data

    def __dlpack__(self, **options):
        return self._data.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._data.__dlpack_device__()


class Refuses:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("on another device")


BASE = np.arange(12, dtype=np.float32).reshape(3, 4)

GOOD = {
    "array": (BASE, "float32", BASE),
    "strided": (BASE[:, ::2], "float32", BASE[:, ::2]),
    "big-endian": (BASE.astype(">f4"), "float32", BASE),
    "read-only": (np.broadcast_to(BASE, (2, 3, 4)), "float32", np.broadcast_to(BASE, (2, 3, 4))),
    "long double": (BASE.astype(np.longdouble), "float64", BASE),
    "long long": (np.arange(3, dtype=np.longlong), "int64", np.arange(3)),
    "unmasked": (np.ma.masked_array(BASE, False), "float32", BASE),
    "number": (2.5, "float64", np.array(2.5)),
    "int": (3, "int64", np.array(3)),
    "bool": (True, "bool", np.array(True)),
    "numpy scalar": (np.float16(2.5), "float16", np.array(2.5)),
    "list": ([[1, 2], [3, 4]], "int64", np.array([[1, 2], [3, 4]])),
    "tuple": ((1.5, 2), "float64", np.array([1.5, 2])),
    "range": (range(3), "int64", np.arange(3)),
    "array.array": (array.array("d", [1, 2]), "float64", np.array([1.0, 2.0])),
    "list of arrays": ([BASE, BASE], "float32", np.stack([BASE, BASE])),
    "list of tensors": ([torch.ones(2), torch.zeros(2)], "float32", np.array([[1, 1], [0, 0]])),
    "list of bfloat16 tensors": ([torch.ones(2).bfloat16()], "float32", np.ones((1, 2))),
    "list of lists of tensors": ([[torch.tensor(1.0)], [torch.tensor(2.0)]], "float32", np.array([[1], [2]])),
    "__array__": (WithArray(BASE), "float32", BASE),
    "DLPack": (WithDlpack(BASE), "float32", BASE),
    "tensor": (torch.from_numpy(BASE), "float32", BASE),
    "transposed tensor": (torch.from_numpy(BASE).T, "float32", BASE.T),
    "with gradient": (torch.tensor(BASE, requires_grad=True), "float32", BASE),
    "parameter": (torch.nn.Parameter(torch.tensor(BASE)), "float32", BASE),
    "half": (torch.from_numpy(BASE).half(), "float16", BASE),
    "double": (torch.from_numpy(BASE).double(), "float64", BASE),
    "uint8": (torch.arange(3, dtype=torch.uint8), "uint8", np.arange(3)),
    "bool tensor": (torch.tensor([True, False]), "bool", np.array([True, False])),
    "0-d tensor": (torch.tensor(2.5), "float32", np.array(2.5)),
    "negative view": (torch.tensor([1 + 2j]).conj().imag, "float32", np.array([-2.0])),
    "expanded": (torch.ones(1).expand(3), "float32", np.ones(3)),
    "float8": (torch.tensor([0.5, 2.0]).to(torch.float8_e4m3fn), "float32", np.array([0.5, 2.0])),
    "inference tensor": (torch.inference_mode()(lambda: torch.ones(2) * 2)(), "float32", np.full(2, 2.0)),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_input(name):
    value, dtype, expected = GOOD[name]
    converted, converted_dtype = arrays.as_array(value, "argument")
    assert type(converted).__module__.startswith("numpy")
    assert converted_dtype == dtype
    assert converted.dtype == np.dtype(dtype)
    assert converted.shape == np.shape(expected)
    np.testing.assert_array_equal(converted, expected)


def test_bfloat16_comes_as_bits():
    for tensor in (
        torch.tensor([1.0, -2.5, 70144.0]).bfloat16(),
        torch.tensor(1.5).bfloat16(),
        torch.ones(4, 4).bfloat16().T[::2],
    ):
        bits, dtype = arrays.as_array(tensor, "argument")
        assert dtype == "bfloat16"
        assert bits.dtype == np.uint16
        np.testing.assert_array_equal(arrays.widened(bits, dtype), tensor.float().numpy())


def test_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.array([[1.0, -2.5]])
    bits, dtype = arrays.as_array(values.astype(ml_dtypes.bfloat16), "argument")
    assert dtype == "bfloat16"
    np.testing.assert_array_equal(arrays.widened(bits, dtype), values)
    small, dtype = arrays.as_array(values.astype(ml_dtypes.float8_e5m2), "argument")
    assert dtype == "float32"
    np.testing.assert_array_equal(small, values)


def test_memory_is_shared_where_it_can_be():
    tensor = torch.zeros(5)
    assert np.shares_memory(arrays.as_array(tensor, "argument")[0], tensor.numpy())
    assert arrays.as_array(BASE, "argument")[0] is BASE


BAD = {
    "none": (None, TypeError),
    "text": ("abc", TypeError),
    "object": (object(), TypeError),
    "dict": ({1: 2}, TypeError),
    "deque": (collections.deque([OSError()]), TypeError),
    "generator": (iter([1]), TypeError),
    "ragged": ([[1], [1, 2]], ValueError),
    "ragged tensors": ([torch.ones(1), torch.ones(2)], ValueError),
    "objects": ([object()], TypeError),
    "strings": (["a"], TypeError),
    "complex": (1j, TypeError),
    "complex tensor": (torch.ones(1) * 1j, TypeError),
    "datetime": (np.array(["2020"], "datetime64[Y]"), TypeError),
    "structured": (np.zeros(1, [("x", float)]), TypeError),
    "masked": (np.ma.masked_array([1.0], [True]), TypeError),
    "sparse": (torch.eye(2).to_sparse(), TypeError),
    "meta": (torch.empty(1, device="meta"), TypeError),
    "refuses": (Refuses(), TypeError),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_names_the_argument(name):
    value, error = BAD[name]
    with pytest.raises(error, match=r"^some_argument: "):
        arrays.as_array(value, "some_argument")


@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse_csr():
    with pytest.raises(TypeError, match="dense"):
        arrays.as_array(torch.eye(2).to_sparse_csr(), "argument")


@pytest.mark.filterwarnings("ignore")
def test_quantized():
    with pytest.raises(TypeError, match="dequantize"):
        arrays.as_array(torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.quint8), "argument")


@pytest.mark.parametrize("exact", ["complex64", "complex128", "float32", "uint16", "bool"])
def test_exact_keeps_the_type(exact):
    converted, dtype = arrays.as_array(np.ones(2, exact), "argument", exact=True)
    assert dtype == exact
    assert converted.dtype == exact


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (True, 1.0),
        ("2.5", 2.5),
        (np.array([[3]]), 3.0),
        (torch.tensor([4]).bfloat16(), 4.0),
        (np.str_("5"), 5.0),
    ],
)
def test_scalars(value, expected):
    assert check.scalar(value, "argument") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, 0), (3, 3), (2.0, 2), ("4", 4), (np.int8(5), 5), (torch.tensor(6), 6), (True, 1)],
)
def test_steps(value, expected):
    assert check.step(value) == expected
