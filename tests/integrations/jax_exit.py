"""Ends while its values are still being computed."""

import functools
import sys

import jax
import jax.numpy as jnp
from tickertape import SummaryWriter


@jax.jit
def slow(seed):
    matrix = jnp.full((1200, 1200), seed / 1200)
    return functools.reduce(lambda product, _: product @ matrix / jnp.max(matrix), range(10), matrix)[0, 0]


writer = SummaryWriter(sys.argv[1])
value = slow(2.0)
for step in range(5):
    writer.add_scalar("a", value, step)
