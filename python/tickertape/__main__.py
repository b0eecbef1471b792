"""`python -m tickertape` is the `tickertape` command."""

import sys

from tickertape.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
