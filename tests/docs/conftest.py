"""Lists what is not run, after the tests."""

from support import doc_blocks


def pytest_terminal_summary(terminalreporter):
    """Each block that is not run here, with its reason."""
    blocks = [block for page in doc_blocks.PAGES for block in doc_blocks.blocks(page)]
    terminalreporter.section("code blocks that are not run")
    for block in blocks:
        for key in ("not run", "needs"):
            if reason := block.says.get(key):
                terminalreporter.line(f"{block}: {reason if key == 'not run' else f'only with {reason}'}")
