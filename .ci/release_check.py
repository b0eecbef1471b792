"""`make release-check`: whether this commit can be released. Builds the source distribution, and a wheel from that.

The wheels in wheelhouse/ are looked at, too; `make wheels` builds and audits them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Runs a command; its output is shown if it fails."""
    answer = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{answer.stdout}{answer.stderr}")
    return answer.stdout


def check_tree() -> None:
    """Everything is committed."""
    changed = run("git", "status", "--porcelain")
    if changed:
        sys.exit(f"commit these first:\n{changed}")


def check_changelog(version: str) -> None:
    """CHANGELOG.md has a section with a date for this version, and nothing is left above it."""
    text = (ROOT / "CHANGELOG.md").read_text()
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE):
        sys.exit(f"CHANGELOG.md: expected a heading `## [{version}] - DATE`; rename [Unreleased] to it")
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)^## \[", text, re.MULTILINE | re.DOTALL)
    if unreleased and unreleased[1].strip():
        sys.exit("CHANGELOG.md: [Unreleased] is not empty; move its lines below the version")


def build_sdist(version: str) -> Path:
    """The source distribution, which holds what git tracks of the package."""
    run(sys.executable, "-m", "build", "--sdist", "--outdir", DIST)
    sdist = DIST / f"tickertape-{version}.tar.gz"
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = {
        "LICENSE",
        "README.md",
        "CMakeLists.txt",
        "csrc/bindings/module.cc",
        "tests/conftest.py",
    } - names
    if missing:
        sys.exit(f"{sdist.name}: lacks {sorted(missing)}")
    return sdist


def check_wheelhouse(version: str) -> None:
    """The audited wheels are of this version, and each passes the audit again."""
    wheels = sorted((ROOT / "wheelhouse").glob("*.whl"))
    strange = [wheel.name for wheel in wheels if not wheel.name.startswith(f"tickertape-{version}-")]
    if not wheels or strange:
        sys.exit(f"wheelhouse/: expected wheels of {version}, got {strange or 'none'}; run `make wheels`")
    print(run(sys.executable, ROOT / ".ci" / "wheels" / "audit.py", *wheels), end="")
    run(sys.executable, "-m", "twine", "check", "--strict", *wheels)


def main() -> None:
    """Runs the checks, the quick ones first."""
    version = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[0]
    check_tree()
    check_changelog(version)
    check_wheelhouse(version)
    for old in DIST.glob("*"):
        old.unlink()
    sdist = build_sdist(version)
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", DIST, sdist)
    run(sys.executable, "-m", "twine", "check", "--strict", *DIST.glob("*"))
    print(f"{sdist.name} builds itself; its wheel is in dist/")


if __name__ == "__main__":
    main()
