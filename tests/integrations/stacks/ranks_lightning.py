"""Lightning's own launcher with two processes: `python ranks_lightning.py directory`. Each rank has a writer of its own."""

import sys
import warnings

import lightning
import torch
from tickertape import SummaryWriter
from torch.utils.data import DataLoader

warnings.simplefilter("ignore")  # Lightning's advice
DIRECTORY = sys.argv[1]
STEPS = 4


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Linear(4, 1)

    def on_fit_start(self):
        self.all_ranks = SummaryWriter(f"{DIRECTORY}/all")
        self.rank_zero = SummaryWriter(f"{DIRECTORY}/zero", ranks="zero")

    def training_step(self, batch, index):
        self.all_ranks.add_scalar("rank", self.global_rank, index)
        self.rank_zero.add_scalar("rank", self.global_rank, index)
        return self.net(batch).square().mean()

    def on_fit_end(self):
        self.all_ranks.close()
        self.rank_zero.close()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


torch.set_num_threads(1)
lightning.Trainer(
    max_epochs=1,
    limit_train_batches=STEPS,
    accelerator="cpu",
    devices=2,
    strategy="ddp",
    logger=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    enable_checkpointing=False,
).fit(Model(), DataLoader(torch.zeros(64, 4), batch_size=2))
