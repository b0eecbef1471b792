"""A disk that stalls, is slow, or fails writes: who waits, who does not, what is kept."""

import pytest
from support.disks import run_on
from support.oracle import values
from tickertape import SummaryWriter

SMALL_QUEUE = {"TICKERTAPE_QUEUE_BYTES": str(4 << 20)}


def steps(directory, tag):
    return [step for found, step, _ in values(directory) if found == tag]


def test_every_50th_write_fails(tmp_path, fault_disk):
    run_on(
        fault_disk.arguments,
        """
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run')
disk('fail EIO 50')
for s in range(3000):
    w.add_scalar('a', s, s)
    w.flush()
w.close()
stats = tickertape.stats()
assert stats['events_written'] == 3000, stats
assert stats['events_dropped'] == stats['events_queued'] == 0, stats
assert stats['write_retries'] >= disk('count')['failed'] > 20, stats
""",
        tmp_path,
    )
    assert steps(fault_disk.path / "run", "a") == list(range(3000))


def test_a_failure_is_warned_about_once(tmp_path, fault_disk):
    run_on(
        fault_disk.arguments,
        """
w = SummaryWriter(root + '/run')
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    disk('fail EIO 1')
    for s in range(100):
        w.add_scalar('a', s, s)
        w.flush()
    disk('fail EIO 0')
    w.flush()
(warning,) = caught
assert issubclass(warning.category, RuntimeWarning)
assert root + '/run/events.out.tfevents.' in str(warning.message), warning.message
assert os.strerror(errno.EIO) in str(warning.message), warning.message
""",
        tmp_path,
    )
    assert steps(fault_disk.path / "run", "a") == list(range(100))


def test_nobody_waits_for_a_stalled_disk_while_there_is_room(tmp_path, fault_disk):
    """Every line up to `go` runs while the disk answers nothing: whatever waited would wait for ever."""
    run_on(
        fault_disk.arguments,
        """
w = SummaryWriter(root + '/run')
w.add_scalar('a', 0, 0)
w.flush()
disk('stall')
def log_too():
    for s in range(5000): w.add_scalar('thread', s, s)
thread = threading.Thread(target=log_too)
thread.start()
for s in range(1, 50000): w.add_scalar('a', s, s)
for s in range(20): w.add_histogram('h', list(range(1000)), s)
thread.join()
stats = tickertape.stats()
assert stats['events_accepted'] == 55020 and stats['events_queued'] > 0 and stats['wait_ns'] == 0, stats
disk('go')
w.close()
""",
        tmp_path,
    )
    assert steps(fault_disk.path / "run", "a") == list(range(50000))
    assert steps(fault_disk.path / "run", "thread") == list(range(5000))


@pytest.mark.parametrize("waiting", ["w.flush()", "fill()"])
def test_who_waits_does_not_hold_the_gil(tmp_path, fault_disk, waiting):
    """Another thread lets the disk go: were the GIL held, nobody would."""
    run_on(
        fault_disk.arguments,
        f"""
w = SummaryWriter(root + '/run')
disk('stall')
def fill():
    for s in range(150000): w.add_scalar('a', s, s)
def help():
    wait_for(lambda stats: is_waiting and (stats['wait_ns'] > 0 or {waiting!r} == 'w.flush()'))
    for s in range(1000): len(str(s))
    disk('go')
is_waiting = False
thread = threading.Thread(target=help)
thread.start()
w.add_scalar('first', 1, 1)
is_waiting = True
{waiting}
thread.join()
w.close()
""",
        tmp_path,
        **SMALL_QUEUE,
    )
    expected = [] if waiting == "w.flush()" else list(range(150000))
    assert steps(fault_disk.path / "run", "a") == expected


def test_a_full_queue_drops_and_counts_where_that_was_asked_for(tmp_path, fault_disk):
    done = run_on(
        fault_disk.arguments,
        """
w = SummaryWriter(root + '/run', on_full='drop')
disk('stall')
for s in range(150000): w.add_scalar('a', s, s)
stats = tickertape.stats()
assert stats['wait_ns'] == 0 and stats['events_dropped'] > 0, stats
assert stats['bytes_queued'] <= 4 << 20, stats
disk('go')
w.close()
print(tickertape.stats()['events_dropped'])
""",
        tmp_path,
        **SMALL_QUEUE,
    )
    written = steps(fault_disk.path / "run", "a")
    assert len(written) + int(done.stdout) == 150000
    assert written == sorted(set(written))


