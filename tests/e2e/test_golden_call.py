"""The golden call: ten lines of a caller, recorded once (tests/golden), through the real server from audio to rows.

The recordings are told to the sandbox with their words, because its ears are trained on the demo's sentences only: what is
checked is what becomes of ten known utterances, not how well pocketsphinx hears. Everything else is as in a call: voice
detection, turns, speech-to-text's protocol, the receptionist who extracts what was said, tools, Postgres."""

import base64
import pathlib
import sys
import unittest

from world import SOURCE, WorldTest, until

sys.path[:0] = [str(SOURCE / "tests" / "support"), str(SOURCE / "tests" / "golden")]
from caller import Caller  # noqa: E402
from lines import LINES  # noqa: E402

AUDIO = {name: (SOURCE / "tests" / "golden" / f"{name}.ulaw").read_bytes() for name, _, _ in LINES}


class GoldenCallTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def test_ten_lines_become_a_booking_a_contact_and_their_turns(self):
        self.world.control("/transcripts", {"by_audio": [
            {"text": text, "mulaw": base64.b64encode(AUDIO[name]).decode()} for name, text, _ in LINES]})
        caller = Caller(self.world.listen)
        try:
            self.talk(caller)
        finally:
            caller.hang_up()
        self.call_sid = caller.call_sid
        until(lambda: self.rows("ended_at is not null", "calls") == [["t"]], 15, "the call's row")
        self.check_turns()
        self.check_what_was_kept()

    def talk(self, caller):
        caller.wait_for_reply(since=0)
        for name, _, _ in LINES:
            if name.endswith("interrupts"):
                continue  # said below, over the reply to the line before it
            before = caller.count("media")
            caller.say(AUDIO[name])
            if name == "02-book":
                caller.wait_until_said()
                caller.wait_for_audio(before, frames=40)
                self.clears = caller.count("clear")
                caller.say(AUDIO["03-interrupts"])
            caller.wait_for_reply()
        self.clears_after = caller.count("clear")

    def rows(self, columns, table):
        where = f"call_sid = '{self.call_sid}'" if table == "calls" else \
            f"call_id in (select id from calls where call_sid = '{self.call_sid}')"
        return self.world.rows(f"select {columns} from {table} where {where} order by created_at")

    def check_turns(self):
        said = [text for way, text in self.rows("direction, text", "messages") if way == "in"]
        self.assertEqual(said, [text for _, text, _ in LINES], "each line is a turn of its own")
        self.assertGreater(self.clears_after, self.clears, "the interruption was heard")
        self.assertEqual(self.rows("barge_ins", "calls"), [["1"]])
        cut = [row for row in self.rows("was_interrupted", "turns") if row == ["t"]]
        self.assertEqual(len(cut), 1)

    def check_what_was_kept(self):
        booked = self.world.rows("select name, phone, service, to_char(starts_at at time zone 'America/New_York', "
                                 "'FMDay HH24:MI'), status from appointments")
        self.assertEqual(booked, [["Maria Lopez", "+15550123479", "cleaning", "Thursday 11:00", "booked"]])
        # The number that was said is another than the one the call came from: both are hers.
        contacts = self.world.rows("""select p.name, p.phone = c.from_number, p.email, n.phone from calls c
            join contacts p on p.id = c.contact_id left join contact_numbers n on n.contact_id = p.id""")
        self.assertEqual(contacts, [["Maria Lopez", "t", "maria@example.com", "+15550123479"]])
        self.assertEqual(self.world.rows("select count(*) from contacts"), [["1"]])
        self.assertEqual(self.rows("outcome", "calls"), [["booked"]])
        answers = [row[0] for row in self.rows("text", "messages")]
        self.assertIn("Harbor Street", answers[-1], "the follow-up is answered")


if __name__ == "__main__":
    unittest.main()
