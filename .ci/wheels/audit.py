"""Checks a wheel: tags, size, what its module exports and needs, how it is linked, licences and SBOM.

python .ci/wheels/audit.py wheelhouse/*.whl
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import ziglang
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from targets import TARGETS, Python, Target, pythons

LARGEST_WHEEL = 1_200_000  # bytes
# What each Linux has; everything else is inside.
SYSTEM_LIBRARIES = re.compile(
    r"(libc|libm|libdl|libpthread|librt)\.so(\.[0-9])?|ld-linux-.*\.so\.[0-9]|libc\.musl-.*\.so\.1"
)
# What musl 1.2.2, 1.2.3 and 1.2.5 brought (its release notes).
SINCE_MUSL_1_2_0 = {
    "_Fork",
    "gettid",
    "reallocarray",
    "pthread_getname_np",
    "qsort_r",
    "preadv2",
    "pwritev2",
    "statx",
}
# libc++ tests at run time whether the C library has it, and otherwise ends thread_local objects itself. Must be weak.
OPTIONAL_ON_MUSL = {"__cxa_thread_atexit_impl"}
# Folders that only the machine has that built the wheel.
BUILD_PATHS = re.compile(rb"/(?:root|home|tmp|work)/[\w./-]+")


def expect(holds: object, wheel: Path, message: str) -> None:
    """Ends the program with `message` unless `holds`."""
    if not holds:
        sys.exit(f"{wheel.name}: {message}")


def module_symbols(module: ELFFile) -> tuple[set[str], set[str]]:
    """The names that a module exports, and those that it needs."""
    table = [symbol for symbol in module.get_section_by_name(".dynsym").iter_symbols() if symbol.name]
    needed = {symbol.name for symbol in table if symbol["st_shndx"] == "SHN_UNDEF"}
    return {symbol.name for symbol in table} - needed, needed


def musl_symbols() -> set[str]:
    """What the libc.so of musl 1.2.0 has: the list that zig links with, less what came later."""
    stub = Path(ziglang.__file__).parent / "lib" / "libc" / "musl" / "libc.S"
    return set(re.findall(r"^\.type (\w+),", stub.read_text(), re.MULTILINE)) - SINCE_MUSL_1_2_0


def unknown_to_python(python: Python, names: set[str]) -> list[str]:
    """Those of `names` that this interpreter does not export."""
    code = "import ctypes, sys; print([n for n in sys.argv[1:] if not hasattr(ctypes.pythonapi, n)])"
    answer = subprocess.run(
        [python.path, "-c", code, *sorted(names)], capture_output=True, text=True, check=True
    )
    return re.findall(r"\w+", answer.stdout)


def check_tags(wheel: Path, files: zipfile.ZipFile, target: Target, python: Python) -> None:
    """The name of the wheel, its WHEEL file and auditwheel say the same."""
    tag = f"{python.tag}-{python.tag}-{target.platform}"
    expect(wheel.stem.endswith(f"-{tag}"), wheel, f"the name does not end with {tag}")
    (info,) = (name for name in files.namelist() if name.endswith(".dist-info/WHEEL"))
    tags = re.findall(r"^Tag: (.*)$", files.read(info).decode(), re.MULTILINE)
    expect(tags == [tag], wheel, f"WHEEL has the tags {tags}")
    shown = subprocess.run(
        [sys.executable, "-m", "auditwheel", "show", wheel], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r'platform\s+tag:\s+"(\w+)"', shown)
    expect(found and found[1] == target.platform, wheel, f"auditwheel says:\n{shown}")


def check_metadata(wheel: Path, files: zipfile.ZipFile) -> None:
    """Licences and SBOM are there, and nothing that was not meant to be."""
    names = files.namelist()
    for part in ("licenses/LICENSE", "licenses/csrc/bindings/LICENSE.pybind11"):
        expect(any(name.endswith(f".dist-info/{part}") for name in names), wheel, f"{part} is missing")
    (sbom,) = (name for name in names if name.endswith(".dist-info/sboms/tickertape.cdx.json"))
    parts = {part["name"] for part in json.loads(files.read(sbom))["components"]}
    expect(parts == {"pybind11", "libc++"}, wheel, f"the SBOM has {parts}")
    stray = [
        n
        for n in names
        if not re.match(r"tickertape(-[^/]+\.dist-info)?/", n) or n.endswith((".pyc", ".a", ".h"))
    ]
    expect(not stray, wheel, f"files that do not belong into it: {stray}")


def check_linking(wheel: Path, module: ELFFile, target: Target) -> None:
    """Read-only relocations, no executable stack, no libraries but the system's, fortified calls."""
    dynamic = [
        tag
        for section in module.iter_sections()
        if isinstance(section, DynamicSection)
        for tag in section.iter_tags()
    ]
    kinds = {tag.entry.d_tag for tag in dynamic}
    libraries = [tag.needed for tag in dynamic if tag.entry.d_tag == "DT_NEEDED"]
    strange = [name for name in libraries if not SYSTEM_LIBRARIES.fullmatch(name)]
    expect(not strange, wheel, f"needs the libraries {strange}")
    expect(not kinds & {"DT_RPATH", "DT_RUNPATH", "DT_TEXTREL"}, wheel, f"has {kinds}")
    segments = {segment["p_type"]: segment for segment in module.iter_segments()}
    expect("PT_GNU_RELRO" in segments, wheel, "its relocations are not read-only")
    flags = [tag.entry.d_val for tag in dynamic if tag.entry.d_tag == "DT_FLAGS_1"]
    expect(flags and flags[0] & 1, wheel, "symbols are not bound at once (-z now)")
    stack = segments.get("PT_GNU_STACK")
    expect(stack and not stack["p_flags"] & 1, wheel, "its stack is executable")
    if not target.is_musl:  # musl's headers have no fortified calls
        _, needed = module_symbols(module)
        expect(any(name.endswith("_chk") for name in needed), wheel, "no call is fortified")


