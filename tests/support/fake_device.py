"""A simulated accelerator: arrays whose work is done by the queues of tests/support/fake_cuda.c.

Its copies and events are real ones, asynchronous and as slow as a test wants them. The core copies scalars and asks events
through the driver's own functions. Only the library that would make the arrays (torch) is simulated.
"""

import contextlib

import numpy as np
from tickertape import _core
from tickertape.convert import device_registry, dtypes
from tickertape.devices import hooks, live
from tickertape.devices.streams import Source, StreamDevice

from support import fake_cuda


class FakeTensor:
    """A C-contiguous array on the device. Its methods only queue what they do, as those of torch's CUDA tensors."""

    def __init__(self, device, values, dtype="float32"):
        self.device = device
        self.cells = np.ascontiguousarray(values, dtype)
        self.shape, self.dtype = self.cells.shape, self.cells.dtype
        self.is_cuda = device.kind == "cuda"
        _kept_for_ever.append(self)  # a device does not free what is in its queue, NumPy would

    def get_device(self):
        return self.device.index

    def numel(self):
        return self.cells.size

    def is_neg(self):
        return False

    def data_ptr(self):
        return self.cells.ctypes.data

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

    def __init__(self, cuda, kind="cuda", index=0):
        super().__init__()
        self.cuda, self.kind, self.index = cuda, kind, index
        self.stream = cuda.stream()

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
        self.cuda.use_context(0xC0DE + self.index)  # as torch's runtime does in whatever thread
        return contextlib.nullcontext()

    def whole(self, value, argument, *, exact=False):
        if self.cuda.is_capturing(self.stream):
            raise RuntimeError(f"{argument}: the fake device is capturing")
        return Source(value.cells, value.dtype.name, value.cells.itemsize, value.cells.size, value)

    def counts(self, value, argument):
        import torch
        from tickertape.devices import device_histograms

        self.whole(value, argument)
        words = device_histograms.counts(torch.from_numpy(value.cells)).numpy()
        return Source(words, "int64", 8, words.size, words)

    def page_locked(self, source):
        memory = np.full(source.data.shape, 77, source.data.dtype)
        return memory, memory

    def event(self):
        return self.cuda.event()

    def copy(self, slot, source):
        self._queue(slot.memory, source.data)

    def record(self, event):
        self.cuda.record(event, self.stream)
        return event, self.stream

    def has_passed(self, event):
        return self.cuda.done(event)

    def _queue(self, memory, cells):
        self.cuda.copy(memory.ctypes.data, cells.ctypes.data, cells.nbytes, self.stream)
        _kept_for_ever.append((cells, memory))


_kept_for_ever = []
_devices = {}  # by index


def _stack(tensors):
    """What torch.stack does: a new tensor, filled when its turn comes."""
    if any(tensor.cells.size != 1 for tensor in tensors):
        raise RuntimeError("stack expects each tensor to be equal size")
    device = tensors[0].device
    stacked = FakeTensor(device, np.empty(len(tensors)), tensors[0].dtype)
    for cell, tensor in zip(np.split(stacked.cells, len(tensors)), tensors, strict=True):
        device._queue(cell, tensor.cells)
    return stacked


def install():
    """Undoes what other tests have left to the core: their hooks and tensors, and owners of memory that are no slots."""
    _core.set_device_hooks(hooks.one, hooks.many, live.poll)
    _core.set_device_tensors(
        (FakeTensor,),
        {np.dtype(name): name for name in dtypes.REAL},
        lambda index: _devices[index].stream,
        _stack,
    )
    _core.take_done()


def attach(kind="cuda", index=0):
    """A device of this process, known to tickertape until the process ends."""
    cuda = fake_cuda.load()
    device = _devices[index] = FakeDevice(cuda, kind, index)
    cuda.use_context(0xC0DE + index)
    assert _core.open_device("cuda", index)
    install()
    device_registry.find_by(FakeTensor, lambda tensor: tensor.device)
    return device
