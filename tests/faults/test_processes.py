"""The ends of processes and the beginnings of others: exit without close(), fork, multiprocessing, threads, signals."""

import collections
import signal
import sys

import pytest
from support import oracle


def counts(directory):
    """Tag to number of scalars, over every file of a run and of its forked children."""
    runs = oracle.with_forks(directory)
    return collections.Counter(tag for run in runs for tag, _, _ in oracle.values(run))


START = """
import atexit, gc, os, signal, sys, threading, time
from tickertape import SummaryWriter

def work():  # keeps the number of events down to what the oracle decodes in a second
    return sum(range(2000))
"""

EXITS = {
    "return from main": "",
    "sys.exit": "sys.exit(0)",
    "unhandled exception": "raise KeyError('x')",
    "KeyboardInterrupt": "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)",
    "reference cycle": "class Box: pass\nbox = Box(); box.self = box; box.writer = w; del w, box",
    "deleted": "del w",
    "other thread": "threading.Thread(target=lambda: [w.add_scalar('a', 1, s) for s in range(1000)]).start()",
    "atexit before": "",
    "del at shutdown": "class Late:\n def __del__(self): w.add_scalar('late', 1, 0)\nlate = Late()\nsys.late = late",
}


@pytest.mark.parametrize("end", EXITS)
def test_exit_without_close_loses_nothing(tmp_path, run_script, end):
    before = "atexit.register(lambda: w.add_scalar('late', 1, 0))" if end == "atexit before" else ""
    source = f"{START}\n{before}\nw = SummaryWriter('run')\nfor s in range(5000): w.add_scalar('a', s, s)\n{EXITS[end]}"
    run_script(source, expect={"unhandled exception": 1, "KeyboardInterrupt": -signal.SIGINT}.get(end, 0))
    expected = {"a": 6000 if end == "other thread" else 5000}
    if end in ("atexit before", "del at shutdown"):
        expected["late"] = 1
    assert counts(tmp_path / "run") == expected


def test_every_kind_is_kept_at_exit(tmp_path, run_script):
    run_script(
        START
        + """
import numpy as np
w = SummaryWriter('run')
for s in range(20):
    w.add_histogram('h', np.arange(100000), s)
    w.add_image('i', np.zeros((3, 100, 100)), s)
    w.add_pr_curve('p', np.ones(1000), np.linspace(0, 1, 1000), s)
    w.add_text('t', str(s), s)
    w.add_scalars('s', {'x': s, 'y': s}, s)
"""
    )
    events = oracle.logged(tmp_path / "run")
    assert [event.step for event in events] == [s for s in range(20) for _ in range(4)]
    assert [value.tag for event in events for value in event.summary.value] == [
        "h",
        "i",
        "p",
        "t/text_summary",
    ] * 20
    for key in "xy":
        assert counts(tmp_path / "run" / f"s_{key}") == {"s": 20}


@pytest.mark.parametrize("end", ["sys.exit(0)", "w.flush(); os._exit(0)", "w.close(); os._exit(0)"])
@pytest.mark.parametrize("busy", ["", "for s in range(1000): w.add_scalar('parent', s, s)"])
def test_forked_child_logs_to_a_file_of_its_own(tmp_path, run_script, busy, end):
    run_script(
        f"""{START}
w = SummaryWriter('run')
{busy}
child = os.fork()
if child == 0:
    for s in range(500): w.add_scalar('child', s, s)
    {end}
for s in range(1000): w.add_scalar('parent', s, s)
_, status = os.waitpid(child, 0)
assert status == 0, status
for s in range(100): w.add_scalar('parent', s, s)
w.close()
"""
    )
    tags = {
        str(run.relative_to(tmp_path)): {tag for tag, _, _ in oracle.values(run)}
        for run in oracle.with_forks(tmp_path / "run")
    }
    assert tags == {"run": {"parent"}, "run/fork_1": {"child"}}
    files = [oracle.only_file(run) for run in oracle.with_forks(tmp_path / "run")]
    assert len({path.name.split(".")[-2] for path in files}) == 2  # process ids
    assert counts(tmp_path / "run") == {"child": 500, "parent": 2100 if busy else 1100}


