"""Sound through the server, both ways, with frames that come up to 150 ms late: a short `bench/hear.py`. And the recording that
`moonline call` makes of the agent, looked through for gaps, clicks and repeats, with one put in to see that it is found."""

import sys
import unittest

from world import SOURCE, WorldTest

sys.path[:0] = [str(SOURCE / "bench"), str(SOURCE / "tests" / "tools"), str(SOURCE / "tests" / "support")]
import check_sound  # noqa: E402
import hear  # noqa: E402
import sound  # noqa: E402

SCENARIO = """wait
say What are your hours on Saturday?
wait
say What services do you have?
interrupt 1200 Sorry, I'd like to book a cleaning.
wait
hangup
"""


class SoundTest(WorldTest):
    server_env = {"OPENAI_STT_FORMAT": "pcmu"}

    @classmethod
    def prepare(cls):
        cls.heard = cls.world.dir / "heard"
        cls.heard.mkdir()
        cls.sandbox_options = ("--no-ears", "--heard", cls.heard)

    def setUp(self):
        self.world.control("/state", method="DELETE")
        for recording in self.heard.glob("*.pcm"):  # of the test before
            recording.unlink()

    def test_what_is_said_is_heard_on_both_sides(self):
        result = hear.run(self.world, self.heard, seconds=15, jitter_ms=150, seed=1)
        print(result)
        self.assertGreaterEqual(result["stoi_worst"], 0.95)
        self.assertGreaterEqual(result["replies"], 2)
        self.assertEqual(result["replies_exact"], result["replies"], "byte for byte")
        self.assertEqual(result["moonline_frames_dropped_total"], 0)

    def test_the_recording_of_the_agent_does_not_crackle(self):
        self.world.control("/transcripts", {"by_audio": [{"text": text} for text in (
            "What are your hours on Saturday?", "What services do you have?", "Sorry, I'd like to book a cleaning.")]})
        result = self.world.call(self.world.write_scenario("sound.call", SCENARIO))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        samples, _ = sound.read_wav(self.world.dir / "calls" / "agent.wav")
        samples = list(samples)
        level = {at: check_sound.level(samples[at:at + 160]) for at in range(0, len(samples) - 160, 160)}
        self.assertGreater(sum(each > check_sound.EDGE for each in level.values()), 200, "frames with voice")
        self.assertEqual(check_sound.faults(samples), [])
        loud = max(level, key=level.get)
        samples[loud:loud + 160] = [0] * 160
        self.assertTrue(any("gap" in what for _, what in check_sound.faults(samples)), "a frame that is missing is found")


if __name__ == "__main__":
    unittest.main()
