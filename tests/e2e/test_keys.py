"""Keys of the caller's telephone: told by messages or only heard, as the caller's words or as the tenant's hook wants; and
what else a tenant's script says about turns."""

import unittest

from world import WorldTest, until

AGENT = """
return {
    name = "Keys",
    numbers = { "+15550100009" },
    greeting = "Welcome to Keys. Press zero for the front desk, or go on listening to this long greeting of ours.",
    turn = { phases = { quick = { silence_ms = 300 } } },
    end_of_turn = function(call, signals)
        if signals.phase == "quick" then return true end
    end,
    on_dtmf = function(call, digit)
        call.state.digits = (call.state.digits or "") .. digit
        if digit == "0" then
            call:say("Nobody is there. Goodbye.")
            call:hangup()
            return true
        end
        if digit == "9" then
            call.phase = "quick"
            return "what are your hours on saturday"
        end
    end,
    prompt = function(call) return "You are a receptionist." end,
}
"""


class KeysTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        folder = cls.world.scripts / "tenants" / "keys"
        folder.mkdir()
        (folder / "agent.lua").write_text(AGENT)

    def play(self, name, steps, to):
        before = {row[0] for row in self.world.rows("select id from calls")}
        result = self.world.call(self.world.write_scenario(f"{name}.call", "\n".join(steps) + "\n"), to=to)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return until(lambda: next((row[0] for row in self.world.rows(
            "select id from calls where ended_at is not null") if row[0] not in before), None), 10, "the call has ended")

    def said(self, call_id, direction):
        return [row[0] for row in self.world.rows(
            f"select text from messages where call_id = '{call_id}' and direction = '{direction}' order by created_at")]

    def call_row(self, call_id):
        return self.world.rows(f"select end_reason, phase, state->>'digits' from calls where id = '{call_id}'")[0]

    def test_keys_are_words(self):
        call_id = self.play("told", ["pause 2500", "dtmf 12345#", "wait", "hangup"], "+15550100002")
        self.assertEqual(self.said(call_id, "in"), ["[keypad] 12345"])
        cut = self.world.rows(f"select was_interrupted from turns where call_id = '{call_id}' order by started_at")
        self.assertEqual(cut[0], ["t"], "the greeting was stopped")
        self.assertNotIn("12345", self.world.server.text(), "what is typed stays out of the log")

    def test_tones_are_keys_and_no_speech(self):
        call_id = self.play("heard", ["wait", "tones 5551234", "wait", "hangup"], "+15550100002")
        self.assertEqual(self.said(call_id, "in"), ["[keypad] 5551234"])

    def test_a_hook_takes_a_key(self):
        call_id = self.play("taken", ["pause 2500", "dtmf 0", "expect-hangup"], "+15550100009")
        self.assertEqual(self.call_row(call_id)[0], "agent_hangup")
        self.assertEqual(self.said(call_id, "in"), [])
        self.assertEqual(self.said(call_id, "out")[-1], "Nobody is there. Goodbye.")

    def test_a_hook_gives_words_and_a_phase(self):
        self.world.control("/transcripts", {"texts": ["and on monday"]})
        call_id = self.play("words", ["wait", "dtmf 19", "wait", "say And on Monday?", "wait", "hangup"], "+15550100009")
        self.assertEqual(self.said(call_id, "in"),
                         ["[keypad] 1 what are your hours on saturday", "And on Monday."])
        self.assertEqual(self.call_row(call_id), ["caller_hangup", "quick", "19"])
        self.assertGreaterEqual(self.world.metric("moonline_end_of_turn_answers_total"), 1)
        self.assertEqual(self.world.metric("moonline_hook_failures_total"), 0)


if __name__ == "__main__":
    unittest.main()
