"""Fifty callers and more on one thread: each sends a frame every 20 ms, asks its questions one after the other, and keeps
what it hears when it would be played. A caller waits for an answer, or for an apology, or until nothing has been said for
longer than anybody should have to wait; then it asks on."""

import json
import os
import pathlib
import re
import select
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
import line  # noqa: E402
from words import Ear, MISHEARD, words_of, words_of  # noqa: E402

import base64  # noqa: E402

FRAME_S = 0.02
PREBUFFER_S = 0.04
GREETING_S = 3.0   # a caller who is not greeted speaks
QUIET_S = 0.6      # behind an answer: the caller's turn
PATIENCE_S = 3.6   # longer than the longest silence that is fine
CALL_S = 60        # longer than any call should take
SILENCE = base64.b64encode(b"\xff" * 160).decode()
REDIRECT = re.compile(r"<Redirect[^>]*>([^<]+)</Redirect>")


class Question:
    """What one caller says, and what comes of it."""

    def __init__(self, text, ulaw, answer):
        self.text, self.answer = text, words_of(answer)
        padded = ulaw + b"\xff" * (-len(ulaw) % 160)
        self.frames = [base64.b64encode(padded[at:at + 160]).decode() for at in range(0, len(padded), 160)]


class Asked:
    def __init__(self, question, now):
        self.question = question
        self.began = now
        self.ended = None    # when its last sound was said
        self.settled = None  # when the caller had heard enough, or the call was over


class Caller:
    def __init__(self, address, to, vocabulary, questions, tag):
        self.address, self.to, self.tag = address, to, tag
        self.questions = list(questions)
        self.ear = Ear(vocabulary)
        self.asked = []
        self.stream = None
        self.speaking = None   # frames still to be said
        self.began = None
        self.greeted = None
        self.pending = []      # (played at, payload)
        self.plays_until = 0.0
        self.marks = []        # (due, name)
        self.chunk = 0
        self.ended = None      # when the call was over
        self.is_hung_up = False  # by the caller
        self.way_out = []      # what the carrier was told afterwards: Dial, Say, Record, Hangup
        self.why = ""

    # ---- life ----

    def ring(self, now):
        self.call_sid = line.new_sid("CA")
        status, twiml = line.webhook(self.address, line.voice_form(self.call_sid, self.to))
        self.redirect = REDIRECT.search(twiml)
        if status != 200 or "<Stream" not in twiml:
            self.over(now, f"not let in: {status} {twiml[:80]}")
            return
        self.stream = line.Stream(self.address)
        self.stream.start(self.call_sid, line.parameters_of(twiml))
        self.stream.sock.setblocking(False)
        self.buffer = self.stream.buffer
        self.began = now

    def over(self, now, why):
        self.play(now)
        self.ended, self.why = now, why
        if self.asked and self.asked[-1].settled is None:
            self.asked[-1].settled = now
        if self.stream:
            self.stream.close()

    def hang_up(self, now):
        self.is_hung_up = True
        self.send({"event": "stop", "sequenceNumber": str(self.chunk + 2), "streamSid": self.stream.stream_sid,
                   "stop": {"accountSid": line.ACCOUNT, "callSid": self.call_sid}})
        try:
            self.stream.send_frame(b"\x03\xe8", 8)
        except OSError:
            pass
        self.over(now, "done")

    def follow_redirect(self):
        """The stream ended and nobody moved the call: the carrier asks what now."""
        url = self.redirect.group(1).replace("&amp;", "&") if self.redirect else None
        if not url:
            return
        path = url.removeprefix(line.PUBLIC_URL)
        status, twiml = line.webhook(self.address, line.voice_form(self.call_sid, self.to), path)
        self.way_out = re.findall(r"<(Dial|Record|Say|Hangup|Connect)\b", twiml) if status == 200 else [f"HTTP {status}"]

    # ---- out ----

    def send(self, message):
        text = message if isinstance(message, str) else json.dumps(message)
        size = len(text)
        head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE, size >> 8, size & 255))
        try:
            self.stream.sock.send(head + b"\0\0\0\0" + text.encode())
        except OSError as error:
            self.why = str(error)

    def tick(self, now):
        if self.ended is not None or not self.stream:
            return
        self.play(now)
        self.decide(now)
        if self.ended is not None:
            return
        payload = self.speaking.pop(0) if self.speaking else SILENCE
        if self.speaking == []:
            self.asked[-1].ended = now + FRAME_S
            self.speaking = None
        self.chunk += 1
        self.send(f'{{"event":"media","sequenceNumber":"{self.chunk + 1}","streamSid":"{self.stream.stream_sid}","media":'
                  f'{{"track":"inbound","chunk":"{self.chunk}","timestamp":"{(self.chunk - 1) * 20}","payload":"{payload}"}}}}')
        while self.marks and self.marks[0][0] <= now:
            self.send({"event": "mark", "sequenceNumber": str(self.chunk + 2), "streamSid": self.stream.stream_sid,
                       "mark": {"name": self.marks.pop(0)[1]}})

    # ---- whose turn it is ----

    def decide(self, now):
        quiet_s = now - max(self.ear.last_sound(), self.began)
        if now - self.began > CALL_S:
            self.over(now, "it did not end")
        elif not self.asked:
            has_heard = bool(self.ear.sounds)
            if (has_heard and quiet_s > QUIET_S) or quiet_s > GREETING_S:
                self.ask(now)
        elif not self.speaking and self.asked[-1].settled is None and self.is_settled(now):
            self.asked[-1].settled = now
            if self.questions:
                self.ask(now)
            else:
                self.hang_up(now)

    def ask(self, now):
        question = self.questions.pop(0)
        self.speaking = list(question.frames)
        self.asked.append(Asked(question, now))

    def is_settled(self, now):
        since = self.asked[-1].ended
        quiet_s = now - max(self.ear.last_sound(), since)
        if quiet_s < QUIET_S:
            return False
        heard = {word for begun, _, word, _ in self.ear.words if begun > since}
        answers = (self.asked[-1].question.answer, words_of(MISHEARD))
        is_done = "<apology>" in heard or any(heard.issuperset(answer) for answer in answers)
        return is_done or quiet_s > PATIENCE_S

    # ---- in ----

    def play(self, now):
        while self.pending and self.pending[0][0] <= now:
            at, payload = self.pending.pop(0)
            self.ear.frame(at, payload)

    def receive(self, now):
        try:
            chunk = self.stream.sock.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self.over(now, "the stream ended")
            return
        self.stream.buffer += chunk
        while (frame := self.stream.take_frame()) is not None:
            opcode, payload = frame
            if opcode == 8:
                self.over(now, "the agent ended the call")
                return
            if opcode == 1:
                self.take(payload, now)

    def take(self, text, now):
        if b'"event":"media"' in text:
            payload = text[text.index(b'"payload":"') + 11:]
            audio = base64.b64decode(payload[:payload.index(b'"')])
            at = self.plays_until if self.plays_until > now else now + PREBUFFER_S
            for first in range(0, len(audio), 160):
                self.pending.append((at, audio[first:first + 160]))
                at += FRAME_S
            self.plays_until = at
            return
        message = json.loads(text)
        if message["event"] == "mark":
            self.marks.append((self.plays_until, message["mark"]["name"]))
        elif message["event"] == "clear":
            self.play(now)
            self.pending.clear()
            self.plays_until = now
            self.marks = [(now, name) for _, name in self.marks]


