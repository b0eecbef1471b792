"""Bad calls: our error is also of the class that torch's writer raises, so that code which catches its errors catches ours."""

import contextlib
import io
import warnings

import numpy as np
import pytest
import tickertape

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")

from torch.utils.tensorboard import SummaryWriter as TorchWriter  # noqa: E402

# What torch raises on purpose. Others (AttributeError, IndexError, ...) come from code that met the value by accident.
DELIBERATE = (NotImplementedError, AssertionError, TypeError, ValueError)


class Anything:
    pass


Z = np.zeros
OBJECTS = (None, Anything(), object, {}, set(), {"a": 1})
TEXTS = ("x", b"x", np.array(["x"]), np.array([None]))
IMAGE_SHAPES = (
    (),
    (4,),
    (4, 4),
    (4, 4, 3),
    (5, 4, 4),
    (2, 3, 4, 4),
    (2, 5, 4, 4),
    (3, 0, 0),
    (2, 2, 2, 2, 2),
)
FORMATS = ("CH", "HWW", "CHWW", "XYZ", "NCHW", "CHWN", "chw", "", None, 3)

VALUES = {  # method: (first arguments, bad values)
    "add_scalar": (
        ("t",),
        (*OBJECTS, *TEXTS, [1.0], (1.0,), range(1), Z(2), Z((2, 2)), torch.zeros(2), torch.zeros(0), 1j),
    ),
    "add_scalars": (
        ("t",),
        (None, [1], "s", 3, {"a": None}, {"a": [1.0]}, {"a": Z(2)}, {"a": "x"}, {"a": Anything()}),
    ),
    "add_histogram": (("t",), (*OBJECTS, *TEXTS, [], [None], [[1, 2], [3]], Z(0), 1j)),
    "add_image": (("t",), (*OBJECTS, "a.png", [1], [[1.0] * 3] * 3, 3, *map(Z, IMAGE_SHAPES))),
    "add_images": (("t",), (*OBJECTS, "a.png", [1], [[1.0] * 3] * 3, 3, *map(Z, IMAGE_SHAPES))),
    "add_video": (("t",), (*OBJECTS, "x", [1], Z((4, 4)), Z((3, 4, 4)), Z((2, 3, 4, 4)))),
    "add_audio": (("t",), (*OBJECTS, "x", Z((4, 4)), Z((2, 3, 4)))),
    "add_figure": (("t",), (None, 3, "x", Anything())),
    "add_text": (("t",), (None, 3, ["a"], Anything())),
    "add_tensor": (("t",), (*OBJECTS, *TEXTS)),
    "add_mesh": (("t",), (None, "x", Anything(), Z((4, 3)), Z((1, 4, 2)))),
    "add_embedding": ((), (*OBJECTS, "x", [1], Z(3), Z((2, 2, 2)))),
    "add_custom_scalars": (
        (),
        (None, 3, "x", {"a": 3}, {"a": {"b": 3}}, {"a": {"b": ["Margin", ["x", "y"]]}}),
    ),
    "add_custom_scalars_marginchart": ((), (["a"], None)),
    "add_custom_scalars_multilinechart": ((), (None,)),
    "add_onnx_graph": ((), ("/no/such/file", None)),
}
CALLS = [
    *((method, (*first, bad), {}) for method, (first, values) in VALUES.items() for bad in values),
    *(("add_image", ("t", Z((3, 4, 4))), {"dataformats": form}) for form in FORMATS),
    *(("add_images", ("t", Z((2, 3, 4, 4))), {"dataformats": form}) for form in FORMATS),
    *(("add_image_with_boxes", ("t", bad, Z((1, 4))), {}) for bad in (None, "x", Z((4, 4)))),
    *(("add_image_with_boxes", ("t", Z((3, 8, 8)), bad), {}) for bad in (None, "x", [1], Z(4), Z((1, 3)))),
    *(("add_histogram", ("t", Z(3)), {"bins": bad}) for bad in ("nosuch", None, -1, 0, 1.5, [3, 2, 1])),
    *(("add_video", ("t", Z((1, 2, 3, 4, 4))), {"fps": bad}) for bad in (0, "x")),
    *(("add_audio", ("t", Z(10)), {"sample_rate": bad}) for bad in (0, "x")),
    *(("add_pr_curve", ("t", bad, Z(3)), {}) for bad in (None, "abc", Anything(), [1], {})),
    *(
        ("add_pr_curve", ("t", [0, 1], bad), {})
        for bad in (None, [0.5, 2.0], [-1, 0.5], [0.5, np.nan], {}, [0.1])
    ),
    *(("add_pr_curve", ("t", Z(2), Z(2)), {"num_thresholds": bad}) for bad in ("x", None)),
    *(("add_pr_curve_raw", ("t", [1], [1], [1], [1], [1], bad), {}) for bad in (None, [1, 2])),
    *(("add_mesh", ("t", torch.zeros(1, 4, 3)), {"faces": bad}) for bad in ("x",)),
    *(("add_embedding", (Z((3, 2)),), {"metadata": bad}) for bad in (["a"], 3)),
    *(
        ("add_embedding", (Z((3, 2)),), {"label_img": bad})
        for bad in ("x", torch.zeros(2, 3, 4, 4), torch.zeros(3, 4, 4))
    ),
    ("add_embedding", (Z((3, 2)),), {"metadata": [["a", "b"]] * 3, "metadata_header": ["x"]}),
    *(
        ("add_hparams", (bad, {"m": 1.0}), {})
        for bad in (None, [], "x", {"a": Anything()}, {"a": Z(3)}, {"a": torch.zeros(2)})
    ),
    *(("add_hparams", ({"a": 1}, {"m": bad}), {}) for bad in (None, [1], "x", Z(2), Anything())),
    *(("add_hparams", ({"a": 1}, bad), {}) for bad in (None, [], "x")),
    *(
        ("add_hparams", ({"a": 1}, {"m": 1.0}), {"hparam_domain_discrete": bad})
        for bad in ({"x": [1]}, {"a": 3}, {"a": ["x"]}, 3, [1], {"a": "x"})
    ),
    *(("add_scalar", ("t", 1.0, bad), {}) for bad in ("x", [1], Anything(), 2**63, float("nan"), 1j)),
    *(("add_scalar", ("t", 1.0, 1, bad), {}) for bad in ("x", [1], Anything())),
    *(
        (method, (bad, value), {})
        for bad in (None, 3, b"t", ["t"])
        for method, value in (("add_scalar", 1.0), ("add_text", "x"))
    ),
]


