"""A small GAN learns to draw digits; what it draws from the same noise is logged as it learns, then as a clip.

python examples/gan_images.py && tickertape view runs
"""

import argparse
import itertools

import numpy as np
import tickertape
import torch
from sklearn.datasets import load_digits
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", default="runs/gan_images")
parser.add_argument("--steps", type=int, default=4000)
parser.add_argument("--every", type=int, default=100, help="log a picture after so many steps")
options = parser.parse_args()

NOISE = 16


def perceptron(*sizes):
    """Dense layers with leaky rectifiers between them."""
    layers = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def draw(generator, noise):
    """Pictures in [0, 1], [N, 1, 8, 8]."""
    return generator(noise).sigmoid().reshape(-1, 1, 8, 8)


def sheet(images):
    """One picture of many, enlarged: [3, H, W]."""
    return tickertape.make_grid(np.kron(images, np.ones((4, 4))), nrow=8, padding=2, pad_value=0.5)


def main():
    torch.manual_seed(0)
    digits = torch.from_numpy(load_digits().images.astype(np.float32)[:, None] / 16)
    generator = perceptron(NOISE, 128, 128, 64)
    critic = nn.Sequential(nn.Flatten(), perceptron(64, 128, 128, 1))
    draws = torch.optim.Adam(generator.parameters(), lr=5e-4, betas=(0.5, 0.9))
    judges = torch.optim.Adam(critic.parameters(), lr=5e-4, betas=(0.5, 0.9))
    same_noise = torch.randn(32, NOISE)
    loss = nn.functional.binary_cross_entropy_with_logits
    frames = []

    with tickertape.SummaryWriter(options.log_dir) as writer:
        writer.add_image("real", sheet(digits[:32].numpy()))
        for step in range(options.steps):
            real = digits[torch.randint(len(digits), (64,))]
            fake = draw(generator, torch.randn(64, NOISE))
            on_real, on_fake = critic(real), critic(fake.detach())
            judged = loss(on_real, torch.full_like(on_real, 0.9)) + loss(on_fake, torch.zeros_like(on_fake))
            judges.zero_grad()
            judged.backward()
            judges.step()

            on_fake = critic(fake)
            drawn = loss(on_fake, torch.ones_like(on_fake))
            draws.zero_grad()
            drawn.backward()
            draws.step()

            writer.log(
                {"loss": {"critic": judged, "generator": drawn}, "fooled": (on_fake > 0).float().mean()}, step
            )
            if step % options.every == 0:
                with torch.no_grad():
                    picture = sheet(draw(generator, same_noise).numpy())
                writer.add_image("drawn", picture, step)
                writer.add_histogram("critic/on fakes", on_fake, step)
                frames.append(picture)
        writer.add_video("learning to draw", np.stack(frames)[None], options.steps, fps=8)
    print(f"{len(frames)} pictures\ntickertape view {options.log_dir}")


if __name__ == "__main__":
    main()
