"""The code blocks of README.md and docs/ that need a framework run with the framework itself."""

import sys
from pathlib import Path

import pytest
from conftest import ENVIRONMENT

sys.path.append(str(Path(__file__).parents[1]))
from support import doc_blocks

PAGES = {
    str(path.relative_to(doc_blocks.ROOT)): [
        block for block in doc_blocks.blocks(path) if "needs" in block.says
    ]
    for path in doc_blocks.PAGES
}


@pytest.mark.parametrize("page", [page for page, blocks in PAGES.items() if blocks])
def test_the_blocks_run_in_order(page, tmp_path):
    variables = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONPATH"}
    ray = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}  # as in test_ray.py
    printed = doc_blocks.run_page(page, tmp_path, variables | ray)
    assert [str(block) for block in PAGES[page] if f"{block} not run" in printed] == []
