#!/usr/bin/env python3
"""Speaks the lines of the golden call with espeak-ng into the .ulaw files beside this script (8 kHz µ-law). They are
committed: every run hears the same recording, whatever version of espeak-ng is installed."""

import math
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import sound  # noqa: E402
from lines import LINES  # noqa: E402

VOICE, SPEED = "en-us+f2", "165"
PEAK = 16422  # -6 dBFS
TAPS = 24     # each side
CUT_HZ = 3700


def to_8000(samples, rate):
    """Band-limited interpolation by a windowed sinc."""
    out = []
    for n in range(len(samples) * 8000 // rate):
        centre = n * rate / 8000
        first = max(0, int(centre) - TAPS + 1)
        total = 0.0
        for i in range(first, min(len(samples), int(centre) + TAPS + 1)):
            x = (i - centre) * 2 * CUT_HZ / rate
            sinc = math.sin(math.pi * x) / (math.pi * x) if x else 1.0
            total += samples[i] * sinc * (0.5 + 0.5 * math.cos(math.pi * (i - centre) / (TAPS + 1)))
        out.append(total * 2 * CUT_HZ / rate)
    return out


def trimmed(samples, level=60):
    loud = [i for i, sample in enumerate(samples) if abs(sample) > level]
    return samples[loud[0]:loud[-1] + 1]


def speak(text):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", VOICE, "-s", SPEED, "-w", file.name, text], check=True)
        samples, rate = sound.read_wav(file.name)
    samples = trimmed(to_8000(samples, rate))
    factor = PEAK / max(abs(sample) for sample in samples)
    return sound.encode([sample * factor for sample in samples])


for name, text, spoken in LINES:
    (HERE / f"{name}.ulaw").write_bytes(speak(spoken or text))
