"""Log directories through Ray Data and Dask, in processes of their own, against what one process reads."""

import numpy as np
import pandas as pd
import pytest
import tickertape
from tickertape.reader import bundles, ray_dataset

ray = pytest.importorskip("ray")
dask_frame = pytest.importorskip("dask.dataframe")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Ray's and pandas', about themselves
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    top = tmp_path_factory.mktemp("logs")
    random = np.random.default_rng(0)
    for number in range(200):
        with tickertape.SummaryWriter(top / f"run{number}") as writer:
            for step in range(20):
                writer.log({"loss": random.normal(), "accuracy": random.normal()}, step)
            writer.add_histogram("weights", random.normal(size=10), 0)
    return top


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # otherwise it puts a token into the home directory
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        yield from _running()


def _running():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


def in_order(frame):
    """Rows in one order, and columns in NumPy's types: Ray has pyarrow's."""
    frame = frame.astype({"run": str, "tag": str, "step": int, "wall_time": float, "value": float})
    return frame.sort_values(["run", "tag", "step"], ignore_index=True)


@pytest.mark.parametrize("filters", [{}, {"tags": "loss", "steps": (5, 10), "runs": "run1*"}])
def test_scalars_of_200_runs(logs, filters):
    expected = in_order(tickertape.read(logs, **filters).scalars.to_pandas())
    assert len(expected) in (8000, 111 * 6)
    found = ray_dataset(logs, bundle_bytes=50_000, **filters)
    assert found.count() == len(expected)
    pd.testing.assert_frame_equal(in_order(found.to_pandas()), expected)
    parts = bundles(logs, bundle_bytes=50_000, kinds="scalars", **filters)
    assert len(parts) > 3
    dask = dask_frame.from_map(lambda bundle: bundle.read().scalars.to_pandas(), parts)
    pd.testing.assert_frame_equal(in_order(dask.compute(scheduler="processes", num_workers=2)), expected)


def test_another_kind(logs):
    rows = ray_dataset(logs, kind="histograms", runs=["run1", "run2"]).take_all()
    assert sorted(row["run"] for row in rows) == ["run1", "run2"]
    expected = tickertape.read(logs)["run1"].histograms[0]
    row = next(row for row in rows if row["run"] == "run1")
    np.testing.assert_array_equal(row["counts"], expected.counts)
