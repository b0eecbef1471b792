"""The reference has every public name, and no other."""

import ast
import importlib
import pkgutil
import re
import zlib
from pathlib import Path

import pytest
import tickertape
from support import doc_blocks

SITE = doc_blocks.ROOT / "build" / "site"
NAMED = [
    name
    for page in (doc_blocks.ROOT / "docs" / "api").glob("*.md")
    for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
]


def public_names():
    """Each object that a package hands out, by the shortest of its names."""
    packages = ["tickertape"] + [
        f"tickertape.{module.name}" for module in pkgutil.iter_modules(tickertape.__path__) if module.ispkg
    ]
    seen, found = set(), []
    for package in packages:
        module = importlib.import_module(package)
        if not hasattr(module, "_HOMES"):  # what only the command uses
            continue
        for name in module.__all__:
            if name not in seen:
                found.append(f"{package}.{name}")
            seen.add(name)
    return found


def test_each_public_name_is_on_a_page_once():
    assert sorted(NAMED) == sorted(public_names())


def site_names():
    """What the built site describes: the names in Sphinx's inventory, which mkdocstrings writes."""
    head, _, packed = (SITE / "objects.inv").read_bytes().partition(b"zlib.\n")
    assert head.startswith(b"# Sphinx inventory version 2")
    return {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}


@pytest.mark.skipif(not (SITE / "objects.inv").exists(), reason="make docs builds the site")
def test_the_site_describes_each_public_name_and_method():
    described = site_names()
    for full in public_names():
        assert full in described
        package, _, name = full.rpartition(".")
        thing = getattr(importlib.import_module(package), name)
        if isinstance(thing, type) and thing.__module__.startswith("tickertape."):
            methods = {
                key
                for key, value in vars(thing).items()
                if not key.startswith("_") and getattr(value, "__qualname__", "") == f"{name}.{key}"
            }
            assert [key for key in sorted(methods) if f"{full}.{key}" not in described] == []


@pytest.mark.skipif(not SITE.is_dir(), reason="make docs builds the site")
def test_the_site_fetches_nothing():
    """Scripts, styles, fonts and pictures are its own; links that a reader may follow are not fetched."""
    for path in SITE.rglob("*.html"):
        page = path.read_text()
        fetched = re.findall(r'(?:src|<link[^>]* href)="(https?://[^"]+)"', page)
        assert fetched == [], path.relative_to(SITE)
        assert Path(path).stat().st_size < 2_000_000


def test_the_counters_are_those_that_stats_returns():
    stub = ast.parse((doc_blocks.ROOT / "python" / "tickertape" / "_core.pyi").read_text())
    (described,) = [
        ast.get_docstring(node)
        for node in stub.body
        if isinstance(node, ast.FunctionDef) and node.name == "stats"
    ]
    assert set(re.findall(r"`(\w+)`", described)) == set(tickertape.stats())


def test_the_types_of_signatures_are_explained():
    sources = doc_blocks.ROOT / "python" / "tickertape"
    used = set(re.findall(r"\btypes\.([A-Z]\w+)", (sources / "writer" / "summary_writer.py").read_text()))
    table = re.search(
        r"## Types in signatures\n(.*?)\n:::", (doc_blocks.ROOT / "docs/api/writer.md").read_text(), re.DOTALL
    )
    explained = {
        name
        for row in table[1].splitlines()
        for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert used == explained
