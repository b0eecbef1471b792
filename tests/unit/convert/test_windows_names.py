"""What Windows refuses as a file's name: refused where the user gave a name, replaced where we made it of a tag."""

from __future__ import annotations

import ntpath
import sys
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

import pytest
import tickertape
from tickertape.convert import windows_names
from tickertape.reader.saving import part_name

if TYPE_CHECKING:
    from pathlib import Path

DEVICES = ["con", "NUL", "nul.txt", "COM1", "lpt9.a.b", "aux "]
OTHERS_REFUSED = ["a:b", "a?", "a*", "a|b", 'a"b', "<a>", "a.", "a ", "a\x1f"]
REFUSED = [*OTHERS_REFUSED, *DEVICES]
ALLOWED = ["a", "a.b", "a b", "console", "com10", "null", ".hidden", "a_con", "é", "a&b"]


def is_reserved(name: str) -> bool:
    """Python's own answer: devices, and from 3.13 on every other name that Windows refuses, too."""
    if sys.version_info >= (3, 13):
        return ntpath.isreserved(name)
    return PureWindowsPath(name).is_reserved()


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_names, "_IS_WINDOWS", True)


def test_devices_are_those_that_python_knows() -> None:
    for name in (*DEVICES, *ALLOWED):
        assert windows_names.is_device(name) == is_reserved(name), name
    assert not any(windows_names.is_device(name) for name in OTHERS_REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_name(on_windows: None, tmp_path: Path, name: str) -> None:
    for given in (name, f"{name}/x", f"x\\{name}"):
        with pytest.raises(ValueError, match=r"^run_name: expected names that Windows allows"):
            windows_names.refuse(given, "run_name")
        allowed = windows_names.allowed(given)
        windows_names.refuse(allowed, "run_name")
        assert allowed.count("/") == given.count("/")
    with pytest.raises(ValueError, match=r"^log_dir: "):
        tickertape.SummaryWriter(f"{tmp_path}/{name}")
    assert not is_reserved(part_name(name))
    assert part_name(name)[-1] not in ". "
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ALLOWED)
def test_an_allowed_name(on_windows: None, name: str) -> None:
    for given in (name, f"runs/{name}", f"..\\{name}", f"./{name}"):
        windows_names.refuse(given, "log_dir")
        assert windows_names.allowed(given) == given


def test_where_names_come_from(on_windows: None, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^filename_suffix: "):
        tickertape.SummaryWriter(tmp_path, filename_suffix=".a:b")
    with pytest.raises(ValueError, match=r"^comment: "):
        tickertape.SummaryWriter(comment=" lr: 0.1")
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_scalars("loss", {"train: a": 1.0}, 0)
        with pytest.raises(ValueError, match=r"^run_name: "):
            writer.add_hparams({"lr": 0.1}, {"loss": 1.0}, run_name="lr: 0.1")
    assert (tmp_path / "loss_train_ a").is_dir()


def test_other_systems_take_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_names, "_IS_WINDOWS", False)
    for name in REFUSED:
        windows_names.refuse(name, "log_dir")
        assert windows_names.allowed(name) == name
