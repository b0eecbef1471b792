"""What a message about an argument says of the likely mistake: `argument: expected X, got Y; do Z`."""

import logging
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tickertape
import torch
from PIL import Image
from support import oracle

HWC = np.zeros((32, 48, 3), np.uint8)
COLOURS = Image.fromarray(np.arange(32 * 48 * 3, dtype=np.uint8).reshape(32, 48, 3))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(10, 2)

    def forward(self, x):
        return self.layer(x)


MISTAKES = {
    "HWC": (lambda w: w.add_image("t", HWC), r"^img_tensor: expected .*; for this shape pass dataformats=\"HWC\"$"),
    "HW": (lambda w: w.add_image("t", HWC[:, :, 0]), r"^img_tensor: expected .*; for this shape pass dataformats=\"HW\"$"),
    "NHWC": (lambda w: w.add_images("t", HWC[None]), r"^img_tensor: expected .*; for this shape pass dataformats=\"NHWC\"$"),
    "a batch": (lambda w: w.add_image("t", np.zeros((2, 3, 4, 4))), r"^img_tensor: .*; for this shape pass dataformats=\"NCHW\"$"),
    "no channels": (lambda w: w.add_images("t", np.zeros((5, 32, 48))), r"^img_tensor: .*; add the axis of the channels: img_tensor\[:, None\]$"),
    "boxes, HWC": (lambda w: w.add_image_with_boxes("t", HWC, [[0, 0, 1, 1]]), r"^img_tensor: .*; for this shape pass dataformats=\"HWC\"$"),
    "no clips": (lambda w: w.add_video("t", np.zeros((4, 3, 8, 8))), r"^vid_tensor: .*; add the axis of the clips: vid_tensor\[None\]$"),
    "NTHWC": (lambda w: w.add_video("t", np.zeros((1, 4, 8, 8, 3))), r"^vid_tensor: .*; for this shape pass dataformats=\"NTHWC\"$"),
    "channels first": (lambda w: w.add_audio("t", np.zeros((2, 99))), r"^snd_tensor: .*; transpose it$"),
    "no batch": (lambda w: w.add_mesh("t", np.zeros((5, 3))), r"^vertices: .*; add the axis of the batch: vertices\[None\]$"),
    "path": (lambda w: w.add_image("t", pathlib.Path("cat")), r"^img_tensor: .*got pathlib.*Path; open the file first"),
    "name of a file": (lambda w: w.add_image("t", "cat.PNG"), r"^img_tensor: .*got str; open the file first"),
    "step": (lambda w: w.add_scalar("t", 1.0, step=1), r"'step'; did you mean 'global_step'\?$"),
    "step of log": (lambda w: w.log({"t": 1.0}, step=1), r"^log\(\) got an unexpected keyword argument 'step'; did you mean 'global_step'\?$"),
    "step of a histogram": (lambda w: w.add_histogram("t", [1.0], step=1), r"'step'; did you mean 'global_step'\?$"),
    "step of an image": (lambda w: w.add_image("t", HWC, step=1), r"'step'; did you mean 'global_step'\?$"),
    "value": (lambda w: w.add_scalar("t", value=1.0), r"'value'; did you mean 'scalar_value'\?$"),
    "time": (lambda w: w.add_text("t", "x", wall_time=1.0), r"'wall_time'; did you mean 'walltime'\?$"),
    "a typing error": (lambda w: w.add_text("t", "x", globalstep=1), r"'globalstep'; did you mean 'global_step'\?$"),
    "nothing like it": (lambda w: w.add_scalar("t", 1.0, colour="red"), r"^add_scalar\(\) got an unexpected keyword argument 'colour'$"),
    "the directory": (lambda _: tickertape.SummaryWriter(logdir="x"), r"'logdir'; did you mean 'log_dir'\?$"),
    "given twice": (lambda w: w.log({"t": 1.0}, values={}), r"^log\(\) got multiple values for argument 'values'$"),
    "swapped": (lambda w: w.add_scalar(1.0, "t", 1), r"^tag: expected a str, got float; the tag comes first, then the value$"),
    "swapped tensor": (lambda w: w.add_scalar(torch.ones(()), "t"), r"^tag: expected a str, got torch.Tensor; the tag comes first"),
    "swapped histogram": (lambda w: w.add_histogram(HWC, "t"), r"^values: .*got str; the tag comes first, then the data$"),
    "swapped image": (lambda w: w.add_image(HWC, "t"), r"^img_tensor: .*got str; the tag comes first, then the data$"),
    "swapped figure": (lambda w: w.add_figure(3, "t"), r"^figure: .*got str; the tag comes first, then the figure$"),
    "text as a number": (lambda w: w.add_scalar("t", "abc"), r"^scalar_value: expected a number or a numeric string, got str"),
    "list": (lambda w: w.add_scalar("t", [1.0, 2.0]), r"^scalar_value: .*got list; pass one number, or the list to add_histogram or add_tensor$"),
    "tuple in a dict": (lambda w: w.log({"a": (1, 2)}), r"^values\['a'\]: .*got tuple; pass one number, or the list to"),
    "list in a dict": (lambda w: w.add_scalars("t", {"a": [1]}), r"^tag_scalar_dict\['a'\]: .*got list; pass one number, or the list to"),
    "dict": (lambda w: w.add_scalar("t", {"a": 1.0}), r"^scalar_value: .*got dict; log\(\) and add_scalars\(\) take a dict$"),
    "None": (lambda w: w.add_scalar("t", None), r"^scalar_value: .*got NoneType$"),
    "array": (lambda w: w.add_scalar("t", np.ones(3)), r"^scalar_value: .*; pass one number, e.g. the mean, or the array to add_histogram"),
    "tensor": (lambda w: w.add_scalar("t", torch.ones(3)), r"^scalar_value: .*; pass one number, e.g. the mean, or the array to add_histogram"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_the_message_names_the_cure(writer, tmp_path, name):
    call, words = MISTAKES[name]
    with pytest.raises((TypeError, ValueError), match=words):
        call(writer)
    writer.flush()
    assert not oracle.values(tmp_path / "ours")


def pictures(tmp_path):
    events = oracle.load(oracle.only_file(tmp_path / "ours"))
    return [
        oracle.pixels(value.image.encoded_image_string) for event in events for value in event.summary.value
    ]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16"])
def test_a_picture_of_pillow_is_read_as_it_is(writer, tmp_path, mode):
    """Whatever dataformats says: Pillow converts to RGB what its own array would show wrongly."""
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(COLOURS.convert("L"), np.uint16) * 257)
        expected = COLOURS.convert("L")
    else:
        picture = COLOURS.convert(mode)
        expected = picture if mode in ("L", "LA", "RGB", "RGBA") else picture.convert("RGB")
    expected = expected.convert("RGBA" if mode in ("LA", "RGBA") else "RGB")
    writer.add_image("t", picture, 0)
    writer.add_image("t", picture, 1, dataformats="NCHW")
    writer.flush()
    for shown in pictures(tmp_path):
        as_shown = expected.convert({2: "LA", 3: "RGB", 4: "RGBA"}[shown.shape[2]])
        np.testing.assert_array_equal(shown, np.asarray(as_shown))


def test_pictures_of_pillow_in_a_list_become_a_grid(writer, tmp_path):
    writer.add_images("t", [COLOURS, COLOURS.convert("P")])
    writer.add_images("grey", [COLOURS.convert("L")] * 2)
    writer.add_image_with_boxes("boxes", COLOURS, np.zeros((0, 4)))
    writer.flush()
    grid, grey, boxed = pictures(tmp_path)
    np.testing.assert_array_equal(grid[:, :48], np.asarray(COLOURS))
    assert grid.shape == grey.shape == (32, 96, 3)
    np.testing.assert_array_equal(boxed, np.asarray(COLOURS))
    with pytest.raises(
        ValueError, match=r"^img_tensor: expected pictures of one size, got \[\(9, 9\), \(48, 32\)\]"
    ):
        writer.add_images("t", [COLOURS, COLOURS.resize((9, 9))])


@pytest.mark.parametrize("given", [torch.zeros(1, 3), {"x": torch.zeros(1, 3)}, "text"])
def test_a_graph_of_inputs_with_which_the_model_does_not_run(writer, caplog, capfd, given):
    with caplog.at_level(logging.DEBUG), pytest.raises(RuntimeError) as caught:
        writer.add_graph(Net(), given)
    shape = "str" if given == "text" else "float32[1, 3]"
    assert str(caught.value).startswith("input_to_model: expected arguments with which Net runs, got ")
    assert shape in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # no traceback of torch before it
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert capfd.readouterr() == ("", "")


def test_torchs_log_of_a_failed_capture_is_not_shown(tmp_path):
    """It goes to standard error by a handler of torch's own."""
    script = """
import sys, torch
from tickertape import SummaryWriter
try:
    SummaryWriter(sys.argv[1]).add_graph(torch.nn.Linear(10, 2), torch.zeros(1, 3))
except RuntimeError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("input_to_model: ")
    assert done.stderr == ""


def test_a_path_is_named_once(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for directory in (file, file / "below"):
        with pytest.raises(NotADirectoryError) as caught:
            tickertape.SummaryWriter(directory)
        assert str(caught.value).count(str(file)) == 1
        assert caught.value.filename == str(directory)
