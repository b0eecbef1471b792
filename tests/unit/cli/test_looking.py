"""ls, show, plot, summarize, compare and average, compared with what TensorBoard's loader and NumPy say."""

import gzip
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import PIL.Image
import pytest
from support import commands, oracle
from tickertape.cli import braille, terminal
from tickertape.writer import SummaryWriter

RUNS = ["ours", "seed/tbx", "seed/torch"]
NOTHING = {
    "ls": [],
    "show": {"hparams": [], "series": []},
    "summarize": [],
    "compare": {"runs": RUNS, "hparams": {}, "best": {}},
}


def scalars(top, run, tag):
    """(step, value) of a tag, by TensorBoard's loader; the values as float64."""
    found = [(step, value) for name, step, value in oracle.values(top / run) if name == tag]
    return np.array([step for step, _ in found]), np.array([value for _, value in found])


def as_json(*arguments, status=0):
    return json.loads(commands.run(*arguments, "--json", status=status).out)


def test_ls(log_dir):
    before = commands.tree(log_dir)
    listed = as_json("ls", log_dir)
    assert [one["run"] for one in listed] == RUNS
    for one in listed:
        file = oracle.only_file(log_dir / one["run"])
        steps, values = scalars(log_dir, one["run"], "loss/train")
        assert one["files"] == [str(file)]
        assert one["size"] == file.stat().st_size
        assert one["last_write"] == file.stat().st_mtime
        assert one["is_live"] is False
        assert (one["first_step"], one["last_step"], one["problems"]) == (0, 19, 0)
        tags = {tag["tag"]: tag for tag in one["tags"]}
        assert tags["loss/train"] == {
            "tag": "loss/train", "kind": "scalars", "count": len(steps), "first_step": 0, "last_step": 19,
            "last_value": values[-1], "last_wall_time": 1_700_000_019.0,
        }  # fmt: skip
        kinds = {tag["kind"] for tag in one["tags"]}
        assert kinds == {"scalars", "text", "histograms", "images"}
    assert commands.tree(log_dir) == before


def test_ls_forms(log_dir):
    tree = commands.run("ls", log_dir, status=0).out
    assert re.search(r"^seed/torch  .* kB, written .* ago$", tree, re.MULTILINE)
    assert re.search(r"^  loss/train +scalars +20 +0…19 +0\.1$", tree, re.MULTILINE)
    flat = commands.run("ls", log_dir, "--flat", status=0).out
    assert re.search(r"^seed/torch +loss/train +scalars +20 +0…19 +0\.1$", flat, re.MULTILINE)
    assert len(commands.run("ls", log_dir, "--short", status=0).out.splitlines()) == 4
    narrow = commands.run_in_terminal("ls", log_dir, "--flat", columns=60, status=0, NO_COLOR="1").out
    assert max(map(len, narrow.splitlines())) <= 60


def test_filters(log_dir):
    listed = as_json("ls", log_dir, "--runs", "seed/*", "--tags", "l*", "--steps", "3:5")
    assert [one["run"] for one in listed] == RUNS[1:]
    assert {(tag["tag"], tag["count"]) for one in listed for tag in one["tags"]} == {
        ("loss/train", 3),
        ("lr", 3),
    }
    assert {tag["kind"] for one in as_json("ls", log_dir, "--kinds", "images") for tag in one["tags"]} == {
        "images"
    }
    assert "expected FIRST:LAST" in commands.run("ls", log_dir, "--steps", "5:3", status=2).err
    assert "no run matches x" in commands.run("ls", log_dir, "--runs", "x", status=1).err


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_found(log_dir, name):
    assert as_json(name, log_dir, "--tags", "nothing", status=1) == NOTHING[name]
    assert commands.run(name, log_dir, "--tags", "nothing", status=1).out == ""


