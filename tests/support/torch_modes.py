"""Modes of torch that a caller may be in, which must not change what is logged."""

import contextlib

import torch

# Each makes the context manager of one mode.
MODES = [
    contextlib.nullcontext,
    torch.no_grad,
    torch.inference_mode,
    lambda: torch.autocast("cpu", torch.bfloat16),
    lambda: torch.autograd.set_detect_anomaly(True),
    lambda: torch.device("meta"),
]
