"""`tickertape bench`: its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

EXAMPLE = "  tickertape bench --quick --out report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `bench`."""
    parser.add_argument("--quick", action="store_true", help="half a minute, less exact")
    parser.add_argument("--out", metavar="report.html", help="write a page with plots, without other files")
    parser.add_argument("--json", metavar="FILE", help="write the numbers")
    parser.add_argument("--log-dir", help="keep the event files in this directory (default: a temporary one)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="PART", help="one part of the report; may be repeated"
    )


def run(options: argparse.Namespace) -> int:
    """Measures."""
    from tickertape import bench  # noqa: PLC0415  # --help does not need it

    return bench.run(
        quick=options.quick,
        out=options.out,
        json_path=options.json,
        log_dir=options.log_dir,
        only=options.only,
    )
