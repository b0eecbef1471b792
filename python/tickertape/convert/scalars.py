"""One number in any form that add_scalar takes, as a float."""

from tickertape import _core

as_scalar = _core.to_scalar  # the rules of add_scalar; waits for a value that is still on a device
