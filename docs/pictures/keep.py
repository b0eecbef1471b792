"""Makes the pictures of the documentation from those that `make test-browser` leaves in artifacts/: cut, smaller, WebP.

    make test-browser docs-pictures

Needs Pillow. Each picture shows what tests/browser/everything.py logs.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
SEEN = HERE.parents[1] / "artifacts"
WIDTH = 700  # pixels at most; the site's column has about as many
QUALITY = 70

# Picture of TensorBoard on Tickertape's reader to its part of the page of 1,400 pixels: left, top, right, bottom.
PARTS = {
    "scalars": (358, 485, 1060, 825),
    "custom_scalars": (355, 66, 1075, 452),
    "histograms": (355, 66, 780, 430),
    "distributions": (355, 66, 780, 430),
    "images": (355, 66, 780, 640),
    "text": (355, 66, 1055, 530),
    "audio": (355, 66, 1055, 320),
    "graphs_open": (352, 66, 1400, 640),
    "projector": (311, 60, 1096, 960),
    "pr_curves": (355, 66, 905, 520),
    "mesh": (355, 100, 1400, 1000),
    "hparams": (280, 66, 1400, 310),
}


def main() -> None:
    keep("demo/timeseries", "tensorboard", (0, 0, 1400, 930), 1000)  # the README's
    for name, part in PARTS.items():
        keep(f"ours/{name}", name, part, WIDTH)


def keep(seen: str, name: str, part: tuple[int, int, int, int], width: int) -> None:
    with Image.open(SEEN / f"{seen}.png") as page:
        cut = page.convert("RGB").crop(part)
    width = min(cut.width, width)
    path = HERE / f"{name}.webp"
    size = (width, round(cut.height * width / cut.width))
    cut.resize(size, Image.Resampling.LANCZOS).save(path, quality=QUALITY, method=6)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
