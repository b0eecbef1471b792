"""`tickertape sync`: what dead processes left, and local directories of any writer. Each byte goes to the store once."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
import tickertape
import torch.utils.tensorboard
from support import scanner
from tickertape.cli import main
from tickertape.remote import spool as spools

LEAVE = """
import os, signal, sys
from support import faulty_store
faulty_store.register()
from tickertape import SummaryWriter
writer = SummaryWriter(sys.argv[1], upload_secs=0.01)
for step in range(int(sys.argv[2])):
    writer.add_scalar("a", step, step)
    if step == 500: writer.flush(wait=True)
"""


def log_in_child(bucket, count, end="os.kill(os.getpid(), signal.SIGKILL)", **environment):
    """Logs `count` steps in a process that ends as `end` says. Returns it."""
    paths = os.pathsep.join([str(Path(tickertape.__file__).parents[1]), str(Path(__file__).parents[2])])
    return subprocess.run(
        [sys.executable, "-c", LEAVE + end, bucket.url, str(count)],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        check=False,
        capture_output=True,
        text=True,
    )


def steps(content):
    """The steps of a file's scalars."""
    return [step for step, tag, _, _ in map(scanner.event, records(content)) if tag]


def records(content):
    found, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 8], "little")
        found.append(content[at + 12 : at + 12 + size])
        at += 16 + size
    return found


def left(spool):
    """The files in the spool, without the empty folder that a process leaves if it ends without close()."""
    return [path for path in spool.rglob("*") if path.is_file() and path.name not in ("url", "lock")]


# --- What processes leave


def test_a_killed_process_leaves_everything_to_sync(bucket, spool, capsys):
    assert log_in_child(bucket, 1000).returncode == -signal.SIGKILL
    assert left(spool)
    assert main.main(["sync", bucket.url]) == 0
    assert "uploaded" in capsys.readouterr().out
    (content,) = bucket.files().values()
    assert steps(content) == list(range(1000))
    assert not left(spool)
    sizes = sum(size for name, size in bucket.faults.puts)
    assert sizes == len(content)  # each byte once
    assert main.main(["sync", bucket.url]) == 0
    assert capsys.readouterr().out == "nothing was left to upload\n"


def test_a_killed_process_leaves_everything_to_the_next_writer(bucket, spool, tmp_path):
    log_in_child(bucket, 1000)
    with warnings.catch_warnings():  # what was still in the ring is told, if anything was
        warnings.simplefilter("ignore")
        with tickertape.SummaryWriter(bucket.url) as writer:
            writer.add_scalar("b", 1, 5)
        with tickertape.SummaryWriter(
            tmp_path / "local"
        ) as another:  # the thread's news are told by the next call
            another.flush()
    contents = sorted(bucket.files().values(), key=len)
    assert [steps(content) for content in contents] == [[5], list(range(1000))]
    assert not left(spool)


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise RuntimeError", "writer.close()", "del writer"])
def test_an_exit_uploads_everything(bucket, spool, end):
    done = log_in_child(bucket, 1000, end)
    (content,) = bucket.files().values()
    assert steps(content) == list(range(1000)), done.stderr
    assert not left(spool)
    assert "tickertape" not in done.stderr.replace(str(Path(tickertape.__file__).parent), "")


@pytest.mark.parametrize(
    "end",
    [
        "import atexit; atexit.register(writer.add_scalar, 'a', 1, 1000)",
        "sys.late = type('Late', (), {'__del__': lambda self: writer.add_scalar('a', 1, 1000)})()",
        "import weakref; weakref.finalize(writer, print); writer.add_scalar('a', 1, 1000)",
    ],
    ids=["atexit", "__del__", "finalize"],
)
def test_what_is_logged_at_the_very_end_is_not_lost(bucket, spool, end):
    done = log_in_child(bucket, 1000, end)
    tickertape.SummaryWriter(bucket.url).close()  # the next writer uploads what came too late
    found = sorted(step for content in bucket.files().values() for step in steps(content))
    assert found == list(range(1001)), done.stderr
    assert not [path for path in spool.rglob("*") if path.is_file()]


def test_an_exit_has_a_bound_while_the_store_is_away(bucket, spool):
    bucket.faults.set("refuse")
    done = log_in_child(bucket, 400, "", TICKERTAPE_EXIT_TIMEOUT="0.5", PYTHONWARNINGS="ignore")
    assert done.returncode == 0
    assert f"`tickertape sync {bucket.url}` uploads them" in done.stderr
    assert "503 SlowDown" in done.stderr
    assert bucket.names() == []
    bucket.faults.set("")
    assert main.main(["sync", bucket.url]) == 0
    (content,) = bucket.files().values()
    assert steps(content) == list(range(400))
    assert not left(spool)


