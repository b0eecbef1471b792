"""The sets of CPU features that codecs are tested on; tests/native/cpu_sets.h is the same for the native tests."""

from contextlib import contextmanager

from tickertape import _core

# What is turned off. On a processor without AVX-512 the first two are the same.
CPU_SETS = {"everything": "", "without AVX-512": "avx512", "portable": "all"}


@contextmanager
def only(name):
    """Until the end of the block only the features of this set are used."""
    _core.disable_cpu_features(CPU_SETS[name])
    try:
        yield
    finally:
        _core.disable_cpu_features("")


def each():
    """Yields the name of each set, which is in force while the loop's body runs."""
    for name in CPU_SETS:
        with only(name):
            yield name
