"""How a subcommand ends early: a message on standard error and the exit status."""

from __future__ import annotations

FOUND = 0
NOTHING_FOUND = 1  # also: problems were found
WRONG_USE = 2


class CommandError(Exception):
    """A message for the user; main() prints it after the name of the subcommand.

    Attributes:
        status: the exit status.
    """

    def __init__(self, message: str, status: int = WRONG_USE) -> None:
        super().__init__(message)
        self.status = status
