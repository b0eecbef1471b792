"""Interpreters besides the main one, and Python without its lock: refused at import with a clear word."""

import sys

import pytest
from support import oracle

CREATE = """
import sys
try:
    import _interpreters as interpreters
    kinds = [('isolated',), ('legacy',)]
except ImportError:
    import _xxsubinterpreters as interpreters
    kinds = [()] if sys.version_info < (3, 12) else [True, False]

def run(kind, source):
    '''What goes wrong in a new interpreter, in words.'''
    if isinstance(kind, bool):
        other = interpreters.create(isolated=kind)
    else:
        other = interpreters.create(*kind)
    try:
        failure = interpreters.run_string(other, f'import sys; sys.path[:] = {sys.path!r}\\n{source}')
        return getattr(failure, 'formatted', failure)
    except Exception as error:
        return str(error)
    finally:
        interpreters.destroy(other)
"""


@pytest.mark.parametrize("first", ["", "import tickertape"], ids=["alone", "after the main one"])
def test_other_interpreters_are_refused_at_import(tmp_path, run_script, first):
    """pybind11 waits for ever there on Python 3.10 and 3.11."""
    out = run_script(
        f"""{CREATE}
{first}
for kind in kinds:
    print(run(kind, 'import tickertape'))
from tickertape import SummaryWriter
with SummaryWriter('run') as writer: writer.add_scalar('a', 1, 1)
""",
        timeout=600,
    )
    lines = out.splitlines()
    assert lines
    for line in lines:
        assert "ImportError" in line
        assert "main interpreter" in line or "does not support loading in subinterpreters" in line
    assert oracle.values(tmp_path / "run") == [("a", 1, 1.0)]


def test_a_python_that_runs_without_the_gil_is_refused(run_script):
    """What sys says in a free-threaded build under PYTHON_GIL=0; without that such a build takes the lock for us."""
    run_script(
        """
import sys
sys._is_gil_enabled = lambda: False
try:
    import tickertape
except ImportError as error:
    assert 'PYTHON_GIL' in str(error), error
else:
    raise AssertionError
"""
    )


@pytest.mark.skipif(getattr(sys, "_is_gil_enabled", lambda: True)(), reason="needs a free-threaded Python")
def test_a_free_threaded_python_takes_the_lock_for_us(run_script):
    run_script(
        "import sys, warnings\nwarnings.simplefilter('ignore')\nimport tickertape\nassert sys._is_gil_enabled()"
    )
