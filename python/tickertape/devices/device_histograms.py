"""add_histogram of a tensor on an accelerator: counted there by torch operations, so that only counts travel.

Nothing here waits for the device: no size, branch or index depends on a value. The counts equal those of
csrc/codec/histogram/histogram.cc exactly.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np

from tickertape.convert.histogram_edges import tensorflow_edges

# Values that are sorted in one pass. torch sorts with an index of 8 bytes for each value and memory of its own: about
# 100 MiB on the device. Few layers of a model have more values, so most need one pass.
_CHUNK = 2**22
# Length of the result of `counts`, the argument of add_histogram_counts: numbers of NaN and of infinite values; min, max,
# sum and sum of squares of the finite values (bits of float64); numbers of finite values below the first edge, in each
# bin, and above the last edge.
WORDS = 2 + 4 + 1 + (len(tensorflow_edges()) - 1) + 1


def counts(tensor: Any, stream: int = 0) -> Any:
    """Counts a histogram over the 1,549 edges, as one int64 tensor [WORDS] on the device of `tensor`.

    Args:
        tensor: a dense torch tensor of real numbers, any shape, at least one element. It is read in stream order.
        stream: number of the current stream of its device.

    Raises:
        TypeError, RuntimeError: the device has no float64 (MPS), or lacks an operation for this type.
    """
    torch: Any = sys.modules["torch"]
    with torch.no_grad():
        flat = tensor.detach().reshape(-1)
        parts = [_count(torch, chunk, stream) for chunk in flat.split(_CHUNK)]
        places, odd, statistics = (torch.stack(part) for part in zip(*parts, strict=True))
        return _pack(torch, places.sum(0), odd.sum(0), statistics, flat.numel())


def _count(torch: Any, chunk: Any, stream: int) -> tuple[Any, Any, Any]:
    """(values below each edge [edges], [NaN, infinite], [min, max, sum, sum of squares]) of one chunk."""
    # 64-bit integers are rounded to doubles as in NumPy's astype(float), which the core does too. All else is exact.
    values = chunk.to(_comparable(torch, chunk.dtype))
    odd = ~torch.isfinite(values)
    infinity = float("inf")
    # NaN breaks torch's binary search, so values that are not finite are sorted to the end, after the last edge. Not
    # with torch.where, which copies a number to the device and waits for it (aten/src/ATen/native/TensorCompare.cpp).
    ordered = values.masked_fill(odd, infinity).sort().values
    places = torch.searchsorted(ordered, _edges(values.dtype, values.device, stream))
    # Zeros do not change the sums.
    exact = values.masked_fill(odd, 0).double()
    least = ordered[0].double()
    greatest = values.masked_fill(odd, -infinity).amax().double()
    statistics = torch.stack([least, greatest, exact.sum(), exact.square().sum()])
    return places, torch.stack([torch.isnan(values).sum(), torch.isinf(values).sum()]), statistics


def _pack(torch: Any, places: Any, odd: Any, statistics: Any, size: int) -> Any:
    low, high, totals, squares = statistics.unbind(1)
    # Adding +0 turns -0 into +0, as the core does.
    folded = torch.stack([low.amin() + 0.0, high.amax() + 0.0, totals.sum(), squares.sum()])
    above = size - odd.sum() - places[-1:]
    return torch.cat([odd, folded.view(torch.int64), places[:1], places.diff(), above])


def _comparable(torch: Any, dtype: Any) -> Any:
    """The type in which values are compared: float32 if it holds every value of `dtype`, otherwise float64."""
    if dtype.is_floating_point:
        return torch.float64 if dtype.itemsize == 8 else torch.float32
    return torch.float32 if dtype.itemsize <= 2 else torch.float64


@cache
def _edges(dtype: Any, device: Any, _stream: int) -> Any:
    """For each edge the least number of `dtype` in the bin to its right, on the device.

    x >= edge in float64 is then the same as x >= that number in `dtype`, so values need not be widened. The last edge
    belongs to the bin on its left, so its number is the next one above it. Copied once for each stream of a device (at
    most 32, c10/cuda/CUDAStream.h): one stream does not know when a copy of another has ended.
    """
    torch: Any = sys.modules["torch"]
    kind = np.float32 if dtype == torch.float32 else np.float64
    exact = np.array(tensorflow_edges(), np.float64)
    rounded = exact.astype(kind)
    above = np.nextafter(rounded, np.array(np.inf, kind))
    least = np.where(rounded.astype(np.float64) >= exact, rounded, above)
    if least[-1] == exact[-1]:
        least[-1] = above[-1]
    edges = torch.from_numpy(least)
    if device.type in ("cpu", "meta"):
        return edges.to(device)
    # A copy from memory that is not page-locked may wait for the stream (CUDA, API synchronization behavior).
    return edges.pin_memory().to(device, non_blocking=True)
