"""Several callers at once, each with words of their own: the sandbox tells them apart by their sound, and the model's
answers show what it was told."""

import contextlib
import json
import subprocess
import unittest

from world import BUILD, Process, WorldTest, until

LINES = ["I would like to book an appointment.", "What are your opening hours?", "Can I speak to the doctor please?"]


class ManyVoicesTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def ring(self, number, line):
        scenario = self.world.write_scenario(f"voice-{number}.call", f"wait\nsay {line}\nwait\nhangup\n")
        arguments = [BUILD / "moonline", "call", "--to", "+15550100002", "--from", f"+1555010100{number}",
                     "--via", self.world.listen, "--out", self.world.dir / f"calls-{number}", scenario]
        return Process(arguments, self.world.env(), self.world.dir / f"call-{number}.log")

    def test_everyone_is_heard_and_answered_in_their_own_words(self):
        self.world.control("/transcripts", {"by_audio": [{"text": line} for line in LINES]})
        self.world.control("/replies", {"replies": [{"text": "You said: {{user}}", "repeat": True}]})
        calls = [self.ring(number, line) for number, line in enumerate(LINES)]
        for call in calls:
            self.assertEqual(call.child.wait(60), 0, call.text()[-2000:])
        expected = sorted([f"+1555010100{number}", line, f"You said: {line}"] for number, line in enumerate(LINES))
        rows = """select c.from_number, i.text, o.text from calls c
                  join messages i on i.call_id = c.id and i.direction = 'in'
                  join messages o on o.call_id = c.id and o.direction = 'out' and o.text like 'You said%' order by 1"""
        with contextlib.suppress(AssertionError):
            until(lambda: self.world.rows(rows) == expected, 10, "all of it is stored")
        self.assertEqual(self.world.rows(rows), expected)

    def log(self, *words):
        return subprocess.run([BUILD / "moonline", "log", *words], env=self.world.env(), check=True,
                              capture_output=True, text=True).stdout

    def test_one_caller_is_watched_while_others_talk(self):
        self.world.control("/transcripts", {"by_audio": [{"text": line} for line in LINES]})
        server = self.world.server
        before = len(server.events("call.started"))
        calls = [self.ring(number, line) for number, line in enumerate(LINES[:2])]
        until(lambda: len(server.events("call.started")) == before + 2, 20, "two calls")
        shown = self.log("call", "+1 555 010 1001", "--minutes", "10", "--ws")
        self.assertIn("watched    number +15550101001", shown)
        for call in calls:
            self.assertEqual(call.child.wait(60), 0, call.text()[-2000:])
        lines = [json.loads(line) for line in server.text().splitlines() if '"level":"debug"' in line]
        [[watched]] = self.world.rows(
            "select id from calls where from_number = '+15550101001' order by started_at desc limit 1")
        self.assertEqual({line.get("call") for line in lines}, {watched})
        self.assertLessEqual({"turn.state", "stt.words", "audio.second"}, {line["event"] for line in lines})
        messages = {(line["with"], line["is"]) for line in lines if line["event"] == "ws.message"}
        self.assertEqual(messages, {(who, way) for who in ("carrier", "vendor") for way in ("in", "out")})
        self.assertNotIn("watched", self.log("off"))
        with self.assertRaises(subprocess.CalledProcessError) as refused:
            self.log("level", "trun=debug")
        self.assertIn('nothing that is logged begins with "trun."', refused.exception.stderr)
        self.assertIn("\n           turn=debug\n", self.log("level", "turn=debug"))
        self.assertNotIn("turn=debug", self.log("off"))


if __name__ == "__main__":
    unittest.main()