def test_large_images_keep_to_the_budget(tmp_path, fault_disk):
    """236 MB of images against a budget of 16 MiB."""
    run_on(
        fault_disk.arguments,
        """
import numpy as np
w = SummaryWriter(root + '/run')
image = np.random.default_rng(0).integers(0, 255, (3, 512, 512), dtype=np.uint8)
w.add_image('i', image, 0)
w.flush()
disk('stall')
before = status('VmRSS')
def log():
    for s in range(1, 300): w.add_image('i', image, s)
thread = threading.Thread(target=log)
thread.start()
wait_for(lambda stats: stats['wait_ns'] > 50_000_000)
assert tickertape.stats()['bytes_queued'] <= 16 << 20
disk('go')
thread.join()
w.close()
# Of what the codecs hold beside the queue there are at most 16 images.
assert status('VmHWM') - before < 64 << 10, (status('VmHWM'), before)
assert tickertape.stats()['events_written'] == 300
""",
        tmp_path,
        TICKERTAPE_QUEUE_BYTES=str(16 << 20),
    )


def test_a_slow_disk_gets_few_large_writes(tmp_path, fault_disk):
    """20 ms a write, as on a network: what a caller pays is shown by its never waiting."""
    run_on(
        fault_disk.arguments,
        """
w = SummaryWriter(root + '/run')
disk('delay 0.02')
before = disk('count')['writes']
for s in range(20000): w.add_scalar('a', s, s)
assert tickertape.stats()['wait_ns'] == 0
w.close()
assert disk('count')['writes'] - before <= 100
""",
        tmp_path,
    )
    assert steps(fault_disk.path / "run", "a") == list(range(20000))


def test_ctrl_c_ends_a_wait_for_room(tmp_path, fault_disk):
    done = run_on(
        fault_disk.arguments,
        """
w = SummaryWriter(root + '/run')
disk('stall')
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.5, 0.1)
returned = 0
try:
    while True:
        w.add_scalar('a', returned, returned)
        returned += 1
except KeyboardInterrupt:
    signal.setitimer(signal.ITIMER_REAL, 0)
disk('go')
w.close()
print(returned)
""",
        tmp_path,
        **SMALL_QUEUE,
    )
    written = steps(fault_disk.path / "run", "a")
    assert written == list(range(len(written)))
    assert int(done.stdout) <= len(written) <= int(done.stdout) + 1


def test_whoever_asks_for_an_exception_gets_one(tmp_path, fault_disk):
    run_on(
        fault_disk.arguments,
        """
warnings.simplefilter("error")
w = SummaryWriter(root + '/run', on_error='raise')
w.add_scalar('a', 0, 0)
w.flush()
disk('fail EDQUOT 1')
w.add_scalar('a', 1, 1)
calls = [w.flush, lambda: w.add_scalar('a', 2, 2), lambda: w.add_histogram('h', [1.0], 2), lambda: w.log({'l': 1}, 2)]
for call in calls:
    try:
        call()
    except OSError as error:
        assert error.errno == errno.EDQUOT and error.filename.startswith(root + '/run/events'), error
    else:
        raise AssertionError(call)
disk('fail EDQUOT 0')
w.flush()
w.add_scalar('a', 3, 3)
w.close()
assert tickertape.stats()['events_written'] == 6
""",
        tmp_path,
    )
    assert steps(fault_disk.path / "run", "a") == [0, 1, 2, 3]


def test_a_read_only_disk_gets_its_files_when_it_is_writable_again(tmp_path, fault_disk):
    """What the kernel answers after it made a damaged file system read-only: EROFS to every write and new file."""
    run_on(
        fault_disk.arguments,
        """
warnings.simplefilter("ignore")
w = SummaryWriter(root + '/run')
disk('fail EROFS 1')
for s in range(1000):
    w.add_scalar('a', s, s)
    w.add_scalars('pair', {'x': s, 'y': -s}, s)
w.flush()
disk('fail EROFS 0')
w.flush()
w.close()
assert tickertape.stats()['events_written'] == 3000
""",
        tmp_path,
    )
    assert steps(fault_disk.path / "run", "a") == list(range(1000))
    assert steps(fault_disk.path / "run" / "pair_x", "pair") == list(range(1000))


@pytest.mark.parametrize("policy", [{"on_full": "wait"}, {"on_error": "ignore"}])
def test_unknown_policies_are_refused(tmp_path, policy):
    (name,) = policy
    with pytest.raises(ValueError, match=name):
        SummaryWriter(tmp_path / "run", **policy)
    assert not (tmp_path / "run").exists()
