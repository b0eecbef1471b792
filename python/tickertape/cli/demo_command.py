"""`tickertape demo`: its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

EXAMPLE = "  tickertape demo --log-dir runs/demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `demo`."""
    parser.add_argument("--log-dir", help="where to log (default: runs/demo_<date>)")
    parser.add_argument(
        "--epochs", type=int, default=40, help="passes over the training images (default: %(default)s)"
    )
    parser.set_defaults(parser=parser)


def run(options: argparse.Namespace) -> int:
    """Trains and logs."""
    if options.epochs < 1:
        options.parser.error(f"argument --epochs: expected at least 1, got {options.epochs}")
    from tickertape import demo  # noqa: PLC0415  # --help does not need it

    return demo.run(options.log_dir, options.epochs)
