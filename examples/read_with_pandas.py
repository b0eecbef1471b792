"""Reads the runs of sweep.py back into pandas: which hyper-parameters matter? No TensorBoard, no TensorFlow.

python examples/sweep.py && python examples/read_with_pandas.py
"""

import argparse
import sys
from pathlib import Path

import pandas as pd
import tickertape

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", default="runs/sweep", type=Path)
options = parser.parse_args()


def settings(runs):
    """The values in the names of the runs, "rate=0.1_width=8" and so on; a row a run."""
    rows = [dict(part.split("=") for part in run.split("_")) for run in runs]
    return pd.DataFrame(rows, index=runs)


def main():
    if not options.log_dir.is_dir():
        sys.exit(f"{options.log_dir}: no such directory; run examples/sweep.py first")
    runs = tickertape.read(options.log_dir)
    table = runs.scalars.to_pandas()  # a row for each scalar: run, tag, step, wall_time, value
    pd.set_option("display.width", 120, "display.max_columns", None)
    print(f"{len(table):,} values of {table.run.nunique()} runs\n")

    wide = runs.scalars.pivot()  # noqa: PD010  # ours: a row for each run and step, a column for each tag
    wide = wide.to_pandas().astype({"run": str}).set_index(["run", "step"])
    last = wide.groupby("run").last()
    print("the best runs at their end")
    print(last.sort_values("accuracy", ascending=False).head(5).round(3), "\n")

    values = settings(last.index)
    for name in values.columns:
        print(f"mean accuracy by {name}")
        print(last.accuracy.groupby(values[name]).mean().round(3).to_string(), "\n")

    smooth = wide["loss/train"].groupby("run").transform(lambda losses: losses.ewm(alpha=0.3).mean())
    print("steadiest training (smallest mean distance from its own moving average)")
    print((wide["loss/train"] - smooth).abs().groupby("run").mean().nsmallest(3).round(4).to_string())


if __name__ == "__main__":
    main()
