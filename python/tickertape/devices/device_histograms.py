"""add_histogram of a tensor on an accelerator: counted there by torch operations, so that only counts travel.

Nothing here waits for the device: no size, branch or index depends on a value. The counts are those of
csrc/codec/histogram/histogram.cc, to the last one.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np

from tickertape.convert.histogram_edges import tensorflow_edges

# Values that are sorted at a time. With a number of 8 bytes for each, as torch sorts, and what the sort needs itself,
# they take some 100 MiB of the device at the most; a model's layers rarely have more, so most take one pass.
_CHUNK = 2**22
# What `counts` returns and add_histogram_counts of the core takes: NaN and infinite values; least, greatest, sum and sum
# of squares of the finite ones (bits of float64); finite values below the first edge, in each bin, above the last edge.
WORDS = 2 + 4 + 1 + (len(tensorflow_edges()) - 1) + 1


def counts(tensor: Any, stream: int = 0) -> Any:
    """What `tensorflow_histogram` of the core counts, as one int64 tensor [WORDS] on the device of `tensor`.

    Args:
        tensor: a dense torch tensor of real numbers, any shape, at least one element. Read in the order of its stream.
        stream: number of the stream that is current on its device.

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
    """([edges] values below each edge, [NaN, infinite], [min, max, sum, squares]) of a part."""
    # 64-bit integers are rounded to doubles as by NumPy's astype(float), and so by the core; all else is exact.
    values = chunk.to(_comparable(torch, chunk.dtype))
    odd = ~torch.isfinite(values)
    infinity = float("inf")
    # torch's search goes astray where it meets NaN; at the end of the order nothing counts what is not finite. Not
    # torch.where, which copies a number to the device and waits for that (aten/src/ATen/native/TensorCompare.cpp).
    ordered = values.masked_fill(odd, infinity).sort().values
    places = torch.searchsorted(ordered, _edges(values.dtype, values.device, stream))
    # Zeros change no sum.
    exact = values.masked_fill(odd, 0).double()
    least = ordered[0].double()
    greatest = values.masked_fill(odd, -infinity).amax().double()
    statistics = torch.stack([least, greatest, exact.sum(), exact.square().sum()])
    return places, torch.stack([torch.isnan(values).sum(), torch.isinf(values).sum()]), statistics


def _pack(torch: Any, places: Any, odd: Any, statistics: Any, size: int) -> Any:
    low, high, totals, squares = statistics.unbind(1)
    # Adding +0 turns -0 into it, as the core does.
    folded = torch.stack([low.amin() + 0.0, high.amax() + 0.0, totals.sum(), squares.sum()])
    above = size - odd.sum() - places[-1:]
    return torch.cat([odd, folded.view(torch.int64), places[:1], places.diff(), above])


def _comparable(torch: Any, dtype: Any) -> Any:
    """The type in which values are compared: float32 where it holds each of them, else float64."""
    if dtype.is_floating_point:
        return torch.float64 if dtype.itemsize == 8 else torch.float32
    return torch.float32 if dtype.itemsize <= 2 else torch.float64


@cache
def _edges(dtype: Any, device: Any, _stream: int) -> Any:
    """On the device, for each edge the least number of `dtype` that belongs to the bin on its right.

    x >= edge in float64 is then the same as x >= that number in `dtype`, and no value needs to be widened. The last
    edge belongs to the bin on its left: its number is the next one above. Copied once for each stream of a device (there
    are 32 at most, c10/cuda/CUDAStream.h), since nothing says to one stream what another has finished.
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
    # From other memory than page-locked the copy may wait for the stream (CUDA, API synchronization behavior).
    return edges.pin_memory().to(device, non_blocking=True)
