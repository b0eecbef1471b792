"""Op rings that earlier builds left: each is recovered to the events that its process logged, or refused with a reason.

tests/golden/make_rings.py made the rings and says what was logged. Nothing below depends on how we encode an op today.
"""

import io
import wave

import numpy as np
import PIL.Image
import PIL.ImageSequence
import pytest
import tickertape
from support import golden_rings, oracle
from tensorboard.util.tensor_util import make_ndarray

LAYOUTS = sorted(path.name for path in golden_rings.GOLDEN.iterdir())
READABLE = ["3.2"]  # layouts that this version recovers

RAMP = 1 + np.arange(6) / 4
LABELS, SCORES = np.array([0, 1, 1]), np.array([0.2, 0.6, 0.9])
PIXELS = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)  # CHW, and T times CHW with one row


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty log directory and an empty directory of rings, which is the one that recovery searches."""
    logs, rings = tmp_path / "logs", tmp_path / "rings"
    logs.mkdir()
    rings.mkdir(mode=0o700)
    monkeypatch.setenv("TICKERTAPE_RING_DIR", str(rings))
    return logs, rings


def recovered(place, name):
    """(log directory, report) of a golden ring."""
    logs, rings = place
    ring = golden_rings.restore(golden_rings.GOLDEN / name, logs, rings)
    (report,) = tickertape.recover(logs)
    assert report.complete, report.messages
    assert not ring.exists()
    return logs, report


# --- What was logged (make_rings.log_every_kind): each check gets the Summary.Value ---


def is_histogram(value, expected, **totals):
    """`expected` has the right edge and the count of every bin that is not empty."""
    found = value.histo
    bins = {round(e, 9): n for e, n in zip(found.bucket_limit, found.bucket, strict=True) if n}
    assert bins == expected
    assert {name: getattr(found, name) for name in totals} == totals


def counts_of(bins):
    counts, edges = np.histogram(RAMP, bins)
    return {round(float(e), 9): n for e, n in zip(edges[1:], counts, strict=True) if n}


OF_RAMP = {"min": 1.0, "max": 2.25, "num": 6, "sum": 9.75, "sum_squares": float((RAMP**2).sum())}


def is_ramp_in_many_bins(value):
    found = value.histo
    assert sum(found.bucket) == 6
    for number in RAMP:
        bin_of = next(i for i, edge in enumerate(found.bucket_limit) if number < edge)
        assert found.bucket[bin_of] == 1
    assert {name: getattr(found, name) for name in OF_RAMP} == OF_RAMP


def is_merged(value):
    counts, edges = np.histogram(RAMP, 4)
    merged = {round(float(edges[2]), 9): counts[:2].sum(), round(float(edges[4]), 9): counts[2:].sum()}
    is_histogram(value, merged, **OF_RAMP)


def is_curve(value, weights):
    rows = make_ndarray(value.tensor)
    above = np.linspace(0, 1, 5)[:, None] <= SCORES
    assert rows.shape == (6, 5)
    assert rows[0].tolist() == (above * LABELS * weights).sum(1).tolist()  # true positives
    assert rows[1].tolist() == (above * (1 - LABELS) * weights).sum(1).tolist()
    assert value.metadata.plugin_data.plugin_name == "pr_curves"


def is_tensor(value, array, plugin=""):
    found = make_ndarray(value.tensor)
    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()
    assert value.metadata.plugin_data.plugin_name == plugin


def is_described_tensor(value):
    is_tensor(value, np.arange(4).reshape(2, 2), "plugin")
    metadata = value.metadata
    assert metadata.plugin_data.content == b"content"
    assert (metadata.display_name, metadata.summary_description, metadata.data_class) == (
        "a name",
        "a text",
        2,
    )


def is_scalar_tensor(value, number, dtype):
    is_tensor(value, np.array(number, dtype), "scalars")


def is_described_scalar(value):
    assert value.simple_value == 3.5
    assert (value.metadata.display_name, value.metadata.summary_description) == ("a name", "a text")


def is_simple(value, number):
    assert value.WhichOneof("value") == "simple_value"
    assert value.simple_value == number


def is_image(value, pixels):
    found = oracle.pixels(value.image.encoded_image_string)
    assert found.tolist() == pixels.tolist()
    assert (value.image.height, value.image.width) == found.shape[:2]


def is_encoded(value):
    image = value.image
    assert image.encoded_image_string == b"any bytes"
    assert (image.height, image.width, image.colorspace) == (3, 4, 1)


def is_video(value):
    with PIL.Image.open(io.BytesIO(value.image.encoded_image_string)) as gif:
        frames = [np.asarray(f.convert("RGB")).tolist() for f in PIL.ImageSequence.Iterator(gif)]
        assert gif.info["duration"] == 250
    assert frames == np.stack([frame_of(0), frame_of(1)]).tolist()


def frame_of(time):
    """PIXELS as (T=2, C=3, H=1, W=3), whose row was logged twice, HWC."""
    return PIXELS.reshape(2, 3, 1, 3)[time, :, [0, 0]].transpose(0, 2, 1)


def is_audio(value):
    with wave.open(io.BytesIO(value.audio.encoded_audio_string)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert np.frombuffer(sound.readframes(9), "<i2").tolist() == [0, 16383, -32767]  # torch: times 32767
    assert (value.audio.sample_rate, value.audio.length_frames) == (8000, 3)


GRID = np.array([[0, 255, 255, 0]], np.uint8)[..., None].repeat(3, 2)

EVENTS = [
    {"scalar": lambda v: is_simple(v, 1.5)},
    {"float tensor": lambda v: is_scalar_tensor(v, 2.5, np.float32)},
    {"double tensor": lambda v: is_scalar_tensor(v, 0.1, np.float64)},
    {"described": is_described_scalar},
    {"first": lambda v: is_simple(v, 4.5), "größe": lambda v: is_simple(v, 5.5)},
    {"histogram": is_ramp_in_many_bins},
    {"5 bins": lambda v: is_histogram(v, counts_of(5), **OF_RAMP)},
    {"edges": lambda v: is_histogram(v, counts_of([1.0, 1.5, 3.0]), **OF_RAMP)},
    {"merged": is_merged},
    {"counts": lambda v: is_histogram(v, {0.0: 2.0}, num=2, sum=0)},
    {"raw": lambda v: is_histogram(v, {1: 1, 2: 2, 3: 1}, min=0, max=3, num=4, sum=6, sum_squares=14)},
    {"packed curve": lambda v: is_curve(v, np.ones(3))},
    {"weighted curve": lambda v: is_curve(v, np.array([1, 2, 3]))},
    {"image": lambda v: is_image(v, PIXELS.transpose(1, 2, 0))},
    {"grid": lambda v: is_image(v, GRID)},
    {"encoded": is_encoded},
    {"video": is_video},
    {"audio": is_audio},
    {"tensor": is_described_tensor},
    {"strings": lambda v: is_tensor(v, np.array([b"one", b"", b"three"], object), "text")},
    {"complex": lambda v: is_tensor(v, np.array(1 + 2j))},  # no shape was given
    {},  # a graph
]


@pytest.mark.parametrize("layout", READABLE)
def test_ops_of_every_kind(place, layout):
    logs, report = recovered(place, f"{layout}/every_kind.zip")
    assert (report.events, report.events_lost) == (2 * len(EVENTS), 0)
    events = oracle.logged(logs)
    assert len(events) == 3 * len(EVENTS)
    for number, event in enumerate(events):
        step, place_in_step = divmod(number, len(EVENTS))
        assert (event.step, event.wall_time) == (step, 10.0 + step)
        checks = EVENTS[place_in_step]
        assert [value.tag for value in event.summary.value] == list(checks)
        for value in event.summary.value:
            checks[value.tag](value)
        assert checks or event.graph_def == b"graph"


@pytest.mark.parametrize("layout", READABLE)
def test_a_lost_value_a_renewed_file_and_a_closed_writer(place, layout):
    logs, report = recovered(place, f"{layout}/states.zip")
    assert (report.events, report.events_lost) == (3, 1)
    assert any(
        "1 event" in message and "waited for a value from a device" in message for message in report.messages
    )
    found = {path.suffix: values_of(path) for path in oracle.event_files(logs)}
    assert found == {
        ".deferred": [
            ("came", 1, 1.0),
            ("never came", 1, 1.0),
            ("deferred", 1, 1.0),
            ("came", 2, 2.5),
            ("deferred", 2, 2.0),
        ],
        ".moved": [("moved", 1, 1.0), ("moved", 1, 1.0), ("moved", 2, 2.0)],
        ".closed": [("closed", 1, 1.0)],
    }


def values_of(path):
    return [(v.tag, e.step, v.simple_value) for e in oracle.load(path) for v in e.summary.value]


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout not in READABLE] + ["2.2", "3.1"])
def test_other_layouts_are_refused_with_the_version_to_run(place, layout):
    """For a layout that has no ring here, a ring of the newest one says that it has this layout."""
    logs, rings = place
    is_kept = layout in LAYOUTS
    ring = golden_rings.restore(
        golden_rings.GOLDEN / (layout if is_kept else READABLE[-1]) / "every_kind.zip", logs, rings
    )
    if not is_kept:
        golden_rings.set_layout(ring, layout)
    before = {path.name: path.read_bytes() for path in logs.iterdir()}
    (report,) = tickertape.recover(logs)
    assert not report.complete
    (message,) = report.messages
    assert f"in layout {layout}, and this version reads {READABLE[-1]}" in message
    assert f"run `tickertape repair` of tickertape {golden_rings.version_of(ring)}" in message
    assert ring.exists()
    assert {path.name: path.read_bytes() for path in logs.iterdir()} == before


def test_the_layout_of_this_version_has_golden_rings(run_script, tmp_path):
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)
    run_script(
        "import os, sys; os.environ['TICKERTAPE_RING_DIR'] = sys.argv[2]\n"
        "from tickertape import SummaryWriter; SummaryWriter(sys.argv[1]).add_scalar('a', 1, 1); os._exit(0)",
        tmp_path / "logs",
        rings,
    )
    (ring,) = rings.iterdir()
    layout = golden_rings.layout_of(ring)
    assert layout in READABLE, (
        f"The layout of the ring is {layout} now. Run tests/golden/make_rings.py, which makes tests/golden/rings/{layout}; "
        f"keep the rings of the earlier layouts; and set READABLE here to {[layout]}, with every earlier layout that "
        "recovery still reads. If rings of the newest layout above are not recovered as they were, then kRingVersion "
        "(csrc/queue/ring_layout.h) or kOpLayoutVersion (csrc/event/op.h) has to be raised."
    )
    assert set(READABLE) <= set(LAYOUTS)
