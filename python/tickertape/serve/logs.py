"""The server's log on standard error: a line for each thing, without characters of names that would steer a terminal."""

from __future__ import annotations

import logging


class _Formatter(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        text = super().formatMessage(record)
        if text.isprintable():
            return text
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def start(program: str, level: int) -> None:
    """Writes what is logged from now on, each line with the name of the program before it."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(f"{program}: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
