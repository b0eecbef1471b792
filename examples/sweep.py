"""A hyper-parameter sweep on scikit-learn's breast cancer data, for TensorBoard's HPARAMS page.

Each trial is a run of its own: its curves, and the values that led to them, with the domains they were drawn from.

python examples/sweep.py && tickertape view runs
"""

import argparse
import itertools

import tickertape
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--log-dir", default="runs/sweep")
parser.add_argument("--epochs", type=int, default=20)
options = parser.parse_args()

DOMAINS = {
    "rate": [0.001, 0.01, 0.1],
    "width": [8, 64],
    "optimizer": ["SGD", "Adam"],
    "dropout": [False, True],
}


def load():
    """Features and labels, for training and validation; each feature with mean 0 and variance 1."""
    data = load_breast_cancer()
    train_x, valid_x, train_y, valid_y = train_test_split(
        data.data, data.target, test_size=0.3, random_state=0
    )
    scaler = StandardScaler().fit(train_x)
    tensors = (scaler.transform(train_x), scaler.transform(valid_x), train_y, valid_y)
    return [torch.as_tensor(part, dtype=torch.float32) for part in tensors]


def trial(directory, values, data):
    """Trains once. Returns the accuracy on the validation data."""
    train_x, valid_x, train_y, valid_y = data
    torch.manual_seed(0)
    drop = nn.Dropout(0.2 if values["dropout"] else 0)
    net = nn.Sequential(nn.Linear(30, values["width"]), nn.ReLU(), drop, nn.Linear(values["width"], 1))
    optimizer = getattr(torch.optim, values["optimizer"])(net.parameters(), lr=values["rate"])
    loss = nn.functional.binary_cross_entropy_with_logits
    with tickertape.SummaryWriter(directory) as writer:
        for epoch in range(options.epochs):
            net.train()
            for batch in torch.randperm(len(train_x)).split(32):
                optimizer.zero_grad()
                train = loss(net(train_x[batch]).squeeze(1), train_y[batch])
                train.backward()
                optimizer.step()
            net.eval()
            with torch.no_grad():
                logits = net(valid_x).squeeze(1)
            accuracy = ((logits > 0) == (valid_y > 0)).float().mean().item()
            writer.log(
                {"loss": {"train": train, "validation": loss(logits, valid_y)}, "accuracy": accuracy}, epoch
            )
        writer.add_hparams(values, {"hparam/accuracy": accuracy}, DOMAINS, same_run=True)
    return accuracy


def main():
    data = load()
    results = []
    for combination in itertools.product(*DOMAINS.values()):
        values = dict(zip(DOMAINS, combination, strict=True))
        name = "_".join(f"{key}={value}" for key, value in values.items())
        results.append((trial(f"{options.log_dir}/{name}", values, data), name))
    for accuracy, name in sorted(results, reverse=True)[:5]:
        print(f"{accuracy:.1%}  {name}")
    print(f"tickertape view {options.log_dir}")


if __name__ == "__main__":
    main()
