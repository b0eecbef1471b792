"""A process whose address space is limited (`ulimit -v`): its ring is smaller, and nothing else changes."""

import pytest
from support import oracle

SCRIPT = """
import resource, sys, warnings
from pathlib import Path
from tickertape import SummaryWriter

pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    writer = SummaryWriter(sys.argv[1])
    for step in range(50_000):
        writer.add_scalar("loss", step, step)
    writer.close()
print(*(warning.message for warning in said), sep="\\n")
"""


@pytest.mark.parametrize("mebibytes", [40, 80, 120, 160])
def test_a_small_ring_where_a_large_one_does_not_fit(tmp_path, run_script, mebibytes):
    out = run_script(SCRIPT, tmp_path / "run", mebibytes)
    assert [step for _, step, _ in oracle.values(tmp_path / "run")] == list(range(50_000))
    (warning,) = out.splitlines()
    assert "the queue has " in warning
    assert "instead of 128 MiB, because address space is limited" in warning
