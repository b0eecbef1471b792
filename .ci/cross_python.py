"""Makes what a module for another system's Python compiles and links with, of the Python that runs this.

    python .ci/cross_python.py windows build/windows-python   # and a python.exe that wine runs
    python .ci/cross_python.py macos build/macos-python

The headers are the same on every system but for pyconfig.h. That of macOS hardly differs from that of 64-bit Linux, and for
Windows the few lines below are what other headers ask for. The interpreter for Windows is python.org's, which panda3d's wheel has for
the programs that it packs; its standard library in Python is the one of this machine, if the minor version is the same.
"""

from __future__ import annotations

import argparse
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

TAG = f"{sys.version_info.major}{sys.version_info.minor}"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
WINDOWS = ["--only-binary", ":all:", "--platform", "win_amd64", "--implementation", "cp"]

# wine 8 lacks a function that later versions of NumPy call (crealf).
PACKAGES = [
    "numpy==1.26.4",
    "protobuf",
    "pytest",
    "pytest-timeout",
    "hypothesis",
    "pillow",
    "crc32c",
    "fsspec",
    "tensorboard",
]

# For 64-bit Windows, what Include/*.h read.
WINDOWS_CONFIG = """
#define MS_WINDOWS
#define MS_WIN32
#ifndef MS_WIN64
#define MS_WIN64
#endif
#define NT_THREADS
#define WITH_THREAD
#define WITH_DOC_STRINGS 1
#define WITH_PYMALLOC 1
#define Py_ENABLE_SHARED 1
#define HAVE_DECLSPEC_DLL
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_FLOAT 4
#define SIZEOF_DOUBLE 8
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_TIME_T 8
#define SIZEOF_WCHAR_T 2
#define HAVE_SSIZE_T 1
#define HAVE_INTPTR_T 1
#define HAVE_UINTPTR_T 1
#include <io.h>
#include <stdio.h>
"""

# Linux has these and macOS has not.
NOT_IN_MACOS = ["HAVE_ENDIAN_H", "HAVE_SYS_RANDOM_H", "HAVE_GETRANDOM"]


def copy_headers(to: Path, system: str) -> None:
    """The interpreter's headers, and the pyconfig.h of `system`."""
    source = Path(sysconfig.get_path("include"))
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(source, to)
    if system == "windows":
        (to / "pyconfig.h").write_text("#pragma once\n" + WINDOWS_CONFIG.lstrip())
    else:
        lines = "".join(f"#undef {name}\n" for name in NOT_IN_MACOS)
        (to / "pyconfig.h").write_text(Path(sysconfig.get_config_h_filename()).read_text() + lines)


def exported_names(library: Path) -> list[str]:
    """The names that a library for Windows exports (Microsoft's "PE Format", section "The .edata Section")."""
    data = library.read_bytes()
    header = struct.unpack_from("<I", data, 0x3C)[0]
    count, size = struct.unpack_from("<6xH12xH", data, header)
    export = struct.unpack_from("<I", data, header + 24 + 112)[0]
    sections = [struct.unpack_from("<8x4I", data, header + 24 + size + 40 * i) for i in range(count)]

    def at(address: int) -> int:
        start, offset = next((s[1], s[3]) for s in sections if s[1] <= address < s[1] + max(s[0], s[2]))
        return address - start + offset

    names, table = struct.unpack_from("<24xI4xI", data, at(export))
    places = struct.unpack_from(f"<{names}I", data, at(table))
    return [data[at(one) : data.index(b"\0", at(one))].decode() for one in places]


def get_windows_python(folder: Path) -> None:
    """python.org's interpreter, an import library for it, and the packages that the tests need."""
    with tempfile.TemporaryDirectory() as temporary:
        wheels = Path(temporary)
        subprocess.run(
            [*PIP, "download", "--no-deps", *WINDOWS, "--python-version", TAG, "-d", wheels, "panda3d"],
            check=True,
        )
        with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                if name.startswith("deploy_libs/") or name == "panda3d/MSVCP140.dll":
                    (folder / Path(name).name).write_bytes(wheel.read(name))
        definitions = wheels / "python.def"
        names = exported_names(folder / f"python{TAG}.dll")
        definitions.write_text("\n".join([f"LIBRARY python{TAG}.dll", "EXPORTS", *names, ""]))
        library = folder / f"libpython{TAG}.a"
        subprocess.run(["x86_64-w64-mingw32-dlltool", "-d", definitions, "-l", library], check=True)
        main = wheels / "main.c"
        main.write_text(
            "int Py_Main(int, unsigned short **);\n"
            "int wmain(int count, unsigned short **arguments) { return Py_Main(count, arguments); }\n"
        )
        compiler = "x86_64-w64-mingw32-gcc-posix"
        program = [compiler, "-municode", main, library, "-o", folder / "python.exe"]
        subprocess.run(program, check=True)
    copied = shutil.ignore_patterns("site-packages", "lib-dynload", "test", "config-*", "__pycache__")
    shutil.copytree(sysconfig.get_path("stdlib"), folder / "Lib", ignore=copied, dirs_exist_ok=True)
    # What follows names the folders of sys.path: nothing else of this machine is imported.
    (folder / f"python{TAG}._pth").write_text("Lib\n.\nsite-packages\n")
    packages = [
        *WINDOWS,
        "--python-version",
        TAG,
        "--upgrade",
        "--target",
        folder / "site-packages",
        *PACKAGES,
    ]
    subprocess.run([*PIP, "install", *packages], check=True)


def main() -> None:
    """Does what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("system", choices=["windows", "macos"])
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    copy_headers(args.folder / "include", args.system)
    if args.system == "windows":
        get_windows_python(args.folder)


if __name__ == "__main__":
    main()
