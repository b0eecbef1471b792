"""`tickertape-data-server` as TensorBoard starts it, and alone."""

import importlib
import re
import signal
import subprocess
import sys

import grpc
import pytest
import tickertape
from support import boards
from support.data_providers import served, until
from tensorboard.data import grpc_provider
from tensorboard.data.proto import data_provider_pb2 as protos
from tickertape.serve import data_server


@pytest.fixture
def directory(tmp_path):
    with tickertape.SummaryWriter(tmp_path / "logs" / "run") as writer:
        for step in range(10):
            writer.add_scalar("loss", step / 2, step)
    return tmp_path / "logs"


def test_tensorboard_starts_it(directory):
    with boards.started(directory) as board:
        assert board.json("plugin/scalars/tags") == {
            "run": {"loss": {"displayName": "loss", "description": ""}}
        }
        points = board.json("plugin/scalars/scalars", run="run", tag="loss")
        assert [(step, value) for _, step, value in points] == [(step, step / 2) for step in range(10)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--reload=never"], "reload: expected seconds or 'once', got 'never'"),
        (["--samples-per-plugin=images"], "samples-per-plugin: expected pairs such as"),
        (["--samples-per-plugin=images=-1"], "samples-per-plugin: expected pairs such as"),
    ],
)
def test_wrong_arguments(directory, arguments, words):
    done = subprocess.run(
        [boards.DATA_SERVER, "--logdir", directory, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr


def test_why_it_cannot_start_is_in_the_error_file(directory, tmp_path):
    error_file = tmp_path / "error"
    done = subprocess.run(
        [boards.DATA_SERVER, "--logdir", directory, "--host", "256.0.0.1", "--error-file", error_file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert error_file.read_text().startswith("port: expected one that is free at 256.0.0.1, got 0")


@pytest.fixture
def start():
    """Starts a data server, which does not outlive the test."""
    processes = []

    def started(*arguments):
        processes.append(
            subprocess.Popen(
                [boards.DATA_SERVER, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return processes[-1]

    yield started
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_it_ends_with_standard_input_also_while_it_loads(directory, tmp_path, start):
    port_file = tmp_path / "port"
    process = start("--logdir", directory, "--port-file", port_file, "--die-after-stdin")
    try:
        until(lambda: port_file.exists() or process.poll() is not None)
        assert port_file.read_text() == f"{int(port_file.read_text())}\n"
    finally:
        process.communicate(timeout=60)  # closes standard input
    assert process.returncode == 0


def test_reload_once(directory, tmp_path, start):
    port_file = tmp_path / "port"
    arguments = ["--logdir", directory, "--port-file", port_file, "--reload", "once", "--die-after-stdin"]
    process = start(*arguments, "--samples-per-plugin", "scalars=all,images=2", "--verbose", "--verbose")
    try:
        until(lambda: port_file.exists() or process.poll() is not None)
        address = f"127.0.0.1:{int(port_file.read_text())}"
        with grpc.insecure_channel(address) as channel:
            stub = grpc_provider.make_stub(channel)
            request = protos.ReadScalarsRequest(
                plugin_filter={"plugin_name": "scalars"}, downsample={"num_points": 0}
            )
            assert list(stub.ReadScalars(request).runs[0].tags[0].data.step) == list(range(10))
            with tickertape.SummaryWriter(directory / "new") as writer:
                writer.add_scalar("loss", 1, 1)
            assert [run.name for run in stub.ListRuns(protos.ListRunsRequest()).runs] == ["run"]
    finally:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"listening at {address}" in log
    assert f"{directory}: 1 runs in" in log


def test_a_url_that_cannot_be_opened_is_left_to_tensorboard(tmp_path, start):
    error_file = tmp_path / "error"
    process = start("--logdir", "nostore://bucket/runs", "--error-file", error_file)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "expected a URL that fsspec can open, got 'nostore://bucket/runs'" in log
    assert error_file.read_text() in log


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.delitem(sys.modules, "tickertape.serve.protos", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'tickertape\[serve\]'"):
        importlib.import_module("tickertape.serve.protos")


def test_it_ends_at_once_without_standard_input(directory):
    shell = f"exec '{boards.DATA_SERVER}' --logdir '{directory}' --die-after-stdin <&-"
    subprocess.run(["sh", "-c", shell], check=True, timeout=60)


def test_a_port_file_that_cannot_be_written(directory, tmp_path, start):
    process = start("--logdir", directory, "--port-file", tmp_path / "no" / "port")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.fullmatch(r"tickertape-data-server: .*No such file.*\n", log)


def test_ctrl_c(directory, tmp_path, start):
    port_file = tmp_path / "port"
    process = start("--logdir", directory, "--port-file", port_file)
    try:
        until(lambda: port_file.exists() or process.poll() is not None)
    finally:
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
    assert (process.returncode, log) == (0, "")


def test_a_huge_number_of_samples_is_all(directory):
    with served(directory, samples=data_server.samples("scalars=" + "9" * 40)) as client:
        assert len(client.scalars()["run"]["loss"]) == 10


def test_a_port_that_is_none(directory, start):
    process = start("--logdir", directory, "--port", "70000")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1
    assert log == "tickertape-data-server: port: expected a number from 0 to 65535, got 70000\n"


def test_a_listing_is_answered_without_numpy(directory):
    """NumPy takes as long to import as gRPC."""
    code = """
import sys
from tickertape.serve.server import Server
from tensorboard.data.proto import data_provider_pb2 as protos
with Server(sys.argv[1], reload_secs=None) as server:
    assert server.log_dir.wait_until_loaded(60)
    (tag,) = server.log_dir.runs["run"].tags.values()
    assert tag.latest[0] == 9
    assert "numpy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(directory)], check=True)
