"""Object stores on this machine: moto's S3 server and a GCS emulator, each behind a FaultProxy.

A test asks for the fixture `s3` or `gcs` (or `any_store`: both in turn) and gets a Store with a bucket of its own.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from tickertape.remote import uploader

from support.fault_proxy import FaultProxy, unused_port

# gcsfs would ask Google's own gRPC service what kind of bucket it has; children inherit it.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"

_BUCKETS = itertools.count()
_SUPPORT = Path(__file__).parent


class Emulator:
    """A store in a process of its own, on a port that stays the same; its content survives kill() and start()."""

    def __init__(self, scheme, directory):
        self.scheme = scheme
        self._directory = directory
        self.port = unused_port()
        self._process = None
        self.start()

    def start(self):
        """Starts the process if it does not run, and waits until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        recording = self._directory / "recording"
        command = (
            (_SUPPORT / "s3_server.py", self.port, recording)
            if self.scheme == "s3"
            else (
                *("-m", "gcp_storage_emulator", "-d", self._directory, "start", "-q"),
                *("-H", "127.0.0.1", "--port", self.port),
            )
        )
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", *map(str, command)],
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env={name: value for name, value in os.environ.items() if name != "STORAGE_EMULATOR_HOST"},
            )
        while not self._answers():
            assert self._process.poll() is None, (self._directory / "log").read_text()
            time.sleep(0.05)
        if self.scheme == "s3" and recording.exists():
            self._ask("/moto-api/recorder/replay-recording", b"")

    def _ask(self, path, data=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data, timeout=600) as answer:
            return answer.status

    def _answers(self):
        with contextlib.suppress(OSError):
            return bool(self._ask("/moto-api/" if self.scheme == "s3" else "/storage/v1/b?project=p"))
        return False

    def kill(self):
        """SIGKILL: requests that are being answered are cut off."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class Store:
    """A bucket in an emulator, and the proxy that its clients are sent through."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.proxy = FaultProxy(emulator.port)
        self.bucket = f"bucket-{os.getpid()}-{next(_BUCKETS)}"
        self.url = f"{'s3' if emulator.scheme == 's3' else 'gs'}://{self.bucket}"
        self.make_bucket()

    def make_bucket(self):
        self.filesystem().mkdir(self.bucket)
        self.proxy.forget()

    @property
    def options(self):
        """What fsspec's filesystem is opened with."""
        if self.emulator.scheme == "s3":
            return {"endpoint_url": self.proxy.url, "key": "test", "secret": "test"}
        return {"endpoint_url": self.proxy.url, "token": "anon", "project": "test"}

    @property
    def environment(self):
        """Environment variables that send boto3 and fsspec, in any process, to the proxy."""
        prefix = "FSSPEC_S3_" if self.emulator.scheme == "s3" else "FSSPEC_GS_"
        ours = {prefix + name.upper(): value for name, value in self.options.items()}
        if self.emulator.scheme == "s3":
            return ours | {
                "AWS_ENDPOINT_URL": self.proxy.url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
        return ours | {"STORAGE_EMULATOR_HOST": self.proxy.url}

    def filesystem(self, *, direct=False):
        """A new filesystem; `direct` goes past the proxy, its faults and its counts."""
        import fsspec  # `make wheel-smoke` does without

        kind = fsspec.get_filesystem_class(self.emulator.scheme)
        endpoint = f"http://127.0.0.1:{self.emulator.port}" if direct else self.proxy.url
        return kind(
            **self.options | {"endpoint_url": endpoint}, skip_instance_cache=True, use_listings_cache=False
        )

    def objects(self):
        """{key below the bucket: content} of everything in the bucket, past the proxy."""
        files = self.filesystem(direct=True)
        return {
            path.removeprefix(self.bucket + "/"): files.cat_file(path)
            for path in sorted(files.find(self.bucket))
        }

    def kill(self):
        """Kills the emulator."""
        self.emulator.kill()

    def restart(self):
        """Starts it again, with what it held."""
        self.emulator.start()


@contextlib.contextmanager
def emulator(scheme, directory):
    """An Emulator, "s3" or "gs", that ends with the block."""
    running = Emulator(scheme, directory)
    try:
        yield running
    finally:
        running.kill()


@contextlib.contextmanager
def store(running, monkeypatch):
    """A Store of its own in a running emulator; this process and its children find it by its URL."""
    import fsspec

    running.start()
    opened = Store(running)
    try:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "600")  # as below
        # fsspec has read the environment when it was imported.
        monkeypatch.setitem(fsspec.config.conf, opened.url.partition(":")[0], opened.options)
        yield opened
    finally:
        opened.proxy.close()
        fsspec.get_filesystem_class(running.scheme).clear_instance_cache()


@pytest.fixture(scope="session")
def s3_emulator(tmp_path_factory):
    pytest.importorskip("moto")
    with emulator("s3", tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="session")
def gcs_emulator(tmp_path_factory):
    pytest.importorskip("gcp_storage_emulator")
    with emulator("gs", tmp_path_factory.mktemp("gcs")) as running:
        yield running


@pytest.fixture
def s3(s3_emulator, monkeypatch):
    """A bucket of moto's S3 server."""
    with store(s3_emulator, monkeypatch) as opened:
        yield opened


@pytest.fixture
def gcs(gcs_emulator, monkeypatch):
    """A bucket of the GCS emulator."""
    with store(gcs_emulator, monkeypatch) as opened:
        yield opened


@pytest.fixture(params=["s3", "gcs"])
def any_store(request):
    """Both in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def spool(tmp_path, monkeypatch):
    """The spool directory of this test and of the processes that it starts, and uploads of its own.

    Nobody stops waiting because the machine is busy, and nothing that a test left behind concerns the next one.
    """
    monkeypatch.setenv("TICKERTAPE_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("TICKERTAPE_EXIT_TIMEOUT", "600")
    monkeypatch.setattr(uploader, "_uploader", uploader._Uploader())
    return tmp_path / "spool"
