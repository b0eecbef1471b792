"""The code blocks of docs/reading.md run as they stand, one after the other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs" / "reading.md").read_text(), re.MULTILINE | re.DOTALL
)


def test_the_blocks_run_in_order(run_script, tmp_path):
    pytest.importorskip("PIL")
    pytest.importorskip("pandas")  # SummaryReader's import alone does not need it; the page says what does
    assert len(BLOCKS) >= 9
    lines = run_script("\n".join(BLOCKS)).splitlines()
    assert "Runs: 3, with the number of tags of each kind" in lines
    assert "99 0.009999999776482582" in lines  # float32(0.01)
    assert "big/seed_0 sample 99 (8, 8, 3)" in lines
    assert "100.0" in lines
    assert any(line.startswith("big/seed_1 success {'scale': 1.1}") for line in lines)
    assert len(list((tmp_path / "pictures").rglob("*.png"))) == 3
    assert len(list((tmp_path / "dataset").glob("run=*/*.csv"))) == 3
