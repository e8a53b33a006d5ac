"""Callers who are cut off and come back. The carrier's part is played too: a stream that breaks leads to the document's
<Redirect>, which whoever is alive answers; until somebody does, the carrier asks on. A caller who was cut off before the
answer was heard asks again."""

import queue
import re
import select
import threading
import time

from scene import FAILED, NOT_BOOKED  # before the others: it knows their folders
import line
from callers import FRAME_S, GREETING_S, PATIENCE_S, QUIET_S, REDIRECT, Asked, Caller, Fleet
from judge import end_of_answer
from words import MISHEARD, words_of

CALL_S = 240        # longer than any call should take, whatever is killed
ANSWER_S = 30       # nobody answers a webhook for so long: the carrier gives up
ASK_AGAIN_S = 0.05
PATIENT_TIMES = 3   # a question that nobody answers is asked: sound with a hole, on a busy machine, is no words to the sandbox
OTHER_ANSWERS = tuple(words_of(text) for text in (MISHEARD, NOT_BOOKED, FAILED))
ACKNOWLEDGED, CUT, OTHER, UNANSWERED = "acknowledged", "cut", "other", "unanswered"


class Part:
    """One stream of a call."""

    def __init__(self, attempt, server, began):
        self.attempt, self.server, self.began = attempt, server, began
        self.ended = None
        self.is_cut = False
        self.why = ""


class Survivor(Caller):
    def __init__(self, fleet, number, questions):
        super().__init__(None, fleet.to, fleet.vocabulary, questions, None)
        self.fleet, self.number = fleet, number
        self.only = fleet.only()  # whom a carrier without another node asks until it is there again; None: whoever is alive
        self.call_sid = line.new_sid("CA")
        self.parts = []
        self.is_away = True     # between two streams
        self.fates = []         # (asked, part, what came of it)
        self.redirect_url = "/twilio/voice"
        self.left_with = ""     # what the last document said instead of <Stream>
        self.first_rang = None
        self.given_up = 0       # questions that were asked in vain, again and again

    # ---- the carrier's part, on a thread of its own ----

    def connect(self):
        """Until a stream is open, or the document wants none."""
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            server = self.only or self.fleet.pick()
            try:
                document = self.ask_for_document(server)
                if document is None:
                    continue
                stream = line.Stream(server.listen)
                if stream.status == 101:
                    stream.start(self.call_sid, line.parameters_of(document))
                    stream.sock.setblocking(False)
                    self.fleet.connected.put((self, stream, server, self.attempt_of(document)))
                    return
            except OSError:
                pass
            except StopIteration:
                self.fleet.connected.put((self, None, server, 0))
                return
            time.sleep(ASK_AGAIN_S)
        self.left_with = "nobody answered"
        self.fleet.connected.put((self, None, None, 0))

    def ask_for_document(self, server):
        """None: a server that died meanwhile."""
        form = dict(line.voice_form(self.call_sid, self.to), From=self.number)
        status, twiml = line.webhook(server.listen, form, self.redirect_url)
        if status != 200:
            time.sleep(ASK_AGAIN_S)
            return None
        if "<Stream" not in twiml:
            self.left_with = " ".join(re.findall(r"<(Say|Hangup|Dial|Record)\b", twiml))
            raise StopIteration
        url = REDIRECT.search(twiml).group(1).replace("&amp;", "&")
        self.redirect_url = url.removeprefix(line.PUBLIC_URL)
        return twiml

    @staticmethod
    def attempt_of(document):
        return int(re.search(r"attempt=(\d+)</Redirect>", document).group(1)) - 1

    # ---- streams ----

    def take_stream(self, stream, server, attempt, now):
        if not stream:
            self.is_away = False
            self.over(now, self.left_with)
            return
        self.stream, self.is_away, self.chunk = stream, False, 0
        self.pending, self.marks, self.plays_until = [], [], 0.0
        self.parts.append(Part(attempt, server, now))
        self.began = now
        self.tag = server

    def cut(self, now, why):
        """The stream is gone, and the caller did not hang up."""
        self.play(now)
        self.ear.end(now, False)
        part = self.parts[-1]
        part.ended, part.is_cut, part.why = now, True, why
        if self.asked and self.asked[-1].settled is None:
            asked = self.asked[-1]
            asked.settled = now
            fate = ACKNOWLEDGED if self.has_heard_answer(asked) else CUT
            self.fates.append((asked, part, fate))
            if fate == CUT:
                self.questions.insert(0, asked.question)
        self.speaking = None
        self.stream.close()
        self.stream, self.is_away = None, True
        self.fleet.follow(self)

    def over(self, now, why):
        if self.ended is not None or self.is_away:
            return
        if why in ("the stream ended", "the agent ended the call"):
            self.cut(now, why)
            return
        self.play(now)
        self.ended, self.why = now, why
        if self.parts:
            self.parts[-1].ended = self.parts[-1].ended or now
        if self.stream:
            self.stream.close()

    # ---- whose turn it is ----

    def tick(self, now):
        if not self.is_away:
            super().tick(now)

    def decide(self, now):
        quiet_s = now - max(self.ear.last_sound(), self.began)
        is_waiting = self.asked and self.asked[-1].settled is None
        if now - self.first_rang > CALL_S:
            self.over(now, "it did not end")
        elif not is_waiting:
            has_heard = self.ear.last_sound() > self.began
            if (has_heard and quiet_s > QUIET_S) or quiet_s > GREETING_S:
                self.ask_or_leave(now)
        elif not self.speaking and self.asked[-1].ended and self.is_settled(now):
            self.settle(self.asked[-1], now)
            self.ask_or_leave(now)

    def settle(self, asked, now):
        fate = self.fate_of(asked)
        asked.settled = now
        self.fates.append((asked, self.parts[-1], fate))
        times = sum(each.question is asked.question and was == UNANSWERED for each, _, was in self.fates)
        if fate == UNANSWERED and times < PATIENT_TIMES:
            self.questions.insert(0, asked.question)
        elif fate == UNANSWERED:
            self.given_up += 1

    def ask_or_leave(self, now):
        if self.questions:
            self.ask(now)
        else:
            self.hang_up(now)

    def words_since(self, asked):
        return [each for each in self.ear.words if each[0] > asked.began]

    def has_heard_answer(self, asked):
        return end_of_answer(self.words_since(asked), asked.question.answer) is not None

    def fate_of(self, asked):
        if self.has_heard_answer(asked):
            return ACKNOWLEDGED
        words = self.words_since(asked)
        is_other = any(end_of_answer(words, answer) for answer in OTHER_ANSWERS) or \
            any(word == "<apology>" for _, _, word, _ in words)
        return OTHER if is_other else UNANSWERED

    def is_settled(self, now):
        asked = self.asked[-1]
        quiet_s = now - max(self.ear.last_sound(), asked.ended)
        if quiet_s < QUIET_S:
            return False
        return self.fate_of(asked) != UNANSWERED or quiet_s > PATIENCE_S


