"""Processes that log to a URL are killed; everything that they had logged comes to the store, once, in order."""

import random

from support.remote_killing import Kills


def test_killed_at_random(tmp_path):
    kills = Kills(tmp_path, random.Random(7), longest_secs=0.2)
    for _ in range(6):
        kills.kill_one()
    kills.check()
