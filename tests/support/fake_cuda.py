"""A simulated CUDA device: tests/support/fake_cuda.c, compiled, loaded and driven from Python."""

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("fake_cuda.c")
_libraries = []  # one at most


def build(directory):
    """Compiles libcuda.so.1 into `directory` and returns its path; skips the test if there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    library = Path(directory) / "libcuda.so.1"
    options = ["-std=c11", "-O1", "-shared", "-fPIC", "-pthread", "-Wl,-soname,libcuda.so.1"]
    subprocess.run([compiler, *options, "-o", library, _SOURCE], check=True)
    return library


def load(path=None):
    """The device of this process. Skips the test if a real driver is loaded already.

    Args:
        path: what build() returned; built when None.
    """
    if not _libraries:
        if "/libcuda.so" in Path("/proc/self/maps").read_text():
            pytest.skip("a real CUDA driver is loaded")
        with tempfile.TemporaryDirectory() as directory:  # its file may go once it is mapped
            library = ctypes.CDLL(str(path or build(directory)), mode=os.RTLD_GLOBAL | os.RTLD_NOW)
        _declare(library)
        _libraries.append(library)
    return FakeCuda(_libraries[0])


def _declare(library):
    word, size, number = ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int
    signatures = {
        "fake_stream_create": (word, ()),
        "fake_event_create": (word, ()),
        "fake_event_record": (None, (word, word)),
        "fake_copy_async": (None, (word, word, size, word)),
        "fake_fill_async": (None, (word, ctypes.c_char_p, size, word)),
        "fake_hold": (None, (word, number)),
        "fake_synchronize": (None, (word,)),
        "fake_event_done": (number, (word,)),
        "fake_delay": (None, (ctypes.c_double,)),
        "fake_fail": (None, (number,)),
        "fake_capture": (None, (number,)),
        "fake_capture_stream": (None, (word, number)),
        "fake_is_captured": (number, (word,)),
        "fake_locked_bytes": (ctypes.c_long, ()),
        "fake_copies": (ctypes.c_long, ()),
        "fake_use_context": (None, (word,)),
        "fake_context": (word, ()),
        "fake_capture_mode": (number, ()),
        "fake_syncs": (ctypes.c_long, ()),
        "fake_queries": (ctypes.c_long, ()),
        "fake_violations": (ctypes.c_long, ()),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


class FakeCuda:
    """The device as a test drives it. Streams and events are the ints that the driver would give."""

    def __init__(self, library):
        self._library = library
        self._streams = []
        self.use_context()

    def stream(self):
        """A queue of its own, with a thread that works on it."""
        made = self._library.fake_stream_create()
        self._streams.append(made)
        return made

    def event(self):
        return self._library.fake_event_create()

    def record(self, event, stream):
        self._library.fake_event_record(event, stream)

    def copy(self, to, source, nbytes, stream):
        """Copies between addresses; reads when its turn comes."""
        self._library.fake_copy_async(to, source, nbytes, stream)

    def fill(self, to, data, stream):
        """Simulates a kernel: writes `data` when its turn comes."""
        self._library.fake_fill_async(to, data, len(data), stream)

    def hold(self, stream):
        """Nothing of the queue is done until release()."""
        self._library.fake_hold(stream, 1)

    def release(self, stream):
        self._library.fake_hold(stream, 0)

    def delay(self, seconds):
        """Every copy takes that long."""
        self._library.fake_delay(seconds)

    def fail(self, error_number):
        """Every query ends with this CUresult; 0 ends that."""
        self._library.fake_fail(error_number)

    def capture(self, on):
        """A capture is under way in some thread: queries need relaxed mode."""
        self._library.fake_capture(int(on))

    def capture_stream(self, stream, on):
        """The stream is being captured into a graph: nothing may be enqueued on it."""
        self._library.fake_capture_stream(stream, int(on))

    def is_capturing(self, stream):
        return bool(self._library.fake_is_captured(stream))

    def synchronize(self, stream):
        self._library.fake_synchronize(stream)

    def done(self, event):
        return bool(self._library.fake_event_done(event))

    def use_context(self, context=0xC0DE):
        """Makes a context current in the calling thread; 0 is none."""
        self._library.fake_use_context(context)

    @property
    def context(self):
        return self._library.fake_context()

    @property
    def capture_mode(self):
        return self._library.fake_capture_mode()

    @property
    def syncs(self):
        return self._library.fake_syncs()

    @property
    def queries(self):
        return self._library.fake_queries()

    @property
    def copies(self):
        """Copies that the core has enqueued."""
        return self._library.fake_copies()

    @property
    def locked_bytes(self):
        """Page-locked memory that the core has asked for."""
        return self._library.fake_locked_bytes()

    @property
    def violations(self):
        return self._library.fake_violations()

    def calm(self):
        """Undoes what a test did to the device: no delay, no error, nothing held or under way."""
        self.fail(0)
        self.delay(0)
        self.capture(False)
        for stream in self._streams:
            self.release(stream)
            self.capture_stream(stream, False)
            event = self.event()
            self.record(event, stream)
            while not self.done(event):
                time.sleep(0.001)
