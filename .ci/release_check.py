"""`make release-check`: whether this commit can be released. Builds the source distribution, and a wheel from that.

The wheels in wheelhouse/ are looked at, too; `make wheels` builds and audits them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


class NotReadyError(Exception):
    """A reason why this commit cannot be released."""


def run(*command: str | Path) -> str:
    """Runs a command; its output is shown if it fails."""
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise NotReadyError(f"{' '.join(map(str, command))}\n{answer.stdout}{answer.stderr}")
    return answer.stdout


def check_tree(_: str) -> None:
    """Everything is committed."""
    changed = run("git", "status", "--porcelain")
    if changed:
        raise NotReadyError(f"commit these first:\n{changed}")


def check_changelog(version: str) -> None:
    """CHANGELOG.md has a section with a date for this version, and nothing is left above it."""
    text = (ROOT / "CHANGELOG.md").read_text()
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE):
        raise NotReadyError(
            f"CHANGELOG.md: expected a heading `## [{version}] - DATE`; rename [Unreleased] to it"
        )
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)^## \[", text, re.MULTILINE | re.DOTALL)
    if unreleased and unreleased[1].strip():
        raise NotReadyError("CHANGELOG.md: [Unreleased] is not empty; move its lines below the version")


def check_sdist(version: str) -> None:
    """The source distribution has what git tracks of the package, and a wheel builds from it. Both are in dist/."""
    for old in DIST.glob("*"):
        old.unlink()
    run(sys.executable, "-m", "build", "--sdist", "--outdir", DIST)
    sdist = DIST / f"tickertape-{version}.tar.gz"
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"LICENSE", "README.md", "CMakeLists.txt", "csrc/bindings/module.cc", "tests/conftest.py"}
    if wanted - names:
        raise NotReadyError(f"{sdist.name}: lacks {sorted(wanted - names)}")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", DIST, sdist)
    run(sys.executable, "-m", "twine", "check", "--strict", *DIST.glob("*"))


def check_wheelhouse(version: str) -> None:
    """The audited wheels are of this version, and each passes the audit again."""
    wheels = sorted((ROOT / "wheelhouse").glob("*.whl"))
    strange = [wheel.name for wheel in wheels if not wheel.name.startswith(f"tickertape-{version}-")]
    if not wheels or strange:
        raise NotReadyError(
            f"wheelhouse/: expected wheels of {version}, got {strange or 'none'}; run `make wheels`"
        )
    print(run(sys.executable, ROOT / ".ci" / "wheels" / "audit.py", *wheels), end="")
    run(sys.executable, "-m", "twine", "check", "--strict", *wheels)


def reason_against(check: Callable[[str], None], version: str) -> str | None:
    """Runs a check. Returns why the commit cannot be released, or None."""
    try:
        check(version)
    except NotReadyError as error:
        return f"{check.__name__}: {error}"
    print(f"{check.__name__}: as it should be", flush=True)
    return None


def main() -> None:
    """Runs every check, the quick ones first, and says at the end what is missing."""
    version = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[0]
    checks = (check_tree, check_changelog, check_wheelhouse, check_sdist)
    reasons = [reason for check in checks if (reason := reason_against(check, version))]
    if reasons:
        sys.exit("not ready for a release:\n" + "\n".join(reasons))


if __name__ == "__main__":
    main()
