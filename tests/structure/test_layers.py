"""The design's rules, checked on the sources: who may include whom, and how long files and functions may be."""

import ast
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# docs/architecture.md, "Layers": a file includes folders of its own layer and of lower ones; no two folders,
# sub-folders included, include each other.
LAYER = {
    "base": 0,
    "checksum": 1,
    "protobuf": 1,
    "array": 1,
    "codec": 1,
    "device": 1,
    "tfrecord": 2,
    "event": 2,
    "sink": 3,
    "queue": 4,
    "drain": 4,
    "recovery": 4,
    "writer": 4,
    "reader": 4,
    "bindings": 5,
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
MAX_FILE_LINES = 400
MAX_TEST_FILE_LINES = 450  # with their tables of cases
MAX_FUNCTION_LINES = 50

NATIVE = sorted(path for path in (ROOT / "csrc").rglob("*") if path.suffix in (".h", ".cc"))
PYTHON = sorted((ROOT / "python").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NATIVE_TESTS = sorted(path for path in (ROOT / "tests").rglob("*") if path.suffix in (".h", ".cc", ".c"))


@pytest.mark.parametrize("path", NATIVE, ids=lambda path: str(path.relative_to(ROOT)))
def test_includes_only_its_own_layer_and_lower_ones(path):
    folder = path.relative_to(ROOT / "csrc").parts[0]
    source = path.read_text()
    for included in INCLUDE.findall(source):
        assert "/" in included, f'"{included}": include by folder'
        assert (ROOT / "csrc" / included).is_file(), f'"{included}" is not there'
        assert LAYER[included.split("/")[0]] <= LAYER[folder], f"{folder}/ may not include {included}"
    if folder != "bindings":
        assert not re.search(r"#\s*include\s+[<\"](Python\.h|pybind11/)", source), "no Python below bindings/"


def folder_of(path):
    """The folder of a file below csrc/; sub-folders count by themselves."""
    return str(path.parent)


@pytest.mark.skipif(not NATIVE, reason="not in a checkout")
def test_folders_do_not_include_each_other():
    graph = {}
    for path in NATIVE:
        folder = folder_of(path.relative_to(ROOT / "csrc"))
        included = {folder_of(Path(name)) for name in INCLUDE.findall(path.read_text())}
        graph.setdefault(folder, set()).update(included - {folder})
    assert list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize(
    "path", [*NATIVE, *PYTHON, *TESTS, *NATIVE_TESTS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_files_stay_short(path):
    source = path.read_text()
    length = len(source.splitlines())
    if path.name == "summary_writer.py":  # shows the whole public API: only what its methods do is counted
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        length = sum(body_lines(node) for node in functions)
    assert length <= (MAX_TEST_FILE_LINES if ROOT / "tests" in path.parents else MAX_FILE_LINES)


def body_lines(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_functions_stay_short(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert body_lines(node) <= MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", [*PYTHON, *TESTS], ids=lambda path: path.name)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", NATIVE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_native_file_says_what_it_is(path):
    assert path.read_text().startswith("//")


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_heavy_packages_are_never_imported_at_the_top(path):
    heavy = {
        "torch",
        "jax",
        "tensorboard",
        "tensorboardX",
        "tensorflow",
        "google",
        "matplotlib",
        "PIL",
        "sklearn",
    }
    tree = ast.parse(path.read_text())
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not heavy & {name.split(".")[0] for name in names}
    if path.parent.name == "convert":
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        assert not heavy & imported
