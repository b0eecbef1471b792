"""Lightning's Trainer and its TensorBoardLogger, with hyper-parameters and a graph."""

import lightning
import stack
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from tickertape import SummaryWriter
from torch.utils.data import DataLoader


class Classifier(lightning.LightningModule):
    def __init__(self, rate=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
        self.example_input_array = torch.zeros(1, 4)

    def forward(self, inputs):
        return self.net(inputs)

    def training_step(self, batch, index):
        loss = torch.nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, index):
        self.log("hp_metric", (self(batch[0]).argmax(dim=1) == batch[1]).float().mean())
        if index == 0:
            self.logger.experiment.add_histogram("logits", self(batch[0]), self.global_step)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)


logger = TensorBoardLogger(
    stack.DIRECTORY, name="digits", version="one", log_graph=True, default_hp_metric=False
)
if stack.HANDED:
    logger._experiment = SummaryWriter(logger.log_dir)
data = DataLoader(list(stack.batches()), batch_size=None)
trainer = lightning.Trainer(
    max_epochs=2,
    logger=logger,
    accelerator="cpu",
    log_every_n_steps=1,
    enable_progress_bar=False,
    enable_model_summary=False,
    enable_checkpointing=False,
)
trainer.fit(Classifier(), data, data)
logger.log_hyperparams({"rate": 0.1}, {"hp_metric": 0.5})
assert stack.is_ours(logger.experiment)
assert isinstance(logger.experiment, torch.utils.tensorboard.SummaryWriter) or stack.HANDED
logger.finalize("success")
stack.no_thread_is_left_over()
