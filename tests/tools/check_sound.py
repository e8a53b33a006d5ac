#!/usr/bin/env python3
"""Looks for what an ear would call a crackle in a recording of speech (16-bit mono WAV at 8 kHz).

    check_sound.py FILE.wav …      prints what it finds and where; status 1 when there is anything

Three things do not occur within an utterance that was played whole:

* a click: one sample step that the samples around it do not explain. Each sample is predicted from the eight before it
  (linear prediction over 30 ms); the error is held against the median error of the louder half of those 30 ms, because a voice
  that is lowered is loud in one of them. Speech, espeak-ng's with its hard pulses included, stays below 14 times the median
  (measured); CLICK is above that, and what is no higher than STEP is left to the ear.
* a gap: whole frames of silence to the last bit, up to 400 ms, between two samples of voice, begun or ended abruptly: at the
  edge the level within 2.5 ms is above EDGE. Frames lie at multiples of 20 ms in a recording; a pause of the voice, which begins
  and ends anywhere, is none.
* a repeat: a frame of 20 ms that is the same as the one before it, sample for sample, and not silent.

Frames that were never sent and closed up leave no trace here; the barge-in tests number theirs. What ends an utterance (400 ms of
silence) is not looked at: an interruption may cut it anywhere."""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import sound  # noqa: E402

FRAME = 160
WINDOW = 240        # 30 ms
ORDER = 8
CLICK = 20          # times the median error of prediction
STEP = 4000         # of 32768
EDGE = 600          # mean level within 2.5 ms of an abrupt edge
EDGE_SAMPLES = 20
GAP_FROM, GAP_TO = 160, 3200
SLACK = 4           # samples that were silent anyway
QUIET = 1           # µ-law knows a negative zero


def silences(samples):
    """(begin, end) of every run of silence of GAP_FROM or longer."""
    begin = None
    for at, sample in enumerate(samples):
        if abs(sample) <= QUIET:
            begin = at if begin is None else begin
        elif begin is not None:
            if at - begin >= GAP_FROM:
                yield begin, at
            begin = None


def level(samples):
    return sum(map(abs, samples)) / max(len(samples), 1)


def gaps(samples):
    for begin, end in silences(samples):
        is_inside = begin > 0 and end - begin < GAP_TO
        is_frames = -begin % FRAME <= SLACK and end % FRAME <= SLACK
        before, after = samples[max(0, begin - EDGE_SAMPLES):begin], samples[end:end + EDGE_SAMPLES]
        if is_inside and is_frames and max(level(before), level(after)) > EDGE:
            yield begin, f"a gap of {(end - begin) / 8:.1f} ms"


def prediction(window):
    """Coefficients that predict a sample from those before it (Levinson-Durbin)."""
    r = [sum(window[i] * window[i + lag] for i in range(len(window) - lag)) for lag in range(ORDER + 1)]
    error, a = r[0] * 1.0001 + 1, []
    for order in range(ORDER):
        k = (r[order + 1] - sum(c * r[order - i] for i, c in enumerate(a))) / error
        a = [c - k * a[order - 1 - i] for i, c in enumerate(a)] + [k]
        error *= 1 - k * k
    return a


def errors_of(window):
    a = prediction(window)
    return [0.0] * ORDER + [abs(window[n] - sum(c * window[n - 1 - i] for i, c in enumerate(a))) for n in range(ORDER, len(window))]


def usual(errors, window):
    """The median error of the louder half."""
    halves = ((errors[ORDER:WINDOW // 2], window[ORDER:WINDOW // 2]), (errors[WINDOW // 2:], window[WINDOW // 2:]))
    voiced = [[error for error, sample in zip(*half) if abs(sample) > QUIET] or [0] for half in halves]
    return 8 + max(map(statistics.median, voiced))


def is_edge(window, at):
    """Silence on one side: see gaps."""
    return min(level(window[:at]), level(window[at:])) <= QUIET


def clicks(samples):
    """Only where a step is high enough to be heard: prediction costs time."""
    for first in range(0, len(samples) - WINDOW, WINDOW // 2):
        window = samples[first:first + WINDOW]
        middle = range(WINDOW // 4, WINDOW * 3 // 4)
        steps = [at for at in middle if abs(window[at] - window[at - 1]) >= STEP]
        errors = errors_of(window) if steps else []
        limit = max(STEP, CLICK * usual(errors, window)) if steps else 0
        for at in steps:
            if errors[at] > limit and not is_edge(window, at):
                yield first + at, f"a click of {abs(window[at] - window[at - 1])}"
                break


def repeats(samples):
    for at in range(FRAME, len(samples) - FRAME + 1, FRAME):
        frame = samples[at:at + FRAME]
        if frame == samples[at - FRAME:at] and level(frame) > EDGE:
            yield at, "a frame twice"


def faults(samples):
    """What is wrong, in order: [(sample, what)]."""
    samples = list(samples)
    return sorted([*gaps(samples), *clicks(samples), *repeats(samples)])


def main():
    status = 0
    for path in sys.argv[1:]:
        samples, rate = sound.read_wav(path)
        if rate != 8000:
            raise SystemExit(f"{path}: not 8 kHz")
        for at, what in faults(samples):
            print(f"{path}: {what} at {at / 8000:.3f} s")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
