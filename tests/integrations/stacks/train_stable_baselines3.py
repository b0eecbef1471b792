"""stable-baselines3's PPO on CartPole; its logger imports SummaryWriter at the level of its module."""

import stack
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import HParam, Image, Logger, TensorBoardOutputFormat
from tickertape import SummaryWriter


class Extras(BaseCallback):
    """What its manual shows beside scalars: hyper-parameters, a histogram, an image, text."""

    def _on_rollout_end(self):
        self.logger.record("weights", next(self.model.policy.parameters()).detach().numpy())
        self.logger.record("note", "a rollout", exclude=("stdout", "csv"))
        self.logger.record("picture", Image(torch.zeros(4, 5, 3).byte().numpy(), "HWC"), exclude=("stdout",))
        self.logger.record(
            "hparams", HParam({"gamma": 0.99}, {"rollout/ep_len_mean": 0.0}), exclude=("stdout",)
        )

    def _on_step(self):
        return True


model = PPO(
    "MlpPolicy",
    "CartPole-v1",
    n_steps=32,
    batch_size=16,
    n_epochs=1,
    seed=7,
    device="cpu",
    tensorboard_log=None if stack.HANDED else str(stack.DIRECTORY),
    policy_kwargs={"net_arch": [8]},
)
if stack.HANDED:
    output = TensorBoardOutputFormat(str(stack.DIRECTORY / "unused"))
    output.writer.close()
    output.writer = SummaryWriter(stack.DIRECTORY / "PPO_1")
    model.set_logger(Logger(str(stack.DIRECTORY), [output]))
model.learn(96, callback=Extras(), tb_log_name="PPO")
(output,) = [o for o in model.logger.output_formats if isinstance(o, TensorBoardOutputFormat)]
assert stack.is_ours(output.writer)
model.logger.close()
