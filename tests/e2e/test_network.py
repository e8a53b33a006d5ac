"""Whole calls over bad networks: the caller's line and the vendors' connections go through a proxy that delays, cuts,
stalls, loses and resets."""

import contextlib
import os
import pathlib
import sys
import time
import unittest

import line
from world import WorldTest, until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from shaper import Shaper  # noqa: E402

SCENARIO = """wait
say What are your hours on Saturday?
wait
pause 300
hangup
"""
ANSWER = "We are open from nine to one on Saturday. Anything else?"


class NetworkTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        try:
            port_of = lambda address: int(address.rsplit(":", 1)[1])  # noqa: E731
            cls.vendors = Shaper(port_of(world.sandbox_url), seed=11)
            world.server.stop()
            url = "http://" + cls.vendors.address
            world.start_server(OPENAI_BASE_URL=url, ELEVENLABS_BASE_URL=url)
            cls.direct = world.listen
            cls.line = Shaper(port_of(world.listen), seed=12)
            world.listen = cls.line.address
        except BaseException:
            world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.line.close()
        cls.vendors.close()

    def setUp(self):
        self.line.calm()
        self.vendors.calm()
        self.world.control("/faults", method="DELETE")
        self.world.control("/state", method="DELETE")
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday"] * 4})
        self.world.control("/replies", {"replies": [{"text": ANSWER}] * 4})

    def tearDown(self):
        self.vendors.calm()
        self.line.calm()
        until(lambda: self.world.metric("moonline_calls_active") == 0, 30, "every call is over")

    # ---- words for the tests ----

    def place(self, scenario=SCENARIO):
        result = self.world.call(self.world.write_scenario("network.call", scenario), 120)
        return result, self.world.admin_json("/api/calls")[1][0]["call_sid"]

    def rows_of(self, call_sid, columns, table="calls"):
        where = f"call_sid = '{call_sid}'" if table == "calls" else \
            f"call_id in (select id from calls where call_sid = '{call_sid}')"
        return self.world.rows(f"select {columns} from {table} where {where}")

    def check_answered(self, result, call_sid):
        """The call ran to its end, and the answer was heard to its last word."""
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        until(lambda: self.rows_of(call_sid, "ended_at is not null") == [["t"]], 10, "the call's row")
        self.assertIn([ANSWER], self.rows_of(call_sid, "text", "messages"))

    def changes(self, *names):
        before = {name: self.world.metric(name) for name in names}
        return lambda name: self.world.metric(name) - before[name]

    def replies_spoken(self):
        return len([each for each in self.world.server.events("span") if each["name"] == "TTS_FRAME"])

    def wait_for_reply(self, spoken):
        until(lambda: self.replies_spoken() > spoken, 30, "the agent speaks")

    # ---- the caller's line ----

    def test_delay_and_jitter_are_heard_as_nothing_else(self):
        for delay_ms in (40, 80):
            self.setUp()
            self.line.both(delay_ms=delay_ms, jitter_ms=15, piece_bytes=900)
            change = self.changes("moonline_outbound_underruns_total", "moonline_frames_dropped_total")
            result, call_sid = self.place()
            self.check_answered(result, call_sid)
            self.assertEqual(change("moonline_outbound_underruns_total"), 0)
            self.assertEqual(change("moonline_frames_dropped_total"), 0)

    def test_lost_doubled_and_swapped_frames_are_counted_and_hidden(self):
        change = self.changes("moonline_jitter_duplicate_total", "moonline_jitter_late_total",
                              "moonline_jitter_reordered_total", "moonline_frames_lost_total", "moonline_jitter_resyncs_total",
                              "moonline_frames_concealed_total", "moonline_stream_messages_bad_total")
        before = self.line.stats()["up"]
        self.line.set("up", lose_per_mille=20, double_per_mille=20, swap_per_mille=20, match='"event":"media"')
        result, call_sid = self.place()
        self.line.calm()
        counts = {name: after - before[name] for name, after in self.line.stats()["up"].items()}
        self.check_answered(result, call_sid)
        self.assertGreater(min(counts.values()), 0, counts)
        # Each by its name; those next to the call's ends are not looked at. What was swapped comes in time, or late.
        seen = {name: change(f"moonline_{name}_total") for name in
                ("jitter_duplicate", "frames_lost", "jitter_reordered", "jitter_late", "jitter_resyncs")}
        print("the line:", counts, "counted:", seen)
        self.assertAlmostEqual(seen["jitter_duplicate"], counts["doubled"], delta=2, msg=(counts, seen))
        self.assertAlmostEqual(seen["frames_lost"], counts["lost"], delta=2, msg=(counts, seen))
        self.assertAlmostEqual(seen["jitter_reordered"] + seen["jitter_late"], counts["swapped"], delta=3, msg=(counts, seen))
        self.assertEqual(seen["jitter_resyncs"], 0)
        self.assertGreaterEqual(change("moonline_frames_concealed_total"), counts["lost"] - 2, counts)
        self.assertEqual(change("moonline_stream_messages_bad_total"), 0)

    def test_a_stalled_line_catches_up(self):
        call = self.world.call(self.world.write_scenario("stall.call", SCENARIO), background=True)
        spoken = self.replies_spoken()
        self.wait_for_reply(spoken)
        self.line.do("stall 1000")
        self.assertEqual(call.child.wait(90), 0, call.text())
        self.check_answered_later()

    def check_answered_later(self):
        call_sid = self.world.admin_json("/api/calls")[1][0]["call_sid"]
        until(lambda: self.rows_of(call_sid, "ended_at is not null") == [["t"]], 10, "the call's row")
        self.assertIn([ANSWER], self.rows_of(call_sid, "text", "messages"))

    def descriptors(self):
        """Without connections to the vendors, which are kept for the next call."""
        process = pathlib.Path(f"/proc/{self.world.server.child.pid}")
        rows = [row.split() for row in (process / "net" / "tcp").read_text().splitlines()[1:]]
        vendors = {int(address.rsplit(":", 1)[1]) for address in (self.vendors.address, self.world.sandbox_url)}
        kept = {f"socket:[{row[9]}]" for row in rows if int(row[2].split(":")[1], 16) in vendors}
        count = 0
        for each in (process / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                count += os.readlink(each) not in kept
        return count

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.world.server.child.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_line_that_is_reset_ends_the_call_and_leaves_nothing(self):
        before = self.descriptors()
        spoken = self.replies_spoken()
        stream, call_sid, parameters = line.ring(self.world.listen)
        stream.start(call_sid, parameters)
        self.wait_for_reply(spoken)
        self.line.do("cut")
        until(lambda: self.rows_of(call_sid, "end_reason") == [["stream_lost"]], 20, "the call's row says so")
        stream.close()
        until(lambda: self.descriptors() <= before, 20, "its descriptors are back")
        began = self.cpu_seconds()
        time.sleep(2)  # of measuring: an idle server uses nothing
        self.assertLess(self.cpu_seconds() - began, 0.5)

    # ---- the vendors' connections ----

    def test_vendors_that_are_slow_to_come_are_waited_for(self):
        self.vendors.both(delay_ms=60, jitter_ms=30, piece_bytes=500)
        change = self.changes("moonline_apologies_total")
        result, call_sid = self.place()
        self.check_answered(result, call_sid)
        self.assertEqual(change("moonline_apologies_total"), 0)

    def break_vendors_during_the_greeting(self, command):
        """What breaks is made anew: the question after it is answered."""
        spoken = self.replies_spoken()
        call = self.world.call(self.world.write_scenario("broken.call", SCENARIO), background=True)
        self.wait_for_reply(spoken)
        self.vendors.do(command)
        self.assertEqual(call.child.wait(90), 0, call.text())
        self.check_answered_later()

    def test_vendors_that_stall_are_waited_for(self):
        self.break_vendors_during_the_greeting("stall 1000")

    def test_vendors_cut_off_in_the_middle_of_a_reply_are_called_again(self):
        self.break_vendors_during_the_greeting("cut")

    def test_vendors_that_close_their_half_are_called_again(self):
        self.break_vendors_during_the_greeting("half down")

    def test_vendors_that_read_slowly_hold_nobody_up(self):
        """Speech leaves at half the speed it is made: the text comes late or never, the caller hears something."""
        self.vendors.set("up", bytes_per_second=25_000)
        result, call_sid = self.place()
        until(lambda: self.rows_of(call_sid, "ended_at is not null") == [["t"]], 20, "the call's row")
        self.assertGreater(self.world.metric("moonline_frames_out_total"), 0)

    def test_vendors_that_are_gone_are_apologised_for(self):
        self.vendors.do("refuse on")
        self.vendors.do("cut")
        change = self.changes("moonline_apologies_total")
        result, call_sid = self.place("wait\nsay What are your hours on Saturday?\nexpect-hangup\n")
        self.assertGreater(change("moonline_apologies_total"), 0, result.stdout)
        until(lambda: self.rows_of(call_sid, "ended_at is not null") == [["t"]], 20, "the call's row")


if __name__ == "__main__":
    unittest.main()
