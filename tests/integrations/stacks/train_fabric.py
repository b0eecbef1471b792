"""Lightning Fabric: a loop of one's own, its TensorBoardLogger."""

import stack
import torch
from lightning.fabric import Fabric
from lightning.fabric.loggers import TensorBoardLogger
from tickertape import SummaryWriter

logger = TensorBoardLogger(stack.DIRECTORY, name="fabric", version=0)
if stack.HANDED:
    logger._experiment = SummaryWriter(logger.log_dir)
fabric = Fabric(accelerator="cpu", loggers=logger)
model = torch.nn.Linear(4, 3)
model, optimizer = fabric.setup(model, torch.optim.SGD(model.parameters(), lr=0.1))
for step, (inputs, labels) in enumerate(stack.batches()):
    loss = torch.nn.functional.cross_entropy(model(inputs), labels)
    fabric.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    fabric.log_dict({"loss": loss, "more": {"step": step}}, step)
assert stack.is_ours(logger.experiment)
logger.finalize("success")
stack.no_thread_is_left_over()
