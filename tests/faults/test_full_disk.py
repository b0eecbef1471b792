"""Disks that are full, read-only or gone, limits that are reached, and a place for the op ring that is too small."""

import os
import re

import pytest
import tickertape
from support import oracle
from support.disks import memory_disk, run_on
from tickertape import SummaryWriter


def steps(directory, tag="a"):
    return [step for found, step, _ in oracle.values(directory) if found == tag]


def warned(done):
    """What a script warned about, a line a warning."""
    return [line for line in done.stderr.splitlines() if "RuntimeWarning" in line]


def test_disk_full_then_space_again(tmp_path):
    with memory_disk(tmp_path / "small", "256k") as disk:
        done = run_on(
            [disk],
            """
w = SummaryWriter(root + '/run')
with open(root + '/filler', 'wb', buffering=0) as filler:
    try:
        while True: filler.write(bytes(4096))
    except OSError: pass
for s in range(2500):
    w.add_scalar('a', s, s)
    if s % 100 == 0: w.flush()
stats = tickertape.stats()
assert stats['events_queued'] > 0 and stats['events_dropped'] == 0, stats
os.remove(root + '/filler')
w.flush()
assert tickertape.stats()['events_queued'] == 0
w.close()
""",
            tmp_path,
        )
        assert steps(disk / "run") == list(range(2500))
        (warning,) = warned(done)
        assert os.strerror(28) in warning
        assert re.search(r"; from 'a' at step \d+ on, what is logged stays queued", warning)


def test_writers_are_refused_on_a_full_disk_but_not_what_logging_opens(tmp_path):
    with memory_disk(tmp_path / "small", "64k") as disk:
        run_on(
            [disk],
            """
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run')
with open(root + '/filler', 'wb', buffering=0) as filler:
    try:
        while True: filler.write(bytes(4096))
    except OSError: pass
try:
    SummaryWriter(root + '/other')
except OSError as error:
    assert error.errno == errno.ENOSPC and error.filename.startswith(root + '/other'), error
else:
    raise AssertionError
assert not os.path.isdir(root + '/other') or os.listdir(root + '/other') == []
for s in range(10): w.add_scalars('pair', {'x': s}, s)
w.flush()
os.remove(root + '/filler')
w.flush()
""",
            tmp_path,
        )
        assert steps(disk / "run" / "pair_x", "pair") == list(range(10))


def test_a_disk_that_fails_holds_up_no_other_file(tmp_path):
    with memory_disk(tmp_path / "small", "256k") as disk:
        run_on(
            [disk, tmp_path / "sound"],
            """
warnings.simplefilter("ignore")
failing, sound = SummaryWriter(root + '/run'), SummaryWriter(sys.argv[2])
with open(root + '/filler', 'wb', buffering=0) as filler:
    try:
        while True: filler.write(bytes(4096))
    except OSError: pass
for s in range(2000):
    failing.add_scalar('a', s, s)
    sound.add_scalar('a', s, s)
    if s % 500 == 0: failing.flush()
sound.flush()
stats = tickertape.stats()
assert stats['events_written'] >= 2000 and stats['events_queued'] > 1000, stats
sound.close()
os.remove(root + '/filler')
failing.close()
""",
            tmp_path,
        )
        assert steps(disk / "run") == steps(tmp_path / "sound") == list(range(2000))


def test_file_size_limit(tmp_path):
    run_on(
        [tmp_path],
        """
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run')
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10000, hard))
for s in range(5000): w.add_scalar('a', s, s)
w.flush()
assert tickertape.stats()['events_queued'] > 0
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
w.close()
""",
        tmp_path,
    )
    assert steps(tmp_path / "run") == list(range(5000))


def test_an_embedding_whose_config_does_not_fit_raises(tmp_path):
    """At a file size limit, write(2) writes a part and reports no error."""
    run_on(
        [tmp_path],
        """
import os, pathlib, pytest, signal
from tickertape.writer import embeddings
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
config = pathlib.Path(root, 'projector_config.pbtxt')
config.write_text('embeddings {}\\n')
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (config.stat().st_size + 10, hard))
with pytest.raises(OSError, match='too large'):
    embeddings._add_to_config(config, 'embeddings { tensor_name: "a" }\\n')
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
""",
        tmp_path,
    )


