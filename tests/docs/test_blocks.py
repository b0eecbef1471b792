"""Every code block of README.md, CONTRIBUTING.md, CHANGELOG.md and docs/ runs unchanged; what cannot says why."""

import pytest
from support import doc_blocks, oracle

BLOCKS = {str(path.relative_to(doc_blocks.ROOT)): doc_blocks.blocks(path) for path in doc_blocks.PAGES}
# How many blocks of a page are not run here. A new one is a decision: write the reason above it, and count it here.
NOT_RUN = {"README.md": 1, "docs/devices.md": 1, "docs/frameworks.md": 1, "docs/performance.md": 1}


def of_page(page):
    return [block for block in BLOCKS[page] if block.language != "text" or "output" in block.says]


def readme(directory):
    tags = {tag for tag, _, _ in oracle.values(directory / "runs" / "first")}
    assert tags == {"loss/train", "lr", "time/data", "time/step", "weights"}


def reading(directory):
    assert len(list((directory / "pictures").rglob("*.png"))) == 3
    assert len(list((directory / "dataset").glob("run=*/*.csv"))) == 3


# What a page leaves in its directory, beside what its own `output` blocks say.
LEFT = {"README.md": readme, "docs/reading.md": reading}


@pytest.mark.parametrize("page", [page for page in BLOCKS if of_page(page)])
def test_the_blocks_run_in_order(page, tmp_path):
    doc_blocks.run_page(page, tmp_path)
    LEFT.get(page, lambda _: None)(tmp_path)


def test_each_block_says_what_it_is():
    others = [
        str(each) for page in BLOCKS.values() for each in page if each.language not in doc_blocks.LANGUAGES
    ]
    assert others == []


def test_what_is_not_run_is_counted():
    not_run = [each for page in BLOCKS.values() for each in page if "not run" in each.says]
    assert all(each.says["not run"] for each in not_run)
    counts = {page: sum("not run" in each.says for each in blocks) for page, blocks in BLOCKS.items()}
    assert {page: count for page, count in counts.items() if count} == NOT_RUN