def test_a_forked_child_is_uploaded_by_its_parent(bucket, spool):
    child = (
        "\npid = os.fork()\nfor step in range(3): writer.add_scalar('c' if pid else 'child', step, step)\n"
    )
    done = log_in_child(bucket, 10, child + "if pid: os.waitpid(pid, 0)")
    folders = {name.rpartition("/")[0]: steps(content) for name, content in bucket.files().items()}
    assert folders == {"": [*range(10), 0, 1, 2], "fork_1": [0, 1, 2]}, done.stderr
    assert not left(spool)


def test_a_child_of_multiprocessing_with_its_own_writer(bucket, spool):
    code = """
import multiprocessing
def work():
    own = SummaryWriter(sys.argv[1])
    own.add_scalar("own", 1, 77)
child = multiprocessing.get_context("fork").Process(target=work)
child.start(); child.join()
"""
    done = log_in_child(bucket, 10, code)
    assert sorted(map(steps, bucket.files().values())) == [list(range(10)), [77]], done.stderr
    assert not left(spool)


def test_a_living_process_keeps_its_spool(bucket, spool, capsys):
    with tickertape.SummaryWriter(bucket.url, upload_secs=10_000) as writer:
        writer.add_scalar("a", 1, 1)
        writer.flush()
        assert main.main(["sync", bucket.url]) == 0
        assert "its process lives" in capsys.readouterr().err
        assert bucket.names() == []


def test_folders_that_come_and_go_while_others_look(spool):
    """Many short processes of one user: the last one of a URL removes its folder."""

    def come_and_go():
        for _ in range(2000):
            place = spools.Spool.make("memory://bucket/runs")
            place.remove_if_empty()
            place.close()

    short = threading.Thread(target=come_and_go)
    short.start()
    while short.is_alive():
        spools.remove_empty()
        spools.waiting()
    short.join()
    assert left(spool) == []


def test_a_folder_that_goes_just_when_it_is_found(spool, monkeypatch):
    """mkdir says that it is there, and then another process removes it."""
    mkdir, gone = os.mkdir, []

    def found_and_gone(path, *arguments, **keywords):
        try:
            mkdir(path, *arguments, **keywords)
        except FileExistsError:
            if Path(path).name.startswith("memory") and not gone:
                gone.append(path)
                Path(path).rmdir()
            raise

    spools.Spool.make("memory://bucket/runs").close()
    (folder,) = spool.iterdir()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    monkeypatch.setattr(os, "mkdir", found_and_gone)
    place = spools.Spool.make("memory://bucket/runs")
    assert gone == [folder]
    assert place.files.is_dir()
    place.close()


