"""Who imports whom in python/tickertape, read from the sources: imports in functions and for type checkers count too."""

import ast
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "tickertape"
pytestmark = pytest.mark.skipif(not PACKAGE.is_dir(), reason="not in a checkout")

# The table "Who may import whom" of docs/architecture.md. Whole: an import that nobody needs any more is taken out.
ALLOWED = {
    "convert": set(),
    "devices": {"convert"},
    "remote": {"convert"},
    "writer": {"convert", "devices", "remote"},
    "reader": {"convert", "remote"},
    "integrations": {"convert", "writer"},
    "serve": {"reader"},
    "demo": {"reader", "writer"},
    "bench": {"demo", "reader"},
    "cli": {"bench", "convert", "demo", "integrations", "reader", "remote", "serve", "writer"},
    "__init__.py": {"devices", "integrations", "reader", "writer"},
    "__main__.py": {"cli"},
}
FOR_EVERYBODY = {"_core", "_lazy"}


def _name(path):
    """tickertape.writer.images of its file; a package of its __init__.py."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted(PACKAGE.rglob("*.py*")) if path.suffix in (".py", ".pyi")}


def _imports(source):
    """The modules of the package that a source imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "import by full name"
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                found.add(module if module in MODULES else node.module)
    return {name for name in found if name.split(".")[0] == "tickertape"}


def _folder(module):
    """The row of the table that a module belongs to; _core and _lazy are rows of their own."""
    parts = module.split(".")
    if len(parts) == 1:
        return "__init__.py"
    return "__main__.py" if parts[1] == "__main__" else parts[1]


GRAPH = {module: _imports(path.read_text()) - {module} for module, path in MODULES.items()}


def test_imports_are_seen_wherever_they_stand():
    source = """
import tickertape.writer.images
from tickertape import _core, writer
from tickertape.writer import SummaryWriter
if TYPE_CHECKING:
    from tickertape.reader.events import Event
def function():
    from tickertape.convert import check
    import numpy
"""
    assert _imports(source) == {
        "tickertape.writer.images", "tickertape._core", "tickertape.writer", "tickertape.reader.events",
        "tickertape.convert.check",
    }  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_every_import_is_of_a_module_that_is_there(module):
    assert GRAPH[module] <= set(MODULES)


def test_no_circle_of_modules():
    # An import of tickertape.writer.images counts as one of images, not of the __init__.py above it.
    assert list(graphlib.TopologicalSorter(GRAPH).static_order())  # raises CycleError


def test_folders_import_what_the_table_allows_and_no_circle_is_among_them():
    graph = {folder: set() for folder in ALLOWED}
    for module, imported in GRAPH.items():
        folder = _folder(module)
        used = {_folder(name) for name in imported} - {folder}
        if folder in FOR_EVERYBODY:
            assert not used, f"{module} imports {used}"
        else:
            graph[folder] |= used - FOR_EVERYBODY
    assert graph == ALLOWED
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_the_table_of_the_docs_is_this_one():
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.split("### Who may import whom")[1].split("\n#")[0]
    rows = re.findall(r"^\| `([a-z_.]+)/?` \|.*\|([^|]*)\|$", section, re.MULTILINE)
    assert {folder: set(re.findall(r"`(\w+)`", cell)) for folder, cell in rows} == ALLOWED
