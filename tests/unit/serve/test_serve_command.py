"""`tickertape serve`."""

import re
import signal
import subprocess

import grpc
import pytest
import tickertape
from support import commands
from tensorboard.data import grpc_provider
from tensorboard.data.proto import data_provider_pb2 as protos

RUN = "run\x1b[31m"  # a name that would paint the terminal
SHOWN = r"run\x1b[31m"


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "logs"
    with tickertape.SummaryWriter(made / RUN) as writer:
        for step in range(100):
            writer.add_scalar("loss", step, step)
    return made


def test_it_serves_until_it_is_interrupted(directory):
    (file,) = (directory / RUN).iterdir()
    content = bytearray(file.read_bytes())
    content[-200] ^= 1
    file.write_bytes(content)
    before = sorted((path, path.stat().st_mtime_ns) for path in directory.rglob("*"))
    process = subprocess.Popen(
        [commands.COMMAND, "serve", directory],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=commands.environment(),
    )
    try:
        assert process.stdout.readline() == f"serving {directory}; to see it run\n"
        address = re.search(r"--grpc_data_provider (127\.0\.0\.1:\d+)", process.stdout.readline())[1]
        with grpc.insecure_channel(address) as channel:
            stub = grpc_provider.make_stub(channel)
            assert [run.name for run in stub.ListRuns(protos.ListRunsRequest()).runs] == [RUN]
        told = commands.run("serve", "--problems", address, status=0).out
        shown = str(file).replace(RUN, SHOWN)
        assert re.fullmatch(rf"{re.escape(shown)}: \d+ bytes at \d+: damaged\n", told)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            _, log = process.communicate(timeout=60)
        finally:
            process.kill()  # if it has not ended
    assert process.returncode == 130
    assert f"tickertape serve: {shown}: skipped" in log
    assert "Traceback" not in log
    assert (
        sorted((path, path.stat().st_mtime_ns) for path in directory.rglob("*")) == before
    )  # nothing was touched


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "logdir: expected a log directory, got none"),
        (["no such directory"], "logdir: expected a directory or a file"),
        (["{logs}", "--reload", "-1"], "reload: expected seconds or 'once', got '-1'"),
        (["{logs}", "--samples-per-plugin", "x"], "samples-per-plugin: expected pairs such as"),
        (["{logs}", "--host", "256.0.0.1"], "port: expected one that is free at 256.0.0.1"),
        (["{logs}", "--port", "70000"], "port: expected a number from 0 to 65535, got 70000"),
        (["--problems", "127.0.0.1:1"], "address: expected a server of tickertape, got '127.0.0.1:1'"),
    ],
)
def test_mistakes(directory, arguments, words):
    done = commands.run("serve", *(argument.format(logs=directory) for argument in arguments))
    assert done.status in (1, 2)
    assert words in done.err
