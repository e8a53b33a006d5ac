"""A caller waits: something is heard, never two things at once, late tools are answered for, and the trace says what was waited
for."""

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


PARTS = ("silence_wait", "hearing", "script", "model", "tools", "synthesis", "playout", "own")


class SlowAnswer(http.server.BaseHTTPRequestHandler):
    parents = []  # traceparent of each request

    def do_GET(self):
        self.parents.append(self.headers.get("traceparent"))
        time.sleep(3)
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"the answer")

    def log_message(self, *args):
        pass


class Collector(http.server.BaseHTTPRequestHandler):
    """Of spans: overloaded at first."""

    requests = []  # (path, content type, API key) of each
    spans = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append((self.path, self.headers["Content-Type"], self.headers.get("x-key")))
        is_overloaded = len(self.requests) == 1
        if not is_overloaded:
            for scope in body["resourceSpans"]:
                self.spans.extend(scope["scopeSpans"][0]["spans"])
        self.send_response(503 if is_overloaded else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


def attributes(span):
    """Of a span, by name, as what they are."""
    def plain(value):
        kind, inner = next(iter(value.items()))
        return int(inner) if kind == "intValue" else inner

    return {each["key"]: plain(each["value"]) for each in span["attributes"]}


class WaitingTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_ALLOW_PRIVATE_HTTP": "1", "MOONLINE_WORKERS": "1"}

    @classmethod
    def prepare(cls):
        cls.slow = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowAnswer)
        cls.collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        for server in (cls.slow, cls.collector):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.server_env = dict(cls.server_env,
                              OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{cls.collector.server_port}",
                              OTEL_EXPORTER_OTLP_HEADERS="x-key=a%20secret")
        (cls.world.scripts / "tools" / "slow_lookup.lua").write_text(TOOL % f"http://127.0.0.1:{cls.slow.server_port}/")
        agent = cls.world.scripts / "tenants" / "acme-dental" / "agent.lua"
        text = agent.read_text().replace('require("tools.book_appointment"),',
                                         'require("tools.book_appointment"),\n        require("tools.slow_lookup"),')
        agent.write_text(text)

    @classmethod
    def tearDownClass(cls):
        for server in (cls.slow, cls.collector):
            server.shutdown()
            server.server_close()
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

    def trace_of(self, call_sid):
        """The call's spans, once its root has come."""
        call_id = self.world.rows(f"select id from calls where call_sid = '{call_sid}'")[0][0]

        def whole():
            spans = [each for each in Collector.spans if attributes(each)["call_id"] == call_id]
            return spans if any(each["name"] == "CALL" for each in spans) else None

        return until(whole, 30, "the collector has the call's root")

    def expect_tree(self, spans):
        self.assertEqual(len({each["traceId"] for each in spans}), 1)
        ids = [each["spanId"] for each in spans]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual([each["name"] for each in spans if not each["parentSpanId"]], ["CALL"])
        self.assertEqual([each["name"] for each in spans if each["parentSpanId"] and each["parentSpanId"] not in ids], [])
        for each in spans:
            self.assertLessEqual(int(each["startTimeUnixNano"]), int(each["endTimeUnixNano"]), each)

    def test_the_trace_says_what_was_waited_for(self):
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday", "look it up"]})
        self.world.control("/replies", {"replies": [{"text": "We open at nine."},
                                                    {"tool_calls": [{"name": "slow_lookup", "arguments": {}}]}]})
        self.world.control("/faults", {"service": "llm", "delay_ms": 1500, "count": 1})
        SlowAnswer.parents.clear()
        call_sid = self.place("wait", "pause 1500", "say What are your hours on Saturday?", "wait", "pause 1500",
                              "say Look it up", "wait", "pause 2500", "hangup")
        spans = self.trace_of(call_sid)
        self.expect_tree(spans)
        self.assertEqual({each["name"] for each in spans},
                         {"CALL", "TURN", "MEDIA_IN", "STT", "PROMPT", "LLM", "TOOL", "TTS", "MEDIA_OUT"})
        self.assertIn(("/v1/traces", "application/json", "a secret"), Collector.requests)

        turns = [attributes(each) for each in spans if each["name"] == "TURN" and "response_ms" in attributes(each)]
        turns.sort(key=lambda each: each["turn"])
        self.assertEqual(len(turns), 2, turns)
        for turn in turns:
            self.assertEqual(sum(turn[f"part.{part}_ms"] for part in PARTS), turn["response_ms"], turn)
            self.assertEqual(turn["tenant"], "acme-dental")
            self.assertGreaterEqual(turn["part.silence_wait_ms"], 400)
        slow, late = turns
        self.assertEqual(max(PARTS, key=lambda part: slow[f"part.{part}_ms"]), "model", slow)
        self.assertEqual(max(PARTS, key=lambda part: late[f"part.{part}_ms"]), "tools", late)
        rows = self.world.rows(f"select t.response_ms from turns t join calls c on c.id = t.call_id where c.call_sid = '{call_sid}'"
                               " and t.response_ms > 0 order by t.turn_index")
        self.assertEqual([int(row[0]) for row in rows], [slow["response_ms"], late["response_ms"]])

        moments = {event["name"] for each in spans for event in each["events"]}
        self.assertLessEqual({"STT_FINAL", "TURN_COMMIT", "LLM_START", "LLM_TOKEN", "LLM_END", "TOOL_START", "TOOL_END",
                              "TTS_START", "TTS_FRAME", "TTS_END", "MEDIA_OUT", "FILLER"}, moments)
        tool = next(each for each in spans if each["name"] == "TOOL")
        self.assertEqual(SlowAnswer.parents, [f"00-{tool['traceId']}-{tool['spanId']}-01"])
        text = json.dumps(spans)
        self.assertNotIn("15550100001", text)  # the caller
        self.assertNotIn("saturday", text.lower())

        status, recent = self.world.admin_json(f"/api/calls/{call_sid}/trace")
        self.assertEqual(status, 200)
        self.assertTrue(recent["ended"])
        ids = sorted(each["spanId"] for each in spans)
        self.assertEqual(sorted(each["spanId"] for each in recent["spans"]), ids)
        kept = self.world.rows("select s ->> 'spanId' from call_traces t join calls c on c.id = t.call_id,"
                               f" jsonb_array_elements(t.spans) s where c.call_sid = '{call_sid}' order by 1")
        self.assertEqual([row[0] for row in kept], ids)
        self.assertEqual(self.world.admin_json("/api/calls/CA0/trace")[0], 404)


if __name__ == "__main__":
    unittest.main()
