"""The element types that the core knows (csrc/array/array.h), by their names. The one table of them in Python."""

from __future__ import annotations

# Real numbers that NumPy has too. bfloat16, which it lacks, is passed as its bits in uint16.
INTEGERS = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
FLOATS = ("float16", "float32", "float64")
REAL = (*INTEGERS, *FLOATS)
BFLOAT16 = "bfloat16"
# Only add_tensor and write() take these.
COMPLEX = ("complex64", "complex128")
