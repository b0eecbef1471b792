"""What the mesh page cannot show warns once a tag, or raises; TensorBoard's own plugin shows that it is so."""

import json

import numpy as np
import pytest
from support import plugins
from support.told import quiet, told
from tickertape.writer import meshes

RNG = np.random.default_rng(9)
CORNERS = np.array([[[0, 1, 2]]])


def corners_shown(directory):
    data = plugins.fetched(
        plugins.on(directory, plugins.MeshPlugin),
        "/data",
        run=".",
        tag="t",
        content_type="FACE",
        sample=0,
        step=0,
    )
    return np.frombuffer(data, np.int32).astype(np.uint16)  # as index.js, _createMesh


def test_triangles_beyond_16_bits(tmp_path, writer):
    last = meshes.MOST_VERTICES_WITH_FACES
    points = np.zeros((1, last + 1, 3), np.float32)
    quiet(lambda: writer.add_mesh("points alone", points))
    quiet(lambda: writer.add_mesh("low numbers", points, faces=[[[0, 1, last - 1]]]))
    told(
        lambda: writer.add_mesh("t", points, faces=[[[0, 1, last]]]),
        r"^faces: expected at most 65536 vertices in a mesh with triangles, got 65537; .*'t'",
    )
    writer.close()
    assert corners_shown(tmp_path / "ours")[:3].tolist() == [0, 1, 0]


def test_triangles_beyond_float32():
    faces = np.zeros((1, 1, 3), np.float32)
    with pytest.raises(ValueError, match=r"^faces: expected at most 16777216 vertices"):
        meshes._check_faces(faces, (1, 2**24 + 1, 3))
    meshes._check_faces(faces, (1, 2**24, 3))
    assert np.float32(2**24 + 1) == np.float32(2**24)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_vertices_that_are_no_numbers(writer, bad):
    points = np.zeros((1, 3, 3))
    points[0, 1, 2] = bad
    told(lambda: writer.add_mesh("t", points), r"^vertices: expected finite numbers in float32")


COLORS = {
    "0 to 1": ([[[0.5, 0.25, 1.0]]], "got 0 to 1, which the page shows as black"),
    "too great": ([[[0, 0, 256]]], "expected numbers from 0 to 255"),
    "negative": ([[[0, 0, -1]]], "expected numbers from 0 to 255"),
    "no number": ([[[0, 0, np.nan]]], "expected numbers from 0 to 255"),
}


@pytest.mark.parametrize("name", COLORS)
def test_colors_that_the_page_has_not(writer, name):
    told(lambda: writer.add_mesh("t", np.zeros((1, 1, 3)), COLORS[name][0]), "^colors: .*" + COLORS[name][1])


@pytest.mark.parametrize("colors", [[[[0, 128, 255]]], [[[0, 0, 1]]], [[[0.0, 0, 0]]], [[[12.5, 0, 0]]]])
def test_colors_that_the_page_has(writer, colors):
    quiet(lambda: writer.add_mesh("t", np.zeros((1, 1, 3)), colors))


POINTS = np.zeros((1, 3, 3))
CHANGES = {
    "vertices": ((POINTS,), (np.zeros((2, 3, 3)),), "expected 1 meshes, as at this tag's first step, got 2"),
    "faces": ((POINTS,), (POINTS, None, CORNERS), "expected None, as at this tag's first step"),
    "colors": ((POINTS, None, CORNERS), (POINTS, POINTS, CORNERS), "expected None, as at this tag's"),
    "config_dict": (
        (POINTS,),
        (POINTS, None, None, {"camera": {}}),
        "expected that of this tag's first step",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_the_page_takes_from_a_meshs_first_step(writer, name):
    first, later, message = CHANGES[name]
    writer.add_mesh("t", *first, global_step=0)
    told(lambda: writer.add_mesh("t", *later, global_step=1), f"^{name}: {message}")


def test_meshes_may_change_otherwise(writer):
    writer.add_mesh("t", POINTS, POINTS, CORNERS, global_step=0)
    quiet(lambda: writer.add_mesh("t", np.zeros((1, 5, 3)), global_step=1))  # its parts may be missing
    quiet(lambda: writer.add_mesh("u", np.zeros((2, 5, 3)), config_dict={"camera": {}}))


def test_the_page_asks_only_for_parts_of_the_first_step(tmp_path, writer):
    writer.add_mesh("t", POINTS, global_step=0)
    with pytest.warns(UserWarning, match="^faces"):
        writer.add_mesh("t", POINTS, None, CORNERS, global_step=1)
    writer.close()
    answers = json.loads(
        plugins.fetched(
            plugins.on(tmp_path / "ours", plugins.MeshPlugin), "/meshes", run=".", tag="t", sample=0
        )
    )
    vertices = [answer["components"] for answer in answers if answer["content_type"] == 1]
    assert vertices == [0b10, 0b10]
