"""`tickertape doctor`: what it finds is what the system says."""

import json
import platform
import shutil
from importlib import metadata
from pathlib import Path

import tickertape
from support import commands


def test_doctor(tmp_path):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    before = commands.tree(tmp_path)
    found = json.loads(
        commands.run(
            "doctor", tmp_path / "runs" / "x", "--json", status=0, TICKERTAPE_RING_DIR=str(rings)
        ).out
    )
    assert found["version"] == tickertape.__version__
    assert found["python"] == platform.python_version()
    assert found["log_dir"]["is_there"] is False
    assert found["log_dir"]["file_system"]["path"] == str(tmp_path)
    assert found["log_dir"]["file_system"]["size"] == shutil.disk_usage(tmp_path).total
    assert found["ring_directories"] == [{"path": str(rings), "is_there": True, "problem": ""}]
    assert found["installed"]["numpy"] == metadata.version("numpy")
    assert found["settings"]["TICKERTAPE_RING_DIR"] == str(rings)
    assert commands.tree(tmp_path) == before


def test_the_file_system_is_the_one_that_stat_names(tmp_path):
    done = json.loads(commands.run("doctor", "/dev/shm", "--json").out) if Path("/dev/shm").is_dir() else None
    if done is not None:
        assert done["log_dir"]["file_system"]["kind"] == "tmpfs"


def test_cpu_features_that_are_disabled(tmp_path):
    found = json.loads(commands.run("doctor", tmp_path, "--json", TICKERTAPE_DISABLE_CPU="all").out)
    assert found["cpu_features"] == []
    assert any("instruction set" in advice for advice in found["advice"])
    text = commands.run("doctor", tmp_path, TICKERTAPE_DISABLE_CPU="all").out
    assert "note: no instruction set" in text


def test_little_room_for_rings(tmp_path):
    found = json.loads(commands.run("doctor", tmp_path, "--json", TICKERTAPE_QUEUE_BYTES=str(1 << 60)).out)
    assert any("--shm-size" in advice or "no /dev/shm" in advice for advice in found["advice"])