def test_read_only_remount_between_two_files(tmp_path):
    """The kernel refuses to make a file system read-only while a file on it is open to write."""
    with memory_disk(tmp_path / "small", "1m") as disk:
        run_on(
            [disk],
            """
import subprocess
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run')
w.add_scalar('a', 0, 0)
w.close()
subprocess.run(['mount', '-o', 'remount,ro', root], check=True)
for s in range(1, 1000): w.add_scalar('a', s, s)
w.flush()
assert tickertape.stats()['events_queued'] == 999
subprocess.run(['mount', '-o', 'remount,rw', root], check=True)
w.close()
""",
            tmp_path,
        )
        assert steps(disk / "run") == list(range(1000))


def test_file_descriptors_used_up(tmp_path):
    run_on(
        [tmp_path],
        """
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run')
w.add_scalar('a', 0, 0)
resource.setrlimit(resource.RLIMIT_NOFILE, (60, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
taken = []
try:
    while True: taken.append(os.open('/dev/null', os.O_RDONLY))
except OSError: pass
for s in range(1, 1000):
    w.add_scalar('a', s, s)
    w.add_scalars('pair', {'x': s, 'y': s}, s)
w.close()
w.add_scalar('again', 1, 1)
for descriptor in taken: os.close(descriptor)
w.close()
""",
        tmp_path,
    )
    assert steps(tmp_path / "run") == list(range(1000))
    assert steps(tmp_path / "run", "again") == [1]
    for key in "xy":
        assert steps(tmp_path / "run" / f"pair_{key}", "pair") == list(range(1, 1000))


def test_log_directory_deleted_while_running(tmp_path):
    done = run_on(
        [tmp_path],
        """
import shutil
w = SummaryWriter(root + '/run')
for s in range(100): w.add_scalar('a', s, s)
w.flush()
shutil.rmtree(root + '/run')
for s in range(100, 200): w.add_scalar('a', s, s)
w.flush()
for s in range(200, 300): w.add_scalar('a', s, s)
w.close()
assert tickertape.stats()['files_renewed'] == 1
""",
        tmp_path,
    )
    assert steps(tmp_path / "run") == list(range(100, 300))
    (warning,) = warned(done)
    assert "deleted" in warning
    assert str(oracle.event_files(tmp_path / "run")[0]) in warning


def test_log_directory_renamed_while_running(tmp_path):
    writer = SummaryWriter(tmp_path / "run")
    writer.add_scalar("a", 0, 0)
    writer.flush()
    (tmp_path / "run").rename(tmp_path / "moved")
    writer.add_scalar("a", 1, 1)
    writer.close()
    assert steps(tmp_path / "moved") == [0, 1]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("size", [0, 1000])
def test_event_file_cut_off_while_running(tmp_path, size):
    """Nothing is appended after half a record, no zeros appear, and everything that is logged afterwards can be read."""
    writer = SummaryWriter(tmp_path)
    for step in range(100):
        writer.add_scalar("a", step, step)
    writer.flush()
    (first,) = oracle.event_files(tmp_path)
    os.truncate(first, size)
    writer.add_scalar("a", 100, 100)
    with pytest.warns(RuntimeWarning, match="cut off"):
        writer.flush()
    writer.add_scalar("a", 101, 101)
    writer.close()
    assert first.stat().st_size == size
    (second,) = set(oracle.event_files(tmp_path)) - {first}
    assert [event.step for event in oracle.load(second)] == [0, 100, 101]


def test_relative_directory_then_chdir(tmp_path, run_script):
    (tmp_path / "elsewhere").mkdir()
    run_script(
        "import os\nfrom tickertape import SummaryWriter\nw = SummaryWriter('run')\nw.add_scalar('a', 0, 0)\n"
        "os.chdir('elsewhere')\nw.add_scalars('pair', {'x': 1}, 1)\nw.close()\nw.add_scalar('a', 1, 1)\nw.close()"
    )
    assert steps(tmp_path / "run") == [0, 1]
    assert steps(tmp_path / "run" / "pair_x", "pair") == [1]


