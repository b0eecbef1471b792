"""What mkdocs does beside the pages of docs/: CONTRIBUTING.md and CHANGELOG.md are pages, too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

# File at the root of the repository to its page.
FROM_ROOT = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "README.md": "index.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are not below docs/."""
    root = Path(config.config_file_path).parent
    for name, page in FROM_ROOT.items():
        if page not in files.src_uris:
            files.append(File.generated(config, page, abs_src_path=str(root / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Links that lead from docs/ to the root, and back, become links between pages."""
    for name, target in FROM_ROOT.items():
        markdown = re.sub(rf"\]\((?:\.\./)?{re.escape(name)}", f"]({target}", markdown)
    if page.file.src_uri in FROM_ROOT.values():
        markdown = markdown.replace("](docs/", "](")
    markdown = re.sub(r"\[([^\]]+)\]\((?:\.\./)*(examples|benchmarks)[^)]*\)", r"`\2/`", markdown)
    return "\n".join(_with_lists(markdown.splitlines()))


def _with_lists(lines: list[str]) -> Iterator[str]:
    """A list may follow its paragraph at once, as in GitHub's Markdown; Python-Markdown wants an empty line between them."""
    before, in_code = "", False
    for line in lines:
        if line.lstrip().startswith("```"):
            in_code = not in_code
        is_item = re.match(r"(?:[-*]|\d+\.) ", line)
        if is_item and not in_code and before and not re.match(r"(?:[-*]|\d+\.|  +\S)", before):
            yield ""
        yield line
        before = line
