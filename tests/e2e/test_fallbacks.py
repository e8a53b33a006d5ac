"""Two sandboxes, one behind the other in the list of providers. The first is killed in the middle of the caller's words, and in
the middle of a reply: the call goes on with the second, which hears all that was said, and says what was not."""

import base64
import json
import sys
import time
import unittest

from world import BUILD, SOURCE, Process, WorldTest, free_port

sys.path[:0] = [str(SOURCE / "tests" / "support"), str(SOURCE / "tests" / "golden")]
import sound  # noqa: E402
from caller import Caller  # noqa: E402
from lines import LINES  # noqa: E402

SAID_NAME, SAID, _ = LINES[0]  # said in one breath: it is committed once
RECORDING = (SOURCE / "tests" / "golden" / f"{SAID_NAME}.ulaw").read_bytes()
WORDS = "Each word that they hear must come once.".split()
VOICED, WORD_FRAMES = 15, 25  # numbered frames of a word, and with the silence behind it


def speech_of(first_word):
    """The words from there on: frames with numbers, by which each can be told in what the caller gets."""
    return b"".join(sound.numbered_frame(word * VOICED + frame) if frame < VOICED else sound.SILENCE * sound.FRAME
                    for word in range(first_word, len(WORDS)) for frame in range(WORD_FRAMES))


def encoded(ulaw):
    return base64.b64encode(ulaw).decode()


class FallbacksTest(WorldTest):
    sandbox_options = ("--no-ears",)  # of the second, which outlives the test

    @classmethod
    def prepare(cls):
        cls.first_url = f"http://127.0.0.1:{free_port()}"
        cls.first_control = f"127.0.0.1:{free_port()}"
        entries = []
        for name, url in (("first", cls.first_url), ("second", cls.world.sandbox_url)):
            common = {"name": name, "base_url": url}
            entries += [
                common | {"driver": "openai_realtime", "model": "gpt-4o-transcribe", "key_env": "OPENAI_API_KEY"},
                common | {"driver": "openai_chat", "model": "gpt-4.1-mini", "key_env": "OPENAI_API_KEY"},
                common | {"driver": "elevenlabs", "model": "eleven_flash_v2_5", "voice": "sandboxvoice00000001",
                          "key_env": "ELEVENLABS_API_KEY"}]
        providers = cls.world.dir / "providers.json"
        providers.write_text(json.dumps({"providers": entries}))
        cls.server_env = {"MOONLINE_PROVIDERS": str(providers)}

    def setUp(self):
        self.first = Process(
            [BUILD / "moonline", "sandbox", "--no-ears", "--listen", self.first_url.removeprefix("http://"),
             "--control", self.first_control, "--speedup", "2"], self.world.env(), self.world.dir / "first.log")
        self.addCleanup(self.kill_first)
        self.world.wait_for(self.first, f"http://{self.first_control}/state")
        for control in (self.world.control_url, f"http://{self.first_control}"):
            self.teach(control)

    def teach(self, url):
        own, self.world.control_url = self.world.control_url, url
        self.world.control("/state", method="DELETE")
        self.world.control("/transcripts", {"by_audio": [{"text": SAID, "mulaw": encoded(RECORDING)}]})
        self.world.control("/replies", {"replies": [{"text": " ".join(WORDS)}] * 4})
        self.world.control("/speech", {"by_text": [
            {"text": " ".join(WORDS[word:]), "mulaw": encoded(speech_of(word))} for word in range(len(WORDS))]})
        self.world.control_url = own

    def kill_first(self):
        if self.first.child.poll() is None:
            self.first.child.kill()
        self.first.child.wait()

    def check_heard(self, call_sid):
        said = [event["text"] for event in self.world.events(call_sid, "caller")]
        self.assertEqual(said, [SAID], "heard whole, and once")

    def check_spoken(self, caller, since):
        """Every frame of every word is there, once, in order."""
        audio = b"".join(payload for _, kind, payload in caller.events[since:] if kind == "media")
        places = []
        for number in range(VOICED * len(WORDS)):
            frame = sound.numbered_frame(number)
            self.assertEqual(audio.count(frame), 1, f"word {WORDS[number // VOICED]}, frame {number % VOICED}")
            places.append(audio.index(frame))
        self.assertEqual(places, sorted(places))

    def longest_silence_s(self, caller, since_s):
        """From the end of the caller's words on, while the agent owed an answer or was at it."""
        times = [since_s] + [at for at, kind, _ in caller.events if kind == "media" and at > since_s]
        return max(after - before for before, after in zip(times, times[1:]))

    def place(self, kill):
        """A call of one turn; `kill` is called once the caller speaks."""
        caller = Caller(self.world.listen)
        try:
            caller.wait_for_reply(since=0.0)
            since = len(caller.events)
            caller.say(RECORDING)
            kill(caller)
            caller.wait_until_said()
            spoke_until = caller.voice_ended
            caller.wait_for_reply()
            self.assertLess(self.longest_silence_s(caller, spoke_until), 3)
            self.check_heard(caller.call_sid)
            self.check_spoken(caller, since)
        finally:
            caller.hang_up()
        self.assertEqual(self.world.metric("moonline_apologies_total"), 0)

    def test_killed_while_the_caller_speaks(self):
        def kill(caller):
            time.sleep(min(1.0, len(RECORDING) / 8000 / 2))
            self.kill_first()

        self.place(kill)

    def test_killed_while_the_agent_speaks(self):
        def kill(caller):
            caller.wait_until_said()
            caller.wait_for_audio(caller.count("media"), frames=60)
            self.kill_first()

        self.place(kill)


if __name__ == "__main__":
    unittest.main()
