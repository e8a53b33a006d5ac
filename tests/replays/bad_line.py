"""A caller on a line that loses frames, sends some twice, some behind the next one, and all of them late."""

import base64
import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from caller import Caller  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
QUESTION = (GOLDEN / "01-hours.ulaw").read_bytes()
INTERRUPTION = (GOLDEN / "03-interrupts.ulaw").read_bytes()


def heard():
    """What speech-to-text makes of the two, for the sandbox."""
    return [{"text": text, "mulaw": base64.b64encode(ulaw).decode()}
            for text, ulaw in (("what are your hours on saturday", QUESTION), ("sorry i'd like a cleaning", INTERRUPTION))]


class BadLine:
    """Between a caller and its stream: numbers and timestamps of frames are as the caller counts them."""

    def __init__(self, stream, seed):
        self.send, self.chance, self.held = stream.media, random.Random(seed), None

    def media(self, chunk, payload):
        fate = self.chance.random()
        if fate < 0.04:
            return
        if fate < 0.06 and not self.held:
            self.held = (chunk, payload)
            return
        self.send(chunk, payload)
        if fate < 0.08:
            self.send(chunk, payload)
        if self.held:
            held, self.held = self.held, None
            self.send(*held)


class BadCall(threading.Thread):
    """Two questions, the second one over the answer to the first; then it is hung up."""

    def __init__(self, address, to, seed):
        super().__init__(daemon=True)
        self.address, self.to, self.seed = address, to, seed
        self.start()

    def run(self):
        caller = Caller(self.address, jitter_ms=(30, 90, 160)[self.seed % 3], seed=self.seed, to=self.to)
        caller.stream.media = BadLine(caller.stream, self.seed).media
        try:
            caller.wait_for_audio(0, frames=60)
            caller.say(QUESTION)
            caller.wait_until_said()
            caller.wait_for_audio(caller.count("media"), frames=40)
            caller.say(INTERRUPTION)
            caller.wait_for_reply()
        except AssertionError as missed:
            print(f"bad line {self.seed}: {missed}")
        finally:
            caller.hang_up()

    def wait(self, seconds):
        self.join(seconds)
