"""A line that returns what the agent says, 18 dB weaker and 150 ms later: the agent does not interrupt itself, and a caller who
speaks over it is still heard. Counts only, no timing."""

import sys
import unittest

from world import SOURCE, WorldTest

sys.path[:0] = [str(SOURCE / "tests" / "support")]
import sound  # noqa: E402
from caller import FRAME_S, Caller  # noqa: E402

LOSS_DB, DELAY_S = 18, 0.15
QUESTION = (SOURCE / "tests/golden/01-hours.ulaw").read_bytes()
INTERRUPTION = (SOURCE / "tests/golden/03-interrupts.ulaw").read_bytes()
REPLY = ("On Saturday we are open from nine in the morning to one in the afternoon, our door is the green one beside the bakery, "
         "and there is room for your car behind the house.")


class EchoingCaller(Caller):
    def __init__(self, address):
        self.playing = []  # (when it begins to be heard, frame)
        self.echoed_frames = 0
        super().__init__(address)

    def take(self, now, message):
        with self.lock:
            begins = max(now, self.played_until)
            if message["event"] == "clear":
                self.playing = [each for each in self.playing if each[0] <= now]
        super().take(now, message)
        if message["event"] == "media":
            self.playing.append((begins, self.events[-1][2]))

    def with_line(self, now, payload):
        frame = next((frame for begins, frame in reversed(self.playing) if begins <= now - DELAY_S < begins + FRAME_S), None)
        if frame is None:
            return payload
        self.echoed_frames += 1
        return sound.encode(a + b for a, b in zip(sound.decode(payload), sound.decode(sound.at_level(frame, -LOSS_DB))))


class EchoTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def test_the_agent_hears_the_caller_and_not_itself(self):
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday", "sorry i'd like a cleaning"]})
        self.world.control("/replies", {"replies": [{"text": REPLY, "repeat": True}]})
        caller = EchoingCaller(self.world.listen)
        try:
            caller.wait_for_reply(since=0)
            self.assertGreater(caller.echoed_frames, 100, "the greeting came back")
            caller.say(QUESTION)
            caller.wait_for_reply()
            self.assertGreater(caller.echoed_frames, 400, "so did the reply")
            self.assertEqual(caller.count("clear"), 0, "nothing was lowered")
            self.assertEqual(self.world.rows("select count(*) from messages where direction = 'in'"), [["1"]])
            self.speak_over(caller)
        finally:
            caller.hang_up()

    def speak_over(self, caller):
        caller.say(QUESTION)
        caller.wait_until_said()
        caller.wait_for_audio(caller.count("media"), frames=60)
        caller.say(INTERRUPTION)
        caller.wait_until_said()
        caller.until(lambda: caller.count("clear") > 0, 5, "a caller over the echo is heard")


if __name__ == "__main__":
    unittest.main()
