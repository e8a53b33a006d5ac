#!/usr/bin/env python3
"""Voices over replies, on one call over real sockets: interruptions, back-channels and noises at random moments. Every frame
of the replies says which it is, so what was lost or heard twice is counted, not guessed.

    bench/barge.py [--each 20] [--seed 1] [--delays 0,40,80] [--jitter 30] [--out FILE.json]

The caller's ear is worked out from the times at which frames and clears arrived: a line of 0, 40 and 80 ms each way and a
carrier that plays a frame every 20 ms (tests/support/caller.py). The way there makes what is heard later, not different."""

import argparse
import base64
import collections
import json
import math
import os
import pathlib
import random
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SOURCE / "tests" / "support"), str(SOURCE / "tests" / "e2e"), str(SOURCE / "tests" / "golden")]
os.environ.setdefault("MOONLINE_BUILD", str(SOURCE / "build"))
import sound  # noqa: E402
from caller import Caller, play_out  # noqa: E402
from world import World  # noqa: E402

FRAMES = 250  # of a reply: five seconds
REPLY = "Every frame of this has a number."
QUESTION = (SOURCE / "tests/golden/01-hours.ulaw").read_bytes()
INTERRUPTION = (SOURCE / "tests/golden/03-interrupts.ulaw").read_bytes()
FRAME_OF_REPLY = [sound.numbered_frame(number) for number in range(FRAMES)]


def humming(milliseconds):
    """"Mm-hmm": two syllables of a voice that opens and closes."""
    count = 8 * milliseconds
    return sound.encode([9000 * abs(math.sin(2 * math.pi * n / count)) ** 0.3 * sum(
        math.sin(2 * math.pi * 140 * harmonic * n / 8000) / harmonic for harmonic in range(1, 9)) / 2 for n in range(count)])


HUMMINGS = [humming(milliseconds) for milliseconds in (220, 420, 650)]
VOICES = {"interruption": lambda seed: INTERRUPTION, "back-channel": lambda seed: HUMMINGS[seed % 3],
          "noise": lambda seed: sound.cough(seed, (90, 240, 600)[seed % 3])}


class Trial:
    """One voice over one reply, and what came of it."""

    def __init__(self, kind, offset_frames):
        self.kind, self.offset_frames = kind, offset_frames
        self.events = []

    def look(self, events, spoke_at):
        self.events = events
        clears = [at for at, kind, _ in events if kind == "clear" and at >= spoke_at]
        low = [at for at, kind, payload in events if kind == "media" and at >= spoke_at and self.level(payload) == "low"]
        self.duck_ms = (clears[0] - spoke_at) * 1000 if clears and low else None
        self.clears = len(clears)
        numbers = [sound.read_frame(payload) for _, kind, payload in events if kind == "media"]
        self.unknown = numbers.count(None)
        last = max((each[0] for each in numbers if each), default=-1)
        self.was_stopped = last < FRAMES - 1

    @staticmethod
    def level(payload):
        found = sound.read_frame(payload)
        return found and found[1]

    def wrong_frames(self, delay_ms, jitter_ms=0, seed=1):
        """Frames that the ear did not hear exactly once."""
        heard = play_out([event for event in self.events if event[1] != "mark"], delay_ms / 1000, jitter_ms / 1000, seed)
        counts = collections.Counter(each[0] for each in map(sound.read_frame, heard) if each)
        return sum(abs(counts[number] - 1) for number in range(FRAMES))

    def is_in_order(self):
        """On the wire: every frame follows the one before it; after a clear one goes back, by what was ahead at most."""
        expected, may_go_back = 0, False
        for _, kind, payload in self.events:
            if kind == "clear":
                may_go_back = True
            if kind != "media":
                continue
            number = (sound.read_frame(payload) or (-1,))[0]
            is_back = may_go_back and expected - 11 <= number <= expected
            if number != expected and not is_back:
                return False
            expected, may_go_back = number + 1, False
        return self.was_stopped or expected == FRAMES


def teach(world):
    encoded = lambda ulaw: base64.b64encode(ulaw).decode()  # noqa: E731
    known = [("what are your hours on saturday", QUESTION), ("sorry i'd like a cleaning", INTERRUPTION),
             *(("mm-hmm", humming) for humming in HUMMINGS)]
    world.control("/transcripts", {"by_audio": [{"text": text, "mulaw": encoded(ulaw)} for text, ulaw in known],
                                   "texts": []})
    world.control("/replies", {"replies": [{"text": REPLY, "repeat": True}]})
    world.control("/speech", {"by_text": [{"text": REPLY, "mulaw": encoded(b"".join(FRAME_OF_REPLY))}]})


