"""`tickertape demo`: trains a small classifier, logs all of it and reads it back."""

from tickertape.demo.digits import run

__all__ = ["run"]
