"""Bad calls from scalars to precision and recall; test_bad_input_cold.py has those of the other methods."""

import numpy as np
import pytest
import torch
from support import oracle
from support.bad_calls import call, check, name_of

NAN, INF = float("nan"), float("inf")
IMAGE = np.zeros((3, 4, 5))
ROWS = [[0.5]] * 6
OBJECT = object()
SPARSE = torch.eye(2).to_sparse()
DEEP = [0.0]
for _ in range(64):
    DEEP = [DEEP]
META = torch.empty(3, device="meta")


# (call, exception, what the message must name)
BAD = [
    # tags
    (call("add_scalar", None, 1), TypeError, "tag"),
    (call("add_scalar", 5, 1), TypeError, "tag"),
    (call("add_scalar", b"tag", 1), TypeError, "tag"),
    (call("add_scalar", "\ud800", 1), ValueError, "tag"),
    (call("add_scalar", ["tag"], 1), TypeError, "tag"),
    (call("add_scalar", "tag"), TypeError, "scalar_value"),
    (call("add_text", None, "text"), TypeError, "tag"),
    (call("add_text", "\udfff", "text"), ValueError, "tag"),
    (call("add_histogram", 5, [1.0]), TypeError, "tag"),
    (call("add_histogram_raw", None, 0, 1, 1, 1, 1, [1], [1]), TypeError, "tag"),
    (call("add_image", None, IMAGE), TypeError, "tag"),
    (call("add_images", 5, IMAGE[None]), TypeError, "tag"),
    (call("add_tensor", None, 1.0), TypeError, "tag"),
    (call("add_pr_curve", None, [1], [0.5]), TypeError, "tag"),
    (call("add_pr_curve_raw", 5, *ROWS), TypeError, "tag"),
    (call("add_scalars", 5, {"a": 1}), TypeError, "main_tag"),
    (call("add_scalars", "\ud800", {"a": 1}), ValueError, "main_tag"),
    # scalars
    (call("add_scalar", "a", None), TypeError, "scalar_value"),
    (call("add_scalar", "a", [1.0]), TypeError, "scalar_value"),
    (call("add_scalar", "a", (1.0,)), TypeError, "scalar_value"),
    (call("add_scalar", "a", {}), TypeError, "scalar_value"),
    (call("add_scalar", "a", OBJECT), TypeError, "scalar_value"),
    (call("add_scalar", "a", 1j), TypeError, "scalar_value"),
    (call("add_scalar", "a", np.complex64(1)), TypeError, "scalar_value"),
    (call("add_scalar", "a", torch.tensor(1j)), TypeError, "scalar_value"),
    (call("add_scalar", "a", "text"), ValueError, "scalar_value"),
    (call("add_scalar", "a", 10**400), ValueError, "scalar_value"),
    (call("add_scalar", "a", np.zeros(2)), ValueError, "scalar_value"),
    (call("add_scalar", "a", np.zeros(0)), ValueError, "scalar_value"),
    (call("add_scalar", "a", torch.zeros(2, 1)), ValueError, "scalar_value"),
    (call("add_scalar", "a", torch.zeros(0)), ValueError, "scalar_value"),
    (call("add_scalar", "a", torch.empty((), device="meta")), ValueError, "scalar_value"),
    (call("add_scalar", "a", np.array(["x"])), (TypeError, ValueError), "scalar_value"),
    (call("add_scalar", "a", 1, display_name=5), TypeError, "display_name"),
    (call("add_scalar", "a", 1, summary_description=5), TypeError, "summary_description"),
    # steps
    (call("add_scalar", "a", 1, "x"), ValueError, "global_step"),
    (call("add_scalar", "a", 1, OBJECT), TypeError, "global_step"),
    (call("add_scalar", "a", 1, [1]), TypeError, "global_step"),
    (call("add_scalar", "a", 1, NAN), ValueError, "global_step"),
    (call("add_scalar", "a", 1, INF), ValueError, "global_step"),
    (call("add_scalar", "a", 1, 1j), TypeError, "global_step"),
    (call("add_scalar", "a", 1, 2**63), ValueError, "global_step"),
    (call("add_scalar", "a", 1, -(2**63) - 1), ValueError, "global_step"),
    (call("add_text", "a", "b", 2**63), ValueError, "global_step"),
    (call("add_text", "a", "b", "x"), ValueError, "global_step"),
    (call("add_histogram", "a", [1.0], OBJECT), TypeError, "global_step"),
    (call("add_histogram_raw", "a", 0, 1, 1, 1, 1, [1], [1], "x"), ValueError, "global_step"),
    (call("add_image", "a", IMAGE, "x"), ValueError, "global_step"),
    (call("add_tensor", "a", 1.0, [1]), TypeError, "global_step"),
    (call("add_pr_curve", "a", [1], [0.5], 2**64), ValueError, "global_step"),
    (call("add_pr_curve_raw", "a", *ROWS, "x"), ValueError, "global_step"),
    (call("add_scalars", "a", {"b": 1}, "x"), ValueError, "global_step"),
    # wall times
    (call("add_scalar", "a", 1, 1, NAN), ValueError, "walltime"),
    (call("add_scalar", "a", 1, 1, INF), ValueError, "walltime"),
    (call("add_scalar", "a", 1, 1, "now"), (TypeError, ValueError), "walltime"),
    (call("add_scalar", "a", 1, 1, OBJECT), TypeError, "walltime"),
    (call("add_text", "a", "b", 1, NAN), ValueError, "walltime"),
    (call("add_histogram", "a", [1.0], walltime=NAN), ValueError, "walltime"),
    (call("add_image", "a", IMAGE, walltime=-INF), ValueError, "walltime"),
    (call("add_pr_curve", "a", [1], [0.5], walltime=NAN), ValueError, "walltime"),
    (call("add_tensor", "a", 1.0, walltime=OBJECT), TypeError, "walltime"),
    (call("add_scalars", "a", {"b": 1}, walltime=NAN), ValueError, "walltime"),
    # several curves
    (call("add_scalars", "a", None), TypeError, "tag_scalar_dict"),
    (call("add_scalars", "a", [1]), TypeError, "tag_scalar_dict"),
    (call("add_scalars", "a", {"good": 1, "bad": None}), TypeError, "tag_scalar_dict.*bad"),
    (call("add_scalars", "a", {"good": 1, "bad": [1]}), TypeError, "tag_scalar_dict.*bad"),
    (call("add_scalars", "a", {"good": 1, "bad": "x"}), ValueError, "tag_scalar_dict.*bad"),
    (call("add_scalars", "a", {"good": 1, 5: 1}), TypeError, "tag_scalar_dict"),
    (call("add_scalars", "a", {"good": 1, "../../up": 1}), ValueError, "tag_scalar_dict"),
    (call("add_scalars", "a", {"x/../../up": 1}), ValueError, "tag_scalar_dict"),
    (call("add_scalars", "a", {"/abs": 1}), ValueError, "tag_scalar_dict"),
    (call("add_scalars", "a", {"nul\0": 1}), ValueError, "tag_scalar_dict"),
    # histograms
    (call("add_histogram", "a", None), TypeError, "values"),
    (call("add_histogram", "a", "text"), TypeError, "values"),
    (call("add_histogram", "a", b"bytes"), TypeError, "values"),
    (call("add_histogram", "a", {}), TypeError, "values"),
    (call("add_histogram", "a", {1.0}), TypeError, "values"),
    (call("add_histogram", "a", OBJECT), TypeError, "values"),
    (call("add_histogram", "a", (x for x in "ab")), TypeError, "values"),
    (call("add_histogram", "a", []), ValueError, "values"),
    (call("add_histogram", "a", np.zeros((3, 0))), ValueError, "values"),
    (call("add_histogram", "a", torch.zeros(0)), ValueError, "values"),
    (call("add_histogram", "a", [[1], [1, 2]]), ValueError, "values"),
    (call("add_histogram", "a", ["1", "2"]), TypeError, "values"),
    (call("add_histogram", "a", [OBJECT]), TypeError, "values"),
    (call("add_histogram", "a", [2**70]), TypeError, "values"),
    (call("add_histogram", "a", np.array([1j])), TypeError, "values"),
    (call("add_histogram", "a", np.array(["2020-01-01"], "datetime64[D]")), TypeError, "values"),
    (call("add_histogram", "a", np.ma.masked_array([1.0, 2.0], [0, 1])), TypeError, "values"),
    (call("add_histogram", "a", np.zeros(2, [("x", float)])), TypeError, "values"),
    (call("add_histogram", "a", SPARSE), TypeError, "values"),
    (call("add_histogram", "a", META), TypeError, "values"),
    (call("add_histogram", "a", torch.ones(2) * 1j), TypeError, "values"),
    (call("add_histogram", "a", [1.0], bins="tensor"), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=None), TypeError, "bins"),
    (call("add_histogram", "a", [1.0], bins=0), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=-5), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=2.5), TypeError, "bins"),
    (call("add_histogram", "a", [1.0], bins=10**10), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=10**30), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=True), TypeError, "bins"),
    (call("add_histogram", "a", [1.0], bins=[1]), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=[]), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=[2, 1]), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=[0, NAN]), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], bins=["x", "y"]), TypeError, "bins"),
    (call("add_histogram", "a", [1.0], bins=[[0, 1], [2, 3]]), ValueError, "bins"),
    (call("add_histogram", "a", [5.0], bins=[0, 1]), ValueError, "bins"),
    (call("add_histogram", "a", [1.0], max_bins=0), ValueError, "max_bins"),
    (call("add_histogram", "a", [1.0], max_bins=1.5), TypeError, "max_bins"),
    (call("add_histogram", "a", [1.0], max_bins="x"), TypeError, "max_bins"),
    (call("add_histogram_raw", "a", "x", 1, 1, 1, 1, [1], [1]), TypeError, "min"),
    (call("add_histogram_raw", "a", 0, None, 1, 1, 1, [1], [1]), TypeError, "max"),
    (call("add_histogram_raw", "a", 0, 1, [], 1, 1, [1], [1]), TypeError, "num"),
    (call("add_histogram_raw", "a", 0, 1, 1, 1j, 1, [1], [1]), TypeError, "sum"),
    (call("add_histogram_raw", "a", 0, 1, 1, 1, OBJECT, [1], [1]), TypeError, "sum_squares"),
    (call("add_histogram_raw", "a", 0, 1, 1, 1, 1, [1, 2], [1]), ValueError, "bucket_limits"),
    (call("add_histogram_raw", "a", 0, 1, 1, 1, 1, [[1]], [[1]]), ValueError, "bucket_limits"),
    (call("add_histogram_raw", "a", 0, 1, 1, 1, 1, "x", [1]), TypeError, "bucket_limits"),
    (call("add_histogram_raw", "a", 0, 1, 1, 1, 1, [1], None), TypeError, "bucket_counts"),
    # images
    (call("add_image", "a", None), TypeError, "img_tensor"),
    (call("add_image", "a", "file.png"), TypeError, "img_tensor"),
    (call("add_image", "a", np.zeros((4, 5))), ValueError, "img_tensor|dataformats"),
    (call("add_image", "a", np.zeros((5, 4, 4))), ValueError, "img_tensor|dataformats"),
    (call("add_image", "a", np.zeros((3, 0, 4))), ValueError, "img_tensor"),
    (call("add_image", "a", np.zeros((0, 3, 4))), ValueError, "img_tensor"),
    (call("add_image", "a", np.zeros((3, 4, 4), complex)), TypeError, "img_tensor"),
    (call("add_image", "a", np.full((3, 4, 4), "x")), TypeError, "img_tensor"),
    (call("add_image", "a", [[OBJECT]], dataformats="HW"), TypeError, "img_tensor"),
    (call("add_image", "a", SPARSE, dataformats="HW"), TypeError, "img_tensor"),
    (call("add_image", "a", IMAGE, dataformats="CH"), ValueError, "dataformats"),
    (call("add_image", "a", IMAGE, dataformats="CHC"), ValueError, "dataformats"),
    (call("add_image", "a", IMAGE, dataformats="XYZ"), ValueError, "dataformats"),
    (call("add_image", "a", IMAGE, dataformats=""), ValueError, "dataformats"),
    (call("add_image", "a", IMAGE, dataformats="NHW"), ValueError, "dataformats"),
    (call("add_image", "a", IMAGE, dataformats=5), TypeError, "dataformats"),
    (call("add_image", "a", IMAGE, dataformats=None), TypeError, "dataformats"),
    (call("add_image", "a", np.array([[-1, 1]]), dataformats="HW"), ValueError, "img_tensor"),
    (call("add_image", "a", np.array([[0, 256]]), dataformats="HW"), ValueError, "img_tensor"),
    (call("add_image", "a", np.array([[-1, 1]], np.int8), dataformats="HW"), ValueError, "img_tensor"),
    (call("add_image", "a", torch.tensor([[0, 65535]]), dataformats="HW"), ValueError, "img_tensor"),
    (call("add_images", "a", np.full((1, 3, 2, 2), 2**64 - 1, np.uint64)), ValueError, "img_tensor"),
    (call("add_video", "a", np.full((1, 2, 3, 2, 2), 1000)), ValueError, "vid_tensor"),
    (call("add_image_with_boxes", "a", np.full((3, 2, 2), 1000), np.zeros((0, 4))), ValueError, "img_tensor"),
    (call("add_embedding", np.eye(2), label_img=np.full((2, 3, 2, 2), -7)), ValueError, "label_img"),
    (call("add_audio", "a", np.array([0, 1000])), ValueError, "snd_tensor"),
    (call("add_audio", "a", np.array([0, 1000], np.uint16)), ValueError, "snd_tensor"),
    (call("add_image", "a", np.ma.masked_array(IMAGE, IMAGE == 0)), TypeError, "img_tensor"),
    (call("add_images", "a", [np.ma.masked_array(IMAGE, IMAGE == 0)] * 2), TypeError, "img_tensor"),
    (call("add_histogram", "a", [[np.ma.masked_array([1.0, 2.0], [0, 1])]]), TypeError, "values"),
    (call("add_histogram", "a", [1.0, np.ma.masked]), TypeError, "values"),
    (call("add_scalar", "a", np.ma.masked_array([1.0, 2.0], [0, 1])), ValueError, "scalar_value"),
    (call("add_scalar", "a", 1, np.ma.masked), ValueError, "global_step"),
    (call("add_scalar", "a", 1, 1, np.ma.masked), ValueError, "walltime"),
    (call("add_histogram_raw", "a", np.ma.masked, 1, 1, 1, 1, [1], [1]), ValueError, "min"),
    (call("add_tensor", "a", torch.zeros([1] * 65)), ValueError, "tensor"),
    (call("add_histogram", "a", torch.zeros([1] * 65)), ValueError, "values"),
    (call("add_histogram", "a", DEEP), ValueError, "values"),
    (call("write", "a", torch.zeros([1] * 65)), ValueError, "tensor"),
    (call("add_images", "a", IMAGE), ValueError, "img_tensor|dataformats"),
    (call("add_images", "a", np.zeros((2, 2, 4, 4))), ValueError, "img_tensor|dataformats"),
    (call("add_images", "a", np.zeros((0, 3, 4, 4))), ValueError, "img_tensor"),
    (call("add_images", "a", [np.zeros((3, 4, 4)), np.zeros((3, 4, 5))]), ValueError, "img_tensor"),
    (call("add_images", "a", [torch.zeros(3, 4, 4), torch.zeros(3, 4, 5)]), ValueError, "img_tensor"),
    (call("add_figure", "a", 5), TypeError, "figure"),
    # text
    (call("add_text", "a", None), TypeError, "text_string"),
    (call("add_text", "a", 5), TypeError, "text_string"),
    (call("add_text", "a", ["x"]), TypeError, "text_string"),
    (call("add_text", "a", "\ud800"), ValueError, "text_string"),
    (call("add_text", "a", b"\xff"), ValueError, "text_string"),
    # tensors
    (call("add_tensor", "a", None), TypeError, "tensor"),
    (call("add_tensor", "a", "text"), TypeError, "tensor"),
    (call("add_tensor", "a", [[1], [1, 2]]), ValueError, "tensor"),
    (call("add_tensor", "a", np.longdouble(1)), TypeError, "tensor"),
    (call("add_tensor", "a", np.array([OBJECT])), TypeError, "tensor"),
    (call("add_tensor", "a", META), TypeError, "tensor"),
    (call("add_tensor", "a", SPARSE), TypeError, "tensor"),
    (call("add_tensor", "a", np.broadcast_to(np.float32(0), (2**30,))), ValueError, "tensor"),
    # precision and recall
    (call("add_pr_curve", "a", None, [0.5]), TypeError, "labels"),
    (call("add_pr_curve", "a", ["x"], [0.5]), TypeError, "labels"),
    (call("add_pr_curve", "a", [NAN], [0.5]), ValueError, "labels"),
    (call("add_pr_curve", "a", [0.0, 1.0, INF], [0.5] * 3), ValueError, "labels"),
    (call("add_pr_curve", "a", [NAN], [0.5], weights=[1.0]), ValueError, "labels"),
    (call("add_pr_curve", "a", [1, 0], [0.5]), ValueError, "labels, predictions"),
    (call("add_pr_curve", "a", [[1]], [0.5]), ValueError, "labels, predictions"),
    (call("add_pr_curve", "a", [1], "x"), TypeError, "predictions"),
    (call("add_pr_curve", "a", [1], [1j]), TypeError, "predictions"),
    (call("add_pr_curve", "a", [1], [2.0]), ValueError, "predictions"),
    (call("add_pr_curve", "a", [1], [2]), ValueError, "predictions"),
    (call("add_pr_curve", "a", [1], [NAN]), ValueError, "predictions"),
    (call("add_pr_curve", "a", [1], [0.5], num_thresholds=0), ValueError, "num_thresholds"),
    (call("add_pr_curve", "a", [1, 0], [0.5, 1.00001]), ValueError, "predictions"),
    (call("add_pr_curve", "a", [1, 0], [0.5, -0.00001]), ValueError, "predictions"),
    (call("add_pr_curve", "a", [1, -1], [0.5] * 2), ValueError, "labels"),
    (call("add_pr_curve", "a", [2, 0], [0.5] * 2), ValueError, "labels"),
    (call("add_pr_curve", "a", [0.5, 0], [0.5] * 2), ValueError, "labels"),
    (call("add_pr_curve", "a", [0, 7], [0.5] * 2, weights=[1.0, 1.0]), ValueError, "labels"),
    (call("add_pr_curve", "a", [], []), ValueError, "predictions"),
    (call("add_pr_curve", "a", [1], [0.5], num_thresholds=2.5), TypeError, "num_thresholds"),
    (call("add_pr_curve", "a", [1], [0.5], num_thresholds=None), TypeError, "num_thresholds"),
    (call("add_pr_curve", "a", [1], [0.5], weights=[1, 2]), ValueError, "weights"),
    (call("add_pr_curve", "a", [1], [0.5], weights="x"), TypeError, "weights"),
    (call("add_pr_curve", "a", [1], [0.5], weights=[INF]), ValueError, "weights"),
    (call("add_pr_curve_raw", "a", *ROWS[1:], [0.5, 0.6]), ValueError, "recall"),
    (call("add_pr_curve_raw", "a", 5, *ROWS[1:]), ValueError, "true_positive_counts"),
    (call("add_pr_curve_raw", "a", "x", *ROWS[1:]), TypeError, "true_positive_counts"),
    (call("add_pr_curve_raw", "a", *ROWS[1:], None), TypeError, "recall"),
    (call("add_pr_curve_raw", "a", *ROWS, num_thresholds=0), ValueError, "num_thresholds"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BAD)), ids=lambda number: f"{number}-{name_of(BAD[number])}")
def test_bad_call(tmp_path, number):
    check(tmp_path, BAD[number])


def test_numbers_whose_conversion_raises(tmp_path, writer):
    """What the caller's own object raises is the cause of an error that names the argument; nothing is written."""

    class Angry:
        def __float__(self):
            raise RuntimeError("no")

        __int__ = __float__

    writer.add_scalar("before", 1, 1)
    for arguments in (("a", Angry()), ("a", 1, Angry()), ("a", 1, 1, Angry())):
        with pytest.raises((ValueError, TypeError)):
            writer.add_scalar(*arguments)
    writer.add_scalar("after", 2, 2)
    writer.close()
    assert oracle.values(tmp_path / "ours") == [("before", 1, 1.0), ("after", 2, 2.0)]
