"""From the values of events to NumPy: sounds, images and tensors of every type, beside wave, Pillow and TensorBoard."""

import io
import wave

import numpy as np
import PIL.Image
import pytest
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.util import tensor_util
from tickertape import _core
from tickertape.reader import decode

GENERATOR = np.random.default_rng(0)
PIXELS = GENERATOR.integers(0, 256, (3, 8, 6), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(("width", "dtype"), [(1, "u1"), (2, "<i2"), (3, None), (4, "<i4")])
def test_wav_files_of_every_width(channels, width, dtype):
    raw = GENERATOR.integers(0, 256, 50 * channels * width, dtype=np.uint8).tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(width)
        target.setframerate(44100)
        target.writeframes(raw)
    rate, samples = decode.wav(file.getvalue())
    assert (rate, samples.shape) == (44100, (50, channels))
    if dtype:
        assert samples.ravel().tolist() == np.frombuffer(raw, dtype).tolist()
    else:
        expected = [
            int.from_bytes(raw[at : at + 3], "little", signed=True) << 8 for at in range(0, len(raw), 3)
        ]
        assert samples.ravel().tolist() == expected


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_images_of_every_mode(mode):
    if mode == "I;16":
        image = PIL.Image.fromarray(GENERATOR.integers(0, 65536, (8, 6), dtype=np.uint16))
    else:
        image = PIL.Image.fromarray(PIXELS.transpose(1, 2, 0)).convert(mode)
    file = io.BytesIO()
    image.save(file, "PNG")
    found = decode.pixels(file.getvalue())
    expected = np.asarray(image.convert({"1": "L", "P": "RGB"}.get(mode, mode)))
    assert found.reshape(expected.shape).tolist() == expected.tolist()
    assert found.ndim == 3


def test_animations(tmp_path):
    frames = [PIL.Image.fromarray(np.full((4, 4, 3), level, np.uint8)) for level in (0, 100, 200)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert decode.pixels(file.getvalue()).shape == (3, 4, 4, 3)


NUMBERS = {
    "float16": "DT_HALF", "float32": "DT_FLOAT", "float64": "DT_DOUBLE", "int8": "DT_INT8", "int16": "DT_INT16",
    "int32": "DT_INT32", "int64": "DT_INT64", "uint8": "DT_UINT8", "uint16": "DT_UINT16", "uint32": "DT_UINT32",
    "uint64": "DT_UINT64", "bool": "DT_BOOL", "complex64": "DT_COMPLEX64", "complex128": "DT_COMPLEX128",
}  # fmt: skip


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (0, 4)])
def test_tensors_of_every_type(dtype, shape):
    values = GENERATOR.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)
    in_fields = tensor_util.make_tensor_proto(values)
    as_bytes = TensorProto(
        dtype=in_fields.dtype, tensor_shape=in_fields.tensor_shape, tensor_content=values.tobytes()
    )
    for proto in (in_fields, as_bytes):
        found = decode.tensor(_core.TensorProto(proto.SerializeToString()))
        assert found.dtype == values.dtype
        assert found.shape == shape
        assert found.tolist() == values.tolist()
        if dtype not in ("uint32", "uint64"):  # which make_ndarray() does not know
            assert found.tolist() == tensor_util.make_ndarray(proto).tolist()


def test_one_value_may_stand_for_many():
    proto = TensorProto(dtype="DT_FLOAT", float_val=[1.5])
    for size in (1000, 1000):
        proto.tensor_shape.dim.add(size=size)
    found = decode.tensor(_core.TensorProto(proto.SerializeToString()))
    assert found.shape == (1000, 1000)
    assert found.strides == (0, 0)  # no memory
    assert np.all(found == tensor_util.make_ndarray(proto))


def test_bfloat16():
    import ml_dtypes

    values = np.array([1.5, -2.0, 1e30], dtype=ml_dtypes.bfloat16)
    proto = TensorProto(dtype="DT_BFLOAT16", half_val=values.view(np.uint16).tolist())
    proto.tensor_shape.dim.add(size=3)
    assert (
        decode.tensor(_core.TensorProto(proto.SerializeToString())).tolist()
        == values.astype(np.float32).tolist()
    )


@pytest.mark.parametrize(
    ("proto", "said"),
    [
        (TensorProto(dtype="DT_FLOAT", float_val=[1, 2, 3]), "expected 1 elements"),
        (TensorProto(dtype="DT_FLOAT", tensor_content=b"123"), "expected 1 elements, got 3 bytes"),
        (TensorProto(dtype="DT_RESOURCE"), "expected a type that NumPy has"),
        (
            TensorProto(dtype="DT_FLOAT", tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1)])),
            "unknown sizes",
        ),
        (
            TensorProto(
                dtype="DT_FLOAT",
                float_val=[1, 2],
                tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=2**62)] * 4),
            ),
            "expected",
        ),
        (
            TensorProto(
                dtype="DT_FLOAT",
                float_val=[1],
                tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=2**62)] * 4),
            ),
            "expected .* elements for shape .* got 1",
        ),
    ],
)
def test_tensors_that_contradict_themselves(proto, said):
    with pytest.raises(ValueError, match=said):
        decode.tensor(_core.TensorProto(proto.SerializeToString()))
