"""Torch tensors on the simulated CUDA device: real ones in memory of the host that say they are elsewhere.

The core reads them through torch's own methods and copies them through the driver's functions of tests/support/fake_cuda.c.
What torch computes is done at once, not in the order of the device's queue.
"""

import torch
from tickertape import _core
from tickertape.convert import device_registry
from tickertape.devices import hooks

from support import fake_cuda, fake_device

torch_tensors = hooks._torch_tensors()  # imported as hooks do it: kept out of compiled graphs
_kept = []  # a device frees no memory before its queue has read it


class CudaTensor(torch.Tensor):
    """A tensor on the simulated device."""

    is_cpu = False
    is_cuda = True
    __torch_function__ = torch._C._disabled_torch_function_impl  # as fast as a torch.Tensor

    def get_device(self):
        return 0

    def item(self):
        raise AssertionError("asked for a value")

    __float__ = __bool__ = __int__ = __index__ = tolist = numpy = cpu = item


def tensor(values, dtype=torch.float32, **options):
    made = torch.tensor(values, **options).to(dtype).as_subclass(CudaTensor)
    _kept.append(made)
    return made


class Cuda:
    """What torch.cuda is for TorchDevice."""

    def __init__(self):
        self.driver = fake_cuda.load()
        self.stream = self.driver.stream()

    def attach(self):
        """From now on the core copies CudaTensors, and TorchDevice what the core leaves to it."""
        fake_device.install()
        assert _core.open_device("cuda", 0)
        _core.set_device_tensors((CudaTensor,), torch_tensors._NAMES, lambda _index: self.stream, _stack)
        made = torch_tensors.TorchDevice(torch.device("cuda", 0), self)
        made.locks_pages = False
        device_registry.find_by(CudaTensor, lambda _tensor: made)
        return made

    def Event(self):  # torch's name
        return _Event(self.driver)

    def current_stream(self, _device):
        return _Stream(self.stream)

    def current_device(self):
        return 0

    def is_current_stream_capturing(self):
        return self.driver.is_capturing(self.stream)


class _Stream:
    def __init__(self, handle):
        self.cuda_stream = handle


class _Event:
    def __init__(self, driver):
        self.driver, self.cuda_event = driver, driver.event()

    def record(self, stream):
        self.driver.record(self.cuda_event, stream.cuda_stream)

    def query(self):
        return self.driver.done(self.cuda_event)


def _stack(tensors):
    stacked = torch_tensors.stack([each.as_subclass(torch.Tensor) for each in tensors]).as_subclass(
        CudaTensor
    )
    _kept.append(stacked)
    return stacked