def error_of(writer_class, log_dir, method, arguments, options):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        writer = writer_class(log_dir)
        try:
            getattr(writer, method)(*arguments, **options)
        except Exception as error:  # noqa: BLE001  # its class is what is asked for
            return error
        finally:
            with contextlib.suppress(Exception):  # torch's add_hparams leaves a writer without an event
                writer.close()
    return None


def describe(value):
    return (
        f"{type(value).__name__}{value.shape}"
        if hasattr(value, "shape")
        else repr(value).partition(" at 0x")[0]
    )


@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    CALLS,
    ids=[
        f"{method}-{', '.join(map(describe, [*arguments, *options.values()]))}"
        for method, arguments, options in CALLS
    ],
)
def test_our_error_is_of_torchs_class(tmp_path, method, arguments, options):
    torchs = error_of(TorchWriter, tmp_path / "torch", method, arguments, options)
    ours = error_of(tickertape.SummaryWriter, tmp_path / "ours", method, arguments, options)
    if isinstance(torchs, FileNotFoundError):
        assert isinstance(ours, FileNotFoundError)
    elif ours is not None:
        assert isinstance(ours, (tickertape.UnsupportedType, tickertape.UnsupportedValue)), repr(ours)
        if isinstance(torchs, DELIBERATE) and not is_pillows(torchs):
            assert isinstance(ours, type(torchs)), (torchs, ours)


def is_pillows(error):
    """Pillow's TypeError about a number of channels: also an accident."""
    return "Cannot handle this data type" in str(error) or "UFunc" in type(error).__name__


def test_code_that_suppresses_torchs_error(tmp_path):
    """skorch's TensorBoard callback."""
    with tickertape.SummaryWriter(tmp_path) as writer:
        with contextlib.suppress(NotImplementedError):
            writer.add_scalar("t", [1.0], 1)
        with contextlib.suppress(AssertionError):
            writer.add_image("t", np.zeros((4, 4)), 1)


@pytest.mark.parametrize("name", ["UnsupportedType", "UnsupportedValue"])
def test_the_classes_are_public_and_can_be_pickled(name):
    import pickle

    error = getattr(tickertape, name)("t: expected X, got Y")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.args) == (type(error), error.args)
    assert type(error).__module__ == "tickertape"
