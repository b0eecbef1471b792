"""How tests of what TensorBoard's page cannot show ask for a warning."""

import warnings

import pytest


def told(call, match):
    """The call warns, once: the second time it does not."""
    with pytest.warns(UserWarning, match=match):
        call()
    call()


def quiet(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call()
