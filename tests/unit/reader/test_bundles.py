"""bundles(): whole runs, each once, and what a task reads of them is what one process reads."""

import itertools
import pickle

import pytest
import tickertape
from support import oracle
from tickertape.reader.bundling import bundles


@pytest.fixture
def logs(tmp_path):
    for number in range(12):
        for part in range(2):
            with tickertape.SummaryWriter(
                tmp_path / f"group{number % 2}" / f"run{number}", filename_suffix=str(part)
            ) as writer:
                for step in range(10 * number):
                    writer.add_scalar("loss", number + step, step)
                    writer.add_text("text", "x", step)
    return tmp_path


def test_whole_runs_and_each_once(logs):
    whole = tickertape.read(logs)
    for size in (1, 5_000, 10**9):
        parts = bundles(logs, bundle_bytes=size)
        names = [{file.run for file in part.files} for part in parts]
        assert sum(map(len, names)) == len(set.union(*names)) == 12
        assert [file.path for part in parts for file in part.files] == [
            str(path) for run in whole.values() for path in run.files
        ]
        assert sum(part.bytes for part in parts) == sum(
            path.stat().st_size for folder in logs.glob("*/*") for path in oracle.event_files(folder)
        )
        for part, following in itertools.pairwise(parts):
            assert part.bytes >= min(size, part.bytes + following.bytes)
    assert len(bundles(logs, bundle_bytes=1)) == 12
    assert len(parts) == 1


@pytest.mark.parametrize(
    "options",
    [{}, {"runs": "group0/*", "tags": "loss", "steps": (3, 30)}, {"kinds": "text", "restarts": "newest"}],
)
def test_together_they_are_what_one_process_reads(logs, options):
    parts = [pickle.loads(pickle.dumps(part)) for part in bundles(logs, bundle_bytes=5_000, **options)]
    assert len(parts) > 2
    whole = tickertape.read(logs, **options)
    for kind in ("scalars", "text"):
        rows = [row for part in parts for row in getattr(part.read(), kind)]
        expected = list(getattr(whole, kind))
        assert [(row.run, row.tag, row.step) for row in rows] == [
            (row.run, row.tag, row.step) for row in expected
        ]
    assert [tuple(row) for part in parts for row in part.read().scalars] == [
        tuple(row) for row in whole.scalars
    ]


def test_bad_arguments_raise_at_the_call(logs):
    with pytest.raises(FileNotFoundError, match=r"^logdir: expected"):
        bundles(logs / "missing")
    with pytest.raises(ValueError, match=r"^bundle_bytes: expected"):
        bundles(logs, bundle_bytes=0)
    with pytest.raises(ValueError, match=r"^kinds: expected"):
        bundles(logs, kinds="scalar")
    assert bundles(logs, runs="missing") == []
