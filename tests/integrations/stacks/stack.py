"""What each training script starts with: `python script.py (theirs|install|handed|late) directory`.

`theirs`: the stack as it is, on torch's or tensorboardX's writer, for comparison. `install`: after
tickertape.install(). `handed`: our writer is handed over in the way that the stack has for it. `late`: the script calls
install() itself.
"""

import random
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import tickertape

warnings.simplefilter("ignore")  # the stacks' advice on workers, checkpoints and their own dependencies
MODE, DIRECTORY = sys.argv[1], Path(sys.argv[2]).absolute()
HANDED = MODE == "handed"

if MODE == "install":
    tickertape.install()

import torch  # noqa: E402  # after install(), as a script would have it

random.seed(7)
np.random.seed(7)  # noqa: NPY002  # the stacks draw from it
torch.manual_seed(7)
torch.set_num_threads(1)


def is_ours(writer):
    """True where the stack logs with the writer that it should have in this mode."""
    return isinstance(writer, tickertape.SummaryWriter) == (MODE != "theirs")


def no_thread_is_left_over():
    """Lightning's own tests assert this after every training."""
    left = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    assert MODE == "theirs" or not left, left


def batches(count=6, size=8, features=4, classes=3):
    """A few batches of a problem that can be learned: the class is the index of the largest feature."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        inputs = torch.randn(size, features, generator=generator)
        yield inputs, inputs[:, :classes].argmax(dim=1)
