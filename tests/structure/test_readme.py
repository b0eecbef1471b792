"""The code blocks of README.md run unchanged, and do what the text says."""

import re
from pathlib import Path

from support import oracle

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_blocks_run_in_order(run_script, tmp_path):
    assert len(BLOCKS) >= 2
    printed = run_script("\n".join(BLOCKS))
    assert printed.split() == ["999", "0.0010000000474974513"]  # float32(0.001)
    tags = {tag for tag, _, _ in oracle.values(tmp_path / "runs" / "first")}
    assert tags == {"loss/train", "lr", "time/data", "time/step", "weights"}
