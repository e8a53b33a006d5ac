"""Voices over replies over real sockets, a few of each kind: what `bench/barge.py` does with twenty. Counts and the identity
of frames are checked, no timing: every frame of these replies says which it is."""

import sys
import unittest

from world import SOURCE, WorldTest

sys.path.insert(0, str(SOURCE / "bench"))
import barge  # noqa: E402


class BargeInTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def test_only_words_stop_a_reply_and_no_frame_is_lost_or_heard_twice(self):
        for trial in barge.run(self.world, each=3, seed=2):
            with self.subTest(kind=trial.kind, after_frames=trial.offset_frames):
                self.assertEqual(trial.unknown, 0, "every frame is one of the reply at full or low level, or between")
                self.assertTrue(trial.is_in_order(), "on the wire each frame follows the one before, or goes back after a clear")
                self.assertIsNotNone(trial.duck_ms, "it is lowered")
                self.assertEqual(trial.was_stopped, trial.kind == "interruption")


if __name__ == "__main__":
    unittest.main()
