"""What was said, by its sound. The sandbox speaks every word as a noise of its own (sandbox/word_sound.h), and what ships
inside the server are recordings: so an ear that hears samples as they were made knows which words were spoken, which twice,
and which broke off. It goes by their signs, which a reply that is ducked keeps."""

import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ASSETS = SOURCE / "runtime" / "live" / "assets"
WORD_MS = 160
MISHEARD = "Pardon, could anything go twice?"  # to a question whose words were cut
KEY_BYTES = 48
SILENT = b"\xff\x7f"
SIGNS = bytes(code & 0x80 for code in range(256))
SHORT_BYTES = 16   # proves nothing
SAME_SHARE = 0.85  # of signs: quiet places of a recording lose some when it is ducked
WORD = re.compile(r"[A-Za-z0-9'\x80-\U0010ffff]+")


def words_of(text):
    return [word.lower() for word in WORD.findall(text)]


def sound_of(word):
    state = 2166136261
    for byte in word.encode():
        state = (state ^ byte) * 16777619 & 0xFFFFFFFF
    sound = bytearray()
    for _ in range(WORD_MS * 8):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        sound.append((state >> 31) << 7 | 0x20 | state >> 8 & 0x1F)
    return bytes(sound)


class Vocabulary:
    """Everything an ear may come to hear. Recordings are words with angle brackets."""

    def __init__(self, texts):
        self.by_key = {}
        for text in texts:
            for word in words_of(text):
                self.add(word, sound_of(word))
        for name in ("apology", "moment"):
            recording = (ASSETS / f"{name}.ulaw").read_bytes()
            self.add(f"<{name}>", recording, telling_place(recording))

    def add(self, name, sound, lead=0):
        signs = sound[lead:].translate(SIGNS)
        self.by_key[signs[:KEY_BYTES]] = (name, signs, lead)


def telling_place(recording):
    """A place in its first half second that is like none before it, and where no sample is so quiet that it could lose its
    sign."""
    signs = recording.translate(SIGNS)

    def quietest(at):
        is_first = signs.find(signs[at:at + KEY_BYTES]) == at
        return min(127 - (code & 0x7F) for code in recording[at:at + KEY_BYTES]) if is_first else -1
    return max(range(4000), key=quietest)


def count_same(signs, others):
    return len(signs) - (int.from_bytes(signs, "big") ^ int.from_bytes(others, "big")).bit_count()


class Ear:
    """Takes the audio of one call as it is played. `words`: (begun, ended, word, whole); times are the caller's. A word that
    stops and goes on after a pause is one word."""

    def __init__(self, vocabulary):
        self.vocabulary = vocabulary
        self.words = []
        self.sounds = []      # (from, to): when anything but silence was heard, frame by frame joined
        self.loud_bytes = 0   # that are no silence
        self.known_bytes = 0  # that were words
        self.rest = b""       # begins where nothing is known yet
        self.current = None   # [name, sound's signs, offset, begun]

    def frame(self, at, payload):
        if payload.strip(SILENT):
            if self.sounds and at - self.sounds[-1][1] < 0.025:
                self.sounds[-1][1] = at + 0.02
            else:
                self.sounds.append([at, at + 0.02])
        self.loud_bytes += len(payload.translate(None, SILENT))
        self.rest += payload.translate(SIGNS)
        while self.rest and (self.go_on(at) if self.current else self.find(at)):
            pass

    def find(self, at):
        rest = self.rest
        skipped = 0
        while len(rest) - skipped >= KEY_BYTES:
            known = self.vocabulary.by_key.get(rest[skipped:skipped + KEY_BYTES])
            if known:
                name, signs, lead = known
                self.known_bytes += lead
                self.current = [name, signs, 0, at - lead / 8000]
                break
            skipped += 1
        self.rest = rest[skipped:]
        return self.current is not None

    def go_on(self, at):
        name, sound, offset, begun = self.current
        expected = sound[offset:offset + len(self.rest)]
        given = self.rest[:len(expected)]
        if len(given) > SHORT_BYTES and count_same(given, expected) < SAME_SHARE * len(expected):
            same = 0
            while given[same] == expected[same]:
                same += 1
            self.rest = self.rest[max(0, same - KEY_BYTES):]  # the next word's first samples may be as this one's next
            self.end(at, False)
            return True
        self.rest = self.rest[len(expected):]
        self.known_bytes += len(expected)
        self.current[2] = offset + len(expected)
        if self.current[2] == len(sound):
            self.end(at, True)
        return True

    def end(self, at, is_whole):
        if self.current:
            name, _, _, begun = self.current
            self.words.append((begun, at + 0.02, name, is_whole))
        self.current = None

    # ---- looking ----

    def begun_words(self):
        """With the one that is being spoken."""
        going_on = [(self.current[3], None, self.current[0], False)] if self.current else []
        return self.words + going_on

    def unknown_bytes(self):
        return max(0, self.loud_bytes - self.known_bytes)

    def last_sound(self):
        return self.sounds[-1][1] if self.sounds else 0.0
