"""The script of `tickertape run` once more, in a child process, for which this stands.

multiprocessing's spawn imports it as its main module, and Lightning's launcher starts it by `python -m`.
"""

import os
import sys

from tickertape.cli import run
from tickertape.integrations.install import install

__file__ = os.environ[run.SCRIPT_VARIABLE]
if __name__ == "__main__":
    run.set_command_line(os.path.dirname(__file__), [__file__, *sys.argv[1:]])  # noqa: PTH120  # a str
install()
exec(run.load(__file__))  # noqa: S102  # what `run` is for
