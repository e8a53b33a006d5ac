"""What authors of scripts type: `moonline test`, `moonline chat`, and a save whose tests fail while the server runs."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from world import BUILD, SOURCE, WorldTest, until

AGENT = """return { name = "Bakery", numbers = { "+15550100077" }, greeting = "Bakery, good morning!",
    prompt = function() return "You bake." end }
"""
TESTS = """return {
    { name = "greets", { expect_say = "good morning" } },
    { name = "says hello", { say = "Hello you", model = "Hello." }, { expect_words = "hello" } },
}
"""


class TestCommandTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="moonline-authors-"))
        shutil.copytree(SOURCE / "scripts", self.dir / "scripts")
        self.bakery = self.dir / "scripts" / "tenants" / "bakery"
        self.bakery.mkdir()
        (self.bakery / "agent.lua").write_text(AGENT)
        (self.bakery / "agent_test.lua").write_text(TESTS)

    def tearDown(self):
        shutil.rmtree(self.dir)

    def run_test(self, *arguments):
        env = dict(os.environ, MOONLINE_SCRIPTS=str(self.dir / "scripts"))
        result = subprocess.run([BUILD / "moonline", "test", *arguments], env=env, capture_output=True, text=True, timeout=60,
                                cwd=self.dir)
        self.assertNotIn("Sanitizer", result.stderr)
        return result

    def test_all_tenants_hold(self):
        result = self.run_test()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("- acme-dental: books a cleaning", result.stdout)
        self.assertIn("- bakery: says hello", result.stdout)
        self.assertNotIn("not ok", result.stdout)

    def test_named_and_filtered(self):
        result = self.run_test("bakery", "--filter", "hello")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("1..1", result.stdout)
        self.assertEqual(self.run_test("bakery", "--filter", "nothing").returncode, 1)
        self.assertIn("no folder", self.run_test("nobody").stderr)
        self.assertEqual(self.run_test("--what").returncode, 2)

    def test_a_failure_says_where_and_shows_what_was_said(self):
        (self.bakery / "agent_test.lua").write_text(TESTS.replace('expect_words = "hello"', 'expect_words = "rolls"'))
        result = self.run_test("bakery")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ok 1 - bakery: greets", result.stdout)
        self.assertIn("not ok 2 - bakery: says hello", result.stdout)
        self.assertIn("tenants/bakery/agent_test.lua:3: says hello: expected the agent to say rolls, got: Hello.",
                      result.stdout)
        self.assertRegex(result.stdout, r"#\s+[\d.]+  caller +Hello you")

    def test_no_end_and_no_sense(self):
        for text, message in (("while true do end", "agent_test.lua:1: took too much time"),
                              ("return {", "agent_test.lua:1: "),
                              ("return { { name = 'a', { sya = 'x' } } }", "'sya' is nothing a step can have")):
            (self.bakery / "agent_test.lua").write_text(text)
            result = self.run_test("bakery")
            self.assertEqual(result.returncode, 1)
            self.assertIn(message, result.stdout)


HOOKED = """return { name = "Hooked", numbers = { "+15550100066" }, greeting = "Hooked, hello.", goodbye = "Bye now.",
    turn = { idle_nudges = 2 },
    prompt = function() return "You are a receptionist." end,
    on_incoming = function(call)
        if call.caller == "+15550100999" then return { reject = "busy" } end
        call.state.is_lost = true
    end,
    on_call_start = function(call)
        call.state.seen = 1
        call:say("It is a fine day.")
        if call.caller == "+15550100188" then return "Hello, Sarah." end
    end,
    on_user_turn = function(call, text)
        local said = {}
        for _, line in ipairs(call.history) do said[#said + 1] = line.role .. ":" .. line.text end
        if text == "hours" then call.tags.asked = true call.phase = "hours" return "Nine to five." end
        if text == "history" then return table.concat(said, " | ") end
        if text == "slow" then local rows, code = db.query("SELECT 7 AS seven") return rows and "It is " .. rows[1].seven or code end
        if text == "sms" then local sid, code = sms.send("+15550100001", "hi") return tostring(sid or code) end
        if text == "usual" then return { rewrite = "What are your hours on Sunday?" } end
        if text == "person" then return { transfer = "+15550100099", say = "One moment." } end
        if text == "bye" then call.outcome = "lead" return { hangup = true, say = "So long." } end
        if text == "broken" then error("oh no") end
    end,
    before_say = function(_, text)
        if text:find("hello", 1, true) then return (text:gsub("hello", "ahoy")) end
        if text:find("Bye") then return false end
    end,
    on_silence = function(_, nudges) if nudges == 0 then return "Take your time." end return false end,
    on_dtmf = function(call, digit)
        if digit == "0" then call:transfer("+15550100098", { say = "Hold on." }) return true end
        if digit == "1" then return "hours" end
        if digit == "9" then return true end
    end,
    on_call_end = function(call, summary)
        log.info("ended as " .. summary.outcome .. " after " .. summary.turns)
        call.tags.filed = true
    end,
}
"""

FAILURE = """
    on_tool_error = function(call, name, problem) call.tags["call back"] = true return name .. " failed: " .. problem end,"""
BURNING = """local tool = {}
for name, value in pairs(require("tools.book_appointment")) do tool[name] = value end
tool.run = function() error("the calendar burns") end
return tool
"""


class ChatTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def chat(self, *lines, options=(), tenant="acme-dental", **env):
        result = subprocess.run([BUILD / "moonline", "chat", tenant, *options], env=self.world.env(**env),
                                input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, cwd=SOURCE)
        self.assertNotIn("Sanitizer", result.stderr)
        return result

    def test_a_booking_is_made(self):
        result = self.chat("I'd like to book a cleaning for Monday at ten.",
                           "My name is Sarah Miller and my number is 555 010 0188", "yes", "/state", "/quit")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("Acme Dental: Thanks for calling", result.stdout)
        self.assertIn('book_appointment → {"name":"Sarah Miller","ok":true,"outcome":"booked"', result.stdout)
        self.assertIn("ms to the first word", result.stdout)
        self.assertIn('"appointment"', result.stdout)
        self.assertEqual(self.world.rows("select count(*) from appointments where name = 'Sarah Miller'"), [["1"]])

    def test_dry_runs_nothing_and_records(self):
        recording = self.world.dir / "booking.json"
        before = self.world.rows("select count(*) from appointments")
        result = self.chat("I'd like to book a checkup for Monday at two.",
                           "My name is Jim Brown and my number is 555 010 0177", "yes",
                           options=("--dry", "--record", str(recording), "--caller", "+15550100177"))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("(dry: not run)", result.stdout)
        self.assertEqual(self.world.rows("select count(*) from appointments"), before)
        answers = json.loads(recording.read_text())
        self.assertEqual([tool["tool"] for answer in answers for tool in answer["tools"]],
                         ["create_contact", "book_appointment"])

    def test_a_file_saved_between_two_lines_counts(self):
        agent = self.world.scripts / "tenants" / "acme-dental" / "agent.lua"
        good = agent.read_text()
        child = subprocess.Popen([BUILD / "moonline", "chat", "acme-dental", "--dry"], env=self.world.env(), text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=SOURCE)
        try:
            said = self.say(child, "What are your hours on Sunday?")
            self.assertIn("closed", said)
            agent.write_text(good.replace("12 Harbor Street", "14 Harbor Street"))
            said = self.say(child, "What is your address?")
            self.assertIn("reloaded: version", said)
            self.assertIn("fourteen", said.replace("14", "fourteen"))
            agent.write_text(good + "\n= broken\n")
            self.assertRegex(self.say(child, "What is your address?"), r"not reloaded: agent\.lua:\d+: ")
        finally:
            agent.write_text(good)
            child.stdin.close()
            child.stdout.read()
            self.assertEqual(child.wait(30), 0)
            child.stdout.close()

    def say(self, child, line):
        """What is written up to the end of the answer."""
        child.stdin.write(line + "\n")
        child.stdin.flush()
        lines = []
        while not lines or "tokens" not in lines[-1]:
            lines.append(child.stdout.readline())
            self.assertTrue(lines[-1], "".join(lines))
        return "".join(lines)

    def hooked(self, *lines, options=()):
        folder = self.world.scripts / "tenants" / "hooked"
        folder.mkdir(exist_ok=True)
        (folder / "agent.lua").write_text(HOOKED)
        result = self.chat(*lines, options=options, tenant="hooked")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_hooks_answer_before_the_model(self):
        said = self.hooked("hours", "history", "slow", "/state", "broken words", "/quit")
        self.assertLess(said.index("Hooked: Hooked, ahoy."), said.index("Hooked: It is a fine day."))
        self.assertIn("on_incoming lets the caller in", said)
        self.assertIn("Hooked: Nine to five.", said)
        self.assertIn("· phase hours", said)
        self.assertIn('· tags ["asked"]', said)
        self.assertIn("Hooked: agent:Hooked, ahoy. It is a fine day. | caller:hours | agent:Nine to five.\n", said)
        self.assertIn("Hooked: It is 7", said)
        self.assertIn('phase hours, state {"seen":1}', said)
        self.assertIn("history: caller: hours", said)
        self.assertIn("history: caller: slow", said)
        self.assertIn("log.info: ended as answered after 4", said)
        self.assertIn('tags ["asked","filed"]', said)

    def test_hooks_reword_fail_and_end_the_call(self):
        said = self.hooked("usual", "broken", "bye", "never read", options=("--caller", "+15550100188"))
        self.assertIn("Hooked: Hello, Sarah.", said)
        self.assertIn("the model reads: What are your hours on Sunday?", said)
        self.assertRegex(said, r"on_user_turn failed: agent\.lua:\d+: oh no; as if it were not there")
        self.assertIn("Hooked: So long.", said)
        self.assertNotIn("never read", said)
        self.assertIn("on_call_end, outcome lead", said)
        said = self.hooked("person", "never read")
        self.assertIn("put through to +15550100099", said)
        self.assertIn("log.info: ended as transferred", said)

    def test_texts_are_answered_by_one_text(self):
        result = self.chat("I'd like to book a cleaning for Monday at nine.",
                           "My name is Ann Lee and my number is 555 010 0143", "yes", "/prompt", "/press 1",
                           options=("--text", "--caller", "+15550100143"))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertNotIn("Thanks for calling", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^Acme Dental \(1 segment\): .")
        self.assertIn('book_appointment → {"name":"Ann Lee"', result.stdout)
        self.assertIn("This conversation is by text message.", result.stdout)
        self.assertIn("texts have no keys and no silence", result.stdout)
        said = self.hooked("hours", "usual", "bye", "broken", "/quit", options=("--text",))
        self.assertIn("texts are the staff's here", said)
        self.assertNotIn("ahoy", said.split("hours")[0])
        self.assertIn("Hooked (1 segment): Nine to five.", said)
        self.assertIn("the model reads: What are your hours on Sunday?", said)
        self.assertIn("Hooked (1 segment): So long.", said)
        self.assertIn("> broken", said)  # a text that says goodbye ends nothing
        self.assertNotIn("on_call_end", said)

    def test_keys_and_silence(self):
        said = self.hooked("/press 91", "/press 42#", "/silence", "/silence", "/silence", "never read")
        self.assertIn("on_dtmf takes 9", said)
        self.assertIn("Hooked: Nine to five.", said)
        self.assertIn("the caller's words: [keypad] 42", said)
        self.assertIn("Hooked: Take your time.", said)
        self.assertIn("on_silence: nothing is said", said)
        self.assertIn("before_say drops: Bye now.", said)
        self.assertNotIn("never read", said)
        self.assertIn("put through to +15550100098", self.hooked("/press 0", "never read"))
        self.assertIn("keys are 0 to 9", self.hooked("/press x"))

    def test_a_caller_who_is_not_let_in(self):
        said = self.hooked("never read", options=("--caller", "+15550100999"))
        self.assertIn('on_incoming: {"reject":"busy"}', said)
        self.assertNotIn("never read", said)
        self.assertNotIn("on_call_end", said)

    def test_a_tool_that_fails(self):
        folder = self.world.scripts / "tenants" / "failing"
        folder.mkdir()
        agent = (self.world.scripts / "tenants" / "acme-dental" / "agent.lua").read_text()
        agent = re.sub(r"\+15550100\d+", "+15550100067", agent.replace("tools.book_appointment", "burning"))
        (folder / "agent.lua").write_text(re.sub(r"\n    prompt = ", FAILURE + "\n    prompt = ", agent))
        (folder / "burning.lua").write_text(BURNING)
        result = self.chat("I'd like to book a cleaning for Monday at ten.",
                           "My name is Sarah Miller and my number is 555 010 0188", "yes", "/state", tenant="failing")
        self.assertIn("book_appointment failed: error", result.stdout + result.stderr)
        self.assertIn('tags ["call back"]', result.stdout)

    def test_dry_hooks_do_nothing_outside(self):
        said = self.hooked("slow", "sms", "hours", "/quit", options=("--dry",))
        self.assertIn('db.query("SELECT 7 AS seven")  (dry: nothing was done)', said)
        self.assertIn("sms.send", said)
        self.assertEqual(said.count("Hooked: dry_run"), 2)
        self.assertIn("Hooked: Nine to five.", said)
        self.assertIn("on_call_end  (dry: not run)", said)
        self.assertNotIn("ended as", said)

    def test_without_a_model_it_says_what_to_start(self):
        result = self.chat("hello", OPENAI_BASE_URL="http://127.0.0.1:1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Is `moonline sandbox` running?", result.stdout)
        nobody = subprocess.run([BUILD / "moonline", "chat", "nobody"], env=self.world.env(), capture_output=True, text=True,
                                timeout=60, cwd=SOURCE)
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("no tenant nobody loads", nobody.stderr)

    def tenant(self):
        return next(each for each in self.world.admin_json("/api/tenants")[1] if each["id"] == "acme-dental")

    def test_a_save_whose_tests_fail_is_not_swapped_in(self):
        agent = self.world.scripts / "tenants" / "acme-dental" / "agent.lua"
        until(lambda: not self.tenant()["error"], 10, "what another test broke is mended")
        good, version = agent.read_text(), self.tenant()["version"]
        try:
            agent.write_text(good.replace("Thanks for calling Acme Dental, this is Ava.", "Yes?"))
            until(lambda: self.tenant()["error"], 10, "the failed test is told of")
            self.assertRegex(self.tenant()["error"], r"agent_test\.lua:\d+: greets and knows the hours: expected")
            self.assertEqual(self.tenant()["version"], version)
        finally:
            agent.write_text(good)
        until(lambda: not self.tenant()["error"], 10, "mended")


if __name__ == "__main__":
    unittest.main()
