"""Other processes beside logging: many in one directory, programs started meanwhile, workers of torch, a fork and exec."""

import collections
import time

import pytest
from support import oracle
from support.disks import run_on


def counts(directory):
    """Tag to number of scalars, over every file of a run and of its forked children."""
    runs = oracle.with_forks(directory)
    return collections.Counter(tag for run in runs for tag, _, _ in oracle.values(run))


def ring_dir(tmp_path):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    return {"TICKERTAPE_RING_DIR": str(rings)}


def test_forty_processes_in_one_directory_at_once(tmp_path):
    """All are ready before the first one opens its file."""
    run_on(
        [tmp_path],
        """
ready, start = os.pipe(), os.pipe()
children = []
for number in range(40):
    child = os.fork()
    if child == 0:
        os.write(ready[1], b'.')
        os.close(start[1])
        os.read(start[0], 1)  # its end, for all of them
        w = SummaryWriter(root + '/run')
        for s in range(500): w.add_scalar(f'p{number}', s, s)
        sys.exit(0)
    children.append(child)
for _ in children: os.read(ready[0], 1)
os.close(start[1])
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
""",
        tmp_path,
    )
    assert len(oracle.event_files(tmp_path / "run")) == 40
    assert counts(tmp_path / "run") == {f"p{number}": 500 for number in range(40)}


STARTS = {
    "subprocess (vfork)": "subprocess.run(['true'], check=True)",
    "subprocess, descriptors kept": "subprocess.run(['true'], check=True, close_fds=False)",
    "os.posix_spawn": "assert os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)[1] == 0",
    "os.system": "assert os.system('true') == 0",
    "os.popen": "assert os.popen('echo x').read() == 'x\\n'",
}


@pytest.mark.parametrize("start", STARTS)
def test_programs_are_started_while_threads_log(tmp_path, start):
    """What they inherit never makes them, or whoever recovers meanwhile, touch the queue."""
    run_on(
        [tmp_path],
        f"""
import subprocess
w = SummaryWriter(root + '/run')
stop = threading.Event()
logged = [0] * 3
def log(number):
    while not stop.is_set():
        w.add_scalar(f't{{number}}', logged[number], logged[number])
        logged[number] += 1
        if logged[number] % 50 == 0: stop.wait(0.001)
threads = [threading.Thread(target=log, args=(n,)) for n in range(3)]
for t in threads: t.start()
for turn in range(20):
    {STARTS[start]}
assert subprocess.check_output(
    [sys.executable, '-c', 'import tickertape; print(tickertape.recover())'], text=True) == '[]\\n'
stop.set()
for t in threads: t.join()
w.close()
print(*logged)
""",
        tmp_path,
        **ring_dir(tmp_path),
    )
    steps = collections.defaultdict(list)
    for tag, step, _ in oracle.values(tmp_path / "run"):
        steps[tag].append(step)
    assert sorted(steps) == ["t0", "t1", "t2"]
    assert all(found == list(range(len(found))) for found in steps.values())
    assert list((tmp_path / "rings").iterdir()) == []


@pytest.mark.filterwarnings("ignore")
def test_a_child_that_logs_and_then_becomes_another_program(tmp_path):
    """subprocess's preexec_fn; what it logged waits in its ring until somebody opens the directory."""
    places = ring_dir(tmp_path)
    run_on(
        [tmp_path],
        """
import subprocess
w = SummaryWriter(root + '/run')
w.add_scalar('parent', 0, 0)
def log():
    for s in range(1000): w.add_scalar('child', s, s)
subprocess.run(['true'], preexec_fn=log, check=True)
w.add_scalar('parent', 1, 1)
w.close()
""",
        tmp_path,
        **places,
    )
    run_on([tmp_path], "SummaryWriter(root + '/run').close()", tmp_path, **places)
    assert counts(tmp_path / "run") == {"parent": 2, "child": 1000}
    assert list((tmp_path / "rings").iterdir()) == []


