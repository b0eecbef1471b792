"""accelerate's tracker: its own, and one that holds our writer."""

import stack
import torch
from accelerate import Accelerator
from accelerate.tracking import TensorBoardTracker
from tickertape import SummaryWriter


class OurTracker(TensorBoardTracker):
    def start(self):
        self.logging_dir = f"{self.logging_dir_param}/{self.run_name}"
        self.writer = SummaryWriter(self.logging_dir)


if stack.HANDED:
    tracker = OurTracker("run", stack.DIRECTORY)
    tracker.start()
    accelerator = Accelerator(cpu=True, log_with=tracker)
else:
    accelerator = Accelerator(cpu=True, log_with="tensorboard", project_dir=stack.DIRECTORY)
accelerator.init_trackers("run", config={"rate": 0.1, "layers": 2, "name": "linear", "bias": True})
model = torch.nn.Linear(4, 3)
model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.1))
for step, (inputs, labels) in enumerate(stack.batches()):
    loss = torch.nn.functional.cross_entropy(model(inputs), labels)
    accelerator.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    accelerator.log({"loss": loss.item(), "note": f"step {step}", "both": {"a": step, "b": -step}}, step=step)
tracker = accelerator.get_tracker("tensorboard")
tracker.log_images({"inputs": inputs.sigmoid().reshape(1, 1, 8, 4)}, step=step)
assert stack.is_ours(tracker.writer)
accelerator.end_training()
stack.no_thread_is_left_over()
