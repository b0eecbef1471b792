"""Feature maps and class activation maps of a CNN, by hooks: where it looks when it tells digits apart.

`tickertape.watch` logs the maps of every convolution. The class activation map (Zhou et al., 2016) is the last
convolution's output weighted by the classifier's row of one class; a hook of our own keeps that output.

python examples/feature_maps.py && tickertape view runs
"""

import argparse

import numpy as np
import tickertape
import torch
from matplotlib import colormaps
from sklearn.datasets import load_digits
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", default="runs/feature_maps")
parser.add_argument("--epochs", type=int, default=20)
options = parser.parse_args()


class Net(nn.Module):
    """Convolutions, the mean over each map, one dense layer: what a class activation map needs."""

    def __init__(self):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()
        )
        self.classifier = nn.Linear(32, 10)

    def forward(self, images):
        return self.classifier(self.convolutions(images).mean(dim=(2, 3)))


def activation_maps(net, images):
    """The map of the class that each image is taken for, [N, 8, 8] in [0, 1], and the classes, [N]."""
    kept = []
    hook = net.convolutions.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    with torch.no_grad():
        guesses = net(images).argmax(dim=1)
    hook.remove()
    maps = torch.einsum("nchw,nc->nhw", kept[0], net.classifier.weight[guesses]).detach()
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low + 1e-9), guesses


def overlays(images, maps, zoom=8):
    """Each image with its map as colour on top, enlarged: [N, 3, H, W]."""
    colours = colormaps["viridis"](maps.numpy())[..., :3].transpose(0, 3, 1, 2)
    mixed = 0.5 * images.numpy() + 0.5 * colours
    return np.kron(mixed, np.ones((zoom, zoom)))


def main():
    torch.manual_seed(0)
    digits = load_digits()
    images = torch.from_numpy(digits.images.astype(np.float32)[:, None] / 16)
    labels = torch.from_numpy(digits.target)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    with tickertape.SummaryWriter(options.log_dir) as writer:
        modules = ["convolutions.1", "convolutions.3"]
        watching = tickertape.watch(
            net, writer, every=200, log=("feature_maps", "activations"), modules=modules
        )
        for epoch in range(options.epochs):
            right = 0
            for batch in torch.randperm(len(images)).split(64):
                logits = net(images[batch])
                loss = nn.functional.cross_entropy(logits, labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                right += (logits.argmax(dim=1) == labels[batch]).sum().item()
            writer.log({"loss": loss, "accuracy": right / len(images)}, epoch)
            net.eval()
            maps, guesses = activation_maps(net, images[:32])
            writer.add_images("class activation maps", overlays(images[:32], maps), epoch)
            writer.add_text("taken for", ", ".join(str(guess.item()) for guess in guesses), epoch)
            net.train()
        watching.remove()
    print(f"accuracy while training: {right / len(images):.1%}\ntickertape view {options.log_dir}")


if __name__ == "__main__":
    main()