def test_what_an_interrupted_sync_left_goes_on(bucket, spool, capsys):
    bucket.faults.set("refuse")
    log_in_child(bucket, 400)
    assert main.main(["sync", bucket.url]) == 1
    assert "run the same command again" in capsys.readouterr().err
    bucket.faults.set("after")
    assert main.main(["sync", bucket.url]) == 1
    bucket.faults.set("")
    capsys.readouterr()
    assert main.main(["sync", bucket.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["error"] == ""
    (content,) = bucket.files().values()
    assert steps(content) == list(range(400))
    assert not left(spool)


# --- Any local directory


@pytest.fixture
def torchs(tmp_path):
    """A log directory of torch's own writer."""
    with torch.utils.tensorboard.SummaryWriter(tmp_path / "logs" / "run") as writer:
        for step in range(100):
            writer.add_scalar("a", step, step)
        writer.add_embedding(torch.eye(3), metadata=["a", "b", "c"])
    return tmp_path / "logs"


def content_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_directory_of_torch(bucket, torchs, capsys):
    before = content_of(torchs)
    assert main.main(["sync", str(torchs), bucket.url]) == 0
    assert "objects" in capsys.readouterr().out
    events = {name: data for name, data in before.items() if "tfevents" in name}
    assert bucket.files() == events
    others = {name: (bucket.folder / name).read_bytes() for name in before if name not in events}
    assert others == {name: data for name, data in before.items() if name not in events}
    assert content_of(torchs) == before
    puts = len(bucket.faults.puts)
    assert main.main(["sync", str(torchs), bucket.url]) == 0
    assert len(bucket.faults.puts) == puts  # nothing new, nothing uploaded


def test_only_what_is_new_goes_up(bucket, torchs):
    (path,) = torchs.glob("run/*tfevents*")
    whole = path.read_bytes()
    rng = random.Random(1)
    for size in sorted(rng.sample(range(len(whole)), 8)):
        path.write_bytes(whole[:size])  # mostly in the middle of a record
        assert main.main(["sync", str(torchs), bucket.url]) == 0
    path.write_bytes(whole)
    main.main(["sync", str(torchs), bucket.url])
    assert bucket.files() == {f"run/{path.name}": whole}
    assert sum(size for name, size in bucket.faults.puts if "tfevents" in name) == len(whole)


def test_what_is_damaged_is_left_out_once(bucket, torchs):
    (path,) = torchs.glob("run/*tfevents*")
    whole = path.read_bytes()
    cut = tickertape._core.record_span(str(path), 0, len(whole) // 2)[1]
    path.write_bytes(whole[:cut] + b"\0" * 4096 + whole[cut:] + b"\0" * 999)
    for _ in range(2):
        assert main.main(["sync", str(torchs), bucket.url]) == 0
    slices = sorted(bucket.folder.glob("run/*.at-*"))
    assert [int(one.name[-16:]) for one in slices] == [0, cut + 4096]
    assert b"".join(one.read_bytes() for one in slices) == whole
    assert len([name for name, _ in bucket.faults.puts if "tfevents" in name]) == 2


def test_links_and_large_files_stay(bucket, torchs, tmp_path, capsys, monkeypatch):
    (tmp_path / "secret").write_text("secret")
    (torchs / "link").symlink_to(tmp_path / "secret")
    (torchs / "run" / "up").symlink_to(tmp_path)
    monkeypatch.setattr("tickertape.remote.sync._MOST_BYTES", 1 << 20)
    (torchs / "model.ckpt").write_bytes(bytes((1 << 20) + 1))
    assert main.main(["sync", str(torchs), bucket.url]) == 0
    said = capsys.readouterr().err
    assert "link: not uploaded, since it is a link" in said
    assert "model.ckpt: not uploaded, since it is no event file, and larger than 1 MiB" in said
    assert not any("link" in name or "up" in name or "ckpt" in name for name in bucket.names())


def test_follow_uploads_until_ctrl_c(bucket, torchs):
    paths = os.pathsep.join([str(Path(tickertape.__file__).parents[1]), str(Path(__file__).parents[2])])
    code = (
        "import sys; from support import faulty_store; faulty_store.register(); from tickertape.cli import main;"
        "sys.exit(main.main(sys.argv[1:]))"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "sync",
        str(torchs),
        bucket.url,
        "--follow",
        "--upload-secs",
        "0.02",
    ]
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True
    ) as following:
        assert "uploaded" in following.stdout.readline()
        with torch.utils.tensorboard.SummaryWriter(torchs / "later") as writer:
            writer.add_scalar("b", 1, 5)
            writer.flush()
            assert "uploaded" in following.stdout.readline()
            writer.add_scalar("b", 1, 6)
        following.send_signal(signal.SIGINT)
        following.communicate()
    assert following.returncode == 0
    events = {name: data for name, data in content_of(torchs).items() if "tfevents" in name}
    assert bucket.files() == events


@pytest.mark.parametrize(
    "arguments",
    [["sync", "nowhere", "s3://b/x"], ["sync", ".", "nowhere"], ["sync", "."], ["sync", "-f"],
     ["sync", ".", "s3://b/x", "--upload-secs", "0"], ["sync", ".", "s3://b/../x"]],
)  # fmt: skip
def test_wrong_use(arguments, capsys):
    assert main.main(arguments) == 2
    assert "expected" in capsys.readouterr().err


def test_a_slice_that_the_store_has_lost_is_made_again_as_it_was(bucket, tmp_path):
    with tickertape.SummaryWriter(tmp_path / "logs") as writer:
        for part in range(5):
            for step in range(100):
                writer.add_scalar("a", step, 100 * part + step)
            writer.flush()
            assert main.main(["sync", str(tmp_path / "logs"), bucket.url]) == 0
    paths = sorted(path for path in bucket.folder.rglob("*") if path.is_file())
    whole = {path: path.read_bytes() for path in paths}
    for lost in paths[:1], paths[2:3], paths[1:3], paths[4:]:
        for path in lost:
            path.unlink()
        earlier = len(bucket.faults.puts)
        assert main.main(["sync", str(tmp_path / "logs"), bucket.url]) == 0
        assert sum(size for _, size in bucket.faults.puts[earlier:]) == sum(len(whole[path]) for path in lost)
        content = b"".join(path.read_bytes() for path in sorted(bucket.folder.rglob("*")) if path.is_file())
        assert content == b"".join(whole.values())
