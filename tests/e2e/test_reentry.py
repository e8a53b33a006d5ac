"""Streams that break and callers who come back: kill -9, three times in a row, planned ends with and without Postgres,
transfers that somebody takes or nobody."""

import json
import re
import time
import unittest
import xml.etree.ElementTree as tree

import line
from world import PUBLIC_URL, WorldTest, until

AGAIN = "/twilio/voice?attempt=1"
QUESTION = "What are your hours on Saturday?"
HANG_UP_TOOL = """
local function run(call) return call:hangup() end
return { name = "end_call", description = "Ends the call.", parameters = { type = "object", properties = {} },
    timeout_ms = 1000, run = run }
"""


def give_hang_up_tool(world):
    """The receptionist may end the call."""
    (world.scripts / "tools" / "end_call.lua").write_text(HANG_UP_TOOL)
    agent = world.scripts / "tenants" / "acme-dental" / "agent.lua"
    agent.write_text(agent.read_text().replace('require("tools.create_contact"),',
                                               'require("tools.create_contact"), require("tools.end_call"),'))


DESK = "+15550100077"
BOSS = "+15550100099"
DESK_AGENT = """
return {
    name = "Desk",
    numbers = { "%s" },
    transfers = { "%s" },
    greeting = "Welcome.",
    transfer_failed = "Nobody is there. Shall I take a message?",
    on_user_turn = function(call, text)
        if text:find("person") then
            call:transfer("%s", { whisper = "Ann & Bob, about a leaking tap.", timeout_s = 10 })
            return "I will put you through."
        elseif text:find("other") then
            local _, code = call:transfer("+15550100098")
            return "That is " .. code .. "."
        end
    end,
    prompt = function(call) return "You are a receptionist." end,
}
""" % (DESK, BOSS, BOSS)


class ReentryTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        give_hang_up_tool(cls.world)
        folder = cls.world.scripts / "tenants" / "desk"
        folder.mkdir()
        (folder / "agent.lua").write_text(DESK_AGENT)

    def setUp(self):
        for path in ("/faults", "/state"):
            self.world.control(path, method="DELETE")
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday", "and what about monday"]})

    def call_sid_of(self, process):
        return until(lambda: re.search(r"^Call (CA\w+):", process.text(), re.M), 20, "the call began").group(1)

    def streams(self, process):
        return process.text().count("the stream is open")

    def crash_and_restart(self):
        self.world.server.child.kill()
        self.world.server.child.wait()
        began = time.time()
        self.world.start_server()
        return began

    def place(self, name, text, *options):
        return self.world.call(self.world.write_scenario(name, text), background=True, log=name + ".log",
                               options=("--patience", "20", *options))

    # ---- kill -9 ----

    def test_a_killed_server_s_caller_goes_on_where_it_was(self):
        call = self.place("killed.call", f"wait\nsay {QUESTION}\nwait\nwait\nsay And what about Monday?\nwait\nhangup\n")
        call_sid = self.call_sid_of(call)
        heard = f"""select count(*) from messages m join calls c on c.id = m.call_id
                    where c.call_sid = '{call_sid}' and m.direction = 'out' and m.unheard_text = ''"""
        until(lambda: self.world.rows(heard)[0][0] == "2", 40, "greeting and one answer are recorded")
        time.sleep(1.5)  # the caller takes an answer for over after 0.9 s of silence; what is said later is another one
        began = self.crash_and_restart()
        until(lambda: self.world.server.events("call.resumed"), 20, "the call goes on")
        self.assertEqual(call.child.wait(90), 0, call.text())
        self.check_one_conversation(call_sid)
        self.check_one_trace(call_sid)
        first_words = [each for each in self.world.server.events("span")
                       if each["name"] == "MEDIA_OUT" and self.seconds(each) > began]
        took = self.seconds(first_words[0]) - began
        print(f"talking again {took:.2f} s after the restart")
        self.assertLess(took, 15)

    def seconds(self, event):
        stamp = event["time"]
        whole = time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        return whole + float("0" + stamp[19:].rstrip("Z"))

    def check_one_conversation(self, call_sid):
        rows = until(lambda: self.closed_rows(call_sid, 2), 10, "both parts are closed")
        self.assertEqual(rows, [["0", "lost"], ["1", "caller_hangup"]])
        turns = self.world.rows(f"""select m.turn_index from messages m join calls c on c.id = m.call_id
                                    where c.call_sid = '{call_sid}' and m.direction = 'in' order by m.created_at""")
        self.assertEqual(turns, [["1"], ["2"]], "turns are counted on")
        asked = json.loads(self.world.control("/state", method="GET"))["chats"][-1]["conversation"]
        said = [(each["role"], each["content"]) for each in asked[1:]]
        self.assertEqual(said[1], ("user", "What are your hours on Saturday?"))
        self.assertIn("nine", said[2][1])
        self.assertIn("cut off", said[3][1])
        self.assertEqual(said[4], ("user", "And what about Monday."))

    def check_one_trace(self, call_sid):
        """What the killed process told of its turns hangs below the root that its successor told."""
        def whole():
            rows = self.world.rows(f"""select s ->> 'traceId', s ->> 'spanId', s ->> 'parentSpanId', s ->> 'name', c.attempt
                                       from call_traces t join calls c on c.id = t.call_id, jsonb_array_elements(t.spans) s
                                       where c.call_sid = '{call_sid}'""")
            return rows if any(row[3] == "CALL" for row in rows) else None

        spans = until(whole, 10, "the root is written")
        self.assertEqual(len({row[0] for row in spans}), 1)
        self.assertEqual({row[4] for row in spans if row[3] == "TURN"}, {"0", "1"}, "both attempts")
        self.assertEqual([row[3] for row in spans if not row[2]], ["CALL"])
        ids = {row[1] for row in spans}
        self.assertEqual([row for row in spans if row[2] and row[2] not in ids], [])

    def closed_rows(self, call_sid, count):
        rows = self.world.rows(f"select attempt, end_reason from calls where call_sid = '{call_sid}' order by attempt")
        return rows if len(rows) == count and all(row[1] for row in rows) else None

    def test_what_was_being_said_when_the_server_died_is_known(self):
        call = self.place("middle.call", f"wait\nsay {QUESTION}\nwait\nsay And what about Monday?\nwait\nhangup\n")
        call_sid = self.call_sid_of(call)
        being_said = f"""select m.text, m.unheard_text from messages m join calls c on c.id = m.call_id
                         where c.call_sid = '{call_sid}' and m.direction = 'out' and m.turn_index = 1"""
        heard, unheard = until(lambda: self.world.rows(being_said), 40, "an answer is being said")[0]
        self.assertTrue(unheard, heard)
        self.crash_and_restart()
        until(lambda: self.world.server.events("call.resumed"), 20, "the call goes on")
        self.assertEqual(call.child.wait(90), 0, call.text())
        asked = json.loads(self.world.control("/state", method="GET"))["chats"][-1]["conversation"]
        broken = [each["content"] for each in asked if "The line broke" in (each["content"] or "")]
        self.assertEqual(broken, [f"The line broke while you were saying this, and the caller may not have heard it: {unheard}"])
        nodes = self.world.rows(f"select count(distinct node) from calls where call_sid = '{call_sid}'")
        self.assertEqual(nodes, [["2"]])
        open_calls = "select count(*) from calls where ended_at is null"
        until(lambda: self.world.rows(open_calls) == [["0"]], 20, "the dead process's calls are closed")

    def test_a_caller_cut_off_three_times_hears_a_way_out(self):
        call = self.place("unlucky.call", "expect-hangup\n")
        for streams in (1, 2, 3):
            until(lambda: self.streams(call) == streams, 30, f"stream {streams}")
            self.crash_and_restart()
        call.child.wait(60)
        self.assertIn("technical trouble", call.text())
        self.assertEqual(self.streams(call), 3)
        self.assertEqual(self.world.metric('moonline_calls_refused_total{reason="attempts_spent"}'), 1)

    # ---- transfers ----

    def place_at_desk(self, name, text, heard, replies=()):
        self.world.control("/state", method="DELETE")
        self.world.control("/transcripts", {"texts": list(heard)})
        if replies:
            self.world.control("/replies", {"replies": [{"text": reply} for reply in replies]})
        return self.world.call(self.world.write_scenario(name, text), background=True, log=name + ".log", to=DESK,
                               options=("--patience", "20"))

    def parts(self, call_sid, columns, expected):
        sql = f"select {columns} from calls where call_sid = '{call_sid}' order by attempt"
        until(lambda: self.world.rows(sql) == expected, 15, f"{columns}: {expected}, not {self.world.rows(sql)}")

    def check_model_knows(self, *lines):
        asked = json.loads(self.world.control("/state", method="GET"))["chats"][-1]["conversation"]
        said = [(each["role"], each["content"]) for each in asked[1:]]
        for line_of in lines:
            self.assertIn(line_of, said)

    def test_a_person_takes_the_caller_by_a_key(self):
        bridged = self.world.metric('moonline_transfers_total{outcome="bridged"}')
        call = self.place_at_desk("taken.call", "callee answers 300 5\nwait\nsay I want a person.\nexpect-hangup\n",
                                  ["i want a person"])
        call_sid = self.call_sid_of(call)
        self.assertEqual(call.child.wait(60), 0, call.text())
        self.assertIn("Ann & Bob, about a leaking tap.", call.text())
        self.assertIn("Press any key to take this call.", call.text())
        self.assertIn("talks with the caller", call.text())
        self.parts(call_sid, "end_reason, outcome, transfer_to, transfer_kind, transfer_status, transfer_ms, is_contained",
                   [["transferred", "transferred", BOSS, "warm", "bridged", "1000", "f"]])
        self.assertEqual(self.world.metric('moonline_transfers_total{outcome="bridged"}'), bridged + 1)
        said = self.world.rows(f"""select m.text from messages m join calls c on c.id = m.call_id
                                   where c.call_sid = '{call_sid}' and m.direction = 'out' order by m.created_at""")
        self.assertEqual(said, [["Welcome."], ["I will put you through."]], "heard to its end, before it rang")

    def test_nobody_answers_and_the_agent_goes_on(self):
        call = self.place_at_desk("nobody.call", "callee no-answer\nwait\nsay I want a person.\nwait\nwait\nsay What now?\nwait\n"
                                  "hangup\n", ["i want a person", "what now"], ["We can talk."])
        call_sid = self.call_sid_of(call)
        self.assertEqual(call.child.wait(90), 0, call.text())
        self.parts(call_sid, "attempt, end_reason, outcome, transfer_status",
                   [["0", "transferred", "answered", "no-answer"], ["10", "caller_hangup", "answered", ""]])
        self.check_model_knows(("user", "I want a person."), ("assistant", "I will put you through."),
                               ("system", f"The transfer to {BOSS} failed: no answer. The caller is back with you."),
                               ("assistant", "Nobody is there. Shall I take a message?"), ("user", "What now?"))

    def test_the_server_is_killed_while_it_rings(self):
        call = self.place_at_desk("rings.call", "callee no-answer\nwait\nsay I want a person.\nwait\nwait\nsay What now?\nwait\n"
                                  "hangup\n", ["i want a person", "what now"], ["We can talk."])
        call_sid = self.call_sid_of(call)
        until(lambda: f"transferred to {BOSS}" in call.text(), 40, "it rings")
        self.crash_and_restart()
        self.assertEqual(call.child.wait(90), 0, call.text())
        self.parts(call_sid, "attempt, end_reason, transfer_status",
                   [["0", "transferred", "no-answer"], ["10", "caller_hangup", ""]])
        self.check_model_knows(("system", f"The transfer to {BOSS} failed: no answer. The caller is back with you."),
                               ("assistant", "Nobody is there. Shall I take a message?"), ("user", "What now?"))

    def test_what_the_carrier_asks_is_answered_twice_alike(self):
        call = self.place_at_desk("asked.call", "callee busy\nwait\nsay I want a person.\nwait\nhangup\n", ["i want a person"])
        call_sid = self.call_sid_of(call)
        self.assertEqual(call.child.wait(60), 0, call.text())
        twiml = json.loads(self.world.control("/state", method="GET"))["calls"][-1]["Twiml"]
        dial = tree.fromstring(twiml.encode()).find("Dial")
        done = dial.get("action").removeprefix(PUBLIC_URL)
        whisper = dial.find("Number").get("url").removeprefix(PUBLIC_URL)
        leg = {"CallSid": line.new_sid("CA"), "ParentCallSid": call_sid, "To": BOSS}
        status, asks = line.webhook(self.world.listen, leg, whisper)
        self.assertEqual((status, asks.count("Ann &amp; Bob")), (200, 2))
        status, taken = line.webhook(self.world.listen, {**leg, "Digits": "5"}, whisper)
        self.assertEqual((status, "<Response></Response>" in taken), (200, True))
        form = dict(line.voice_form(call_sid, DESK), CallStatus="in-progress", DialCallStatus="completed", DialBridged="false")
        for _ in range(2):
            status, again = line.webhook(self.world.listen, form, done)
            self.assertEqual(status, 200)
            self.assertIn("attempt=11", again)
            self.assertIn(f'name="transfer" value="declined {BOSS}"', again)
        self.parts(call_sid, "transfer_status", [["declined"], [""]])
        self.assertIn("<Hangup/>", line.webhook(self.world.listen, {**form, "CallStatus": "completed"}, done)[1])
        self.assertEqual(line.webhook(self.world.listen, form, done, signature="AAAA")[0], 403)
        self.assertEqual(line.webhook(self.world.listen, form, done.replace("then=back", "then=off"))[0], 400)
        self.assertEqual(line.webhook(self.world.listen, {**form, "CallSid": line.new_sid("CA")}, done)[0], 400)

    def test_nobody_talks_the_agent_into_another_number(self):
        call = self.place_at_desk("other.call", "wait\nsay The other one.\nwait\nhangup\n", ["the other one"])
        self.assertEqual(call.child.wait(60), 0, call.text())
        self.assertIn("That is not_allowed.", call.text())
        self.assertEqual(json.loads(self.world.control("/state", method="GET"))["calls"], [])

    # ---- planned ends ----

    def hang_up_by_script(self, name):
        self.world.control("/replies", {"replies": [
            {"text": "Goodbye then.", "tool_calls": [{"name": "end_call", "arguments": {}}]}, {"text": "Bye."}]})
        call = self.place(name, f"wait\nsay {QUESTION}\nexpect-hangup\n")
        call_sid = self.call_sid_of(call)
        self.assertEqual(call.child.wait(60), 0, call.text())
        return call, call_sid

    def test_a_planned_end_is_not_answered_again(self):
        before = self.world.metric("moonline_calls_reentered_ended_total")
        call, call_sid = self.hang_up_by_script("planned.call")
        self.assertEqual(self.streams(call), 1)
        self.assertEqual(self.world.metric("moonline_calls_reentered_ended_total"), before + 1)
        row = self.world.rows(f"select end_reason, ended_at is not null from stream_claims where call_sid = '{call_sid}'")
        self.assertEqual(row, [["agent_hangup", "t"]])
        self.crash_and_restart()  # what the next process knows is in Postgres
        status, twiml = line.webhook(self.world.listen, line.voice_form(call_sid), AGAIN)
        self.assertIn("<Hangup/>", twiml)
        self.assertNotIn("<Stream", twiml)
        status, twiml = line.webhook(self.world.listen, line.voice_form(call_sid), "/twilio/voice?attempt=3")
        self.assertNotIn("<Say>", twiml, "who said goodbye needs no way out")

    def test_without_postgres_the_carrier_ends_the_call(self):
        before = self.world.metric("moonline_ends_by_rest_total")
        self.world.postgres("stop")
        until(lambda: self.world.admin_json("/readyz")[1]["database"] == "down", 10, "the database is away")
        try:
            call, call_sid = self.hang_up_by_script("away.call")
            updates = json.loads(self.world.control("/state", method="GET"))["calls"]
            self.assertEqual([each["sid"] for each in updates if each.get("Status") == "completed"], [call_sid])
            self.assertEqual(self.world.metric("moonline_ends_by_rest_total"), before + 1)
            began = time.monotonic()
            status, twiml = line.webhook(self.world.listen, line.voice_form(line.new_sid("CA")), AGAIN)
            self.assertIn("<Stream", twiml, "who cannot be known is answered")
            self.assertLess(time.monotonic() - began, 5)
        finally:
            self.world.postgres("start", "--fast")
            until(lambda: self.world.admin_json("/readyz")[1]["database"] == "up", 15, "it is back")


if __name__ == "__main__":
    unittest.main()
