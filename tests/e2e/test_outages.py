"""Vendors and the database fail in turn: the caller hears something within 3 s, and nothing is lost."""

import time
import unittest

from world import WorldTest, until

SCENARIO = """wait
say What are your hours on Saturday?
wait
pause 300
hangup
"""


class OutagesTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def setUp(self):
        self.world.control("/faults", method="DELETE")
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday"] * 4})

    def place(self, scenario=SCENARIO):
        result = self.world.call(self.world.write_scenario("outage.call", scenario), 90)
        calls = self.world.admin_json("/api/calls")[1]
        return result, calls[0]["call_sid"]

    def apologies(self):
        return self.world.metric("moonline_apologies_total")

    def silence_before_apology_ms(self, call_sid):
        """From the end of the caller's speech to the apology, by the server's own spans."""
        spans = [each for each in self.world.server.events("span")
                 if each["call"] == self.world.rows(f"select id from calls where call_sid = '{call_sid}'")[0][0]]
        ended = [each["ms"] for each in spans if each["detail"] == "speech ended"][0]
        out = [each["ms"] for each in spans if each["name"] == "MEDIA_OUT" and each["ms"] > ended][0]
        return out - ended

    def check_apology(self, fault):
        before = self.apologies()
        self.world.control("/faults", fault)
        result, call_sid = self.place()
        self.assertGreater(self.apologies(), before, result.stdout)
        until(lambda: self.world.rows(f"select 1 from calls where call_sid = '{call_sid}'"), 5, "the call's row")
        self.assertLess(self.silence_before_apology_ms(call_sid), 3000)

    def test_chat_model_answers_500(self):
        self.check_apology({"service": "llm", "status": 500, "count": 9})

    def test_chat_model_answers_429(self):
        self.check_apology({"service": "llm", "status": 429, "retry_after_ms": 5000, "count": 9})

    def test_chat_model_hangs(self):
        self.check_apology({"service": "llm", "hang": True, "count": 9})

    def test_chat_model_is_cut_off(self):
        self.check_apology({"service": "llm", "cut_after_bytes": 40, "count": 9})

    def test_chat_model_answers_garbage(self):
        self.check_apology({"service": "llm", "garbage": True, "count": 9})

    def test_a_chat_model_that_recovers_answers_the_next_turn(self):
        self.world.control("/faults", {"service": "llm", "status": 503, "count": 1})
        result, call_sid = self.place("wait\nsay Hello there\nwait\nsay What are your hours on Saturday?\nwait\nhangup\n")
        replies = [event["text"] for event in self.world.events(call_sid, "agent")]
        self.assertTrue(any("nine" in text for text in replies), replies)

    def test_text_to_speech_refuses(self):
        before = self.apologies()
        self.world.control("/faults", {"service": "tts", "status": 401, "count": 9})
        self.place()
        self.assertGreater(self.apologies(), before)

    def test_speech_to_text_refuses(self):
        before = self.apologies()
        self.world.control("/faults", {"service": "stt", "status": 401, "count": 20})
        self.place("wait\nsay What are your hours on Saturday?\nexpect-hangup\n")
        self.assertGreater(self.apologies(), before)

    def test_speech_to_text_that_recovers_while_the_agent_speaks_is_not_missed(self):
        before = self.apologies()
        self.world.control("/faults", {"service": "stt", "status": 503, "count": 3})
        result, call_sid = self.place()
        self.assertEqual(self.apologies(), before, result.stdout)
        self.assertEqual(len(self.world.events(call_sid, "caller")), 1)

    def test_postgres_away_calls_go_on_and_nothing_is_lost(self):
        self.world.postgres("stop")
        until(lambda: self.world.admin_json("/readyz")[1]["database"] == "down", 10, "readiness says so")
        self.assertEqual(self.world.admin_json("/readyz")[0], 200, "calls go on, and what they leave is in the journal")
        result, call_sid = self.place()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertGreater(self.world.metric("moonline_records_waiting"), 0)
        self.world.postgres("start", "--fast")
        until(lambda: self.world.admin_json("/readyz")[1]["database"] == "up", 15, "it is back")
        sql = f"select count(*) from messages where call_id = (select id from calls where call_sid = '{call_sid}')"
        until(lambda: int(self.world.rows(sql)[0][0]) >= 3, 10, "what was said is written")


if __name__ == "__main__":
    unittest.main()