class Crowd(Fleet):
    """Keeps `count` callers talking until `is_over()`, and lets those who talk then come to their end."""

    def __init__(self, scene, count, chance):
        super().__init__([], per_second=20)
        self.scene, self.count, self.chance = scene, count, chance
        self.to, self.vocabulary = "+15550100002", scene.vocabulary
        self.connected = queue.SimpleQueue()

    def pick(self):
        return self.chance.choice(self.scene.servers)

    def only(self):
        return self.chance.choice((None, *self.scene.servers))

    def follow(self, caller):
        threading.Thread(target=caller.connect, daemon=True).start()

    def talking(self):
        return [caller for caller in self.callers if caller.ended is None]

    def add(self, now):
        number = f"+1555{2000000 + len(self.callers)}"
        caller = Survivor(self, number, self.scene.questions)
        caller.first_rang = now
        self.callers.append(caller)
        self.follow(caller)

    def run(self, is_over):
        self.poll = select.epoll()
        due = add_at = time.monotonic()
        while not is_over() or self.talking():
            now = time.monotonic()
            self.receive(self.poll, max(0, due - now))  # also when late: a stream's end is noticed when it comes
            if now < due:
                continue
            self.worst_lag_s = max(self.worst_lag_s, now - due)
            due = max(due + FRAME_S, now - 0.5)  # what it slept through is not made up for
            if now >= add_at and not is_over() and len(self.talking()) < self.count:
                add_at = now + self.gap_s
                self.add(now)
            self.take_connected(now)
            for caller in list(self.by_fd.values()):
                caller.tick(now)
            self.forget(self.poll)
        self.poll.close()

    def take_connected(self, now):
        while not self.connected.empty():
            caller, stream, server, attempt = self.connected.get()
            caller.take_stream(stream, server, attempt, now)
            if stream:
                fd = stream.sock.fileno()
                self.by_fd[fd] = caller
                self.poll.register(fd, select.EPOLLIN)

    def receive(self, poll, seconds):
        for fd, _ in poll.poll(seconds):
            caller = self.by_fd.get(fd)
            if caller and caller.stream and caller.stream.sock.fileno() == fd:
                caller.receive(time.monotonic())
        self.forget(poll)

    def forget(self, poll):
        for fd, caller in list(self.by_fd.items()):
            if not caller.stream or caller.stream.sock.fileno() != fd:
                del self.by_fd[fd]  # closing took it off the poll
