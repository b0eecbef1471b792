"""The end of a process: its bound, its last words, and what logs until the very end."""

import signal

import pytest
from support import oracle
from support.disks import run_on

STALLED = """
w = SummaryWriter(root + '/run')
w.add_scalar('a', 0, 0)
w.flush()
disk('stall')
for s in range(1, 1000): w.add_scalar('a', s, s)
"""


def steps(directory, tag="a"):
    return [step for found, step, _ in oracle.values(directory) if found == tag]


def ring_dir(tmp_path):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    return {"TICKERTAPE_RING_DIR": str(rings)}


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(0)",
        "os.kill(os.getpid(), signal.SIGALRM)",
        "sys.late = type('Late', (), {'__del__': lambda self: w.add_scalar('late', 1, 0)})()",
        "import atexit; atexit.register(w.add_scalar, 'late', 1, 0)",
        "threading.Thread(target=lambda: [w.add_scalar('t', s, s) for s in range(10**9)], daemon=True).start()",
        "threading.Thread(target=w.flush, daemon=True).start()",
        "del w",
    ],
    ids=["return", "sys.exit", "signal", "__del__", "atexit", "daemon logs", "daemon flushes", "del"],
)
def test_dead_disk_does_not_keep_the_process(tmp_path, fault_disk, end):
    """The process ends although its disk still stalls: nothing lets it go before "go" below. No time is asserted. What
    could not be written is recovered later.
    """
    places = ring_dir(tmp_path)
    done = run_on(
        fault_disk.arguments,
        f"signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))\n{STALLED}{end}",
        tmp_path,
        timeout=600,
        TICKERTAPE_EXIT_TIMEOUT="0.5",
        **places,
    )
    (ring,) = (tmp_path / "rings").iterdir()
    words = [line for line in done.stderr.splitlines() if line.startswith("tickertape: ")]
    assert len(words) == 1, done.stderr
    assert "events could not be written within 0.5 s" in words[0]
    assert str(ring) in words[0]
    fault_disk.tell("go")
    run_on(fault_disk.arguments, "tickertape.recover(root + '/run')", tmp_path, **places)
    assert steps(fault_disk.path / "run") == list(range(1000))
    assert list((tmp_path / "rings").iterdir()) == []


def test_what_is_left_is_counted_in_events(tmp_path, fault_disk):
    done = run_on(
        fault_disk.arguments,
        STALLED + "os.environ.pop('X', None)",
        tmp_path,
        TICKERTAPE_EXIT_TIMEOUT="0.2",
        **ring_dir(tmp_path),
    )
    assert "tickertape: 999 events could not be written" in done.stderr


def test_a_child_of_multiprocessing_says_it_too(tmp_path, fault_disk):
    done = run_on(
        fault_disk.arguments,
        f"""
import multiprocessing
def child():
    {STALLED.strip().replace(chr(10), chr(10) + "    ")}
if __name__ == '__main__':
    process = multiprocessing.get_context('fork').Process(target=child)
    process.start()
    process.join(20)
    assert process.exitcode == 0, process.exitcode
""",
        tmp_path,
        TICKERTAPE_EXIT_TIMEOUT="0.2",
        **ring_dir(tmp_path),
    )
    assert done.stderr.count("999 events could not be written within 0.2 s") == 1


def test_a_disk_that_comes_back_in_time_loses_nothing(tmp_path, fault_disk):
    done = run_on(
        fault_disk.arguments,
        STALLED
        + """
import atexit
is_over = threading.Event()
def come_back():
    is_over.wait()
    disk('go')
threading.Thread(target=come_back, daemon=True).start()
atexit.register(is_over.set)
""",
        tmp_path,
        TICKERTAPE_EXIT_TIMEOUT="20",
        **ring_dir(tmp_path),
    )
    assert "could not be written" not in done.stderr
    assert steps(fault_disk.path / "run") == list(range(1000))
    assert list((tmp_path / "rings").iterdir()) == []


@pytest.mark.parametrize(
    "kind", ["w.add_scalar(tag, s, s)", "w.add_histogram(tag, [1.0] * 20000, s)", "w.flush()"]
)
def test_daemon_threads_that_log_until_the_end(tmp_path, run_script, kind):
    """Python stops such threads where they next ask for the GIL: inside our calls, too."""
    run_script(
        f"""
import threading
from tickertape import SummaryWriter
w = SummaryWriter('run')
started = threading.Barrier(4)
def log(number):
    started.wait()
    s, tag = 0, f't{{number}}'
    while True:
        {kind}
        s += 1
for number in range(3): threading.Thread(target=log, args=(number,), daemon=True).start()
started.wait()
for s in range(2000): w.add_scalar('a', s, s)
""",
        timeout=600,
    )
    assert steps(tmp_path / "run") == list(range(2000))
    for number in range(3):
        logged = steps(tmp_path / "run", f"t{number}")
        assert logged == list(range(len(logged)))


def test_logging_in_every_order_of_the_end(tmp_path, run_script):
    """atexit before and after our own handler, module globals, a thread that ends late, weakref finalizers."""
    run_script(
        """
import atexit, threading, weakref
atexit.register(lambda: w.add_scalar('first registered', 1, 0))
from tickertape import SummaryWriter
w = SummaryWriter('run')
atexit.register(lambda: w.add_scalar('last registered', 1, 0))
class Thing:
    def __del__(self): w.add_scalar('global', 1, 0)
thing = Thing()
class Other: pass
other = Other()
weakref.finalize(other, lambda: w.add_scalar('finalize', 1, 0))
main = threading.current_thread()
def late():
    main.join()
    w.add_scalar('thread', 1, 0)
threading.Thread(target=late).start()
w.add_scalar('main', 1, 0)
"""
    )
    tags = sorted(tag for tag, _, _ in oracle.values(tmp_path / "run"))
    assert tags == ["finalize", "first registered", "global", "last registered", "main", "thread"]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("os._exit(0)", 0),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.abort()", -signal.SIGABRT),
    ],
)
def test_an_end_without_any_handler_leaves_it_to_the_next_writer(tmp_path, end, status):
    places = ring_dir(tmp_path)
    source = f"w = SummaryWriter(root + '/run')\nfor s in range(5000): w.add_scalar('a', s, s)\n{end}"
    run_on([tmp_path], source, tmp_path, expect=status, **places)
    run_on([tmp_path], "SummaryWriter(root + '/run').close()", tmp_path, **places)
    assert steps(tmp_path / "run") == list(range(5000))
