"""Which line a warning names: that of the user's call, however many functions of ours lie between."""

import warnings

import numpy as np
import pytest
import tickertape

TOO_LARGE = 2**53 + 1  # for a float64
CALLS = {
    "add_scalar": lambda w: w.add_scalar("a", 1e39, 0),
    "log": lambda w: w.log({"a": 1e39}, 0),
    "a notice of the core": lambda w: (w.add_histogram("h", np.array([np.nan, 1.0])), w.flush()),
    "a notice through add_scalars": lambda w: w.add_scalars("s", {"x": 1e39}),
    "add_audio": lambda w: w.add_audio("a", np.array([2.0, 0.0])),
    "add_hparams": lambda w: w.add_hparams({"h": TOO_LARGE}, {}),
    "add_hparams, in a domain": lambda w: w.add_hparams({"h": 1}, {}, {"h": [1, TOO_LARGE]}),
    "add_pr_curve_raw": lambda w: w.add_pr_curve_raw("p", *[[1.0, 0.0]] * 6, weights=1),
    "add_embedding": lambda w: [w.add_embedding(np.eye(2), tag="e") for _ in range(2)],
}


@pytest.mark.parametrize("name", CALLS)
def test_the_line_of_the_call(tmp_path, name):
    with tickertape.SummaryWriter(tmp_path) as writer, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CALLS[name](writer)
    assert [warning.filename for warning in caught] == [__file__]
    assert caught[0].lineno == CALLS[name].__code__.co_firstlineno
