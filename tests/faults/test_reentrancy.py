"""Logging from wherever Python runs code of its own accord, also in the middle of another call of ours."""

import collections

import pytest
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event

START = """
import gc, os, signal, sys, threading, warnings, weakref
import numpy as np
from tickertape import SummaryWriter
w = SummaryWriter('run')
inner = 0
def log_inner(*_):
    global inner
    inner = mine = inner + 1  # what follows may come in here again
    w.add_scalar('inner', mine, mine)
    if mine % 7 == 0: w.flush()
    if mine % 11 == 0: w.add_histogram('inner h', np.arange(10.0), mine)
def work(s):
    w.add_scalar('outer', float(s), s)
    w.add_scalar('outer tensor', np.float32(s), s)
    w.add_scalars('group', {'x': s, 'y': s}, s)
    w.log({'l': s, 'deep': {'m': s}}, s)
    if s % 10 == 0: w.add_histogram('outer h', np.arange(100.0), s)
    if s % 50 == 0: w.flush()
"""

SOURCES = {
    "signal handler": """
signal.signal(signal.SIGALRM, log_inner)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
s = 0
while inner < 100:
    work(s)
    s += 1
signal.setitimer(signal.ITIMER_REAL, 0)
""",
    "__del__ in a collection": """
class Node:
    def __init__(self): self.me = self
    def __del__(self): log_inner()
gc.set_threshold(5)
for s in range(300): Node(); work(s)
gc.collect()
s = 300
""",
    "weakref callback": """
class Thing: pass
for s in range(300):
    thing = Thing()
    reference = weakref.ref(thing, log_inner)
    work(s)
    del thing
s = 300
""",
    "audit hook": """
is_inside = False
def hook(event, arguments):
    global is_inside
    if is_inside or event not in ('open', 'object.__getattr__', 'compile', 'os.mkdir'): return
    is_inside = True
    try: log_inner()
    finally: is_inside = False
sys.addaudithook(hook)
for s in range(300):
    work(s)
    compile('1', 'x', 'eval')
s = 300
""",
    "trace function": """
def trace(frame, event, argument):
    if frame.f_code is not log_inner.__code__ and inner < 2000: log_inner()
    return None
sys.settrace(trace)
for s in range(100): work(s)
sys.settrace(None)
s = 100
""",
    "profile function": """
is_inside = False
def profile(frame, event, argument):
    global is_inside
    if is_inside or not event.startswith('c_') or inner > 2000: return
    is_inside = True
    log_inner()
    is_inside = False
sys.setprofile(profile)
for s in range(100): work(s)
sys.setprofile(None)
s = 100
""",
    "warning": """
warnings.showwarning = log_inner
warnings.simplefilter('always')
for s in range(300):
    work(s)
    w.add_scalar('too large', 1e39, s)
    w.add_histogram('nan %d' % s, np.array([np.nan, 1.0]), s)
s = 300
w.flush()
assert inner >= 600, inner
""",
    "conversion": """
class Value:
    def __float__(self): log_inner(); return 1.0
    def __int__(self): log_inner(); return 1
    def __index__(self): log_inner(); return 1
    def __array__(self, dtype=None, copy=None): log_inner(); w.close(); return np.arange(3.0)
class Tag(str):
    def __hash__(self): log_inner(); return str.__hash__(self)
    def __eq__(self, other): log_inner(); return str.__eq__(self, other)
for s in range(100):
    work(s)
    w.add_scalar(Tag('t'), Value(), Value())
    w.add_histogram(Tag('t'), Value(), Value())
s = 100
""",
    "another thread in the middle of a call": """
class Value:
    def __float__(self):
        thread = threading.Thread(target=lambda: (log_inner(), w.flush(), w.close()))
        thread.start()
        thread.join()
        return 1.0
for s in range(100):
    work(s)
    w.add_scalar('t', Value(), s)
s = 100
""",
}


@pytest.mark.parametrize("source", SOURCES)
def test_logging_inside_logging(tmp_path, run_script, source):
    out = run_script(f"{START}{SOURCES[source]}\nw.close()\nprint(s, inner)", timeout=600)
    outer, inner = map(int, out.split())
    assert inner > 30
    steps = collections.defaultdict(list)
    for path in oracle.event_files(tmp_path / "run"):
        for event in oracle.load(path):
            for value in event.summary.value:
                steps[value.tag].append(event.step)
    # Every event once; of one thread's own order each file keeps it, and a close() in between makes several files.
    assert sorted(steps["inner"]) == list(range(1, inner + 1))
    assert sorted(steps["inner h"]) == list(range(11, inner + 1, 11))
    for tag in ("outer", "outer tensor", "l", "deep/m"):
        assert sorted(steps[tag]) == list(range(outer)), tag
    assert sorted(steps["outer h"]) == list(range(0, outer, 10))
    for key in "xy":
        assert sorted(step for _, step, _ in oracle.values(tmp_path / "run" / f"group_{key}")) == list(
            range(outer)
        )


def steps_in(directory):
    """The steps of a directory's events; every record must be whole."""
    events = [
        Event.FromString(data) for path in oracle.event_files(directory) for data in oracle.raw_records(path)
    ]
    return sorted(event.step for event in events if event.summary.value)


CALLS = {
    "add_scalar": "w.add_scalar('a', n, n)",
    "add_scalars": "w.add_scalars('a', {'x': n}, n)",
    "log": "w.log({'a': n}, n)",
    "add_histogram": "w.add_histogram('a', values, n)",
    "flush": "w.add_scalar('a', n, n); w.flush()",
    "close": "w.add_scalar('a', n, n); w.close()",
}


@pytest.mark.parametrize("call", CALLS)
def test_keyboard_interrupts_in_the_middle(tmp_path, run_script, call):
    """A call that raised either wrote its event or did not; a call that returned did."""
    out = run_script(
        f"""
import signal
import numpy as np
from tickertape import SummaryWriter
w = SummaryWriter('run')
values = np.arange(1000.0)
def handler(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, handler)
returned, n, interrupted = [], 0, 0
while interrupted < 60:
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0005 + interrupted * 0.00001)
        while True:
            n += 1
            {CALLS[call]}
            returned.append(n)
    except KeyboardInterrupt:
        interrupted += 1
w.close()
with open('returned', 'w') as file: file.write(' '.join(map(str, returned)))
print(n)
""",
        timeout=600,
    )
    attempted = int(out)
    directory = tmp_path / "run" / "a_x" if call == "add_scalars" else tmp_path / "run"
    steps = steps_in(directory)
    returned = {int(number) for number in (tmp_path / "returned").read_text().split()}
    assert len(steps) == len(set(steps))
    assert returned <= set(steps) <= set(range(1, attempted + 1))