def test_the_ring_is_private_and_stays_here(tmp_path):
    """Its name is no event file's; other users cannot read it; a program that is started does not inherit it."""
    run_on(
        [tmp_path],
        """
import stat, subprocess
w = SummaryWriter(root + '/run')
(ring,) = os.listdir(root + '/rings')
assert 'tfevents' not in ring
ring = root + '/rings/' + ring
assert stat.S_IMODE(os.stat(ring).st_mode) == 0o600
def holds(pid):
    open_files = []
    for n in os.listdir(f'/proc/{pid}/fd'):
        try: open_files.append(os.readlink(f'/proc/{pid}/fd/{n}'))
        except FileNotFoundError: pass  # that of listdir() itself
    return open_files.count(ring)
assert holds(os.getpid()) == 1
child = subprocess.Popen(['cat'], stdin=subprocess.PIPE, close_fds=False)
assert holds(child.pid) == 0
child.communicate()
""",
        tmp_path,
        **ring_dir(tmp_path),
    )


def test_what_is_logged_shows_without_flush(tmp_path):
    run_on(
        [tmp_path],
        """
w = SummaryWriter(root + '/run')
(name,) = os.listdir(root + '/run')
for s in range(5):
    before = os.path.getsize(root + '/run/' + name)
    w.add_scalar('a', s, s)
    while os.path.getsize(root + '/run/' + name) == before: time.sleep(0.001)
os._exit(0)
""",
        tmp_path,
    )
    assert counts(tmp_path / "run") == {"a": 5}


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_data_loader_workers_open_their_own_writers(tmp_path, method):
    """They end without close(), several times over: one loader an epoch."""
    pytest.importorskip("torch")
    run_on(
        [tmp_path],
        f"""
warnings.simplefilter("ignore")
from torch.utils.data import DataLoader, Dataset

class Data(Dataset):
    writer = None
    def __len__(self): return 20
    def __getitem__(self, i):
        if self.writer is None: self.writer = SummaryWriter(root + '/run')
        self.writer.add_scalar('item', i, i)
        return i

if __name__ == '__main__':
    w = SummaryWriter(root + '/run')
    for epoch in range(2):
        w.add_scalar('epoch', epoch, epoch)
        assert len(list(DataLoader(Data(), num_workers=2, multiprocessing_context={method!r}))) == 20
    w.close()
""",
        tmp_path,
        timeout=600,
    )
    assert counts(tmp_path / "run") == {"item": 40, "epoch": 2}
    assert len(oracle.event_files(tmp_path / "run")) == 5


def test_a_child_whose_parent_has_gone_on(tmp_path):
    """The child outlives its parent, and logs and closes after the parent's exit."""
    run_on(
        [tmp_path],
        """
w = SummaryWriter(root + '/run')
for s in range(100): w.add_scalar('parent', s, s)
parent = os.getpid()
alive = os.pipe()
child = os.fork()
if child == 0:
    os.close(alive[1])
    os.read(alive[0], 1)  # its end: the parent's
    for s in range(100): w.add_scalar('child', s, s)
    w.close()
    os.rename(root + '/started', root + '/done')
    os._exit(0)
open(root + '/started', 'w').close()
""",
        tmp_path,
    )
    while not (tmp_path / "done").exists():
        time.sleep(0.005)
    # In the directory of the parent if that was gone already.
    assert counts(tmp_path / "run") == {"parent": 100, "child": 100}


def test_a_child_asks_for_its_file(tmp_path):
    """Until it logs it has none: its parent's must not be touched, for a lock there may be held for ever."""
    run_on(
        [tmp_path],
        """
w = SummaryWriter(root + '/run')
native = w.file_writer.event_writer
assert native.path.startswith(root + '/run/events.out.tfevents.')
child = os.fork()
if child == 0:
    assert native.path == '' and w.stats()['files'] == 0 and not native.closed
    w.add_scalar('child', 1, 1)
    assert f'.{os.getpid()}.' in native.path and w.stats()['files'] == 1
    w.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""",
        tmp_path,
    )
    assert oracle.values(tmp_path / "run") == []
    assert counts(tmp_path / "run/fork_1") == {"child": 1}
