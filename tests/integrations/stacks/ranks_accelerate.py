"""accelerate's launcher for processes without a GPU: `python ranks_accelerate.py directory`."""

import sys

from accelerate import Accelerator, debug_launcher
from tickertape import SummaryWriter

DIRECTORY = sys.argv[1]
STEPS = 4


def train():
    # Before the process group is made: accelerate's variables tell the rank.
    with SummaryWriter(f"{DIRECTORY}/zero", ranks="zero") as rank_zero:
        accelerator = Accelerator(cpu=True)
        with SummaryWriter(f"{DIRECTORY}/all") as all_ranks:
            for step in range(STEPS):
                all_ranks.add_scalar("rank", accelerator.process_index, step)
                rank_zero.add_scalar("rank", accelerator.process_index, step)
    accelerator.end_training()


debug_launcher(train, num_processes=2)