def test_no_room_for_the_ring_anywhere(tmp_path):
    with memory_disk(tmp_path / "small", "1m") as disk:
        (disk / "rings").mkdir(mode=0o700)
        done = run_on(
            [disk],
            "w = SummaryWriter(root + '/run')\nfor s in range(10000): w.add_scalar('a', s, s)",
            tmp_path,
            TICKERTAPE_RING_DIR=str(disk / "rings"),
        )
        assert steps(disk / "run") == list(range(10000))
        (warning,) = warned(done)
        assert "lost if the process is killed" in warning


@pytest.mark.parametrize("limit", [10**6, 10**7, 10**8])
def test_files_may_not_grow_to_the_size_of_a_ring(tmp_path, limit):
    """RLIMIT_FSIZE, set before anything is logged: the writer opens, wherever the limit is in the ring."""
    done = run_on(
        [tmp_path],
        f"""
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
w = SummaryWriter(root + '/run')
for s in range(1000): w.add_scalar('a', s, s)
w.close()
""",
        tmp_path,
    )
    assert steps(tmp_path / "run") == list(range(1000))
    (warning,) = warned(done)
    assert "lost if the process is killed" in warning
    assert len(list((tmp_path / "run").iterdir())) == 1


def test_ring_outgrows_its_place(tmp_path, fault_disk):
    """A container's /dev/shm is often smaller than the budget: the ring stays smaller then, nothing raises SIGBUS."""
    with memory_disk(tmp_path / "rings", "4m") as rings:
        done = run_on(
            fault_disk.arguments,
            """
w = SummaryWriter(root + '/run', on_full='drop')
disk('stall')
accepted = 0
for s in range(120000): w.add_scalar('a', s, s)
stats = tickertape.stats()
assert 0 < stats['bytes_queued'] < 4 << 20 and stats['events_dropped'] > 0, stats
disk('go')
w.flush()
w.add_scalar('end', 1, 1)
w.close()
print(tickertape.stats()['events_dropped'])
""",
            tmp_path,
            TICKERTAPE_RING_DIR=str(rings),
        )
    assert len(steps(fault_disk.path / "run")) + int(done.stdout) == 120000
    assert steps(fault_disk.path / "run", "end") == [1]


def test_an_op_for_which_the_ring_cannot_grow(tmp_path):
    """Waiting would not help: nothing is queued whose end would make room."""
    with memory_disk(tmp_path / "rings", "3m") as rings:
        run_on(
            [tmp_path],
            """
import numpy as np
w = SummaryWriter(root + '/run')
for s in range(3): w.add_histogram('h', np.zeros(1 << 20), s)
w.close()
assert tickertape.stats()['events_written'] == 3
""",
            tmp_path,
            TICKERTAPE_RING_DIR=str(rings),
        )
    assert [event.step for event in oracle.logged(tmp_path / "run")] == [0, 1, 2]


def test_large_ops_keep_to_the_budget_too(tmp_path, fault_disk):
    done = run_on(
        fault_disk.arguments,
        """
import numpy as np
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run', on_full='drop')
disk('fail ENOSPC 1')
for s in range(20): w.add_histogram('h', np.zeros(1 << 18), s)
stats = tickertape.stats()
assert 0 < stats['bytes_queued'] <= 4 << 20 and stats['events_dropped'] > 0, stats
disk('fail ENOSPC 0')
w.close()
print(tickertape.stats()['events_dropped'])
""",
        tmp_path,
        TICKERTAPE_QUEUE_BYTES=str(4 << 20),
    )
    assert len(oracle.logged(fault_disk.path / "run")) + int(done.stdout) == 20


def test_stats_add_up(tmp_path):
    before = tickertape.stats()
    with SummaryWriter(tmp_path) as writer:
        for step in range(500):
            writer.add_scalar("a", step, step)
        writer.flush()
        after = tickertape.stats()
    assert after["events_accepted"] - before["events_accepted"] == 500
    assert after["events_written"] - before["events_written"] == 500
    assert after["events_queued"] == after["bytes_queued"] == 0
