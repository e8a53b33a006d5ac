"""Keys of the caller's telephone: told by messages or only heard, as the caller's words or as the tenant's hook wants; and
what else a tenant's script says about turns. And, while calls of it go on, what `moonline top` shows of them."""

import json
import os
import signal
import subprocess
import unittest

from terminal import Terminal
from world import BUILD, WorldTest, until

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

    # ---- moonline top ----

    def top(self, *options):
        return subprocess.run([BUILD / "moonline", "top", *options], env=self.world.env(), capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)

    def terminal(self, *options, **size):
        terminal = Terminal([BUILD / "moonline", "top", *options], self.world.env(TERM="xterm", LC_ALL="C.UTF-8"), **size)
        self.addCleanup(terminal.close)
        return terminal

    def check_page(self, lines, columns, rows):
        self.assertEqual(len(lines), rows)
        self.assertLessEqual(max(map(len, lines)), columns)
        self.assertNotIn("+1555", "".join(lines))
        self.assertNotIn("1555010000", "".join(lines))

    def check_api(self):
        status, state = self.world.admin_json("/api/top")
        self.assertEqual(status, 200)
        self.assertEqual({call["tenant"] for call in state["calls"]}, {"acme-dental", "keys"})
        call = next(call for call in state["calls"] if call["tenant"] == "acme-dental")
        self.assertEqual(call["turns"], 1)
        self.assertGreater(call["response_ms"], call["mostly_ms"] - 1)
        self.assertGreater(call["mostly_ms"], 0)
        self.assertNotIn("+1555", json.dumps(state))
        self.assertEqual([thread["name"] for thread in state["threads"]], ["0", "1", "script", "control", "journal"])
        self.assertEqual(sum(thread.get("calls", 0) for thread in state["threads"]), 2)
        self.assertGreater(sum(each["requests"] for each in state["providers"] if each["slot"] == "think"), 0)
        self.assertEqual(state["process"]["calls_active"], 2)

    def check_without_a_terminal(self):
        page = self.top()
        self.assertEqual((page.returncode, page.stderr), (0, ""))
        self.assertNotIn("\x1b", page.stdout)
        for word in ("acme-dental", "THREAD", "PROVIDER", "of 1000"):
            self.assertIn(word, page.stdout)
        self.assertEqual(len(json.loads(self.top("--json").stdout)["calls"]), 2)
        nobody = self.top("--admin", "127.0.0.1:1")
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("no server answers at 127.0.0.1:1", nobody.stderr)
        self.assertEqual(self.top("--every", "never").returncode, 2)

    def check_keys(self, top):
        self.check_page(top.shows("acme-dental"), 80, 24)
        top.press("s")
        top.shows("sort: age")
        top.press("t")
        self.check_page([line for line in top.shows("tenant: acme-dental") if "keys" not in line], 80, 24)
        top.press("tt")
        top.shows("tenant: all")
        top.press("p")
        top.shows("PAUSED")
        top.press("p")
        top.shows("q quit")

    def check_sizes(self, top):
        top.resize(120, 40)
        until(lambda: len(top.lines()) == 40, 5, "it fills what it has")
        self.assertTrue(any(" CA" in line for line in top.lines()), "a whole CallSid")
        self.check_page(top.lines(), 120, 40)
        top.resize(40, 10)
        until(lambda: len(top.lines()) == 10, 5, "and no more")
        self.check_page(top.lines(), 40, 10)
        top.resize(80, 24)

    def check_stopping(self, top):
        self.assertFalse(top.is_as_before())
        top.kill(signal.SIGTSTP)
        top.wait_stopped()
        self.assertTrue(top.is_as_before())
        top.kill(signal.SIGCONT)
        until(lambda: not top.is_as_before() and len(top.lines()) == 24, 5, "it goes on")

    def check_endings(self, top):
        top.press("q")
        self.assertEqual(top.wait(), 0)
        self.assertTrue(top.is_as_before())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            other = self.terminal()
            other.shows("moonline")
            other.kill(number)
            self.assertEqual(other.wait(), 0)
            self.assertTrue(other.is_as_before(), number)
        stopped = self.terminal()
        stopped.shows("moonline")
        stopped.kill(signal.SIGTSTP)
        stopped.wait_stopped()
        stopped.kill(signal.SIGTERM)
        stopped.kill(signal.SIGCONT)
        self.assertEqual(stopped.wait(), 0)
        self.assertTrue(stopped.is_as_before())
        crash = self.terminal()
        crash.shows("moonline")
        crash.kill(signal.SIGABRT)
        self.assertEqual(crash.wait(), -signal.SIGABRT)
        self.assertTrue(crash.is_as_before())
        typed = self.terminal()
        typed.shows("moonline")
        typed.press("\x03")
        self.assertEqual(typed.wait(), 0)

    def check_a_server_that_is_away(self):
        top = self.terminal("--every", "0.2")
        top.shows("q quit")
        os.kill(self.world.server.child.pid, signal.SIGSTOP)
        try:
            top.shows("does not answer")
            hasty = self.terminal()
            hasty.shows("asking")
            hasty.press("q")
            self.assertEqual(hasty.wait(2), 0, "it is not waited for")
        finally:
            os.kill(self.world.server.child.pid, signal.SIGCONT)
        top.shows("q quit")
        top.press("q")
        self.assertEqual(top.wait(), 0)

    def test_calls_are_watched(self):
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday"]})
        calls = [self.world.call(self.world.write_scenario(f"watched-{to}.call", f"{steps}\nwait\npause 90000\nhangup\n"), to=to,
                                 background=True, log=f"watched-{to}.log")
                 for to, steps in (("+15550100002", "wait\nsay What are your hours on Saturday?"),
                                   ("+15550100009", "pause 2500\ndtmf 12345#"))]

        def have_answers():
            found = {call["tenant"]: call for call in self.world.admin_json("/api/top")[1]["calls"]}
            return len(found) == 2 and found["acme-dental"]["response_ms"] and all(call["turns"] for call in found.values())
        try:
            until(have_answers, 30, "both were answered")
            self.check_api()
            self.check_without_a_terminal()
            top = self.terminal("--every", "0.2")
            self.check_keys(top)
            self.check_sizes(top)
            agent = self.world.scripts / "tenants" / "keys" / "agent.lua"
            agent.write_text(agent.read_text() + "-- changed\n")
            top.shows("applied")
            self.check_stopping(top)
            self.check_endings(top)
            self.check_a_server_that_is_away()
        finally:
            for call in calls:
                call.child.terminate()
                call.child.wait()


if __name__ == "__main__":
    unittest.main()
