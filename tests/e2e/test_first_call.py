"""The first call, as `make demo` makes it: heard by ear, spoken by voice, and an appointment at its end."""

import json
import pathlib
import re
import subprocess
import sys
import unittest
import wave

from world import BUILD, SOURCE, WorldTest, get, until


class FirstCallTest(WorldTest):
    def scenario(self, number):
        text = subprocess.run([sys.executable, SOURCE / "deploy" / "demo_scenario.py", str(number),
                               SOURCE / "examples" / "scenarios" / "demo.call"],
                              capture_output=True, text=True, check=True).stdout
        expected = re.search(r"^# *expect-appointment: *(.*)$", text, re.M).group(1)
        return self.world.write_scenario(f"demo-{number}.call", text), expected.split("|")

    def test_a_caller_leaves_with_an_appointment(self):
        path, expected = self.scenario(0)
        result = self.world.call(path, 240)
        print(result.stdout)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        row = """select name, phone, service, to_char(starts_at at time zone 'America/New_York', 'FMDay HH24:MI')
                 from appointments order by created_at desc limit 1"""
        until(lambda: self.world.rows(row) == [expected], 5, f"the appointment is {expected}")
        self.check_records()
        self.check_columns()
        self.check_recordings()
        self.check_log()
        self.check_metrics()
        self.check_erasing()

    def check_records(self):
        until(lambda: self.world.rows("select outcome, carrier_status from calls") == [["booked", "completed"]], 5,
              "the call is closed as booked")
        said = self.world.rows("select direction, coalesce(unheard_text, '') from messages order by created_at")
        self.assertGreaterEqual(len([row for row in said if row[0] == "in"]), 5)
        cut = [row for row in said if row[0] == "out" and row[1]]
        self.assertGreaterEqual(len(cut), 1, "one reply was interrupted, its rest was not heard")
        self.assertEqual(self.world.rows("select count(*) from turns where was_interrupted")[0][0], str(len(cut)))
        tools = [row[0] for row in self.world.rows("select name from tool_calls where ending = 'done' order by created_at")]
        self.assertIn("create_contact", tools)
        self.assertIn("book_appointment", tools)

    def empty_columns(self, table, condition):
        return {row[0] for row in self.world.rows(
            f"select distinct key from {table} t, jsonb_each(to_jsonb(t)) where value = 'null' and {condition}")}

    def check_columns(self):
        """What cannot be filled in later is there; what is not, is of other calls, or said by nobody (docs/data.md)."""
        self.assertLessEqual(self.empty_columns("calls", "true"), {
            "intent", "sentiment", "disposition", "task_id", "answered_by", "transfer_to", "transfer_status", "transfer_kind", "transfer_ms",
            "recording_consent", "recording_url", "recording_ms", "tags", "state"})
        self.assertLessEqual(self.empty_columns("turns", "caller_text <> '' and not was_interrupted"),
                             {"intent", "sentiment"})
        sums = self.world.rows("""select (caller_talk_ms + agent_talk_ms + silence_ms + hold_ms)::float / duration_ms, silence_ms,
            hold_ms, ring_ms, is_contained, (select sum(silence_ms) from turns), provider <> '' and model <> '' from calls""")[0]
        print("talk, silence and waiting of the call's time:", sums)
        self.assertGreater(float(sums[0]), 0.7)
        self.assertLess(float(sums[0]), 1.3)
        self.assertGreater(int(sums[2]), 0)
        self.assertGreaterEqual(int(sums[3]), 0)
        self.assertEqual((sums[4], sums[6]), ("t", "t"))
        self.assertLessEqual(int(sums[5]), int(sums[1]))
        self.assertEqual(self.world.rows("""select count(*) from agents a join tenants t on t.id = a.tenant_id
            where a.numbers = array['+15550100002'] and a.script_version = t.script_version and a.greeting <> ''
              and t.profile <> '{}'"""), [["1"]])
        self.assertEqual(self.world.rows("""select count(*) from contacts p join conversations c on c.contact_id = p.id
            join calls l on l.conversation_id = c.id where p.phone = '+15550100001'
              and not exists (select from messages m where m.conversation_id is distinct from c.id)"""), [["1"]])

    def moonline(self, *arguments):
        return subprocess.run([BUILD / "moonline", *arguments], env=self.world.env(), capture_output=True, text=True, check=False)

    def check_erasing(self):
        """Nothing of the caller is left in any row or file; what counts is."""
        person = ("acme-dental", "+15550100001")
        costs = "select coalesce(sum(cost_micro_usd), 0), count(*) from usage"
        before = self.world.rows(costs)
        self.assertEqual(self.moonline("tenant", "scan", *person).returncode, 1, "there is something to find")
        result = self.moonline("tenant", "erase-contact", *person)
        self.assertEqual(result.returncode, 0, result.stderr)
        scan = None

        def is_clean():  # the journal's log is emptied within 5 s of its last row
            nonlocal scan
            scan = self.moonline("tenant", "scan", *person)
            return scan.returncode == 0
        until(is_clean, 15, "a scan that finds nothing")
        self.assertEqual(scan.stdout, "nothing tells of that\n")
        self.assertEqual(self.world.rows(costs), before)
        self.assertEqual(self.world.rows("select outcome from calls"), [["booked"]])

    def check_recordings(self):
        folder = next(path for path in pathlib.Path(self.world.dir / "calls").iterdir() if path.is_dir()) \
            if not (self.world.dir / "calls" / "timeline.json").exists() else self.world.dir / "calls"
        json.loads((folder / "timeline.json").read_text())
        lengths = []
        for name in ("caller.wav", "agent.wav"):
            with wave.open(str(folder / name)) as sound:
                self.assertEqual((sound.getframerate(), sound.getnchannels()), (8000, 1))
                lengths.append(sound.getnframes())
        self.assertLess(abs(lengths[0] - lengths[1]), 8000, "both sides lie on one timeline")
        self.assertGreater(min(lengths), 8000 * 20)

    def sums(self, name):
        return {kind: self.world.metric(f"{name}_{kind}") for kind in ("sum", "count")}

    def check_metrics(self):
        """What one call left on /metrics, which promtool takes and docs/metrics.md lists (docs/metrics.md)."""
        metric = self.world.metric
        text = get(f"http://{self.world.admin}/metrics")[1]
        check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, "", ""), "not even a remark on a name")
        listed = set(re.findall(r"^\| `(\w+)`", (SOURCE / "docs" / "metrics.md").read_text(), re.M))
        self.assertEqual(listed, set(re.findall(r"^# TYPE (\w+) ", text, re.M)))
        response, parts = self.sums("moonline_turn_response_seconds"), self.sums("moonline_turn_part_seconds")
        self.assertGreater(response["count"], 0)
        self.assertEqual(parts["count"], 8 * response["count"])
        self.assertAlmostEqual(parts["sum"], response["sum"], delta=0.0005, msg="parts add up to the answers")
        self.assertEqual(metric("moonline_calls"), 0)
        self.assertEqual(metric('moonline_calls_ended_total{outcome="booked"}'), 1)
        self.assertEqual(metric("moonline_calls_ended_total"), metric("moonline_calls_started_total"))
        self.assertGreaterEqual(metric('moonline_interruptions_total{outcome="cut"}'), 1)
        self.assertGreaterEqual(self.sums("moonline_barge_in_seconds")["count"], 1)
        self.assertGreaterEqual(metric('moonline_tool_results_total{outcome="ok"}'), 2)
        self.assertEqual(metric("moonline_script_runs_ended_total"), metric("moonline_script_runs_total"))
        for name in ("moonline_stt_lag_seconds", "moonline_llm_tokens_per_second"):
            self.assertGreater(self.sums(name)["count"], 0, name)
        for slot in ("hear", "think", "speak"):
            ok = sum(float(value) for value in re.findall(
                rf'^moonline_provider_requests_total{{provider="[^"]*",slot="{slot}",outcome="ok"}} (\S+)$', text, re.M))
            self.assertGreater(ok, 0, slot)
            waits = re.findall(rf'^moonline_provider_seconds_count{{provider="[^"]*",slot="{slot}"}} (\S+)$', text, re.M)
            self.assertGreater(sum(map(float, waits)), 0, slot)
        self.assertEqual(metric("moonline_provider_circuit_open"), 0)
        for name in ("calls_started", "turns", "response_seconds"):
            self.assertGreater(metric(f'moonline_tenant_{name}_total{{tenant="acme-dental"}}'), 0, name)
        self.assertEqual(metric("moonline_tenant_calls_active"), 0)
        for thread in ("0", "1", "script", "control", "journal"):
            self.assertLess(metric(f'moonline_loop_lag_seconds{{thread="{thread}"}}'), 60, thread)
        self.assertEqual(metric("moonline_frames_lost_total"), 0)

    def check_log(self):
        text = self.world.server.text()
        for name in ("MEDIA_IN", "STT_PARTIAL", "STT_FINAL", "TURN_COMMIT", "PROMPT", "LLM_START", "LLM_TOKEN", "LLM_END",
                     "TOOL_START", "TOOL_END", "TTS_START", "TTS_FRAME", "TTS_END", "MEDIA_OUT"):
            self.assertIn(f'"name":"{name}"', text)
        self.assertNotIn("+1555", text, "numbers of people stay out of the log")
        self.assertEqual(self.world.metric("moonline_outbound_underruns_total"), 0)
        self.assertEqual(self.world.metric("moonline_calls_active"), 0)


if __name__ == "__main__":
    unittest.main()
