"""Deferred values for the native module: copies from the simulated CUDA device (fake_cuda) with their `DeviceCopy`."""

import ctypes

import ml_dtypes
import numpy as np
from tickertape import _core


class CopiedBytes:
    """`data` in the memory of the device, and its copy to the host.

    Attributes:
        address: where the copy goes.
        copy: the DeviceCopy of it.
    """

    def __init__(self, device, stream, data):
        self._device = device
        self._source = (ctypes.c_char * len(data)).from_buffer_copy(data)
        self._memory = (ctypes.c_char * len(data))()
        self.address = ctypes.addressof(self._memory)
        self.copy = _copy(device, stream, self, ctypes.addressof(self._source), self.address, len(data))

    def change(self, data, stream):
        """Overwrites the data on the device, as training does with a tensor that was logged."""
        self._device.fill(ctypes.addressof(self._source), data, stream)


class CopiedArray:
    """`array` in the memory of the device, and its copy to the host.

    Attributes:
        memory: the array to which the copy goes.
        copy: the DeviceCopy of it.
    """

    def __init__(self, device, stream, array):
        self._source = np.array(array, order="C")
        self.memory = np.zeros_like(self._source)
        self.copy = _copy(
            device, stream, self, self._source.ctypes.data, self.memory.ctypes.data, self._source.nbytes
        )


def _copy(device, stream, owner, source, to, nbytes):
    device.copy(to, source, nbytes, stream)
    event = device.event()
    device.record(event, stream)
    return _core.DeviceCopy(owner, "cuda", event, stream)


def scalar(device, stream, value, dtype="float32"):
    """A deferred scalar with this value."""
    copied = CopiedBytes(device, stream, np.array(value, numpy_dtype(dtype)).tobytes())
    return copied.copy.scalar(copied.address, dtype)


def numpy_dtype(name):
    """The NumPy dtype of an element type of the core."""
    return ml_dtypes.bfloat16 if name == "bfloat16" else np.dtype(name)
