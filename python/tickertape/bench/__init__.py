"""`tickertape bench`: measures Tickertape on this machine, and the peers that are installed."""

from tickertape.bench.command import PARTS, make_plan, run

__all__ = ["PARTS", "make_plan", "run"]
