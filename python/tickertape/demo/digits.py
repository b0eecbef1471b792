"""`tickertape demo`: trains a small classifier on handwritten digits, logs all of it, and reads it back."""

from __future__ import annotations

import os
import shlex
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tickertape.demo.model import Adam, Floats, Labels, Perceptron, accuracy, batches, cross_entropy
from tickertape.reader.events import summary_iterator
from tickertape.reader.log_dirs import find_runs
from tickertape.reader.scalars import read_scalars
from tickertape.writer.summary_writer import SummaryWriter

if TYPE_CHECKING:
    from types import TracebackType

_SEED = 7
_VALIDATION = 397  # of 1,797 images
_BATCH = 32
_LEARNING_RATE = 1e-3
_ZOOM = 4  # the digits are 8 x 8 pixels
_CLASSES = 10


class Digits(NamedTuple):
    """scikit-learn's handwritten digits, split; pixels in [0, 1], [N, 64], and the digit of each, [N]."""

    train_x: Floats
    train_y: Labels
    valid_x: Floats
    valid_y: Labels


class Stopwatch:
    """Adds up the time inside its `with` blocks, seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds += time.perf_counter() - self._start


def run(log_dir: str | None = None, epochs: int = 40) -> int:
    """Trains, logs, reads back and prints.

    Args:
        log_dir: directory to log to; None is `runs/demo_<date>`.
        epochs: passes over the training images.

    Returns:
        The exit status: 0, or 2 if scikit-learn is missing.
    """
    digits = load_digits()
    if digits is None:
        sys.stderr.write("the demo needs scikit-learn: pip install 'tickertape[demo]'\n")
        return 2
    started = datetime.now().strftime("%b%d_%H-%M-%S")  # noqa: DTZ005  # local time, as torch names directories
    folder = Path(log_dir or f"runs/demo_{started}").absolute()
    model = Perceptron((64, 128, 64, _CLASSES), np.random.default_rng(_SEED))
    logging = Stopwatch()
    loop = Stopwatch()
    with SummaryWriter(folder) as writer, loop:
        with logging:
            log_start(writer, digits, model)
        train(writer, logging, model, digits, epochs)
        with logging:
            log_end(writer, digits, model, epochs)
            writer.flush()
    report(folder, logging.seconds, loop.seconds)
    return 0


def load_digits() -> Digits | None:
    """The images, in the same order every time; None if scikit-learn is missing."""
    try:
        from sklearn import datasets  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415  # imported when needed
    except ImportError:
        return None
    bunch = datasets.load_digits()
    order = np.random.default_rng(_SEED).permutation(len(bunch.target))
    images = bunch.data[order] / 16.0
    labels = bunch.target[order].astype(np.int64)
    return Digits(images[:-_VALIDATION], labels[:-_VALIDATION], images[-_VALIDATION:], labels[-_VALIDATION:])


def train(writer: SummaryWriter, logging: Stopwatch, model: Perceptron, digits: Digits, epochs: int) -> None:
    """The training loop. The time in the `with logging` blocks is what Tickertape costs."""
    rng = np.random.default_rng(_SEED)
    optimizer = Adam(model.parameters, _LEARNING_RATE)
    step = 0
    for epoch in range(1, epochs + 1):
        for chosen in batches(len(digits.train_y), _BATCH, rng):
            labels = digits.train_y[chosen]
            probabilities, activations = model.forward(digits.train_x[chosen])
            gradients = model.gradients(probabilities, activations, labels)
            optimizer.step(gradients)
            loss, share = cross_entropy(probabilities, labels), accuracy(probabilities, labels)
            step += 1
            with logging:
                writer.add_scalar("batch/loss", loss, step)
                writer.add_scalar("batch/accuracy", share, step)
        train_probabilities, _ = model.forward(digits.train_x)
        valid_probabilities, _ = model.forward(digits.valid_x)
        with logging:
            log_quality(writer, digits, train_probabilities, valid_probabilities, epoch)
            log_weights(writer, model, gradients, epoch)
            if epoch % 5 == 0 or epoch == epochs:
                log_mistakes(writer, digits, valid_probabilities, epoch)


def log_start(writer: SummaryWriter, digits: Digits, model: Perceptron) -> None:
    """Logs what is known before the training: the set-up in words, and some of the data."""
    shapes = "\n".join(f"| `{name}` | {value.shape} |" for name, value in model.parameters.items())
    writer.add_text(
        "set-up",
        f"# Handwritten digits\n\n{len(digits.train_y)} images to train on, {len(digits.valid_y)} to validate.\n\n"
        f"Adam, learning rate {_LEARNING_RATE:g}, batches of {_BATCH}.\n\n| parameter | shape |\n|---|---|\n{shapes}",
    )
    writer.add_images("digits/train", pictures(digits.train_x[:64]))
    for digit in range(_CLASSES):
        writer.add_images("digits/each", pictures(digits.train_x[digits.train_y == digit][:16]), digit)


def log_quality(
    writer: SummaryWriter,
    digits: Digits,
    train_probabilities: Floats,
    valid_probabilities: Floats,
    epoch: int,
) -> None:
    """Logs loss and accuracy of both sets, each pair in one chart, and the validation values separately."""
    losses = {
        "train": cross_entropy(train_probabilities, digits.train_y),
        "validation": cross_entropy(valid_probabilities, digits.valid_y),
    }
    shares = {
        "train": accuracy(train_probabilities, digits.train_y),
        "validation": accuracy(valid_probabilities, digits.valid_y),
    }
    writer.add_scalars("loss", losses, epoch)
    writer.add_scalars("accuracy", shares, epoch)
    writer.add_scalar("epoch/validation_loss", losses["validation"], epoch)
    writer.add_scalar("epoch/validation_accuracy", shares["validation"], epoch)


def log_weights(writer: SummaryWriter, model: Perceptron, gradients: dict[str, Floats], epoch: int) -> None:
    """Logs how weights and gradients are distributed."""
    for name, value in model.parameters.items():
        writer.add_histogram(f"weights/{name}", value, epoch)
        writer.add_histogram(f"gradients/{name}", gradients[name], epoch)


def log_mistakes(writer: SummaryWriter, digits: Digits, probabilities: Floats, epoch: int) -> None:
    """Logs the mistakes: images, the confusion matrix, and a precision-recall curve for each digit."""
    guesses = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(guesses != digits.valid_y)
    if wrong.size:
        writer.add_images("digits/misclassified", pictures(digits.valid_x[wrong[:32]]), epoch)
        lines = [
            f"- {digits.valid_y[i]} taken for {guesses[i]} ({probabilities[i].max():.0%} sure)"
            for i in wrong[:32]
        ]
        writer.add_text("misclassified", "\n".join(lines), epoch)
    confusion = np.zeros((_CLASSES, _CLASSES))
    np.add.at(confusion, (digits.valid_y, guesses), 1)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    writer.add_image("confusion", np.kron(shares, np.ones((16, 16))), epoch, dataformats="HW")
    for digit in range(_CLASSES):
        writer.add_pr_curve(f"digit/{digit}", digits.valid_y == digit, probabilities[:, digit], epoch)


def log_end(writer: SummaryWriter, digits: Digits, model: Perceptron, epoch: int) -> None:
    """Logs the last hidden layer as points in space, with their digits and pictures."""
    _, activations = model.forward(digits.valid_x)
    thumbnails = digits.valid_x.reshape(-1, 1, 8, 8)
    writer.add_embedding(activations[-1], digits.valid_y.tolist(), thumbnails, epoch, tag="hidden")


def pictures(images: Floats) -> npt.NDArray[np.float64]:
    """[N, 64] pixels as [N, 1, H, W], enlarged."""
    squares = images.reshape(-1, 1, 8, 8)
    return squares.repeat(_ZOOM, axis=2).repeat(_ZOOM, axis=3)


def report(folder: Path, logging_secs: float, loop_secs: float) -> None:
    """Reads the files back and prints what they contain."""
    rows: list[tuple[str, ...]] = [("run", "tags", "events", "bytes")]
    totals = [0, 0, 0]
    start = time.perf_counter()
    for run_name, files in find_runs(folder).items():
        tags: set[str] = set()
        events = 0
        for file in files:
            for event in summary_iterator(file):
                events += 1
                tags.update(value.tag for value in event.summary.value)
        counts = (len(tags), events, sum(file.stat().st_size for file in files))
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        rows.append((run_name, *(f"{count:,}" for count in counts)))
    reading_secs = time.perf_counter() - start
    rows.append(("all", *(f"{total:,}" for total in totals)))
    width = max(len(row[0]) for row in rows)
    right = read_scalars(folder)["epoch/validation_accuracy"].value[-1]
    lines = [
        f"trained a classifier of handwritten digits; it is right for {right:.1%} of {_VALIDATION} new ones\n"
    ]
    lines += [f"{name:<{width}}" + "".join(f"{number:>12}" for number in numbers) for name, *numbers in rows]
    lines.append(
        f"\nlogging took {logging_secs:.3f} s of the {loop_secs:.2f} s of the training loop "
        f"({logging_secs / loop_secs:.1%}); reading it all back took {reading_secs:.3f} s"
    )
    lines.append(f"\nTo look at it:\n\n{_command()} view {shlex.quote(str(folder))}\n")
    sys.stdout.write("\n".join(lines))


def _command() -> str:
    """What starts this package's command in the user's shell, which need not have activated this environment."""
    is_on_path = sys.prefix in (
        sys.base_prefix,
        os.environ.get("VIRTUAL_ENV"),
        os.environ.get("CONDA_PREFIX"),
    )
    script = Path(sys.executable).with_name("tickertape")
    if is_on_path or not script.exists():
        return "tickertape"
    here = Path.cwd()
    return shlex.quote(str(script.relative_to(here) if here in script.parents else script))
