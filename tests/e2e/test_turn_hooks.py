"""What a tenant's script says about turns: an answer without the model, other words for it, what is spoken, what breaks a
silence, what a tool that failed is answered for by; and that nothing is lost when it fails."""

import contextlib
import http.server
import json
import threading
import time
import unittest

from world import WorldTest, get, until

AGENT = """
local function tool(name, run)
    return { name = name, description = name, parameters = { type = "object", properties = {}, required = {} }, run = run }
end

return {
    name = "Hooks",
    numbers = { "+15550100010" },
    greeting = "Welcome to Nguyen and sons.",
    goodbye = "Goodbye.",
    turn = { idle_ms = 3000, idle_nudges = 2 },
    tools = {
        tool("broken", function() error("no such luck") end),
        tool("lame", function() error("no luck either") end),
        tool("fine", function() return { ok = true } end),
    },

    on_user_turn = function(call, text)
        call.state.turns = (call.state.turns or 0) + 1
        text = text:lower() -- transcripts begin with a capital
        if text:find("hours") then return "Nguyen is open from nine to five. Every day. Even on Sundays." end
        if text:find("usual") then return { rewrite = "I want a large pizza" } end
        if text:find("human") then return { transfer = "+15550100099", say = "I will put you through." } end
        if text:find("that is all") then return { hangup = true, say = "See you soon." } end
        if text:find("nothing") then return { hangup = true } end
        if text:find("look") then
            call:say("Let me see.")
            local answer = http.request({ url = "URL/300" })
            return "It is " .. answer.body .. "."
        end
        if text:find("slowly") then
            http.request({ url = "URL/4000" })
            return "Too late."
        end
    end,

    on_partial = function(call, text)
        call.state.partials = (call.state.partials or 0) + 1
        call.state.partial = text
    end,

    before_say = function(call, text)
        if text:find("secret") then return false end
        return (text:gsub("Nguyen", "Win"))
    end,

    on_silence = function(call, nudges)
        if nudges == 0 then return false end
        return "Are you thinking, at Nguyen?"
    end,

    on_tool_error = function(call, name, problem)
        if name == "broken" then return "That did not work: " .. problem .. ". Please call back." end
        return { ok = false, hint = "a person will call back" }
    end,

    prompt = function(call) return "You are a receptionist. The caller says: " .. (call.utterance or "") end,
}
"""

FAILING = """
return {
    name = "Failing",
    numbers = { "+15550100011" },
    greeting = "Welcome to the failing one.",
    still_there = "Are you still there?",
    turn = { idle_ms = 3000, idle_nudges = 1 },
    tools = { { name = "broken", description = "x", parameters = { type = "object", properties = {}, required = {} },
                run = function() error("no such luck") end } },
    on_user_turn = function(call, text) error("on_user_turn") end,
    on_partial = function(call, text) error("on_partial") end,
    before_say = function(call, text) return 7 end,
    on_silence = function(call, nudges) while true do end end,
    on_tool_error = function(call, name, problem) call:nothing() end,
    prompt = function(call) return "You are a receptionist." end,
}
"""


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(int(self.path.removeprefix("/")) / 1000)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        with contextlib.suppress(OSError):  # nobody waits for it any more
            self.wfile.write(b"blue")

    def log_message(self, *args):
        pass


class TurnHooksTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_ALLOW_PRIVATE_HTTP": "1", "OPENAI_TRANSCRIBE_MODEL": "gpt-realtime-whisper"}

    @classmethod
    def prepare(cls):
        cls.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()
        for name, text in (("hooks", AGENT.replace("URL", f"http://127.0.0.1:{cls.web.server_port}")),
                           ("failing", FAILING)):
            folder = cls.world.scripts / "tenants" / name
            folder.mkdir()
            (folder / "agent.lua").write_text(text)

    @classmethod
    def tearDownClass(cls):
        cls.web.shutdown()
        cls.web.server_close()
        super().tearDownClass()

    def setUp(self):
        self.world.control("/state", method="DELETE")

    def state(self):
        return json.loads(get(self.world.control_url + "/state")[1])

    def spoken(self):
        return str(self.state().get("spoken", ""))

    def play(self, heard, steps, to="+15550100010", replies=()):
        self.world.control("/transcripts", {"texts": heard})
        if replies:
            self.world.control("/replies", {"replies": list(replies)})
        before = {row[0] for row in self.world.rows("select id from calls")}
        result = self.world.call(self.world.write_scenario("hooks.call", "\n".join(steps) + "\n"), to=to)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return until(lambda: next((row[0] for row in self.world.rows(
            "select id from calls where ended_at is not null") if row[0] not in before), None), 10, "the call has ended")

    def said(self, call_id, direction):
        return [row[0] for row in self.world.rows(
            f"select text from messages where call_id = '{call_id}' and direction = '{direction}' order by created_at")]

    def end_reason(self, call_id):
        return self.world.rows(f"select end_reason from calls where id = '{call_id}'")[0][0]

    def test_an_answer_without_the_model(self):
        call_id = self.play(["what are your hours", "fine thanks"],
                            ["wait", "say What are your hours?", "wait", "say Fine, thanks.", "wait", "hangup"],
                            replies=[{"text": "You are welcome."}])
        self.assertEqual(self.said(call_id, "out"), [
            "Welcome to Win and sons.",
            "Nguyen is open from nine to five. Every day. Even on Sundays.",  # its own words, and all of them
            "You are welcome."])
        turns = self.world.rows(f"select provider, model, caller_text, heard_text, response_ms > 0 from turns "
                                f"where call_id = '{call_id}' and caller_text is not null order by started_at")
        self.assertEqual(turns[0], ["script", "", "What are your hours?",
                                    "Nguyen is open from nine to five. Every day. Even on Sundays.", "t"])
        self.assertNotEqual(turns[1][0], "script")
        chats = self.state()["chats"]
        self.assertEqual(len(chats), 1, "the script's answer needs no model")
        self.assertIn("Nguyen is open", str(chats[0]), "which knows of it all the same")

    def test_other_words_for_the_model(self):
        call_id = self.play(["the usual please"], ["wait", "say The usual, please.", "wait", "hangup"],
                            replies=[{"text": "A pizza it is. The secret is basil."}])
        self.assertEqual(self.said(call_id, "in"), ["The usual please."])
        self.assertEqual(self.said(call_id, "out")[-1], "A pizza it is.", "a piece was dropped")
        messages = str(self.state()["chats"][-1])
        self.assertIn("The caller says: I want a large pizza", messages)
        self.assertNotIn("usual", messages)
        self.assertNotIn("basil", self.spoken())

    def test_before_say_changes_what_is_spoken(self):
        call_id = self.play(["tell me", "and more"],
                            ["wait", "say Tell me.", "wait", "say And more.", "wait", "hangup"],
                            replies=[{"text": "Ask for Nguyen."}, {"text": "Bye."}])
        self.assertEqual(self.said(call_id, "out"), ["Welcome to Win and sons.", "Ask for Win.", "Bye."])
        self.assertIn("Ask for Win.", self.spoken())
        self.assertIn("Ask for Win.", str(self.state()["chats"][-1]), "the model is told what was said")

    def test_a_reply_of_which_nothing_is_said_is_over(self):
        call_id = self.play(["tell me", "hello"],
                            ["wait", "say Tell me.", "pause 2000", "say Hello?", "wait", "hangup"],
                            replies=[{"text": "It is a secret."}, {"text": "Yes?"}])
        self.assertEqual(self.said(call_id, "out"), ["Welcome to Win and sons.", "Yes?"])
        self.assertEqual(self.world.metric("moonline_apologies_total"), 0)

    def test_transfer_after_the_words(self):
        call_id = self.play(["a human please"], ["wait", "say A human, please.", "wait", "pause 500", "hangup"])
        self.assertEqual(self.said(call_id, "out")[-1], "I will put you through.")
        self.assertEqual(self.end_reason(call_id), "transferred")
        self.assertIn("+15550100099", str(self.state()["calls"]))
        self.assertEqual(self.state()["chats"], [])

    def test_hang_up_after_the_words_and_without(self):
        call_id = self.play(["that is all"], ["wait", "say That is all.", "expect-hangup"])
        self.assertEqual(self.said(call_id, "out")[-1], "See you soon.")
        self.assertEqual(self.end_reason(call_id), "agent_hangup")
        call_id = self.play(["nothing"], ["wait", "say Nothing.", "expect-hangup"])
        self.assertEqual(self.end_reason(call_id), "agent_hangup")
        self.assertEqual(self.said(call_id, "in"), ["Nothing."])

    def test_it_may_wait_and_is_not_waited_for_for_ever(self):
        fillers = self.world.metric("moonline_fillers_total")
        call_id = self.play(["look it up", "now slowly"],
                            ["wait", "say Look it up.", "wait", "pause 300", "say Now slowly.", "wait", "hangup"],
                            replies=[{"text": "The model here."}])
        self.assertEqual(self.said(call_id, "out")[1:], ["Let me see. It is blue.", "The model here."])
        self.assertEqual(self.world.metric("moonline_fillers_total") - fillers, 1, "the caller waited once")
        self.assertEqual(self.world.rows(f"select state->>'turns' from calls where id = '{call_id}'"), [["2"]])

    def test_what_breaks_a_silence(self):
        call_id = self.play([], ["wait", "expect-hangup"])
        self.assertEqual(self.said(call_id, "out"),
                         ["Welcome to Win and sons.", "Are you thinking, at Nguyen?", "Goodbye."])
        self.assertEqual(self.end_reason(call_id), "caller_silent")

    def test_a_tool_that_failed(self):
        call_id = self.play(["do it", "do the other"],
                            ["wait", "say Do it.", "wait", "pause 300", "say Do the other.", "wait", "hangup"],
                            replies=[{"tool_calls": [{"name": "broken", "arguments": {}}]},
                                     {"tool_calls": [{"name": "lame", "arguments": {}}]},
                                     {"text": "We call you back."}])
        self.assertEqual(self.said(call_id, "out")[1:],
                         ["That did not work: error. Please call back.", "We call you back."])
        chats = self.state()["chats"]
        self.assertEqual(len(chats), 3, "its words needed no second round")
        self.assertIn("a person will call back", str(chats[-1]))

    def test_partials(self):
        call_id = self.play(["tell me all about your pizza"],
                            ["wait", "say Tell me all about your pizza, and about the pasta.", "wait", "hangup"],
                            replies=[{"text": "Gladly."}])
        count, words = self.world.rows(
            f"select state->>'partials', state->>'partial' from calls where id = '{call_id}'")[0]
        self.assertGreaterEqual(int(count), 1)
        self.assertTrue("tell me all about your pizza".startswith(words), words)

    def test_all_that_fails_is_as_without(self):
        failures = self.world.metric("moonline_hook_failures_total")
        call_id = self.play(["book it"], ["wait", "say Book it.", "wait", "expect-hangup"], to="+15550100011",
                            replies=[{"tool_calls": [{"name": "broken", "arguments": {}}]}, {"text": "I am sorry."}])
        self.assertEqual(self.said(call_id, "out")[:3],
                         ["Welcome to the failing one.", "I am sorry.", "Are you still there?"])
        self.assertEqual(self.end_reason(call_id), "caller_silent")
        self.assertGreaterEqual(self.world.metric("moonline_hook_failures_total") - failures, 6)


if __name__ == "__main__":
    unittest.main()
