"""A caller waits: something is heard, never two things at once, and late tools are answered for."""

import http.server
import json
import re
import threading
import time
import unittest

from world import WorldTest, get, until

TOOL = """
local function run(call, args)
    local answer = http.request({ url = "%s", timeout_ms = 8000 })
    return { ok = answer ~= nil, found = answer and answer.body }
end

return {
    name = "slow_lookup", description = "Looks something up, slowly.",
    parameters = { type = "object", properties = {}, required = {} },
    failure_text = "That takes a while, I will text you.",
    run = run,
}
"""
PHRASES = ("Let me have a look.", "One moment, please.", "Bear with me.")  # of agent.lua
LATE = "That takes a while, I will text you."


class SlowAnswer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(3)
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"the answer")

    def log_message(self, *args):
        pass


class WaitingTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_ALLOW_PRIVATE_HTTP": "1", "MOONLINE_WORKERS": "1"}

    @classmethod
    def prepare(cls):
        cls.slow = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowAnswer)
        threading.Thread(target=cls.slow.serve_forever, daemon=True).start()
        (cls.world.scripts / "tools" / "slow_lookup.lua").write_text(TOOL % f"http://127.0.0.1:{cls.slow.server_port}/")
        agent = cls.world.scripts / "tenants" / "acme-dental" / "agent.lua"
        text = agent.read_text().replace('require("tools.book_appointment"),',
                                         'require("tools.book_appointment"),\n        require("tools.slow_lookup"),')
        agent.write_text(text)

    @classmethod
    def tearDownClass(cls):
        cls.slow.shutdown()
        cls.slow.server_close()
        super().tearDownClass()

    def setUp(self):
        self.world.control("/faults", method="DELETE")

    def state(self):
        return json.loads(get(self.world.control_url + "/state")[1])

    def place(self, *steps):
        result = self.world.call(self.world.write_scenario("waiting.call", "\n".join(steps) + "\n"), 90)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return self.world.admin_json("/api/calls")[1][0]["call_sid"]

    def spans(self, call_sid):
        call_id = self.world.rows(f"select id from calls where call_sid = '{call_sid}'")[0][0]
        return [each for each in self.world.server.events("span") if each["call"] == call_id]

    def test_a_slow_model_is_filled_and_then_heard(self):
        for number in range(2):
            self.world.control("/transcripts", {"texts": ["what are your hours on saturday", "thanks"]})
            self.world.control("/faults", {"service": "llm", "delay_ms": 1500, "count": 1})
            call_sid = self.place("wait", "pause 1500", "say What are your hours on Saturday?", "wait", "pause 2000",
                                  "say Thanks", "wait", "pause 500", "hangup")
            until(lambda: self.world.events(call_sid, "end"), 5, "the call is over")
            said = [(event["kind"], event["text"]) for event in self.world.events(call_sid)
                    if event["kind"] in ("filler", "agent")]
            self.assertEqual([kind for kind, _ in said[:3]], ["agent", "filler", "agent"], said)
            self.assertEqual(said[1][1], PHRASES[0], "in the tenant's words and voice, not the recording")
            self.assertIn("nine", said[2][1])
            spans = self.spans(call_sid)
            filler = next(each for each in spans if each["name"] == "FILLER")
            answer = next(each for each in spans if each["name"] == "TTS_FRAME" and each["turn"] == filler["turn"])
            self.assertLess(filler["ms"], answer["ms"])
            chats = str(self.state()["chats"])
            self.assertFalse([phrase for phrase in PHRASES if phrase in chats], "the model does not know of fillers")
        self.assertGreaterEqual(self.world.metric("moonline_fillers_total"), 2)
        spoken = str(self.state()["spoken"])
        self.assertEqual([spoken.count(phrase) for phrase in PHRASES], [1, 1, 1], "each was synthesised once, for all calls")

    def test_a_late_tool_is_answered_for_and_its_result_is_not_lost(self):
        self.world.control("/transcripts", {"texts": ["look it up", "and what was it"]})
        self.world.control("/replies", {"replies": [{"tool_calls": [{"name": "slow_lookup", "arguments": {}}]},
                                                    {"text": "It was the answer."}]})
        call_sid = self.place("wait", "say Look it up", "wait", "pause 3500", "say And what was it?", "wait", "pause 500",
                              "hangup")
        replies = [event["text"] for event in self.world.events(call_sid, "agent")]
        self.assertEqual(replies[1:3], [LATE, "It was the answer."], replies)
        until(lambda: self.world.rows("select ending from tool_calls order by created_at") == [["timeout"], ["late"]], 5,
              "both answers of the tool are written")
        spans = self.spans(call_sid)
        started = next(each for each in spans if each["name"] == "TOOL_START")
        heard = next(each for each in spans if each["name"] == "MEDIA_OUT" and each["turn"] == started["turn"])
        self.assertGreaterEqual(heard["ms"] - started["ms"], 1990)
        messages = self.state()["chats"][-1]
        self.assertRegex(str(messages), r"the answer")
        self.assertIn(LATE, str(messages))
        self.assertIsNone(re.search("timeout", str(messages)), messages)


if __name__ == "__main__":
    unittest.main()
