"""A CNN learns scikit-learn's handwritten digits, with everything logged that TensorBoard can show of it.

python examples/image_classification.py && tickertape view runs
"""

import argparse

import numpy as np
import tickertape
import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", default="runs/image_classification")
parser.add_argument("--epochs", type=int, default=30)
options = parser.parse_args()


class Net(nn.Module):
    """Two convolutions, then two dense layers; `embed` stops before the last."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.hidden = nn.Sequential(nn.Flatten(), nn.Linear(32 * 3 * 3, 64), nn.ReLU())
        self.classifier = nn.Linear(64, 10)

    def embed(self, images):
        return self.hidden(self.features(images))

    def forward(self, images):
        return self.classifier(self.embed(images))


def load():
    """Images [N, 1, 8, 8] in [0, 1] and labels [N], for training and validation."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None] / 16
    split = train_test_split(images, digits.target, test_size=400, random_state=0, stratify=digits.target)
    return [torch.from_numpy(part) for part in split]


def log_start(writer, net, images):
    parameters = "\n".join(f"| `{name}` | {tuple(p.shape)} |" for name, p in net.named_parameters())
    writer.add_text("set-up", f"# Digits\n\n| parameter | shape |\n|---|---|\n{parameters}")
    writer.add_graph(net, images[:1])
    writer.add_images("digits/train", images[:64])
    writer.add_custom_scalars({"loss": {"both": ["Multiline", ["loss/train", "loss/validation"]]}})


def log_validation(writer, net, images, labels, epoch):
    """Loss, accuracy, a precision-recall curve for each digit, what is still wrong."""
    with torch.no_grad():
        logits = net(images)
    probabilities, guesses = logits.softmax(dim=1), logits.argmax(dim=1)
    accuracy = (guesses == labels).float().mean()
    loss = nn.functional.cross_entropy(logits, labels)
    writer.log({"loss/validation": loss, "accuracy/validation": accuracy}, epoch)
    for digit in range(10):
        writer.add_pr_curve(f"digit/{digit}", labels == digit, probabilities[:, digit], epoch)
    wrong = (guesses != labels).nonzero().flatten()[:16]
    if len(wrong):
        writer.add_images("digits/wrong", images[wrong], epoch)
        lines = [f"- {labels[i]} taken for {guesses[i]} ({probabilities[i].max():.0%} sure)" for i in wrong]
        writer.add_text("wrong", "\n".join(lines), epoch)
    return accuracy, guesses


def log_end(writer, net, images, labels, guesses, accuracy):
    with torch.no_grad():
        writer.add_embedding(net.embed(images), labels.tolist(), images, tag="hidden layer")
    matrix = ConfusionMatrixDisplay.from_predictions(labels, guesses, colorbar=False)
    writer.add_figure("confusion", matrix.figure_)
    plt.close("all")
    writer.add_hparams(
        {"rate": 1e-3, "batch": 32, "epochs": options.epochs},
        {"hparam/accuracy": accuracy},
        run_name="hparams",
    )


def main():
    torch.manual_seed(0)
    train_x, valid_x, train_y, valid_y = load()
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    with tickertape.SummaryWriter(options.log_dir) as writer:
        log_start(writer, net, train_x)
        tickertape.watch(net, writer, every=100, log=("weights", "gradients", "activations"))
        step = 0
        for epoch in range(options.epochs):
            for batch in torch.randperm(len(train_x)).split(32):
                logits = net(train_x[batch])
                loss = nn.functional.cross_entropy(logits, train_y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                writer.add_scalar("batch/loss", loss.item(), step)
                step += 1
            writer.add_scalar("loss/train", loss.item(), epoch)
            net.eval()
            accuracy, guesses = log_validation(writer, net, valid_x, valid_y, epoch)
            net.train()
        log_end(writer, net.eval(), valid_x, valid_y, guesses, accuracy)
    print(f"accuracy on 400 unseen digits: {accuracy:.1%}\ntickertape view {options.log_dir}")


if __name__ == "__main__":
    main()