def check_symbols(wheel: Path, module: ELFFile, target: Target, python: Python) -> None:
    """One export, and no symbol that the interpreter or the C library lacks; auditwheel compares glibc's versions."""
    exported, needed = module_symbols(module)
    expect(exported == {"PyInit__core"}, wheel, f"exports {sorted(exported)}")
    expect("__stack_chk_fail" in needed, wheel, "there is no stack protector")
    of_python = {name for name in needed if name.lstrip("_").startswith("Py")}
    missing = unknown_to_python(python, of_python)
    expect(not missing, wheel, f"{python.tag} does not have {missing}")
    table = module.get_section_by_name(".dynsym")
    weak = {symbol.name for symbol in table.iter_symbols() if symbol["st_info"]["bind"] == "STB_WEAK"}
    if target.is_musl:
        missing = sorted(needed - of_python - musl_symbols() - (OPTIONAL_ON_MUSL & weak))
        expect(not missing, wheel, f"musl does not have {missing}")
    else:
        versions = module.get_section_by_name(".gnu.version")
        bare = [
            symbol.name
            for index, symbol in enumerate(table.iter_symbols())
            if symbol.name in needed - of_python - weak
            and versions.get_symbol(index)["ndx"] in ("VER_NDX_LOCAL", "VER_NDX_GLOBAL")
        ]
        expect(not bare, wheel, f"no library was found for {bare}")


def audit(wheel: Path, target: Target, python: Python) -> None:
    """Ends the program with a message unless `wheel` is as it should be."""
    expect(wheel.stat().st_size <= LARGEST_WHEEL, wheel, f"has {wheel.stat().st_size:,} bytes")
    with zipfile.ZipFile(wheel) as files:
        check_tags(wheel, files, target, python)
        check_metadata(wheel, files)
        modules = [name for name in files.namelist() if ".so" in Path(name).name]
        name = f"tickertape/_core.cpython-{python.tag[2:]}-{target.suffix}.so"
        expect(modules == [name], wheel, f"has the modules {modules}")
        content = files.read(name)
    found = sorted(set(BUILD_PATHS.findall(content)))
    expect(not found, wheel, f"names folders of this machine: {found}")
    module = ELFFile(io.BytesIO(content))
    check_linking(wheel, module, target)
    check_symbols(wheel, module, target, python)


def main() -> None:
    """Audits the wheels that are named on the command line."""
    interpreters = {python.tag: python for python in pythons()}
    platforms = {target.platform: target for target in TARGETS}
    for wheel in map(Path, sys.argv[1:]):
        tag, _, platform = wheel.stem.split("-", 2)[2].split("-", 2)
        expect(tag in interpreters and platform in platforms, wheel, "no such interpreter or target here")
        audit(wheel, platforms[platform], interpreters[tag])
        print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, as it should be")


if __name__ == "__main__":
    main()
