"""add_audio: mono against torch, stereo against what tensorboardX hands to soundfile; files read by Python's wave."""

import io
import sys
import types
import warnings
import wave

import numpy as np
import pytest
import tensorboardX.summary
import torch
from support import oracle

RNG = np.random.default_rng(14)


def samples_of(audio):
    """[frames, channels] int16 of a Summary.Audio, whose other fields must fit its file."""
    with wave.open(io.BytesIO(audio.encoded_audio_string)) as file:
        assert file.getsampwidth() == 2
        assert file.getframerate() == audio.sample_rate
        assert file.getnchannels() == audio.num_channels
        assert file.getnframes() == audio.length_frames
        data = file.readframes(file.getnframes())
    assert audio.content_type == "audio/wav"
    return np.frombuffer(data, "<i2").reshape(-1, audio.num_channels)


def audio_events(events):
    """Each event's samples, with the file taken out of the events."""
    found = []
    for event in events:
        audio = event.summary.value[0].audio
        found.append(samples_of(audio))
        audio.ClearField("encoded_audio_string")
    return found


MONO = {
    "float32": np.sin(np.linspace(0, 50, 1000, dtype=np.float32)),
    "float64": RNG.uniform(-1, 1, 999),
    "column": RNG.uniform(-1, 1, (50, 1)),
    "row": RNG.uniform(-1, 1, (1, 50)),
    "batch of one": RNG.uniform(-1, 1, (1, 1, 50)),
    "tensor": torch.linspace(-1, 1, 777),
    "strided": np.linspace(-1, 1, 100)[::-3],
    "edges": np.array([1.0, -1.0, 0.0, -0.0, 1e-9, 0.99999]),
    "bool": np.array([True, False, True]),
    "ints": np.array([1, 0, -1]),
}


@pytest.mark.parametrize("name", MONO)
def test_mono_as_torch(tmp_path, name):
    theirs, ours = oracle.both(
        tmp_path,
        lambda writer: writer.add_audio("tag", MONO[name], 3, sample_rate=8000, walltime=oracle.WALLTIME),
    )
    for mine, other in zip(audio_events(ours), audio_events(theirs), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert ours == theirs


def test_clipping_warns_as_torch_prints(tmp_path):
    loud = np.array([0.5, 2.0, -3.0])

    def calls(writer):
        if type(writer).__module__.startswith("tickertape"):
            with pytest.warns(UserWarning, match="snd_tensor.*'tag' at step 0, which are clipped"):
                writer.add_audio("tag", loud, walltime=oracle.WALLTIME)
        else:
            writer.add_audio("tag", loud, walltime=oracle.WALLTIME)

    theirs, ours = oracle.both(tmp_path, calls)
    assert audio_events(ours)[0].tolist() == audio_events(theirs)[0].tolist() == [[16383], [32767], [-32767]]
    assert ours == theirs


def tensorboardx_audio(monkeypatch, sound, rate):
    """(Summary.Audio, samples, rate) as tensorboardX makes them, with soundfile in our hands."""
    written = []
    fake = types.ModuleType("soundfile")
    fake.write = lambda _file, samples, samplerate, **_options: written.append((samples, samplerate))
    monkeypatch.setitem(sys.modules, "soundfile", fake)
    audio = tensorboardX.summary.audio("tag", sound, sample_rate=rate).value[0].audio
    return audio, *written[0]


@pytest.mark.parametrize("shape", [(100, 2), (3, 2), (100,), (100, 1)])
def test_channels_as_tensorboardx(tmp_path, writer, monkeypatch, shape):
    sound = RNG.uniform(-1, 1, shape)
    audio, theirs, rate = tensorboardx_audio(monkeypatch, sound, 22050)
    writer.add_audio("tag", sound, sample_rate=22050)
    writer.close()
    ours = oracle.only_value(oracle.logged(tmp_path / "ours")).audio
    np.testing.assert_array_equal(samples_of(ours), (theirs * 32767).astype(np.int16))
    assert rate == ours.sample_rate
    for field in ("sample_rate", "num_channels", "length_frames", "content_type"):
        assert getattr(ours, field) == getattr(audio, field), field


def test_silence_instead_of_nan(tmp_path, writer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.add_audio("tag", np.array([np.nan, 1.0]))
    writer.close()
    audio = oracle.only_value(oracle.logged(tmp_path / "ours")).audio
    assert samples_of(audio).tolist() == [[0], [32767]]


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16, torch.float64])
def test_every_float_type(tmp_path, writer, dtype):
    sound = torch.linspace(-1, 1, 9).to(dtype)
    writer.add_audio("tag", sound)
    writer.close()
    ours = samples_of(oracle.only_value(oracle.logged(tmp_path / "ours")).audio)
    np.testing.assert_allclose(ours[:, 0], sound.double() * 32767, atol=1)


@pytest.mark.parametrize("channels", [1, 2])
def test_integers_are_as_loud_as_their_type_says(tmp_path, writer, channels):
    """What wave and soundfile read: torch clips them to noise."""
    levels = RNG.integers(-(2**15), 2**15, (5000, channels)).astype(np.int16)
    sounds = {
        "int16": levels,
        "tensor": torch.from_numpy(levels),
        "int32": levels.astype(np.int32) << 16,
        "int8": (levels >> 8).astype(np.int8),
        "uint8": ((levels >> 8) + 128).astype(np.uint8),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, sound in sounds.items():
            writer.add_audio(name, sound)
    writer.close()
    for event in oracle.logged(tmp_path / "ours"):
        value = event.summary.value[0]
        expected = levels if value.tag in ("int16", "tensor", "int32") else levels & ~0xFF
        np.testing.assert_array_equal(samples_of(value.audio), expected)


def test_one_sample_and_a_long_sound(tmp_path, writer):
    """torch raises for a single sample; a minute of stereo goes through the pool."""
    writer.add_audio("short", 0.5)
    long = RNG.uniform(-1, 1, (44100 * 60, 2)).astype(np.float32)
    writer.add_audio("long", long)
    long[:] = 0
    writer.close()
    short, rest = (event.summary.value[0].audio for event in oracle.logged(tmp_path / "ours"))
    assert samples_of(short).tolist() == [[16383]]
    assert samples_of(rest).shape == long.shape
    assert np.abs(samples_of(rest)).max() > 32000


def test_fractional_rate_is_rounded(tmp_path, writer):
    writer.add_audio("tag", [0.0, 0.1], sample_rate=8000.4)
    writer.close()
    audio = oracle.only_value(oracle.logged(tmp_path / "ours")).audio
    assert samples_of(audio).shape == (2, 1)
    assert audio.sample_rate == 8000
