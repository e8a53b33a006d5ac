"""Sound for tests, in µ-law of 8 kHz: the codec, levels, files, and frames that say which they are."""

import array
import math
import pathlib
import random
import wave

FRAME = 160
SILENCE = b"\xff"
DUCK_DB = -12
NUMBER_FROM = 64  # samples before it may lie in a ramp of the level
NUMBER_BITS = 12


def decode_code(code):
    """As runtime/media/g711 does: negative zero is -1."""
    if code == 0x7F:
        return -1
    value = ~code & 0xFF
    magnitude = (((value & 0x0F) << 3) + 0x84 << ((value & 0x70) >> 4)) - 0x84
    return -magnitude if value & 0x80 else magnitude


def encode_sample(sample):
    mask, magnitude = (0xFF, sample + 0x84) if sample >= 0 else (0x7F, 0x84 - sample)
    segment = (magnitude | 0xFF).bit_length() - 8
    if segment >= 8:
        return 0x7F ^ mask
    return (segment << 4 | magnitude >> segment + 3 & 0x0F) ^ mask


PCM = [decode_code(code) for code in range(256)]


def decode(ulaw):
    return [PCM[code] for code in ulaw]


def encode(samples):
    return bytes(encode_sample(max(-32768, min(32767, round(sample)))) for sample in samples)


def at_level(ulaw, level_db):
    factor = 10 ** (level_db / 20)
    table = bytes(encode_sample(round(PCM[code] * factor)) for code in range(256))
    return ulaw.translate(table)


def frames_of(ulaw):
    """Whole frames, the last one padded."""
    padded = ulaw + SILENCE * (-len(ulaw) % FRAME)
    return [padded[at:at + FRAME] for at in range(0, len(padded), FRAME)]


# ---- frames that say which they are ----

def numbered_frame(number):
    """Twelve bits by the sign of eight samples each; before them the same bits, shorter, where a ramp may lie."""
    signs = [1 if number >> bit & 1 else -1 for bit in range(NUMBER_BITS)]
    head = [8000 * signs[i * NUMBER_BITS // NUMBER_FROM] for i in range(NUMBER_FROM)]
    return encode(head + [8000 * sign for sign in signs for _ in range(8)])


def read_frame(frame, level_db=DUCK_DB):
    """(number, "full" | "low" | "to full" | "to low"); None: it is none of them, to the last code."""
    samples = decode(frame[NUMBER_FROM:])
    number = sum(1 << bit for bit in range(NUMBER_BITS) if samples[bit * 8] > 0)
    full = numbered_frame(number)
    low = at_level(full, level_db)
    for name, whole in (("full", full), ("low", low)):
        if frame == whole:
            return number, name
        if frame[NUMBER_FROM:] == whole[NUMBER_FROM:]:
            between = all(min(abs(a), abs(b)) <= abs(c) <= max(abs(a), abs(b)) and a * c > 0
                          for a, b, c in zip(decode(full), decode(low), decode(frame)))
            return (number, "to " + name) if between else None
    return None


# ---- signals ----

def sweep(seconds, from_hz=100, to_hz=3600, level=10000):
    """Every pitch once, rising evenly in octaves."""
    rate = math.log(to_hz / from_hz) / seconds
    phase = (2 * math.pi * from_hz / rate * (math.exp(rate * n / 8000) - 1) for n in range(int(8000 * seconds)))
    return encode([level * math.sin(each) for each in phase])


def pink_noise(seconds, seed=1, level=2000):
    """Equal power in each octave: sums of noises that change every 1, 2, 4, … samples."""
    source = random.Random(seed)
    rows = [0.0] * 12
    samples = []
    for n in range(1, int(8000 * seconds) + 1):
        rows[min((n & -n).bit_length() - 1, 11)] = source.gauss(0, 1)
        samples.append(level / 2 * (sum(rows) + source.gauss(0, 1)))
    return encode(samples)


def cough(seed=1, milliseconds=110, level=9000):
    """A burst of noise that dies away."""
    source = random.Random(seed)
    count = 8 * milliseconds
    return encode([level * source.uniform(-1, 1) * math.exp(-4 * n / count) for n in range(count)])


# ---- files ----

def read_wav(path):
    """Samples of a 16-bit mono file, and its rate."""
    with wave.open(str(path)) as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{path}: not 16-bit mono")
        samples = array.array("h", file.readframes(file.getnframes()))
        return samples, file.getframerate()


def write_pcm(path, samples):
    pathlib.Path(path).write_bytes(array.array("h", samples).tobytes())


def read_pcm(path):
    return array.array("h", pathlib.Path(path).read_bytes())
