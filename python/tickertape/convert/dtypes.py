"""The element types by their names, from the core's table (csrc/bindings/convert/dtypes.cc)."""

from __future__ import annotations

from tickertape._core import DTYPES

# Real numbers that NumPy has too. bfloat16, which it lacks, is passed as its bits in uint16.
REAL = tuple(name for name, kind in DTYPES if kind in ("b", "i", "u", "f"))
BFLOAT16 = "bfloat16"
# Only add_tensor and write() take these.
COMPLEX = tuple(name for name, kind in DTYPES if kind == "c")
