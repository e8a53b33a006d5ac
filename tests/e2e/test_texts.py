"""Texts of a person: the agent of the calls answers them, with its tools, in the same thread; once, whatever breaks."""

import concurrent.futures
import json
import subprocess

from world import BUILD, SOURCE, WorldTest, get, until

PERSON, OFFICE = "+15550100001", "+15550100084"
AGENT = """return {
    name = "Writers", numbers = { "%s" }, greeting = "Hello, who is calling?", filler = { kind = "none" },
    turn = { early = false }, profile = { time_zone = "America/New_York" },
    texts = { answer = true, failure_text = "Somebody will call you." },
    tools = { { name = "note_wish", description = "Keep what they want.",
        parameters = { type = "object", properties = { wish = { type = "string" } }, required = { "wish" } },
        run = function(call, args)
            local said, code = call:say("heard by nobody")
            db.query("INSERT INTO leads (contact_id, conversation_id, interest, source) SELECT contact_id, id, $1, $2"
                .. " FROM conversations LIMIT 1", args.wish, call.channel)
            log.info("wish: " .. args.wish)
            call.state.wishes = (call.state.wishes or 0) + 1
            return { ok = true, line = code }
        end } },
    prompt = function(call) return "You answer by " .. call.channel .. "." end,
}
"""


class TextsTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_TEXTS_SETTLE_MS": "600"}

    @classmethod
    def prepare(cls):
        folder = cls.world.scripts / "tenants" / "writers"
        folder.mkdir()
        (folder / "agent.lua").write_text(AGENT % OFFICE)

    def text(self, words, expected=0, token=None, to=OFFICE):
        arguments = [BUILD / "moonline", "text", "--to", to, "--from", PERSON, "--via", self.world.listen]
        arguments += ["--token", token] if token else []
        result = subprocess.run([*arguments, words], env=self.world.env(), capture_output=True, text=True, timeout=30, cwd=SOURCE)
        self.assertEqual(result.returncode, expected, result.stdout + result.stderr)
        return result.stdout.split(" ")[0] if expected == 0 else None

    def replies(self, *replies):
        """The model's next ones, and none that were left over."""
        self.world.control("/state", method="DELETE")
        self.world.control("/replies", {"replies": list(replies)})

    def one(self, sql):
        return self.world.rows(sql)[0]

    def sent(self):
        """What the agent wrote, as it is queued for the carrier."""
        return [row[0] for row in self.world.rows(
            f"select body from outbox where to_number = '{PERSON}' and key like 'reply:%' order by created_at, id")]

    def carried(self):
        """What the carrier was given since the state was last forgotten."""
        return [message["body"] for message in json.loads(get(self.world.control_url + "/state")[1])["messages"]]

    def is_sent(self, text):
        try:
            until(lambda: text in self.sent() and text in self.carried(), 60, text)
        except AssertionError as error:
            raise AssertionError(f"{error}, but {self.sent()}, {self.carried()}: {self.world.server.text()[-3000:]}") from error

    # ---- in order of their names ----

    def test_1_a_text_is_answered_in_the_thread_of_the_persons_calls(self):
        self.replies({"text": "A window seat, noted."})
        self.world.control("/transcripts", {"texts": ["i would like a window seat"]})
        scenario = self.world.write_scenario("window.call", "wait\nsay I would like a window seat\nwait\nhangup\n")
        called = self.world.call(scenario, to=OFFICE)
        self.assertEqual(called.returncode, 0, called.stdout + called.stderr)
        until(lambda: self.one("select count(*) from calls where ended_at is not null and channel = 'phone'") == ["1"], 15, "the call ends")
        self.replies({"tool_calls": [{"name": "note_wish", "arguments": {"wish": "an aisle seat"}}]},
                     {"text": "**Noted**: an aisle seat."})
        with concurrent.futures.ThreadPoolExecutor() as pool:  # at once: a busy machine must not let the first settle alone
            list(pool.map(self.text, ("Oh, and", "rather the aisle")))
        self.is_sent("Noted: an aisle seat.")
        self.assertEqual(["1", "1"], self.one("select count(*), count(distinct contact_id) from conversations"))
        until(lambda: self.one("select count(*) from leads where source = 'sms' and interest = 'an aisle seat'") == ["1"], 10, "the lead")
        until(lambda: self.one("select count(*) from tool_calls where result ->> 'line' = 'unavailable'") == ["1"], 10, "no line to say it on")
        self.assertEqual(["2"], self.one("select count(*) from messages where channel = 'sms' and direction = 'in' and status = 'answered'"))
        self.assertEqual(["1"], self.one("select count(distinct conversation_id) from messages where conversation_id is not null"))

    def test_2_told_twice_and_wrongly_signed(self):
        self.text("hello", expected=1, token="f" * 32)
        self.text("hello", to="+15550199999")  # nobody's: taken, and forgotten
        until(lambda: self.world.server.events("text.nobodys"), 5, "a line of the log")
        self.assertEqual([["2"]], self.world.rows("select count(*) from messages where channel = 'sms' and direction = 'in'"))

    def test_3_stop_is_heeded_and_not_answered(self):
        self.text("STOP")
        until(lambda: self.one("select count(*) from opt_outs") == ["1"], 3, "the opt-out")
        before = len(self.sent())
        self.text("Are you there?")
        until(lambda: self.one("select count(*) from messages where text = 'Are you there?' and status = 'unanswered'") == ["1"], 10,
              "it is left to the staff")
        self.assertEqual(before, len(self.sent()))
        self.text("Start")
        until(lambda: self.one("select count(*) from opt_outs") == ["0"], 3, "opted in again")
        self.replies({"text": "Yes, we are."})
        self.text("And now?")
        self.is_sent("Yes, we are.")

    def test_4_killed_while_it_answers(self):
        self.world.control("/faults", {"service": "llm", "hang": True})
        sid = self.text("When do you open?")
        until(lambda: self.one("select count(*) from conversations where answering is not null") == ["1"], 10, "it is being answered")
        self.world.server.child.kill()
        self.world.server.child.wait()
        self.world.control("/faults", method="DELETE")
        self.replies({"text": "We open at nine."})
        self.world.start_server(**self.server_env)
        self.is_sent("We open at nine.")
        self.assertEqual([["1"]], self.world.rows(f"select count(*) from outbox where key = 'reply:{sid}'"))

    def test_5_what_is_somebodys_own_stays_out_of_logs_and_metrics(self):
        """Written and spoken, through the texts, a tool and its log line, and a service that quotes what it refuses."""
        own = ["212-555-0142", "five five five oh one four two", "jane.roe@example.com", "jane dot roe at example dot com",
               "4111 1111 1111 1111", "march third nineteen eighty four", "03/03/84"]
        before = len(self.world.server.events("script.log"))
        for words in own:
            self.replies({"tool_calls": [{"name": "note_wish", "arguments": {"wish": f"it is {words} okay"}}]}, {"text": "Noted, then."})
            self.text(f"My own is {words}")
            kept = f"select count(*) from leads where interest = 'it is {words} okay'"
            until(lambda: self.one(kept) == ["1"], 60, words)
        until(lambda: len(self.world.server.events("script.log")) == before + len(own), 10, "lines of the log")
        told = self.world.server.text() + get(f"http://{self.world.admin}/metrics")[1]
        for words in [*own, PERSON, PERSON[1:], "555-0142", "one four two", "jane", "eighty four", "1111 1111"]:
            self.assertNotIn(words, told.lower())


if __name__ == "__main__":
    import unittest
    unittest.main()
