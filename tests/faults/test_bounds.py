"""What much logging may cost at most: memory, threads, files."""

import sys

import pytest
from support import oracle
from support.disks import run_on

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

MIB = 1 << 10  # in KiB, as /proc has it


def test_a_million_scalars_on_a_slow_disk(tmp_path, fault_disk):
    """48 MB of ops, 60 MB of records, 5 ms a write, a budget of 8 MiB: the callers wait, and nothing grows."""
    run_on(
        fault_disk.arguments,
        f"""
w = SummaryWriter(root + '/run')
w.add_scalar('a', 0, 0)
w.flush()
before = status('VmRSS')
disk('delay 0.005')
for s in range(1, 1_000_000): w.add_scalar('a', s, s)
assert status('VmHWM') - before < 24 * {MIB}, (status('VmHWM'), before)
w.close()
stats = tickertape.stats()
assert stats['events_written'] == 1_000_000 and stats['events_dropped'] == 0, stats
assert stats['wait_ns'] > 0, stats
""",
        tmp_path,
        TICKERTAPE_QUEUE_BYTES=str(8 << 20),
    )
    (path,) = oracle.event_files(fault_disk.path / "run")
    assert len(oracle.raw_records(path)) == 1_000_001


def test_scalars_that_wait_for_a_full_disk(tmp_path, fault_disk):
    """Beside its 32 bytes in the ring an op that waits takes 8."""
    run_on(
        fault_disk.arguments,
        f"""
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run', on_full='drop')
w.add_scalar('a', 0, 0)
w.flush()
before = status('VmRSS')
disk('fail ENOSPC 1')
for s in range(1, 1_000_000): w.add_scalar('a', s, s)
wait_for(lambda stats: stats['write_retries'] > 3)
assert tickertape.stats()['events_dropped'] > 0
assert status('VmHWM') - before < (16 + 4 + 4) * {MIB}, (status('VmHWM'), before)
disk('fail ENOSPC 0')
""",
        tmp_path,
        TICKERTAPE_QUEUE_BYTES=str(16 << 20),
    )


@pytest.mark.parametrize("trouble", ["delay 0.001", "fail ENOSPC 3"])
def test_a_thousand_large_images(tmp_path, fault_disk, trouble):
    """196 MB of pixels, a budget of 16 MiB."""
    run_on(
        fault_disk.arguments,
        f"""
import numpy as np
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run')
image = np.zeros((3, 256, 256), dtype=np.uint8)
image[:, ::7, ::5] = 200
w.add_image('i', image, 0)
w.flush()
before = status('VmRSS')
disk({trouble!r})
for s in range(1, 1000): w.add_image('i', image, s)
w.flush()
disk('delay 0')
disk('fail ENOSPC 0')
w.close()
assert tickertape.stats()['events_written'] == 1000
# Beside the queue: what the codecs are at, and at most 16 encoded images.
assert status('VmHWM') - before < 48 * {MIB}, (status('VmHWM'), before)
""",
        tmp_path,
        TICKERTAPE_QUEUE_BYTES=str(16 << 20),
    )
    assert [event.step for event in oracle.logged(fault_disk.path / "run")] == list(range(1000))


def test_a_thousand_writers(tmp_path):
    """FAULTS.md: torch takes 1,000 threads, tensorboardX 2,000 and 3,000 files."""
    run_on(
        [tmp_path],
        f"""
import numpy as np
SummaryWriter(root + '/first').add_histogram('h', [1.0], 0)
files, before = len(os.listdir('/proc/self/fd')), status('VmRSS')
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
writers = [SummaryWriter(f'{{root}}/run/{{n}}') for n in range(1000)]
for s in range(20):
    for w in writers: w.add_scalar('a', s, s)
for w in writers: w.add_histogram('h', np.arange(100.0), 20)
for w in writers: w.flush()
assert len(os.listdir('/proc/self/task')) <= 8, os.listdir('/proc/self/task')
assert len(os.listdir('/proc/self/fd')) <= 1010, len(os.listdir('/proc/self/fd'))
assert status('VmHWM') - before <= 150 * {MIB}, (status('VmHWM'), before)
for w in writers: w.close()
assert len(os.listdir('/proc/self/fd')) <= files + 1
""",
        tmp_path,
    )
    runs = oracle.tree(tmp_path / "run")
    assert len(runs) == 1000
    assert all([event.step for event in events] == list(range(21)) for events in runs.values())


def test_a_thousand_keys_of_add_scalars(tmp_path):
    run_on(
        [tmp_path],
        """
w = SummaryWriter(root + '/run')
for s in range(5): w.add_scalars('group', {f'k{n}': n for n in range(1000)}, s)
w.flush()
assert len(os.listdir('/proc/self/task')) <= 8, os.listdir('/proc/self/task')
assert threading.active_count() == 1
""",
        tmp_path,
    )
    assert len(list((tmp_path / "run").iterdir())) == 1001


def test_tags_take_no_memory_twice(tmp_path):
    """100,000 tags: kept once each, freed when the last writer of the process closes."""
    run_on(
        [tmp_path],
        f"""
for turn in range(4):
    w = SummaryWriter(f'{{root}}/run{{turn}}')
    for n in range(100_000): w.add_scalar(f'tag/number/{{turn}}/{{n}}', n, n)
    w.close()
    del w
    gc.collect()
    if turn == 0: before = status('VmRSS')
assert status('VmRSS') - before < 24 * {MIB}, (status('VmRSS'), before)
""",
        tmp_path,
    )


def test_a_burst_leaves_no_memory_behind(tmp_path, fault_disk):
    """A container's shared memory is counted as its own; what the queue took while the disk stalled goes back."""
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    run_on(
        fault_disk.arguments,
        f"""
w = SummaryWriter(root + '/run')
(ring,) = os.scandir({str(rings)!r})
disk('stall')
for s in range(1_000_000): w.add_scalar('a', s, s)
assert os.stat(ring.path).st_blocks * 512 > 30 << 20
disk('go')
w.flush()
while os.stat(ring.path).st_blocks * 512 > 6 << 20: time.sleep(0.01)
for s in range(1_000_000, 1_500_000): w.add_scalar('a', s, s)
w.close()
""",
        tmp_path,
        TICKERTAPE_RING_DIR=str(rings),
    )
    (path,) = oracle.event_files(fault_disk.path / "run")
    assert len(oracle.raw_records(path)) == 1_500_001
