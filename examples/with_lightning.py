"""Lightning with its own TensorBoardLogger: one line, tickertape.install(), and it logs with our writer.

python examples/with_lightning.py && tickertape view runs
"""

import argparse
import logging

import tickertape

tickertape.install()  # before or after the imports below: Lightning asks for the writer when it trains

import lightning  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from lightning.pytorch.loggers import TensorBoardLogger  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset, random_split  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", default="runs/with_lightning")
parser.add_argument("--epochs", type=int, default=10)
options = parser.parse_args()


class Classifier(lightning.LightningModule):
    """A perceptron on handwritten digits."""

    def __init__(self, width=64, rate=1e-3):  # noqa: ARG002  # save_hyperparameters() keeps it
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
        self.example_input_array = torch.zeros(1, 1, 8, 8)

    def forward(self, images):
        return self.net(images)

    def training_step(self, batch, _index):
        images, labels = batch
        loss = nn.functional.cross_entropy(self(images), labels)
        self.log("loss/train", loss)
        return loss

    def validation_step(self, batch, index):
        images, labels = batch
        logits = self(images)
        self.log("loss/validation", nn.functional.cross_entropy(logits, labels))
        self.log("hp_metric", (logits.argmax(dim=1) == labels).float().mean())
        if index == 0:
            wrong = logits.argmax(dim=1) != labels
            if wrong.any():  # experiment is our SummaryWriter, with all that it can
                self.logger.experiment.add_images("wrong", images[wrong], self.global_step)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.rate)


def main():
    lightning.seed_everything(0, verbose=False)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    digits = load_digits()
    images = torch.from_numpy(digits.images.astype(np.float32)[:, None] / 16)
    train, valid = random_split(TensorDataset(images, torch.from_numpy(digits.target)), [0.8, 0.2])
    logger = TensorBoardLogger(options.log_dir, name=None, log_graph=True, default_hp_metric=False)
    trainer = lightning.Trainer(
        max_epochs=options.epochs,
        logger=logger,
        log_every_n_steps=5,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(Classifier(), DataLoader(train, 32, shuffle=True), DataLoader(valid, 128))
    assert isinstance(logger.experiment, tickertape.SummaryWriter)  # noqa: S101
    accuracy = trainer.callback_metrics["hp_metric"]
    print(f"accuracy: {accuracy:.1%}\ntickertape view {options.log_dir}")


if __name__ == "__main__":
    main()
