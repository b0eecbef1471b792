"""add_mesh against torch's writer."""

import numpy as np
import pytest
import torch
from support import oracle
from tensorboard.plugins.mesh import metadata

RNG = np.random.default_rng(15)
VERTICES = RNG.normal(size=(2, 4, 3)).astype(np.float32)
COLORS = RNG.integers(0, 256, (2, 4, 3))
FACES = np.array([[[0, 2, 3], [0, 3, 1]], [[0, 1, 2], [1, 3, 2]]])

CASES = {
    "points": (VERTICES,),
    "colors": (VERTICES, COLORS),
    "faces": (VERTICES, None, FACES),
    "all": (VERTICES, COLORS, FACES),
    "config": (VERTICES, COLORS, FACES, {"material": {"cls": "MeshBasicMaterial"}, "camera": {"fov": 75}}),
    "tensors": (torch.from_numpy(VERTICES), torch.from_numpy(COLORS).int(), torch.from_numpy(FACES)),
    "uint8 colors": (VERTICES, COLORS.astype(np.uint8)),
    "float64": (VERTICES.astype(np.float64) * 1.1,),
}


@pytest.mark.parametrize("name", CASES)
def test_as_torch(tmp_path, name):
    theirs, ours = oracle.both(
        tmp_path,
        lambda writer: writer.add_mesh("a/b", *CASES[name], global_step=5, walltime=oracle.WALLTIME),
    )
    assert ours == theirs


def test_metadata_as_tensorboard_reads_it(tmp_path, writer):
    writer.add_mesh("tag", VERTICES, COLORS, FACES)
    writer.close()
    (event,) = oracle.logged(tmp_path / "ours")
    found = [metadata.parse_plugin_metadata(v.metadata.plugin_data.content) for v in event.summary.value]
    assert [list(data.shape) for data in found] == [[2, 4, 3], [2, 2, 3], [2, 4, 3]]
    assert {data.components for data in found} == {0b1110}
    assert [v.tag for v in event.summary.value] == ["tag_VERTEX", "tag_FACE", "tag_COLOR"]


def test_empty_tag_and_lists(tmp_path):
    theirs, ours = oracle.both(
        tmp_path, lambda writer: writer.add_mesh("", torch.zeros(1, 1, 3), walltime=oracle.WALLTIME)
    )
    assert ours == theirs


def test_lists(tmp_path, writer):
    writer.add_mesh("tag", [[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], faces=[[[0, 1, 2]]])
    writer.close()
    (event,) = oracle.logged(tmp_path / "ours")
    assert list(event.summary.value[1].tensor.float_val) == [0, 1, 2]
