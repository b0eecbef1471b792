"""NumPy's extra element types from ml_dtypes, where it is installed (JAX and TensorFlow bring it)."""

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None


def scalar(name, value):
    """`value` as a NumPy scalar of the type; None without ml_dtypes."""
    return None if ml_dtypes is None else getattr(ml_dtypes, name)(value)