def test_a_live_run(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("a", 1.0, 0)
        writer.flush()
        (one,) = as_json("ls", tmp_path)
        assert one["is_live"] is True
        assert "live" in commands.run("ls", tmp_path, status=0).out
    assert as_json("ls", tmp_path)[0]["is_live"] is False


def test_show_scalars(log_dir):
    (series,) = as_json("show", log_dir / "ours", "loss/*")["series"]
    assert set(series) == {"run", "tag", "kind", "count", "values"}
    steps, values = scalars(log_dir, "ours", "loss/train")
    assert series["values"]["step"] == steps.tolist()
    assert series["values"]["value"] == values.tolist()
    text = commands.run("show", log_dir / "ours", "loss/train", "-n", "3", status=0).out
    assert "20 scalars, last 0.05" in text
    assert re.findall(r"^ +(\d+)  ", text, re.MULTILINE) == ["17", "18", "19"]
    assert "█" in text


def test_show_other_kinds(log_dir):
    text = commands.run("show", log_dir / "seed", status=0).out
    assert re.search(r"torch: picture  1 image\n  step 7: width 6, height 4", text)
    assert re.search(r"weights  1 histogram\n  step 5: num 3, min 1, max 3, sum 6", text)
    assert "step 3\nhello\n" in commands.run("show", log_dir / "ours", "note*", status=0).out


def test_show_hparams(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_hparams({"lr": 0.1, "name": "adam"}, {"hparam/loss": 0.5}, run_name="x")
    shown = as_json("show", tmp_path)["hparams"]
    assert [(one["run"], one["hparams"]) for one in shown] == [("run/x", {"lr": 0.1, "name": "adam"})]
    assert "  name = adam" in commands.run("show", tmp_path, status=0).out


def test_numbers_that_json_lacks(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        for step, value in enumerate([1.0, float("nan"), float("inf"), float("-inf")]):
            writer.add_scalar("a", value, step)
    (series,) = as_json("show", tmp_path)["series"]
    assert series["values"]["value"] == [1.0, "NaN", "Infinity", "-Infinity"]


def test_plot(log_dir):
    shown = commands.run("plot", log_dir, "--tags", "loss*", status=0).out
    lines = shown.splitlines()
    assert lines[0] == "loss/train"
    assert lines[1].startswith(f"{3:>10}│")
    assert lines[-3:] == ["a ours", "b seed/tbx", "c seed/torch"]
    assert any("⠀" < character <= "⣿" for character in shown)
    colored = commands.run_in_terminal("plot", log_dir, "--tags", "loss*", columns=60, status=0).out
    assert "\x1b[36m━━\x1b[0m ours" in colored
    plain = re.sub(r"\x1b\[\d+m", "", colored)
    assert max(map(len, plain.splitlines())) <= 60
    assert "*" in commands.run("plot", log_dir, "--tags", "loss*", status=0, PYTHONIOENCODING="ascii").out
    commands.run("plot", log_dir, "--tags", "nothing", status=1)


@pytest.mark.parametrize("options", [[], ["--log-y", "--x", "time"], ["--smooth", "0.6"]])
def test_pictures(log_dir, tmp_path, options):
    file = tmp_path / "plot.svg"
    assert commands.run("plot", log_dir, *options, "--save", file, status=0).out == ""
    texts = [element.text for element in ET.parse(file).iter("{http://www.w3.org/2000/svg}text")]
    assert {"loss/train", "lr", "ours", "seed/torch"} <= set(texts)
    lines = list(ET.parse(file).iter("{http://www.w3.org/2000/svg}polyline"))
    assert [len(line.get("points").split()) for line in lines] == [20] * 6


def test_pictures_by_matplotlib(log_dir, tmp_path):
    pytest.importorskip("matplotlib")
    commands.run("plot", log_dir, "--save", tmp_path / "plot.png", status=0)
    with PIL.Image.open(tmp_path / "plot.png") as image:
        assert image.size[0] == 800
    assert (
        "expected a name that ends in"
        in commands.run("plot", log_dir, "--save", tmp_path / "x.bmp", status=2).err
    )
    assert not (tmp_path / "x.bmp").exists()


def test_curves_are_where_they_should_be():
    canvas = braille.Canvas(10, 5)
    canvas.draw(0, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    lines = canvas.lines(terminal.Screen(None, False, True), terminal.SERIES_COLORS)
    assert [line.index(line.strip()[0]) for line in lines] == [8, 6, 4, 2, 0]
    canvas = braille.Canvas(10, 5)
    canvas.draw(0, np.array([0.0, 0.5, 1.0]), np.array([1.0, np.nan, 1.0]))
    assert canvas.lines(terminal.Screen(None, False, True), terminal.SERIES_COLORS)[0] == "⠁        ⠈"


def test_odd_curves(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        for step, value in enumerate([1e308, -1e308, float("nan"), 0.0]):
            writer.add_scalar("large", value, step, new_style=True, double_precision=True)
        writer.add_scalar("one", 5.0, 3)
        writer.add_scalar("none", float("nan"), 3)
        writer.add_scalar("tiny", 1e-320, 3, new_style=True, double_precision=True)
    text = commands.run("plot", tmp_path, status=0).out
    assert "large" in text
    assert "none" not in text
    commands.run("plot", tmp_path, "--log-y", status=0)
    commands.run("plot", tmp_path, "--save", tmp_path / "x.svg", status=0)


def test_summarize(log_dir):
    found = as_json("summarize", log_dir, "--tags", "loss*", "--until", "loss*<0.2")
    assert [one["run"] for one in found] == RUNS
    for one in found:
        steps, values = scalars(log_dir, one["run"], "loss/train")
        assert one["count"] == len(values)
        assert one["last"] == values[-1]
        assert (one["best"], one["best_step"]) == (values.min(), steps[values.argmin()])
        assert one["mean"] == pytest.approx(values.mean())
        assert one["area"] == pytest.approx(np.trapezoid(values, steps))
        assert one["reached"] == steps[values <= 0.2].min()
    (one,) = as_json("summarize", log_dir / "ours", "--tags", "loss*", "--goal", "max")
    assert one["best_step"] == 0
    assert "reached at" in commands.run("summarize", log_dir, "--until", "lr>1", status=0).out
    assert "expected TAG<NUMBER" in commands.run("summarize", log_dir, "--until", "lr", status=2).err


def test_compare(log_dir):
    found = as_json("compare", log_dir / "ours", log_dir / "seed", "--by", "last")
    assert found["runs"] == RUNS
    assert found["last"]["loss/train"] == {run: scalars(log_dir, run, "loss/train")[1][-1] for run in RUNS}
    text = commands.run("compare", log_dir, status=0).out
    assert text.splitlines()[0].split() == ["best", *RUNS]


def test_average(log_dir, tmp_path):
    out = tmp_path / "averages"
    commands.run("average", log_dir, out, "--over", "t*", "--tags", "loss*", status=0)
    members = np.stack([scalars(log_dir, run, "loss/train")[1] for run in RUNS[1:]])
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    for name in ("mean", "std", "min", "max"):
        shown = EventAccumulator(str(out / "seed" / "t" / name), size_guidance={"tensors": 0})
        shown.Reload()
        tensors = shown.Tensors("loss/train")
        assert [one.step for one in tensors] == list(range(20))
        values = [tensor_util.make_ndarray(one.tensor_proto).item() for one in tensors]
        assert values == pytest.approx(getattr(members, name)(axis=0).tolist())
    assert "does not exist yet" in commands.run("average", log_dir, out, "--over", "t*", status=2).err
    assert (
        "expected a glob that runs match"
        in commands.run("average", log_dir, tmp_path / "x", "--over", "y", status=1).err
    )
    assert not (tmp_path / "x").exists()


def test_average_says_if_runs_are_not_equally_long(tmp_path):
    for seed, length in ((0, 5), (1, 8)):
        with SummaryWriter(tmp_path / "logs" / f"seed_{seed}") as writer:
            for step in range(length):
                writer.add_scalar("a", step, step)
    done = commands.run("average", tmp_path / "logs", tmp_path / "out", "--over", "seed_*", status=0)
    assert "2 runs up to step 4, 1 at the last step 7" in done.err
    assert [step for _, step, _ in oracle.values(tmp_path / "out" / "seed" / "mean")] == list(range(8))


def test_damage_is_said_once(log_dir):
    file = oracle.only_file(log_dir / "ours")
    content = bytearray(file.read_bytes())
    content[300] ^= 0xFF
    file.write_bytes(content)
    done = commands.run("ls", log_dir, status=0)
    assert done.err.count("skipped") == 1
    assert str(file) in done.err
    assert "1 problem" in done.out


def test_a_compressed_file_is_read(log_dir, tmp_path):
    import gzip

    file = oracle.only_file(log_dir / "ours")
    folder = tmp_path / "packed"
    folder.mkdir()
    (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    before = commands.tree(folder)
    assert [tag["count"] for tag in as_json("ls", folder)[0]["tags"]] == [20, 20, 1, 1, 1]
    assert commands.tree(folder) == before
    assert as_json("ls", folder / f"{file.name}.gz")


READING = {
    "ls": [], "show": [], "tail": [], "plot": [], "summarize": [], "compare": [], "verify": [], "doctor": [],
}  # fmt: skip


@pytest.mark.parametrize("name", READING)
def test_reading_changes_nothing(log_dir, tmp_path, name):
    (tmp_path / "here").mkdir()
    before = commands.tree(tmp_path)
    rings = {"TICKERTAPE_RING_DIR": str(tmp_path / "rings"), "PYTHONDONTWRITEBYTECODE": "1"}
    commands.run(name, log_dir, status=0, cwd=tmp_path / "here", **rings)
    commands.run_in_terminal(name, log_dir, status=0, cwd=tmp_path / "here", **rings)
    assert commands.tree(tmp_path) == before


@pytest.mark.parametrize("name", ["ls", "show", "tail", "plot", "summarize", "compare", "verify"])
@pytest.mark.filterwarnings("ignore:text_string")
def test_names_of_strangers_do_not_steer_the_terminal(tmp_path, name):
    run, tag = "run\x1b]0;x\x07", "tag\x1b[2J\r\n"
    with SummaryWriter(tmp_path / run) as writer:
        writer.add_scalar(tag, 1.0, 0)
        writer.add_text(tag, "text\x1b[2J\r\nmore", 0)
    for arguments in ([name, tmp_path], [name, tmp_path, "tag*"] if name == "show" else [name, tmp_path]):
        shown = commands.run_in_terminal(*arguments, NO_COLOR="1").out
        assert shown
        assert not any(character in shown for character in "\x1b\x07\r")


def test_a_series_without_a_finite_value_has_no_area(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("a", float("nan"), 0)
    (found,) = json.loads(commands.run("summarize", tmp_path, "--json", status=0).out)
    assert {found[name] for name in ("last", "best", "min", "max", "mean", "area")} == {"NaN"}


def test_compare_by_reached_needs_a_threshold(log_dir):
    assert "expected --until" in commands.run("compare", log_dir, "--by", "reached", status=2).err
    commands.run("compare", log_dir, "--by", "reached", "--until", "loss/train<0.5", status=0)


def test_ls_says_what_is_wrong_with_a_run(log_dir, tmp_path):
    packed = gzip.compress(oracle.only_file(log_dir / "ours").read_bytes())
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "events.out.tfevents.1.gz").write_bytes(packed[: len(packed) // 2])
    assert "1 problem: the compressed file is cut off" in commands.run("ls", tmp_path / "cut", status=0).out
    pointer = tmp_path / "pointer" / "events.out.tfevents.1"
    pointer.parent.mkdir()
    pointer.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    done = commands.run("ls", pointer.parent, "--json", status=1)
    (found,) = json.loads(done.out)
    assert found["problems"] == 1
    assert "git lfs pull" in found["causes"][0]
    assert commands.run("ls", tmp_path, status=0).out


def test_the_beginning_of_a_tag_is_understood_as_it(log_dir):
    done = commands.run("show", log_dir / "ours", "note", status=1)
    assert "did you mean 'note/text_summary'?" in done.err
