"""transformers' Trainer with our writer handed to its TensorBoardCallback: a tiny ViT reads handwritten digits.

The model is made from its configuration; nothing is downloaded.

python examples/with_trainer.py && tickertape view runs
"""

import argparse
import tempfile

import numpy as np
import tickertape
from sklearn.datasets import load_digits
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification, set_seed
from transformers.integrations import TensorBoardCallback

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", default="runs/with_trainer")
parser.add_argument("--steps", type=int, default=400)
options = parser.parse_args()


def dataset():
    """One dict an image, as the Trainer's collator takes them."""
    digits = load_digits()
    pixels = digits.images.astype(np.float32)[:, None] / 8 - 1
    return [
        {"pixel_values": image, "labels": label} for image, label in zip(pixels, digits.target, strict=True)
    ]


def accuracy(prediction):
    return {"accuracy": float((prediction.predictions.argmax(axis=1) == prediction.label_ids).mean())}


def main():
    set_seed(0)
    config = ViTConfig(
        image_size=8,
        patch_size=2,
        num_channels=1,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        num_labels=10,
    )
    data = dataset()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            ViTForImageClassification(config),
            TrainingArguments(
                output_dir=folder,
                max_steps=options.steps,
                per_device_train_batch_size=32,
                learning_rate=3e-3,
                logging_steps=10,
                eval_strategy="steps",
                eval_steps=50,
                save_strategy="no",
                report_to=[],  # the callback below is ours
                use_cpu=True,
                disable_tqdm=True,
            ),
            train_dataset=data[:1400],
            eval_dataset=data[1400:],
            compute_metrics=accuracy,
            callbacks=[TensorBoardCallback(tickertape.SummaryWriter(options.log_dir))],
        )
        trainer.train()
        score = trainer.evaluate()["eval_accuracy"]
    print(f"accuracy: {score:.1%}\ntickertape view {options.log_dir}")


if __name__ == "__main__":
    main()
