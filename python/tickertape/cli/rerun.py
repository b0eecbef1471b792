"""Runs the script of `tickertape run` in a child process that multiprocessing or Lightning has started.

multiprocessing's spawn imports this module as its main module; Lightning's launcher starts it with `python -m`.
"""

import os
import sys

from tickertape.cli import run
from tickertape.integrations.install import install

__file__ = os.environ[run.SCRIPT_VARIABLE]
if __name__ == "__main__":
    run.set_command_line(os.path.dirname(__file__), [__file__, *sys.argv[1:]])  # noqa: PTH120  # a str
install()
exec(run.load(__file__))  # noqa: S102  # running the script is the purpose