def test_child_that_does_not_log_makes_no_file(tmp_path, run_script):
    run_script(
        f"""{START}
w = SummaryWriter('run')
for s in range(1000): w.add_scalar('parent', s, s)
child = os.fork()
if child == 0:
    w.flush(); w.close(); sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    )
    assert len(oracle.event_files(tmp_path / "run")) == 1
    assert counts(tmp_path / "run") == {"parent": 1000}


def test_fork_while_threads_log(tmp_path, run_script):
    run_script(
        f"""{START}
w = SummaryWriter('run')
stop = threading.Event()
logged = [0] * 4
def log(number):
    while not stop.is_set():
        w.add_scalar(f'thread{{number}}', logged[number], logged[number])
        logged[number] += 1
        work()
threads = [threading.Thread(target=log, args=(n,)) for n in range(4)]
for t in threads: t.start()
for turn in range(40):
    child = os.fork()
    if child == 0:
        w.add_scalar('child', turn, turn)
        w.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for t in threads: t.join()
w.close()
print(sum(logged))
""".replace("import atexit", "import warnings; warnings.simplefilter('ignore')\nimport atexit"),
    )
    found = counts(tmp_path / "run")
    assert found.pop("child") == 40
    steps = collections.defaultdict(list)
    for tag, step, _ in oracle.values(tmp_path / "run"):
        steps[tag].append(step)
    for number in range(4):
        assert steps[f"thread{number}"] == list(range(found[f"thread{number}"]))


def test_fork_while_threads_open_and_close(tmp_path, run_script):
    """The lock for opening may be held by another thread at the fork: the child must not wait for it."""
    run_script(
        f"""import warnings; warnings.simplefilter('ignore')
{START}
w = SummaryWriter('run')
stop = threading.Event()
def churn():
    while not stop.is_set():
        w.close()
        w.add_scalars('s', {{'k': 1}}, 1)
threads = [threading.Thread(target=churn) for _ in range(2)]
for t in threads: t.start()
for turn in range(15):
    child = os.fork()
    if child == 0:
        w.add_scalars('child', {{'k': turn}}, turn)
        SummaryWriter('other').add_scalar('child', turn, turn)
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for t in threads: t.join()
w.close()
""",
        timeout=600,
    )
    assert counts(tmp_path / "run" / "child_k") == {"child": 15}
    assert counts(tmp_path / "other") == {"child": 15}


MULTIPROCESSING = """
import multiprocessing, sys, warnings
warnings.simplefilter("ignore")
from tickertape import SummaryWriter

def child(number):
    w = SummaryWriter('run')
    for s in range(1000): w.add_scalar(f'child{number}', s, s)

if __name__ == '__main__':
    context = multiprocessing.get_context(sys.argv[1])
    if len(sys.argv) > 2:
        w = SummaryWriter('run')
        w.add_scalar('parent', 1, 1)
    children = [context.Process(target=child, args=(n,)) for n in range(2)]
    for c in children: c.start()
    for c in children: c.join(60)
    assert [c.exitcode for c in children] == [0, 0]
"""


@pytest.mark.parametrize("parent", [False, True])
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing_child_returns_without_close(tmp_path, run_script, method, parent):
    run_script(MULTIPROCESSING, method, *["parent"] * parent)
    expected = {"child0": 1000, "child1": 1000} | ({"parent": 1} if parent else {})
    assert counts(tmp_path / "run") == expected
    assert len(oracle.event_files(tmp_path / "run")) == len(expected)


@pytest.mark.parametrize("import_first", [False, True])
def test_multiprocessing_child_uses_its_parents_writer(tmp_path, run_script, import_first):
    """DataLoader workers do: the writer comes through fork, the child returns without close."""
    run_script(
        f"""
{"import multiprocessing.util" if import_first else ""}
from tickertape import SummaryWriter
w = SummaryWriter('run')
w.add_scalar('parent', 1, 1)
import multiprocessing, warnings
warnings.simplefilter("ignore")
def child(number):
    for s in range(1000): w.add_scalar(f'child{{number}}', s, s)
context = multiprocessing.get_context('fork')
children = [context.Process(target=child, args=(n,)) for n in range(2)]
for c in children: c.start()
for c in children: c.join(60)
assert [c.exitcode for c in children] == [0, 0]
w.add_scalar('parent', 2, 2)
"""
    )
    assert counts(tmp_path / "run") == {"parent": 2, "child0": 1000, "child1": 1000}
    assert oracle.values(tmp_path / "run") == [("parent", 1, 1.0), ("parent", 2, 2.0)]


def test_data_loader_workers(tmp_path, run_script):
    pytest.importorskip("torch")
    run_script(
        """
import warnings
warnings.simplefilter("ignore")
import torch
from torch.utils.data import DataLoader, Dataset
from tickertape import SummaryWriter
w = SummaryWriter('run')
class Data(Dataset):
    def __len__(self): return 40
    def __getitem__(self, i):
        w.add_scalar('item', i, i)
        return i
assert len(list(DataLoader(Data(), num_workers=2, multiprocessing_context='fork'))) == 40
w.add_scalar('end', 1, 1)
"""
    )
    assert counts(tmp_path / "run") == {"item": 40, "end": 1}


def test_threads_keep_their_own_order(tmp_path, run_script):
    run_script(
        f"""{START}
w = SummaryWriter('run')
def log(n):
    for s in range(3000):
        w.add_scalar(f't{{n}}', s, s)
        if s % 500 == 0: w.add_scalars('many', {{f'k{{n}}': s}}, s); w.flush()
threads = [threading.Thread(target=log, args=(n,)) for n in range(8)]
for t in threads: t.start()
for t in threads: t.join()
"""
    )
    steps = collections.defaultdict(list)
    for tag, step, _ in oracle.values(tmp_path / "run"):
        steps[tag].append(step)
    assert steps == {f"t{n}": list(range(3000)) for n in range(8)}
    for n in range(8):
        assert counts(tmp_path / "run" / f"many_k{n}") == {"many": 6}


def test_threads_closing_and_reopening(tmp_path, run_script):
    run_script(
        f"""{START}
sys.setswitchinterval(1e-6)  # threads change places in the middle of opening and closing
w = SummaryWriter('run')
def log(n):
    for s in range(300):
        w.add_scalar(f't{{n}}', s, s)
        if s % 3 == n % 3: w.close()
threads = [threading.Thread(target=log, args=(n,)) for n in range(6)]
for t in threads: t.start()
for t in threads: t.join()
"""
    )
    assert counts(tmp_path / "run") == {f"t{n}": 300 for n in range(6)}


def test_signal_handler_logs(tmp_path, run_script):
    out = run_script(
        f"""{START}
w = SummaryWriter('run')
handled = 0
def handler(*_):
    global handled
    handled += 1
    w.add_scalar('signal', handled, handled)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
s = 0
while handled < 200:
    w.add_scalar('main', s, s); s += 1
    work()
    if s % 100 == 0: w.flush()
    if s % 500 == 0: w.close()
signal.setitimer(signal.ITIMER_REAL, 0)
print(s, handled)
""",
        timeout=600,
    )
    main, handled = map(int, out.split())
    assert counts(tmp_path / "run") == {"main": main, "signal": handled}


def test_del_logs_during_garbage_collection(tmp_path, run_script):
    run_script(
        f"""{START}
w = SummaryWriter('run')
class Node:
    def __init__(self): self.me = self
    def __del__(self): w.add_scalar('del', 1, 1)
gc.set_threshold(10)
for s in range(3000):
    Node()
    w.add_scalar('main', s, s)
gc.collect()
w.close()
""",
        timeout=600,
    )
    assert counts(tmp_path / "run") == {"del": 3000, "main": 3000}


def test_keyboard_interrupts_between_calls(tmp_path, run_script):
    out = run_script(
        f"""{START}
w = SummaryWriter('run')
def handler(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, handler)
returned = attempted = interrupted = 0
while interrupted < 100:
    signal.setitimer(signal.ITIMER_REAL, 0.002)
    try:
        while True:
            attempted += 1
            w.add_scalar('a', attempted, attempted)
            returned += 1
            work()
    except KeyboardInterrupt:
        interrupted += 1
w.close()
print(returned, attempted)
""",
        timeout=600,
    )
    returned, attempted = map(int, out.split())
    steps = [step for _, step, _ in oracle.values(tmp_path / "run")]
    assert returned <= len(steps) <= attempted
    assert steps == sorted(set(steps))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads through /proc")
def test_many_writers_few_threads(tmp_path, run_script):
    run_script(
        f"""{START}
writers = [SummaryWriter(f'run/{{n}}') for n in range(200)]
for w in writers: w.add_scalar('a', 1, 1)
for w in writers: w.flush()
assert len(os.listdir('/proc/self/task')) <= 8, os.listdir('/proc/self/task')
"""
    )
    runs = oracle.tree(tmp_path / "run")
    assert len(runs) == 200
    assert all(len(events) == 1 for events in runs.values())
