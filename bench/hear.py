#!/usr/bin/env python3
"""Sound through the real server over real sockets, both ways in one call: what a caller says, with frames that come up to
150 ms late, against what speech-to-text is sent; what synthesis gives, against what the caller gets.

    bench/hear.py [--seconds 180] [--jitter 150] [--seed 1] [--out FILE.json]

In: STOI of every utterance, aligned. Out: sine sweep, pink noise and numbered frames, byte for byte; how far the last frame
of a reply comes from where the first one puts it (a clock that drifts would show)."""

import argparse
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SOURCE / "tests" / "support"), str(SOURCE / "tests" / "e2e"), str(SOURCE / "tests" / "golden")]
os.environ.setdefault("MOONLINE_BUILD", str(SOURCE / "build"))
import sound  # noqa: E402
from caller import Caller  # noqa: E402
from lines import LINES  # noqa: E402
from world import BUILD, World  # noqa: E402

BREATH = 40000  # samples between two lines at most: what is sent around the voice
SAID = {text: (SOURCE / "tests" / "golden" / f"{name}.ulaw").read_bytes() for name, text, _ in LINES}
HEARD = {"A sweep of all tones.": sound.sweep(5), "A noise like rain.": sound.pink_noise(5),
         "Every frame of this has a number.": b"".join(map(sound.numbered_frame, range(250)))}


def teach(world):
    encoded = lambda ulaw: base64.b64encode(ulaw).decode()  # noqa: E731
    world.control("/transcripts", {"each_session": ["and what about this"] * 500})
    world.control("/replies", {"replies": [{"text": text} for _ in range(100) for text in HEARD]})
    world.control("/speech", {"by_text": [{"text": text, "mulaw": encoded(ulaw)} for text, ulaw in HEARD.items()]})


def stoi(clean, heard):
    """Where `clean` lies in `heard`, in samples, and how much of it survived."""
    with tempfile.NamedTemporaryFile() as clean_file, tempfile.NamedTemporaryFile() as heard_file:
        sound.write_pcm(clean_file.name, clean)
        sound.write_pcm(heard_file.name, heard)
        answer = subprocess.run([BUILD / "bench/bench_stoi", clean_file.name, heard_file.name], check=True,
                                capture_output=True, text=True)
    place, value = answer.stdout.split()
    return int(place), float(value)


def stoi_of_each(lines, heard):
    """Of every line said, in order: each is looked for behind the one before it, not further on than a breath."""
    values, begin = [], 0
    for text in lines:
        clean = sound.decode(SAID[text])
        place, value = stoi(clean, heard[begin:begin + len(clean) + BREATH])
        values.append(value)
        begin += place + len(clean)
    return values


class Talk:
    """A call in turns: a line, its answer, the next line."""

    def __init__(self, world, seconds, jitter_ms, seed):
        self.lines, self.replies = [], []
        caller = Caller(world.listen, jitter_ms=jitter_ms, seed=seed)
        try:
            caller.wait_for_reply(since=0)
            while caller.frames_sent < seconds * 50:
                self.take_turn(caller)
            self.frames_sent = caller.frames_sent
        finally:
            caller.hang_up()

    def take_turn(self, caller):
        text = list(SAID)[len(self.lines) % len(SAID)]
        begin = len(caller.events)
        caller.say(SAID[text])
        caller.wait_until_said()
        caller.wait_until_quiet()
        media = [(at, payload) for at, kind, payload in caller.events[begin:] if kind == "media"]
        self.lines.append(text)
        self.replies.append({"audio": b"".join(payload for _, payload in media), "at": [at for at, _ in media]})


def name_of(audio):
    """Which of the known replies it is, whole and nothing else; None: none of them."""
    return next((text for text, ulaw in HEARD.items() if audio == b"".join(sound.frames_of(ulaw))), None)


def drift_ms(times):
    """How much later the last frame comes, after its predecessors, than the pace of 20 ms says. The first eight come at once."""
    if len(times) < 100:
        return 0.0
    early = min(at - n * 0.02 for n, at in enumerate(times[10:60]))
    late = min(at - (n + len(times) - 60) * 0.02 for n, at in enumerate(times[-50:]))
    return (late - early) * 1000


def judge(talk, heard_folder):
    """Sent and heard side by side: what was committed in parts is one again."""
    files = sorted(heard_folder.glob("*.pcm"), key=lambda path: [int(part) for part in path.stem.split("-")])
    heard = [sample for path in files for sample in sound.read_pcm(path)]
    lines = stoi_of_each(talk.lines, heard)
    names = [name_of(reply["audio"]) for reply in talk.replies]
    whole = [reply for reply, name in zip(talk.replies, names) if name]
    return {"stoi": lines, "stoi_worst": min(lines), "stoi_mean": sum(lines) / len(lines),
            "utterances_said": len(talk.lines), "utterances_heard": len(files),
            "replies": len(talk.replies), "replies_exact": len(whole),
            "replies_odd": [len(reply["audio"]) for reply, name in zip(talk.replies, names) if not name],
            "drift_ms_worst": max((abs(drift_ms(reply["at"])) for reply in whole), default=0.0)}


def run(world, heard_folder, seconds, jitter_ms, seed):
    teach(world)
    result = judge(Talk(world, seconds, jitter_ms, seed), heard_folder)
    for name in ("moonline_frames_in_total", "moonline_frames_concealed_total", "moonline_jitter_late_total",
                 "moonline_outbound_underruns_total", "moonline_frames_dropped_total"):
        result[name] = world.metric(name)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--jitter", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=SOURCE / "var/bench/hear.json")
    options = parser.parse_args()
    world = World()
    try:
        heard = world.dir / "heard"
        heard.mkdir()
        world.migrate()
        world.start_sandbox("--no-ears", "--heard", heard)
        world.start_server(MOONLINE_WORKERS="1", OPENAI_STT_FORMAT="pcmu")
        result = run(world, heard, options.seconds, options.jitter, options.seed)
    finally:
        world.close()
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))
    return 0 if result["stoi_worst"] >= 0.95 and result["replies_exact"] == result["replies"] else 1


if __name__ == "__main__":
    sys.exit(main())
