"""One run with every kind of data that the writer knows, about real digits and pictures."""

import math

import matplotlib as mpl
import numpy as np
import skimage.data
import sklearn.datasets
import tickertape
import torch

mpl.use("Agg")
from matplotlib import pyplot as plt

STEPS = 20
RATE = 8000
LAYOUT = {
    "losses": {
        "train and validation": ["Multiline", ["loss/train", "loss/validation"]],
        "with bounds": ["Margin", ["loss/train", "loss/lower", "loss/upper"]],
    }
}


class Net(torch.nn.Module):
    """Two blocks, so that the graph has boxes to open."""

    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten())
        self.classifier = torch.nn.Linear(4 * 6 * 6, 10)

    def forward(self, images):
        return self.classifier(self.features(images))


def write(directory):
    """Writes the runs `digits`, the sub-runs of add_scalars, and a run for each set of hyper-parameters."""
    digits = sklearn.datasets.load_digits()
    with tickertape.SummaryWriter(directory / "digits") as writer:
        log_numbers(writer, digits)
        log_pictures(writer, digits)
        log_media(writer)
        writer.add_embedding(
            digits.data[:200], digits.target[:200].tolist(), digits.images[:200, None] / 16, 1
        )
        writer.add_graph(Net(), torch.zeros(1, 1, 8, 8))
        writer.add_custom_scalars(LAYOUT)
    with tickertape.SummaryWriter(directory / "sweep") as writer:
        for number, rate in enumerate([0.1, 0.01, 0.001]):
            writer.add_hparams(
                {"rate": rate, "optimizer": "adam", "nesterov": rate > 0.01},
                {"hparam/accuracy": 0.9 + number / 100},
                run_name=f"run{number}",
            )


def log_numbers(writer, digits):
    rng = np.random.default_rng(1)
    for step in range(STEPS):
        loss = math.exp(-step / 5)
        writer.add_scalar("loss/train", loss, step)
        writer.add_scalar("loss/validation", loss + 0.1, step, new_style=True)
        writer.add_scalars("loss/both", {"train": loss, "validation": loss + 0.1}, step)
        writer.log({"loss": {"lower": loss - 0.05, "upper": loss + 0.05}}, step)
        writer.add_histogram("weights", rng.normal(scale=1 + step / 10, size=1000), step)
        scores = np.clip(digits.target[:500] == 3, 0.2, 0.8) + rng.normal(scale=0.3 / (step + 1), size=500)
        writer.add_pr_curve("is it a 3", digits.target[:500] == 3, np.clip(scores, 0, 1), step)
    writer.add_text(
        "notes", "# Digits\n\n| what | how many |\n|---|---|\n| images | 1797 |\n\n**bold** words", 0
    )
    writer.add_tensor("a tensor", digits.data[:4], 0)


def log_pictures(writer, digits):
    astronaut = skimage.data.astronaut()[::4, ::4]
    for step in range(3):
        writer.add_image("astronaut", np.roll(astronaut, 20 * step, axis=1), step, dataformats="HWC")
    for encoding in ("jpeg", "webp"):
        writer.add_image(encoding, astronaut, 0, dataformats="HWC", encoding=encoding)
    writer.add_images("digits", digits.images[:32, None] / 16, 0)
    writer.add_image_with_boxes(
        "boxes", astronaut, np.array([[30, 10, 80, 70]]), 0, dataformats="HWC", labels=["face"]
    )
    figure, axes = plt.subplots()
    axes.plot(np.arange(10) ** 2)
    axes.set_title("squares")
    writer.add_figure("figure", figure, 0)


def log_media(writer):
    seconds = np.arange(RATE) / RATE
    writer.add_audio("a tone", np.sin(2 * np.pi * 440 * seconds)[None], 0, RATE)
    clip = np.stack([np.roll(skimage.data.coins()[::4, ::4], 4 * frame, axis=1) for frame in range(8)])
    writer.add_video("coins", clip[None, :, None], 0, fps=4)
    points, faces = sphere()
    writer.add_mesh("sphere", points, ((points + 1) * 127.5).astype(np.uint8), faces, global_step=0)


def sphere(across=24, down=12):
    """Vertices [1, N, 3] and triangles [1, M, 3]."""
    angle, polar = np.meshgrid(np.linspace(0, 2 * np.pi, across), np.linspace(0, np.pi, down))
    points = [np.sin(polar) * np.cos(angle), np.sin(polar) * np.sin(angle), np.cos(polar)]
    corner = (np.arange(down - 1)[:, None] * across + np.arange(across - 1)).reshape(-1, 1)
    faces = np.concatenate(
        [corner + np.array(triangle) for triangle in ([0, 1, across], [1, across + 1, across])]
    )
    return np.stack(points, axis=-1).reshape(1, -1, 3), faces[None]
