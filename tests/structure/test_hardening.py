"""How the native module is linked and compiled, read from its ELF file by readelf."""

import re
import shutil
import subprocess
import sys

import pytest
from tickertape import _core

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("readelf") is None, reason="reads ELF with binutils' readelf"
)


def readelf(*options):
    return subprocess.run(
        ["readelf", "--wide", *options, _core.__file__], capture_output=True, text=True, check=True
    ).stdout


def dynamic_symbols():
    """(name, whether it is defined here) of each."""
    rows = [line.split() for line in readelf("--dyn-syms").splitlines() if re.match(r"\s*\d+:", line)]
    return [(row[7].partition("@")[0], row[6] != "UND") for row in rows if len(row) > 7]


def is_instrumented():
    return any(name.startswith(("__asan", "__tsan", "__ubsan")) for name, _ in dynamic_symbols())


def test_exports_what_python_calls_alone():
    assert [name for name, is_defined in dynamic_symbols() if is_defined] == ["PyInit__core"]


@pytest.mark.skipif(is_instrumented(), reason="a sanitizer has its own checks")
def test_relocations_are_read_only_after_loading():
    assert "GNU_RELRO" in readelf("--program-headers")
    assert re.search(r"FLAGS.*(BIND_NOW|NOW)", readelf("--dynamic"))


def test_the_stack_is_not_executable():
    assert re.search(r"GNU_STACK .* RW ", readelf("--program-headers"))


@pytest.mark.skipif(is_instrumented(), reason="a sanitizer has its own checks")
def test_stack_protector_and_fortified_calls():
    used = {name for name, is_defined in dynamic_symbols() if not is_defined}
    assert "__stack_chk_fail" in used
    assert any(name.endswith("_chk") for name in used)
