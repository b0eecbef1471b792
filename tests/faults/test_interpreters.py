"""Interpreters besides the main one are refused at import with a clear word; Python without the GIL is not."""

import sysconfig

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


needs_free_threading = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="needs a free-threaded Python"
)


@needs_free_threading
def test_a_free_threaded_python_stays_without_the_gil(run_script):
    """For an extension that does not declare that it needs no GIL, Python turns the GIL on, with a RuntimeWarning."""
    run_script("import sys\nimport tickertape\nassert not sys._is_gil_enabled()")


@needs_free_threading
def test_a_free_threaded_python_may_run_with_the_gil(tmp_path, run_script):
    run_script(
        """
import sys
from tickertape import SummaryWriter
assert sys._is_gil_enabled()
with SummaryWriter('run') as writer: writer.add_scalar('a', 1, 1)
""",
        flags=("-X", "gil=1"),
    )
    assert oracle.values(tmp_path / "run") == [("a", 1, 1.0)]
