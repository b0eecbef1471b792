"""Ray Train with two workers, then Ray Tune with two trials, each of one process: `python ranks_ray.py directory`."""

import sys
import warnings

warnings.simplefilter("ignore")  # Ray's, about itself

import ray  # noqa: E402
from ray import train, tune  # noqa: E402
from ray.train.torch import TorchTrainer  # noqa: E402

DIRECTORY = sys.argv[1]
STEPS = 4


def train_worker(_config):
    from tickertape import SummaryWriter

    rank = train.get_context().get_world_rank()
    with (
        SummaryWriter(f"{DIRECTORY}/all") as all_ranks,
        SummaryWriter(f"{DIRECTORY}/zero", ranks="zero") as rank_zero,
    ):
        for step in range(STEPS):
            all_ranks.add_scalar("rank", rank, step)
            rank_zero.add_scalar("rank", rank, step)


def trial(config):
    from tickertape import SummaryWriter

    with SummaryWriter(f"{DIRECTORY}/trials/{config['number']}", ranks="zero") as writer:
        for step in range(STEPS):
            writer.add_scalar("number", config["number"], step)


ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, configure_logging=False)
TorchTrainer(
    train_worker,
    scaling_config=train.ScalingConfig(num_workers=2),
    run_config=train.RunConfig(storage_path=f"{DIRECTORY}/ray", name="train"),
).fit()
tuner = tune.Tuner(
    trial,
    param_space={"number": tune.grid_search([0, 1])},
    run_config=tune.RunConfig(storage_path=f"{DIRECTORY}/ray", name="tune", verbose=0),
)
assert not tuner.fit().errors
ray.shutdown()
