"""Hooks at a call's ends: callers whom a script does not take, first words of its own, what it makes of a call that is over;
and hooks that fail or never end."""

import http.server
import json
import signal
import threading
import time
import unittest

import line
from world import ACCOUNT, WorldTest, until

AGENT = """
return {
    name = "Hooks", numbers = { "%s" }, greeting = "Hello, this is the ordinary greeting.",
    prompt = function(call) return "You are a receptionist." end,
    %s
}
"""
HOOKS = {
    "busy": 'on_incoming = function(call) return { reject = "busy" } end',
    "elsewhere": 'on_incoming = function(call) return { redirect = "+15550100099" } end',
    "message": 'on_incoming = function(call) return { voicemail = "Please leave a message." } end',
    "screened": """on_incoming = function(call)
        local rows = db.query("SELECT name FROM contacts WHERE phone = $1 AND name IS NOT NULL", call.caller)
        if rows and rows[1] then return end
        return { say = "Hello " .. call.incoming.name .. " of " .. tostring(call.incoming.city) .. ", we know you not." }
    end""",
    "broken": """on_incoming = function(call) error("no") end,
        on_call_start = function(call) error("no") end,
        on_call_end = function(call) error("no") end""",
    "endless": """on_incoming = function(call) while true do end end,
        on_call_start = function(call) while true do end end,
        on_call_end = function(call) while true do end end""",
    "named": """on_call_start = function(call)
        call.state.greeted = call.caller
        call.tags.started = true
        return "Good morning, caller."
    end,
    on_call_end = function(call, summary)
        local texts = {}
        for i, line in ipairs(call.history) do texts[i] = line.turn .. " " .. line.role .. ": " .. line.text end
        db.query("INSERT INTO contacts (name, phone) VALUES ($1, $2) ON CONFLICT (tenant_id, phone) DO UPDATE SET name = excluded.name",
            table.concat(texts, " / "), call.state.greeted)
        call.tags["call back"] = true
        call.tags.started = nil
        if summary.turns > 0 and summary.end_reason == "caller_hangup" then call.outcome = "lead" end
    end""",
    "silent": """on_call_start = function(call)
        call:say("We are closed today. Goodbye.")
        call:hangup()
        return false
    end""",
    "handed": """on_call_start = function(call)
        call.state.to = "the desk"
        call:transfer("+15550100099", { say = "One moment." })
        return false
    end""",
    "slow": """on_call_start = function(call)
        call.state.start = http.request({ url = "SLOW/0.5" }).body
        call.tags.began = true
        return "This is too late."
    end,
    on_call_end = function(call)
        call.state.stop = http.request({ url = "SLOW/0.7" }).body
        call.tags.slow = true
    end""",
    "back": """on_call_start = function(call)
        call.state.starts = (call.state.starts or 0) + 1
        call.state.city = call.incoming.city
        call.tags.vip = true
        call.outcome = "lead"
    end,
    on_call_end = function(call)
        call.state.lines = #call.history
        call.state.first = call.history[1].text
        call.state.country = call.incoming.country
    end""",
}
NUMBER = {name: f"+1555010010{i}" for i, name in enumerate(HOOKS)}


class SlowAnswers(http.server.BaseHTTPRequestHandler):
    """GET /0.5 is answered after half a second."""

    def do_GET(self):
        time.sleep(float(self.path[1:]))
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, *arguments):
        pass


class CallHooksTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_DRAIN_SECONDS": "5", "MOONLINE_ALLOW_PRIVATE_HTTP": "1"}

    @classmethod
    def prepare(cls):
        cls.slow = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowAnswers)
        threading.Thread(target=cls.slow.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.slow.server_close)
        cls.addClassCleanup(cls.slow.shutdown)
        for name, hooks in HOOKS.items():
            folder = cls.world.scripts / "tenants" / name
            folder.mkdir()
            hooks = hooks.replace("SLOW", f"http://127.0.0.1:{cls.slow.server_port}")
            (folder / "agent.lua").write_text(AGENT % (NUMBER[name], hooks))

    def ask(self, name, call_sid, **more):
        return line.webhook(self.world.listen, {**line.voice_form(call_sid, NUMBER[name]), **more})[1]

    def play(self, name, *steps):
        result = self.world.call(self.world.write_scenario(f"{name}.call", "\n".join(steps) + "\n"), to=NUMBER[name])
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def row(self, name, columns, expected):
        until(lambda: [expected] == self.world.rows(f"select {columns} from calls where tenant_id = '{name}'"), 15,
              f"{columns} of {name}: {expected}")

    def said(self, name, direction="out"):
        """What is said to its end."""
        return [row[0] for row in self.world.rows(
            f"select text from messages where tenant_id = '{name}' and direction = '{direction}' "
            "and coalesce(unheard_text, '') = '' order by created_at")]

    def failures(self, name, what):
        return [event["ending"] for event in self.world.server.events("script.failed") +
                self.world.server.events("script.stopped") if event["tenant"] == name and event["what"] == what]

    # ---- before the call is answered ----

    def test_a_caller_is_rejected(self):
        self.assertIn("not answered (busy)", self.play("busy", "expect-hangup"))
        self.row("busy", "from_number, outcome, end_reason, carrier_status, answered_at is null, ended_at is null",
                 ["+15550100001", "abandoned", "rejected", "busy", "t", "f"])

    def test_a_caller_is_redirected(self):
        self.assertIn("transferred to +15550100099", self.play("elsewhere", "expect-hangup"))
        self.row("elsewhere", "outcome, end_reason, ended_at is null", ["transferred", "redirected", "f"])

    def test_a_caller_leaves_a_message(self):
        self.play("message", "expect-hangup")
        self.row("message", "outcome, end_reason, recording_ms", ["voicemail", "to_voicemail", "7000"])

    def test_a_script_asks_the_database_who_calls(self):
        call_sid = line.new_sid("CA")
        words = "<Say>Hello Ann Smith of nil, we know you not.</Say><Hangup/>"
        self.assertIn(words, self.ask("screened", call_sid, CallerName="Ann Smith"))
        self.row("screened", "call_sid, outcome, end_reason", [call_sid, "answered", "turned_away"])
        self.assertIn(words, self.ask("screened", line.new_sid("CA"), CallerName="Ann Smith"), "having called is not being known")
        self.world.rows("update contacts set name = 'Ann' where tenant_id = 'screened' and phone = '+15550100001'")
        self.assertIn(words, self.ask("screened", call_sid, CallerName="Ann Smith"), "the same call, the same answer")
        self.assertIn("<Stream", self.ask("screened", line.new_sid("CA"), CallerName="Ann Smith"))

    # ---- first and last words ----

    def test_a_call_begins_and_ends_as_the_script_wants(self):
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday"]})
        self.play("named", "wait", "say What are your hours on Saturday?", "wait", "hangup")
        self.row("named", "outcome, end_reason, tags, state->>'greeted'",
                 ["lead", "caller_hangup", '{"call back"}', "+15550100001"])
        self.assertEqual(self.said("named")[0], "Good morning, caller.")
        answer = self.said("named")[1]
        self.assertEqual(self.world.rows("select name, phone from contacts where tenant_id = 'named'"), [[
            f"0 agent: Good morning, caller. / 1 caller: What are your hours on Saturday? / 1 agent: {answer}",
            "+15550100001"]])
        opening = self.world.server.events("call.opening")
        print("on_call_start answered after", [event["ms"] for event in opening], "ms")

    def test_a_script_says_goodbye_at_once(self):
        self.play("silent", "expect-hangup")
        self.row("silent", "end_reason", ["agent_hangup"])
        self.assertEqual(self.said("silent"), ["We are closed today. Goodbye."])

    def test_a_script_hands_a_call_on_at_once(self):
        self.play("handed", "pause 1500", "hangup")
        calls = json.loads(self.world.control("/state", method="GET"))["calls"]
        self.assertIn("<Say>One moment.</Say><Dial", calls[-1]["Twiml"])
        self.row("handed", "outcome, end_reason, state->>'to'", ["transferred", "transferred", "the desk"])
        self.assertEqual(self.said("handed"), [])

    def begin(self, name, call_sid, attempt=0):
        form = dict(line.voice_form(call_sid, NUMBER[name]), FromCity="BERLIN", FromCountry="DE")
        status, twiml = line.webhook(self.world.listen, form, f"/twilio/voice?attempt={attempt}")
        self.assertEqual(status, 200)
        stream = line.Stream(self.world.listen)
        stream.start(call_sid, line.parameters_of(twiml))
        return stream

    def hang_up(self, stream, call_sid):
        stream.send({"event": "stop", "streamSid": stream.stream_sid, "stop": {"accountSid": ACCOUNT, "callSid": call_sid}})
        self.assertIn(stream.wait_for_close(), (0, 1000))

    def test_what_a_script_made_of_a_call_comes_back_with_its_caller(self):
        call_sid = line.new_sid("CA")
        stream = self.begin("back", call_sid)
        until(lambda: len(self.said("back")) == 1, 20, "the greeting was heard")
        stream.close()
        self.row("back", "attempt, tags", ["0", "{vip}"])
        stream = self.begin("back", call_sid, attempt=1)
        until(lambda: len(self.said("back")) == 2, 20, "the caller is back")
        self.hang_up(stream, call_sid)
        until(lambda: self.world.rows("""select tags, outcome, state->'starts', state->'city', state->'lines', state->'first',
                                         state->'country' from calls where tenant_id = 'back' and attempt = 1""") ==
              [["{vip}", "lead", "1", '"BERLIN"', "2", '"Hello, this is the ordinary greeting."', '"DE"']], 15,
              "state, tags, outcome and history of both parts")
        self.assertEqual(self.world.rows("select state->'lines' from calls where tenant_id = 'back' and attempt = 0"), [[""]],
                         "a line that broke is no end")

    def test_a_process_that_drains_waits_for_the_last_hook(self):
        call_sid = line.new_sid("CA")
        stream = self.begin("slow", call_sid)
        until(lambda: len(self.said("slow")) == 1, 20, "the greeting was heard")
        self.assertEqual(self.said("slow"), ["Hello, this is the ordinary greeting."])
        self.hang_up(stream, call_sid)
        self.world.server.child.send_signal(signal.SIGTERM)
        self.assertEqual(self.world.server.child.wait(20), 0)
        self.assertEqual(self.world.rows("select tags, state->>'start', state->>'stop' from calls where tenant_id = 'slow'"),
                         [["{began,slow}", "done", "done"]])
        self.assertEqual(self.world.server.events("call_end.cut"), [])
        self.world.start_server(**self.server_env)

    # ---- hooks that fail ----

    def check_failing(self, name, ending):
        self.play(name, "wait", "hangup")
        self.row(name, "outcome, end_reason, tags", ["abandoned", "caller_hangup", ""])
        self.assertEqual(self.said(name), ["Hello, this is the ordinary greeting."])
        for hook in ("on_incoming", "on_call_start", "on_call_end"):
            until(lambda: self.failures(name, hook) == [ending], 15, f"{hook} of {name} has failed")

    def test_a_hook_that_fails_changes_nothing(self):
        self.check_failing("broken", "error")
        self.assertGreaterEqual(self.world.metric("moonline_hook_failures_total"), 3)

    def test_a_hook_that_never_ends_changes_nothing(self):
        self.check_failing("endless", "out_of_time")


if __name__ == "__main__":
    unittest.main()