class Fleet:
    """All callers of a run. `on_tick(now)` may meddle; worst_lag_s is the callers' own lateness."""

    def __init__(self, callers, per_second=50):
        self.waiting, self.callers, self.gap_s = list(callers), list(callers), 1 / per_second
        self.by_fd = {}
        self.worst_lag_s = 0.0

    def run(self, on_tick=lambda now: None):
        poll = select.epoll()
        began = due = ring_at = time.monotonic()
        while any(caller.ended is None for caller in self.callers) and due - began < CALL_S + 30:
            now = time.monotonic()
            if now < due:
                self.receive(poll, due - now)
                continue
            self.worst_lag_s = max(self.worst_lag_s, now - due)
            due += FRAME_S
            if self.waiting and now >= ring_at:
                ring_at = max(ring_at + self.gap_s, now - 0.1)
                self.place(poll, self.waiting.pop(0))
            for caller in self.by_fd.values():
                caller.tick(now)
            self.forget(poll)
            on_tick(now)
        poll.close()
        for caller in self.callers:
            if caller.ended is not None and not caller.is_hung_up and caller.stream:
                caller.follow_redirect()

    def place(self, poll, caller):
        caller.ring(time.monotonic())
        if caller.stream and caller.ended is None:
            fd = caller.stream.sock.fileno()
            self.by_fd[fd] = caller
            poll.register(fd, select.EPOLLIN)

    def receive(self, poll, seconds):
        for fd, _ in poll.poll(seconds):
            caller = self.by_fd.get(fd)
            if caller and caller.ended is None:
                caller.receive(time.monotonic())
        self.forget(poll)

    def forget(self, poll):
        for fd in [fd for fd, caller in self.by_fd.items() if caller.ended is not None]:
            del self.by_fd[fd]  # closing took it off the poll
