"""A plain loop under wandb, MLflow or ClearML, which watch the writer.

`python log_with_observer.py MODE DIRECTORY OBSERVER`; `late`: install() comes after the observer has patched.
"""

import sys

import stack
import tickertape

OBSERVER = sys.argv[3]


def start():
    """Starts the observer; returns what ends it."""
    if OBSERVER == "wandb":
        import wandb

        return wandb.init(project="p", dir=stack.DIRECTORY, sync_tensorboard=True, mode="offline").finish
    if OBSERVER == "mlflow":
        import mlflow
        import mlflow.pytorch

        mlflow.set_tracking_uri(str(stack.DIRECTORY / "mlruns"))
        mlflow.pytorch.autolog(log_every_n_step=1, log_models=False)
        mlflow.start_run()
        return mlflow.end_run
    import clearml

    clearml.Task.set_offline(True)
    watched = {
        "tensorboard": True,
        "detect_repository": False,
    }  # the latter looks through the sources for minutes
    return clearml.Task.init("p", "t", auto_connect_frameworks=watched, auto_resource_monitoring=False).close


end = start()
if stack.MODE == "late":
    tickertape.install()
if stack.HANDED:
    from tickertape import SummaryWriter
else:
    from torch.utils.tensorboard import SummaryWriter
with SummaryWriter(str(stack.DIRECTORY / "logs")) as writer:
    assert stack.is_ours(writer)
    for step in range(10):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
        writer.add_scalar("train/accuracy", step / 10, step)
    writer.add_histogram("weights", stack.np.arange(10.0), 9)
    writer.add_hparams({"rate": 0.1, "name": "x"}, {"final": 0.5}, run_name="hparams")
end()
