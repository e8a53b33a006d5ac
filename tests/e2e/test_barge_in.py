"""Voices over replies over real sockets, a few of each kind: what `bench/barge.py` does with twenty. Counts and the identity
of frames are checked, no timing: every frame of these replies says which it is."""

import base64
import re
import sys
import unittest

from world import SOURCE, WorldTest

sys.path.insert(0, str(SOURCE / "bench"))
import barge  # noqa: E402
import sound  # noqa: E402
from caller import Caller  # noqa: E402

NOTICE = "Every frame of this notice has a number."


class BargeInTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        """Beside the first tenant one whose greeting must be heard to its end."""
        tenants = cls.world.scripts / "tenants"
        agent = (tenants / "acme-dental" / "agent.lua").read_text()
        agent = agent.replace("+15550100002", "+15550100077")
        agent = re.sub(r'greeting = "[^"]*",', f'greeting = "{NOTICE}",\n    greeting_interruptible = false,', agent)
        (tenants / "notice").mkdir()
        (tenants / "notice" / "agent.lua").write_text(agent)

    def test_only_words_stop_a_reply_and_no_frame_is_lost_or_heard_twice(self):
        for trial in barge.run(self.world, each=3, seed=2):
            with self.subTest(kind=trial.kind, after_frames=trial.offset_frames):
                self.assertEqual(trial.unknown, 0, "every frame is one of the reply at full or low level, or between")
                self.assertTrue(trial.is_in_order(), "on the wire each frame follows the one before, or goes back after a clear")
                self.assertIsNotNone(trial.duck_ms, "it is lowered")
                self.assertEqual(trial.was_stopped, trial.kind == "interruption")

    def test_a_notice_is_heard_to_its_end_and_what_was_said_over_it_counts(self):
        barge.teach(self.world)
        ulaw = base64.b64encode(b"".join(barge.FRAME_OF_REPLY)).decode()
        self.world.control("/speech", {"by_text": [{"text": NOTICE, "mulaw": ulaw}]})
        caller = Caller(self.world.listen, to="+15550100077")
        try:
            caller.wait_for_audio(0, frames=30)
            caller.say(barge.INTERRUPTION)
            caller.until(lambda: self.world.events(caller.call_sid, "caller"), 20, "a turn of the caller")
        finally:
            caller.hang_up()
        heard = [sound.read_frame(payload) for _, kind, payload in caller.events if kind == "media"]
        self.assertEqual(heard[:barge.FRAMES], [(number, "full") for number in range(barge.FRAMES)])
        said = self.world.events(caller.call_sid, "caller")[0]["text"]
        self.assertEqual(said, "Sorry I'd like a cleaning.")


if __name__ == "__main__":
    unittest.main()
