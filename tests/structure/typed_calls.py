"""Calls of a user, right and wrong, for test_types.py: type checkers find the lines that end in `# wrong`, and no other."""

import argparse
import pathlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import tickertape
import torch
from matplotlib.figure import Figure
from PIL import Image
from tickertape import FileWriter, GlobalSummaryWriter, SummaryWriter, make_grid


@dataclass
class Config:
    lr: float = 0.1


array = np.zeros((3, 4, 4), np.float32)
tensor = torch.zeros(3, 4, 4)
picture = Image.new("RGB", (4, 4))
anything: Any = array
path = pathlib.Path("x")
names = ["a", "b"]

# --- writers
SummaryWriter(path, "", 3, 10, 120, ".suffix")
SummaryWriter(b"x", on_full="drop", on_error="raise")
SummaryWriter(3)  # wrong
SummaryWriter("x", on_full="wait")  # wrong
SummaryWriter("x", on_error="ignore")  # wrong
SummaryWriter("x", flush_secs="soon")  # wrong
FileWriter(path)
FileWriter(None)  # wrong
GlobalSummaryWriter("x").add_scalar("t", 1.0)
GlobalSummaryWriter("x").add_scalar("t", [1.0])  # wrong
writer = SummaryWriter()
str(writer.get_logdir())
str(writer.get_logdir().nothing)  # wrong

# --- scalars
writer.add_scalar("t", 1)
writer.add_scalar("t", True, np.int64(3))
writer.add_scalar("t", "2.5", torch.tensor(3), walltime=np.float64(2))
writer.add_scalar("t", np.float32(1), None)
writer.add_scalar("t", np.zeros(1), 3)
writer.add_scalar("t", torch.zeros(1), "3")
writer.add_scalar("t", tensor.mean(), 1.0)
writer.add_scalar("t", [1.0], 1)  # wrong
writer.add_scalar("t", None, 1)  # wrong
writer.add_scalar("t", {"a": 1.0}, 1)  # wrong
writer.add_scalar("t", path, 1)  # wrong
writer.add_scalar("t", 1.0, [1])  # wrong
writer.add_scalar("t", 1.0, 1, walltime="now")  # wrong
writer.add_scalar("t", 1.0, step=1)  # wrong
writer.add_scalar(1.0, "t", 1)  # wrong
writer.add_scalars("t", {"a": 1.0, "b": tensor.mean()}, 1)
writer.add_scalars("t", {"a": [1.0]}, 1)  # wrong
writer.add_scalars("t", 1.0, 1)  # wrong
writer.log({"a": 1.0, "b": {"c": tensor.mean(), "d": {"e": 2}}}, 1)
writer.log({"a": [1.0]}, 1)  # wrong
writer.log({"a": {"b": None}}, 1)  # wrong
writer.add_hparams({"lr": 0.1, "betas": (0.9, 0.999)}, {"loss": 1.0, "later": None}, same_run=True)
writer.add_hparams(Config(), {"loss": np.float32(1)})
writer.add_hparams(argparse.Namespace(lr=1), {"loss": 1})
writer.add_hparams({"lr": 0.1}, {"loss": [1.0]})  # wrong
writer.add_hparams([0.1], {"loss": 1.0})  # wrong

# --- arrays
for values in (array, array.tolist(), [1.0, 2.0], [[1, 2], [3, 4]], (1, 2), range(3), 2.0):
    writer.add_histogram("t", values, 1)
writer.add_histogram("t", tensor, 1, bins="auto")
writer.add_histogram("t", [tensor, tensor], 1, bins=30)
writer.add_histogram("t", np.arange(3), 1, bins=[0.0, 1.0, 2.0])
writer.add_histogram("t", anything, 1, bins=np.linspace(0, 1, 3))
writer.add_histogram("t", "abc", 1)  # wrong
writer.add_histogram("t", names, 1)  # wrong
writer.add_histogram("t", None, 1)  # wrong
writer.add_histogram("t", {"a": 1.0}, 1)  # wrong
writer.add_histogram("t", {1: 1.0}, 1)  # wrong
writer.add_histogram("t", array, 1, bins="many")  # wrong
writer.add_histogram("t", array, 1, max_bins=1.5)  # wrong
writer.add_tensor("t", tensor, 1)
writer.add_tensor("t", [1j, 2], 1)
writer.add_tensor("t", path, 1)  # wrong
writer.write("t", ["a", "b"], "text", 1)
writer.write("t", path, "text", 1)  # wrong
writer.add_pr_curve("t", np.array([True, False]), torch.zeros(2), 1, weights=[1.0, 2.0])
writer.add_pr_curve("t", "01", torch.zeros(2), 1)  # wrong
writer.add_mesh("t", torch.zeros(1, 3, 3), faces=[[[0, 1, 2]]])
writer.add_mesh("t", path)  # wrong
writer.add_embedding(tensor[0], ["a", "b", "c", "d"], torch.zeros(4, 3, 8, 8), 1)
writer.add_embedding(path)  # wrong

# --- pictures, sounds, text
writer.add_image("t", array, 1)
writer.add_image("t", tensor, 1, dataformats="HWC")
writer.add_image("t", [tensor, tensor], 1, dataformats="CHW")
writer.add_image("t", picture, 1, dataformats="HWC")
writer.add_image("t", make_grid([tensor, tensor]), 1)
writer.add_image("t", path, 1)  # wrong
writer.add_image("t", "cat.png", 1)  # wrong
writer.add_image("t", 1.0, 1)  # wrong
writer.add_image("t", array, 1, encoding="webp", quality=90)
writer.add_image("t", array, 1, dataformats="XY")  # wrong
writer.add_image("t", array, 1, encoding="gif")  # wrong
writer.add_images("t", array, 1, encoding="jpeg", quality="high")  # wrong
writer.add_image("t", array, 1, dataformats=1)  # wrong
writer.add_images("t", torch.zeros(2, 3, 4, 4), 1, dataformats="NHWC", max_outputs=2)
writer.add_images("t", array, 1, dataformats="XY")  # wrong
writer.add_images("t", None, 1)  # wrong
writer.add_image_with_boxes("t", array, [[0, 0, 1, 1]], labels=["a"])
writer.add_image_with_boxes("t", path, [[0, 0, 1, 1]])  # wrong
writer.add_video("t", torch.zeros(1, 4, 3, 8, 8), 1, dataformats="NTHWC")
writer.add_video("t", torch.zeros(1, 4, 3, 8, 8), 1, dataformats="XY")  # wrong
writer.add_video("t", "clip.gif", 1)  # wrong
writer.add_audio("t", np.zeros(9, np.int16), 1, sample_rate=16_000)
writer.add_audio("t", "sound.wav", 1)  # wrong
writer.add_figure("t", Figure(), 1)
writer.add_figure("t", array, 1)  # wrong
writer.add_text("t", "text", 1)
writer.add_text("t", 3, 1)  # wrong
make_grid(array, nrow=4)
make_grid(path)  # wrong

# --- others
writer.restart(3)
writer.restart([3])  # wrong
writer.export_scalars_to_json(path)
writer.export_scalars_to_json(3)  # wrong
with writer.use_metadata(global_step=3):
    writer.flush(wait=True)
tickertape.set_step(3)
tickertape.set_step([3])  # wrong
tickertape.recover(path)
tickertape.recover(3)  # wrong
tickertape.read(path).scalars["t"]
tickertape.read(3)  # wrong
