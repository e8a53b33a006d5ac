"""What an agent always says is kept: a greeting that was spoken once is heard after a restart with everybody down who could speak."""

import unittest

from world import WorldTest, until

FIRST = "wait\nsay What are your hours on Saturday?\nwait\npause 500\nhangup\n"
LATER = "wait\npause 1500\nhangup\n"


class KeptGreetingTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def place(self, scenario):
        result = self.world.call(self.world.write_scenario("kept.call", scenario), 90)
        return result, self.world.admin_json("/api/calls")[1][0]["call_sid"]

    def greeting(self, call_sid):
        """What the caller heard first, as it is in the call's messages."""
        sql = ("select text from messages where direction = 'out' and call_id ="
               f" (select id from calls where call_sid = '{call_sid}') order by turn_index limit 1")
        return until(lambda: self.world.rows(sql), 10, "the greeting's row")[0][0]

    def test_it_outlives_a_restart_and_the_vendors(self):
        world = self.world
        world.control("/transcripts", {"texts": ["what are your hours on saturday"] * 2})
        _, call_sid = self.place(FIRST)
        spoken = self.greeting(call_sid)
        self.assertGreater(len(spoken), 10)
        kept = world.dir / "data" / "phrases"
        until(lambda: len(list(kept.glob("*.phrase"))) >= 1, 10, "a phrase on disk")
        self.assertEqual(world.server.stop(), 0)
        world.sandbox.stop()
        world.start_server()
        result, call_sid = self.place(LATER)
        self.assertEqual(self.greeting(call_sid), spoken, result.stdout)
        first = world.server.events("span")
        frames = [each for each in first if each["name"] == "MEDIA_OUT" and each["detail"] == "first"]
        self.assertTrue(frames, "nothing was sent to the caller")


if __name__ == "__main__":
    unittest.main()
