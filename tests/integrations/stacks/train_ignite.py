"""pytorch-ignite's TensorboardLogger, which asks for tensorboardX first."""

import stack
import torch
from ignite.engine import Events, create_supervised_trainer
from ignite.handlers.tensorboard_logger import (
    GradsHistHandler,
    OutputHandler,
    TensorboardLogger,
    WeightsScalarHandler,
    global_step_from_engine,
)
from tickertape import SummaryWriter

model = torch.nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
trainer = create_supervised_trainer(model, optimizer, torch.nn.functional.cross_entropy)
logger = TensorboardLogger(logdir=str(stack.DIRECTORY / "ours" if stack.HANDED else stack.DIRECTORY))
if stack.HANDED:
    logger.writer.close()
    logger.writer = SummaryWriter(stack.DIRECTORY)
logger.attach_output_handler(
    trainer, Events.ITERATION_COMPLETED, tag="training", output_transform=lambda loss: {"loss": loss}
)
logger.attach_opt_params_handler(trainer, Events.ITERATION_STARTED, optimizer)
logger.attach(trainer, WeightsScalarHandler(model), Events.EPOCH_COMPLETED)
logger.attach(trainer, GradsHistHandler(model), Events.EPOCH_COMPLETED)
logger.attach(
    trainer,
    OutputHandler("epochs", output_transform=float, global_step_transform=global_step_from_engine(trainer)),
    Events.EPOCH_COMPLETED,
)
trainer.run(list(stack.batches()), max_epochs=2)
assert stack.is_ours(logger.writer)
logger.close()
