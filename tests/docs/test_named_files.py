"""The tests and files that a page names exist."""

import re

import pytest
from support import doc_blocks

FILES = {
    path.name: path for path in (doc_blocks.ROOT / "tests").rglob("*") if path.suffix in {".py", ".cc", ".h"}
}
TESTS = "\n".join(path.read_text() for path in FILES.values())
NAMED_TEST = re.compile(r"\b(test_\w+\.py|\w+_test\.cc)\b(?:::(\w+?)(_?…)?(?=`))?")
NAMED_PATH = re.compile(r"`((?:csrc|python|tests|benchmarks|docs|examples)/[\w/.-]+)`")


@pytest.mark.parametrize("path", doc_blocks.PAGES, ids=lambda path: path.name)
def test_what_a_page_names_exists(path):
    if path.name == "CHANGELOG.md":
        pytest.skip("names what was there at the time")
    page = path.read_text()
    for name, function, _ in NAMED_TEST.findall(page):
        assert name in FILES
        assert function in FILES[name].read_text()
    for name in NAMED_PATH.findall(page):
        assert (doc_blocks.ROOT / name).exists()
    if path.name == "reliability.md":  # its tables also name tests without their file
        names = re.findall(r"`(?:…?::|…)?(\w+_\w+_\w+?)(?:_?…)?`", page)
        assert [name for name in names if name not in TESTS] == []
