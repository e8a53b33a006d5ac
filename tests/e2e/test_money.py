"""What calls use of providers, as the providers counted it; and budgets that end them, in words and in order."""

import csv
import io
import json
import subprocess
import unittest
import xml.etree.ElementTree as tree

import line
from world import BUILD, SOURCE, WorldTest, get, until

NUMBER = {"metered": "+15550100081", "spent": "+15550100082", "message": "+15550100083"}
OVERFLOW = {"metered": "nil", "spent": '{ say = "Our lines rest today." }',
            "message": '{ say = "Please leave a message.", voicemail = true }'}
AGENT = """return {
    name = "%s", numbers = { "%s" }, greeting = "Hello, who is calling?", overflow = %s,
    budget_text = "I must leave it here. Good day.",
    turn = { early = false }, filler = { kind = "none" },
    profile = { time_zone = "America/New_York" },
    prompt = function(call) return "You are a receptionist." end,
}
"""
PER_MINUTE, PER_CHARACTER, PER_INPUT, PER_OUTPUT = 0.06, 50e-6, 0.4e-6, 1.6e-6


class MoneyTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        world = cls.world
        for name, number in NUMBER.items():
            folder = world.scripts / "tenants" / name
            folder.mkdir()
            (folder / "agent.lua").write_text(AGENT % (name, number, OVERFLOW[name]))
        openai = {"name": "openai", "base_url": world.sandbox_url, "key_env": "OPENAI_API_KEY"}
        (world.dir / "providers.json").write_text(json.dumps({"providers": [
            {**openai, "driver": "openai_realtime", "model": "gpt-realtime-whisper", "prices": {"per_minute": PER_MINUTE}},
            {**openai, "driver": "openai_chat", "model": "gpt-4.1-mini",
             "prices": {"per_million_input": PER_INPUT * 1e6, "per_million_output": PER_OUTPUT * 1e6}},
            {"name": "elevenlabs", "driver": "elevenlabs", "base_url": world.sandbox_url, "key_env": "ELEVENLABS_API_KEY",
             "model": "eleven_flash_v2_5", "voice": "sandboxvoice00000001",
             "prices": {"per_million_characters": PER_CHARACTER * 1e6}}]}))
        cls.server_env = {"MOONLINE_PROVIDERS": str(world.dir / "providers.json")}
        world.migrate()
        for name in ("spent", "message"):  # known when the server starts: a turn is more than that
            cls.budget(name, "--day", "0.000001")

    @classmethod
    def command(cls, *arguments):
        return subprocess.run([BUILD / "moonline", *arguments], env=cls.world.env(), capture_output=True, text=True,
                              timeout=60, cwd=SOURCE)

    @classmethod
    def budget(cls, *arguments):
        result = cls.command("budget", *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def play(self, name, *steps):
        self.world.control("/transcripts", {"texts": ["what are your hours"] * 9})
        self.world.control("/replies", {"replies": [{"text": "We open at nine."}] * 9})
        scenario = self.world.write_scenario(f"{name}.call", "\n".join(steps) + "\n")
        result = self.world.call(scenario, to=NUMBER[name])
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr + self.world.server.text()[-3000:])
        return result.stdout

    def row(self, name, columns, expected):
        until(lambda: [expected] == self.world.rows(f"select {columns} from calls where tenant_id = '{name}'"), 15,
              f"{columns} of {name}: {expected}, not " + str(self.world.rows(f"select {columns} from calls where tenant_id = '{name}'")))

    def said(self, name):
        return [row[0] for row in self.world.rows(
            f"select text from messages where tenant_id = '{name}' and direction = 'out' order by created_at")]

    # ---- in order of their names ----

    def test_1_rows_say_what_the_providers_counted(self):
        self.world.control("/state", method="DELETE")
        self.play("metered", "wait", "say What are your hours?", "wait", "say What are your hours?", "wait", "hangup")
        until(lambda: self.world.rows("select count(*) from calls where tenant_id = 'metered' and ended_at is not null") == [["1"]],
              10, "the call is written")
        state = json.loads(self.world.control("/state", method="GET"))
        rows = {row[0]: row[1:] for row in self.world.rows(
            "select slot, provider, model, coalesce(seconds, 0), coalesce(characters, 0), coalesce(input_tokens, 0),"
            " coalesce(output_tokens, 0), is_estimated, cost_micro_usd from usage where tenant_id = 'metered'")}
        self.assertEqual(sorted(rows), ["hear", "speak", "think"])
        heard_s = sum(each["audio_ms"] for each in state["heard"]) / 1000
        self.assertAlmostEqual(float(rows["hear"][2]), heard_s, delta=0.5)
        self.assertAlmostEqual(int(rows["hear"][7]), float(rows["hear"][2]) / 60 * PER_MINUTE * 1e6, delta=1)
        characters = sum(len(each["text"].strip()) for each in state["spoken"])  # the client puts blanks around them
        self.assertEqual(int(rows["speak"][3]), characters, state["spoken"])
        self.assertAlmostEqual(int(rows["speak"][7]), int(rows["speak"][3]) * PER_CHARACTER * 1e6, delta=1)
        self.assertEqual(rows["think"][:2], ["openai", "gpt-4.1-mini"])
        self.assertEqual(int(rows["think"][4]), sum(each["prompt_tokens"] for each in state["chats"]))
        self.assertEqual(rows["think"][6], "f")
        self.assertAlmostEqual(int(rows["think"][7]),
                               (int(rows["think"][4]) * PER_INPUT + int(rows["think"][5]) * PER_OUTPUT) * 1e6, delta=1)
        by = self.world.rows("select distinct heard_by, spoken_by, provider from turns where tenant_id = 'metered' and caller_text <> ''")
        self.assertEqual(by, [["openai", "elevenlabs", "openai"]])
        self.assertAlmostEqual(self.world.metric('moonline_usage_seconds_total{slot="hear"}'), float(rows["hear"][2]), delta=0.001)
        self.assertEqual(self.world.metric('moonline_usage_tokens_total{slot="think",kind="input"}'), int(rows["think"][4]))
        self.assertAlmostEqual(self.world.metric("moonline_cost_usd_total"),
                               sum(int(row[7]) for row in rows.values()) / 1e6, delta=0.00001)

    def test_2_usage_is_told_to_people_and_to_programs(self):
        calls = self.world.rows("select call_id from usage where tenant_id = 'metered' limit 1")[0][0]
        table = self.command("usage", "metered", "--by", "provider")
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertEqual([text.split()[1:4] for text in table.stdout.splitlines()[1:]],
                         [["hear", "openai", "gpt-realtime-whisper"], ["speak", "elevenlabs", "eleven_flash_v2_5"],
                          ["think", "openai", "gpt-4.1-mini"]])
        status, answer = self.world.admin_json("/api/usage?tenant=metered&by=call")
        self.assertEqual(status, 200)
        self.assertEqual([(each["tenant"], each["call"], each["calls"]) for each in answer["usage"]], [("metered", calls, 1)])
        told = list(csv.DictReader(io.StringIO(self.command("usage", "metered", "--csv").stdout)))
        status, text = get(f"http://{self.world.admin}/api/usage.csv?tenant=metered&by=day")
        self.assertEqual((status, list(csv.DictReader(io.StringIO(text)))), (200, told))
        cost = self.world.rows("select sum(cost_micro_usd) from usage where tenant_id = 'metered'")[0][0]
        self.assertAlmostEqual(float(told[0]["cost_usd"]), int(cost) / 1e6, places=6)
        zone = "America/New_York"
        self.assertEqual(self.world.rows("select time_zone from tenants where id = 'metered'"), [[zone]])
        day = self.world.rows(f"select (min(first_at) at time zone '{zone}')::date from usage")[0][0]
        self.assertEqual(told[0]["day"], day)
        self.assertEqual(self.world.admin_json("/api/usage?tenant=metered&from=2000-01-01&to=2000-01-31")[1], {"usage": []})
        for wrong in ("by=week", "from=yesterday", "to=2026-02-31"):
            self.assertEqual(self.world.admin_json("/api/usage?" + wrong)[0], 400)
        self.assertEqual(self.command("usage", "--by", "week").returncode, 2)

    def test_3_a_budget_that_is_spent_ends_a_call_in_order(self):
        self.play("spent", "wait", "say What are your hours?", "wait", "expect-hangup")
        self.row("spent", "end_reason, ended_at is not null", ["budget", "t"])
        said = self.said("spent")
        self.assertEqual(said[-1], "I must leave it here. Good day.")
        self.assertNotIn("I must", "".join(said[:-1]))
        self.assertEqual(self.world.metric("moonline_calls_over_budget_total"), 1)
        status, twiml = line.webhook(self.world.listen, line.voice_form(line.new_sid("CA"), NUMBER["spent"]))
        self.assertEqual(status, 200)
        self.assertEqual([each.tag for each in tree.fromstring(twiml)], ["Say", "Hangup"])
        self.assertIn("Our lines rest today.", twiml)
        self.assertEqual(self.world.metric('moonline_calls_refused_total{reason="budget"}'), 1)
        until(lambda: self.world.rows("select count(*) from calls where tenant_id = 'spent' and end_reason = 'budget'"
                                      " and outcome = 'abandoned' and answered_at is null") == [["1"]], 10, "its row")
        until(lambda: self.world.server.events("budget.overdrawn"), 20, "it is logged")
        # Others are not concerned.
        twiml = line.webhook(self.world.listen, line.voice_form(line.new_sid("CA"), NUMBER["metered"]))[1]
        self.assertIn("<Stream", twiml)

    def test_4_a_budget_may_end_in_a_message(self):
        self.play("message", "wait", "say What are your hours?", "wait", "expect-hangup")
        self.row("message", "end_reason", ["voicemail"])
        self.assertEqual(self.said("message")[-1], "I must leave it here. Good day.")
        update = json.loads(self.world.control("/state", method="GET"))["calls"][-1]
        self.assertIn("Please leave a message.", update["Twiml"])
        sid = line.new_sid("CA")
        twiml = line.webhook(self.world.listen, line.voice_form(sid, NUMBER["message"]))[1]
        self.assertEqual([each.tag for each in tree.fromstring(twiml)], ["Say", "Record"])
        self.assertIn("reason=budget", twiml)
        until(lambda: self.world.rows(f"select end_reason from calls where call_sid = '{sid}'") == [["budget"]], 10, "its row")

    def test_5_budgets_are_set_shown_and_taken_away(self):
        self.assertIn("no budget", self.budget("metered"))
        shown = self.budget("metered", "--month", "25", "--day-minutes", "90")
        self.assertIn("25.00 USD", shown)
        self.assertIn("90.00 minutes", shown)
        self.assertIn("America/New_York", shown)
        self.assertEqual(self.world.rows("select period, limit_micro_usd, limit_seconds from budgets where tenant_id = 'metered'"
                                         " order by 1"), [["day", "", "5400"], ["month", "25000000", ""]])
        self.assertIn("no budget", self.budget("metered", "--none"))
        for wrong in (("metered", "--day", "-1"), ("metered", "--day"), (), ("metered", "--none", "--day", "1"), ("Bad Name",)):
            self.assertEqual(self.command("budget", *wrong).returncode, 2, wrong)

    def test_6_without_the_database_what_was_known_holds(self):
        self.world.postgres("stop")
        try:
            self.assertEqual(get(f"http://{self.world.admin}/api/usage", timeout=15)[0], 503)
            twiml = line.webhook(self.world.listen, line.voice_form(line.new_sid("CA"), NUMBER["spent"]))[1]
            self.assertIn("Our lines rest today.", twiml)
            told = self.command("usage")
            self.assertEqual(told.returncode, 1)
            self.assertIn("DATABASE_URL", told.stderr)
        finally:
            self.world.postgres("start", "--fast")
        until(lambda: get(f"http://{self.world.admin}/api/usage", timeout=15)[0] == 200, 30, "it answers again")


if __name__ == "__main__":
    unittest.main()
