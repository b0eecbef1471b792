"""A simulated accelerator: arrays whose work is done by the queues of tests/support/fake_cuda.c.

Its copies and events are real ones, asynchronous and as slow as a test wants them; the core asks the events through the
driver's own functions. Only the library that would make the arrays (torch) is simulated.
"""

import contextlib

import numpy as np
from tickertape import _core
from tickertape.convert import device_registry
from tickertape.devices import hooks, live
from tickertape.devices.streams import Source, StreamDevice

from support import fake_cuda


class FakeTensor:
    """A C-contiguous array on the device. Its methods only queue what they do, as those of torch's CUDA tensors."""

    def __init__(self, device, values, dtype="float32"):
        self.device = device
        self.cells = np.ascontiguousarray(values, dtype)
        self.shape, self.dtype = self.cells.shape, self.cells.dtype

    def __dlpack_device__(self):
        return (12, 0)  # kDLExtDev of dmlc/dlpack, dlpack.h

    def set(self, values):
        """Changes the array in place, when its turn comes."""
        new = np.broadcast_to(np.asarray(values, self.dtype), self.shape)
        self.device.cuda.fill(self.cells.ctypes.data, new.tobytes(), self.device.stream)

    def item(self):
        """Waits for the whole queue, as item() of torch does."""
        self.device.cuda.synchronize(self.device.stream)
        return self.cells.item()

    def __array__(self, dtype=None, copy=None):
        self.device.cuda.synchronize(self.device.stream)
        return np.array(self.cells, dtype)


class FakeDevice(StreamDevice):
    """The device. `kind` "cuda" is asked by the core, "manual" by Python."""

    def __init__(self, cuda, kind="cuda"):
        super().__init__()
        self.cuda, self.kind = cuda, kind
        self.stream = cuda.stream()
        self.is_capturing = False
        self.copies = 0

    def tensor(self, values, dtype="float32"):
        return FakeTensor(self, values, dtype)

    @contextlib.contextmanager
    def on(self, stream):
        """Another stream is the current one."""
        before, self.stream = self.stream, stream
        try:
            yield
        finally:
            self.stream = before

    @contextlib.contextmanager
    def held(self):
        """Nothing that is queued is done until the end."""
        self.cuda.hold(self.stream)
        try:
            yield
        finally:
            self.cuda.release(self.stream)

    # --- StreamDevice

    def current(self):
        if self.is_capturing:
            raise RuntimeError("the fake device is capturing")
        self.cuda.use_context()  # as torch's runtime does in whatever thread
        return contextlib.nullcontext()

    def pack(self, values, arguments):
        for value, argument in zip(values, arguments, strict=True):
            if value.cells.size != 1:
                raise ValueError(
                    f"{argument}: expected a number or an array of one element, got shape {value.shape}"
                )
        stack = np.empty(len(values), np.result_type(*(value.dtype for value in values)))
        for at, value in enumerate(values):
            assert value.dtype == stack.dtype or len(values) == 1
            self._queue(stack.ctypes.data + at * stack.itemsize, value.cells, stack)
        return Source(stack, stack.dtype.name, stack.itemsize, stack.size, stack)

    def whole(self, value, argument, *, exact=False):
        return Source(value.cells, value.dtype.name, value.cells.itemsize, value.cells.size, value)

    def counts(self, value, argument):
        import torch
        from tickertape.devices import device_histograms

        words = device_histograms.counts(torch.from_numpy(value.cells)).numpy()
        return Source(words, "int64", 8, words.size, words)

    def block(self, source, number):
        block = np.full((number, source.length), 77, source.data.dtype)
        return [(row, row.ctypes.data) for row in block]

    def page_locked(self, source):
        memory = np.full(source.data.shape, 77, source.data.dtype)
        return memory, memory.ctypes.data, memory

    def event(self):
        return self.cuda.event()

    def copy(self, slot, source):
        self.copies += 1
        self._queue(slot.address, source.data, source.data)

    def record(self, event):
        self.cuda.record(event, self.stream)
        return event, self.stream

    def has_passed(self, event):
        return self.cuda.done(event)

    def _queue(self, address, cells, kept):
        self.cuda.copy(address, cells.ctypes.data, cells.nbytes, self.stream)
        _kept_for_ever.append((cells, kept))  # a device does not free what is in its queue, NumPy would


_kept_for_ever = []


def install():
    """Undoes what other tests have left to the core: their hooks, and owners of memory that are no slots."""
    _core.set_device_hooks(hooks.one, hooks.many, live.poll)
    _core.take_done()


def attach(kind="cuda"):
    """A device of this process, known to tickertape until the process ends."""
    device = FakeDevice(fake_cuda.load(), kind)
    install()
    device_registry.find_by(FakeTensor, lambda tensor: tensor.device)
    return device
