#!/usr/bin/env python3
"""Makes typing.ulaw: four seconds of somebody typing, for looping. Nothing is recorded: a key is a short burst of noise
through two resonances, once for going down and softer for coming up. The same bytes every time."""

import math
import pathlib
import random

RATE = 8000
SECONDS = 4
PEAK = 0.5


def burst(noise, frequency, decay_ms, level):
    """Noise through a two-pole resonator, dying away."""
    radius = math.exp(-1 / (decay_ms / 1000 * RATE))
    a1, a2 = 2 * radius * math.cos(2 * math.pi * frequency / RATE), -radius * radius
    y1 = y2 = 0.0
    out = []
    for i in range(int(RATE * 0.05)):
        excitation = noise.uniform(-1, 1) if i < RATE * 0.003 else 0.0
        y = excitation + a1 * y1 + a2 * y2
        y1, y2 = y, y1
        out.append(level * y)
    return out


def add(sound, at, samples):
    for i, sample in enumerate(samples):
        sound[(at + i) % len(sound)] += sample  # what rings past the end rings on at the beginning


def key(noise, sound, at, level):
    pitch = noise.uniform(0.85, 1.15)
    for share, frequency, decay_ms in ((1.0, 1900, 2.5), (0.7, 650, 5.0)):
        add(sound, at, burst(noise, frequency * pitch, decay_ms, level * share))
        up = at + int(RATE * noise.uniform(0.06, 0.09))
        add(sound, up, burst(noise, frequency * pitch * 1.2, decay_ms * 0.8, level * share * 0.35))


def ulaw(value):
    sign = 0x80 if value < 0 else 0
    value = min(abs(value), 32635) + 132
    exponent = value.bit_length() - 8
    return ~(sign | exponent << 4 | (value >> exponent + 3) & 0x0F) & 0xFF


def main():
    noise = random.Random(20)
    sound = [0.0] * (RATE * SECONDS)
    at = 0.05
    while at < SECONDS - 0.1:
        for _ in range(noise.randint(3, 7)):  # a word
            if at < SECONDS - 0.1:
                key(noise, sound, int(at * RATE), noise.uniform(0.6, 1.0))
            at += noise.uniform(0.10, 0.19)
        at += noise.uniform(0.15, 0.35)
    scale = PEAK * 32767 / max(abs(sample) for sample in sound)
    path = pathlib.Path(__file__).with_name("typing.ulaw")
    path.write_bytes(bytes(ulaw(int(sample * scale)) for sample in sound))


if __name__ == "__main__":
    main()
