"""A caller by hand: sends a frame every 20 ms whatever happens, keeps what comes with its time, and answers marks when
what was before them has been played. What the caller's ear makes of it is worked out afterwards (play_out)."""

import base64
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import line  # noqa: E402
import sound  # noqa: E402

FRAME_S = 0.02


class Caller:
    """`jitter_ms`: each frame leaves so much late at most, at random; order is kept, as TCP keeps it."""

    def __init__(self, address, jitter_ms=0, seed=1, to="+15550100002"):
        self.stream, self.call_sid, parameters = line.ring(address, to=to)
        self.random, self.jitter_ms = random.Random(seed), jitter_ms
        self.events = []      # (time, "media" | "clear" | "mark", payload)
        self.voice = []       # frames to say
        self.frames_sent = 0
        self.spoke_at = None  # when the first frame of the last line left
        self.voice_ended = 0.0
        self.played_until = 0.0
        self.marks = []       # (due, name)
        self.is_over = False
        self.lock = threading.Lock()
        self.stream.start(self.call_sid, parameters)
        self.threads = [threading.Thread(target=self.send_all), threading.Thread(target=self.receive_all)]
        for thread in self.threads:
            thread.start()

    # ---- both ways, each on a thread of its own ----

    def send_all(self):
        begin = left = time.monotonic()
        while not self.is_over:
            due = begin + self.frames_sent * FRAME_S
            left = max(left, due + self.random.uniform(0, self.jitter_ms / 1000))
            time.sleep(max(0, left - time.monotonic()))
            try:
                self.send_frame()
            except OSError:
                return

    def send_frame(self):
        with self.lock:
            now = time.monotonic()
            payload = self.voice.pop(0) if self.voice else None
            if payload:
                self.spoke_at = self.spoke_at or now
                self.voice_ended = now
            due = [name for at, name in self.marks if at <= now]
            self.marks = [(at, name) for at, name in self.marks if at > now]
        self.frames_sent += 1
        self.stream.media(self.frames_sent, base64.b64encode(self.with_line(now, payload or sound.SILENCE * sound.FRAME)).decode())
        for name in due:
            self.stream.send({"event": "mark", "streamSid": self.stream.stream_sid, "mark": {"name": name}})

    def with_line(self, now, payload):
        """What leaves, with what the line adds: nothing."""
        return payload

    def receive_all(self):
        while not self.is_over:
            try:
                kind, message = self.stream.receive(60)
            except OSError:
                return
            if kind == "close":
                self.is_over = True
                return
            self.take(time.monotonic(), message)

    def take(self, now, message):
        event = message["event"]
        payload = base64.b64decode(message["media"]["payload"]) if event == "media" else message.get("mark", {}).get("name")
        with self.lock:
            self.events.append((now, event, payload))
            if event == "media":
                self.played_until = max(now, self.played_until) + len(payload) / 8000
            elif event == "clear":
                self.played_until = now
                self.marks = [(now, name) for _, name in self.marks]
            elif event == "mark":
                self.marks.append((self.played_until, payload))

    # ---- what a test does ----

    def say(self, ulaw):
        with self.lock:
            self.spoke_at = None
            self.voice = sound.frames_of(ulaw)

    def until(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self.is_over:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.005)

    def wait_until_said(self):
        self.until(lambda: not self.voice, 60, "the line is said")

    def count(self, event):
        with self.lock:
            return sum(kind == event for _, kind, _ in self.events)

    def wait_for_audio(self, since, frames=1, seconds=30):
        """Until so many frames more than `since` have come."""
        self.until(lambda: self.count("media") >= since + frames, seconds, "the agent speaks")

    def wait_for_reply(self, quiet_s=1.2, since=None):
        """The agent speaks after the caller's line, and is silent again."""
        self.wait_until_said()
        began = self.voice_ended if since is None else since

        def is_over():
            with self.lock:
                spoke = any(at > began and kind == "media" for at, kind, _ in reversed(self.events[-200:]))
                return spoke and time.monotonic() > self.played_until + quiet_s
        self.until(is_over, 90, "the agent answers")

    def wait_until_quiet(self, quiet_s=0.8, answer_s=2.0):
        """Nothing waits to be played, and nothing began within the time an answer takes."""
        def is_quiet():
            with self.lock:
                return time.monotonic() > max(self.played_until, self.voice_ended + answer_s) + quiet_s
        self.until(is_quiet, 90, "the agent is silent")

    def hang_up(self):
        if not self.is_over:
            self.stream.send({"event": "stop", "streamSid": self.stream.stream_sid,
                              "stop": {"accountSid": line.ACCOUNT, "callSid": self.call_sid}})
        self.is_over = True
        for thread in self.threads:
            thread.join(65)
        self.stream.close()


def play_out(events, delay_s=0.0, jitter_s=0.0, seed=1, phase_s=FRAME_S / 2):
    """The frames a caller hears of `events`, as a carrier plays them: the first one `phase_s` after it arrived, then one
    every 20 ms; `clear` drops what waits, the frame that plays goes on to its end."""
    source = random.Random(seed)
    heard, queue = [], []
    next_at = before = 0.0

    def play_before(now):
        nonlocal next_at
        while queue and next_at <= now:
            heard.append(queue.pop(0))
            next_at += FRAME_S

    for at, kind, payload in events:
        arrival = before = max(before, at + delay_s + source.uniform(0, jitter_s))
        play_before(arrival)
        if kind == "clear":
            queue.clear()
        elif kind == "media":
            if not queue and arrival > next_at:
                next_at = arrival + phase_s
            queue.append(payload)
    play_before(float("inf"))
    return heard