def ask(caller):
    """Where in the events the numbered reply begins. A question that was not understood is asked again."""
    for _ in range(3):
        begin = len(caller.events)
        caller.say(QUESTION)
        caller.wait_until_said()
        try:
            caller.until(lambda: first_frame(caller, begin) is not None, 4, "an answer")
            return first_frame(caller, begin)
        except AssertionError:
            caller.wait_until_quiet()
    raise AssertionError("asked three times, no answer")


def first_frame(caller, begin):
    """The event from `begin` on in which the reply begins."""
    return next((i for i in range(begin, len(caller.events)) if caller.events[i][1] == "media"
                 and sound.read_frame(caller.events[i][2]) == (0, "full")), None)


def try_one(caller, trial, seed):
    """Asks, lets the reply play for a while, speaks over it, waits for what comes."""
    begin = ask(caller)
    caller.wait_for_audio(caller.count("media") - 1, frames=trial.offset_frames)
    caller.say(VOICES[trial.kind](seed))
    caller.wait_until_said()
    spoke_at = caller.spoke_at
    caller.wait_until_quiet()
    end = first_frame(caller, begin + 1)  # the answer to an interruption
    trial.look(caller.events[begin:end], spoke_at)


def run(world, each, seed, kinds=tuple(VOICES)):
    """All trials in one call; offsets are random, but the same for a seed."""
    source = random.Random(seed)
    trials = [Trial(kind, 25 + source.randrange(150)) for kind in kinds for _ in range(each)]
    source.shuffle(trials)
    teach(world)
    caller = Caller(world.listen, seed=seed)
    try:
        caller.wait_for_reply(since=0)
        for number, trial in enumerate(trials):
            try_one(caller, trial, seed + number)
    finally:
        caller.hang_up()
    return trials


def share(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def report(trials, delays_ms, jitter_ms):
    rows = {}
    for kind in VOICES:
        of_kind = [trial for trial in trials if trial.kind == kind]
        ducks = [trial.duck_ms for trial in of_kind if trial.duck_ms is not None]
        row = {"trials": len(of_kind), "stopped": sum(trial.was_stopped for trial in of_kind), "ducked": len(ducks),
               "duck_ms_p50": share(ducks, 0.5), "duck_ms_p95": share(ducks, 0.95),
               "unknown_frames": sum(trial.unknown for trial in of_kind),
               "out_of_order": sum(not trial.is_in_order() for trial in of_kind)}
        whole = [trial for trial in of_kind if not trial.was_stopped]
        for delay in delays_ms:
            row[f"wrong_frames_{delay}_ms"] = [trial.wrong_frames(delay) for trial in whole]
        row["wrong_frames_jitter"] = [trial.wrong_frames(40, jitter_ms, n) for n, trial in enumerate(whole)]
        rows[kind] = row
    return rows


def print_table(rows, delays_ms, jitter_ms):
    head = ["voice over a reply", "stopped", "ducked", "onset to duck, ms: p50 / p95", "frames unknown",
            "out of order", *(f"frames not heard once, {delay} ms each way" for delay in delays_ms),
            f"with {jitter_ms} ms of jitter, worst"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for kind, row in rows.items():
        cells = [kind, f"{row['stopped']}/{row['trials']}", f"{row['ducked']}/{row['trials']}",
                 f"{row['duck_ms_p50']:.0f} / {row['duck_ms_p95']:.0f}", row["unknown_frames"], row["out_of_order"]]
        cells += [sum(row[f"wrong_frames_{delay}_ms"]) for delay in delays_ms]
        cells.append(max(row["wrong_frames_jitter"], default=0))
        print("| " + " | ".join(str(cell) for cell in cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--delays", type=lambda text: [int(part) for part in text.split(",")], default=[0, 40, 80])
    parser.add_argument("--jitter", type=int, default=30)
    parser.add_argument("--out", default=SOURCE / "var/bench/barge.json")
    options = parser.parse_args()
    world = World()
    try:
        world.migrate()
        world.start_sandbox("--no-ears")
        world.start_server(MOONLINE_WORKERS="1")
        trials = run(world, options.each, options.seed)
    finally:
        world.close()
    rows = report(trials, options.delays, options.jitter)
    print_table(rows, options.delays, options.jitter)
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
