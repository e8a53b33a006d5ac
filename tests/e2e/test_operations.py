"""What deploy/ has for those who operate Moonline, against a run: a real Prometheus scrapes a server that has calls, and is asked every
query of every rule and dashboard; the panels about one call are asked of Postgres, as the role that Grafana reads with."""

import json
import re
import subprocess
import sys
import unittest

from world import SOURCE, WorldTest, get, until

sys.path.insert(0, str(SOURCE / "tests" / "operations"))
import pack  # noqa: E402
from prometheus import Prometheus  # noqa: E402

NUMBER = "+15550100091"
AGENT = """return {
    name = "Watched", numbers = { "%s" }, greeting = "Hello, this is the front desk speaking.", filler = { kind = "none" },
    tools = { {
        name = "note", description = "Notes something.",
        parameters = { type = "object", properties = { what = { type = "string" } }, required = { "what" } },
        run = function(call, args) return { noted = args.what } end,
    } },
    prompt = function(call) return "You answer the telephone." end,
}
""" % NUMBER
SCENARIO = """wait
say What are your hours on Saturday?
wait
say Please make a note of that.
interrupt 900 No wait what about Sunday?
wait
say Thank you that is all.
wait
hangup
"""
HEARD = ["what are your hours on saturday", "please make a note of that", "no wait what about sunday", "thank you that is all"]
REPLIES = [{"when": "noted", "text": "It is written down, and somebody will look at it first thing tomorrow morning, I promise."},
           {"when": "make a note", "tool_calls": [{"name": "note", "arguments": {"what": "Saturday"}}]},
           {"repeat": True, "text": "We open at nine and close around one."}]

# What a run without trouble leaves empty: where it is, and why.
MAY_BE_EMPTY = {
    "one-call: Calls that went wrong: A": "none did",
    "one-call: The same as a picture: A": "asks a Tempo, of which there is none in the test",
}


class OperationsTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {}

    @classmethod
    def prepare(cls):
        world = cls.world
        folder = world.scripts / "tenants" / "watched"
        folder.mkdir()
        (folder / "agent.lua").write_text(AGENT)
        openai = {"name": "openai", "base_url": world.sandbox_url, "key_env": "OPENAI_API_KEY"}
        (world.dir / "providers.json").write_text(json.dumps({"providers": [
            {**openai, "driver": "openai_realtime", "model": "gpt-realtime-whisper", "prices": {"per_minute": 0.06}},
            {**openai, "driver": "openai_chat", "model": "gpt-4.1-mini", "prices": {"per_million_input": 0.4, "per_million_output": 1.6}},
            {"name": "elevenlabs", "driver": "elevenlabs", "base_url": world.sandbox_url, "key_env": "ELEVENLABS_API_KEY",
             "model": "eleven_flash_v2_5", "voice": "sandboxvoice00000001", "prices": {"per_million_characters": 50}}]}))
        cls.server_env = {"MOONLINE_PROVIDERS": str(world.dir / "providers.json")}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prometheus = None
        try:
            cls.prometheus = Prometheus(cls.world.dir / "prometheus", [cls.world.admin])
            cls.place_calls()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        if cls.prometheus:
            cls.prometheus.stop()
        super().tearDownClass()

    @classmethod
    def place_calls(cls):
        world = cls.world
        world.control("/transcripts", {"each_session": HEARD})
        world.control("/replies", {"replies": REPLIES})
        scenario = world.write_scenario("watched.call", SCENARIO)
        until(lambda: cls.prometheus.values("moonline_calls_started_total"), 15, "what is counted is counted from there on")
        calls = [world.call(scenario, background=True, to=NUMBER, log=f"call-{index}.log", options=("--out", world.dir / f"calls-{index}"))
                 for index in range(3)]
        for call in calls:
            status = call.child.wait(90)
            assert status == 0, call.text() + world.server.text()[-3000:]
        until(lambda: world.rows("select count(*) from calls where ended_at is not null") == [["3"]], 15, "rows of the calls")
        until(lambda: cls.prometheus.values("sum(moonline_calls_started_total) - sum(moonline_calls_active)") == [({}, 3.0)], 15, "Prometheus saw the calls end")
        until(lambda: cls.prometheus.values('moonline:latency_seconds:p95_10m{hop="turn_response"}'), 15, "rules were evaluated")

    def told(self):
        return pack.metrics_told(get(f"http://{self.world.admin}/metrics")[1]) | {"up"}

    def expressions(self):
        yield from ((rule.get("alert") or rule["record"], rule["expr"]) for rule in pack.rules())
        yield from ((where, pack.chosen(target["expr"])) for where, target in pack.panels() if "expr" in target)
        yield from ((where, pack.chosen(variable["query"])) for where, variable in pack.variables() if "label_values" in variable["query"])

    def test_every_name_is_one_that_is_told(self):
        told, unknown = self.told(), {}
        for where, expr in self.expressions():
            for name, _ in pack.selectors(expr):
                metric = pack.metric_of(name)
                if ":" not in name and metric not in told and name not in told:
                    unknown.setdefault(metric, []).append(where)
        self.assertEqual(unknown, {})

    def test_every_selector_finds_something(self):
        """Names of labels and their values as well: an alert is silent in a healthy run, and misspelt it is silent for ever."""
        for where, expr in self.expressions():
            for name, matchers in pack.selectors(expr):
                if ":" in name:
                    continue
                with self.subTest(where):
                    self.assertTrue(self.prometheus.has_series(name + matchers), name + matchers)

    def test_rules_are_evaluated_and_nothing_fires(self):
        rules = self.prometheus.rules()
        self.assertEqual(len(rules), len(list(pack.rules())))
        for rule in rules:
            self.assertEqual((rule["name"], rule["health"], rule.get("lastError", "")), (rule["name"], "ok", ""))
        self.assertEqual({each["alertname"] for each in self.prometheus.firing() if each["severity"] == "page"}, set())

    def test_recorded_series_are_there(self):
        for rule in pack.rules():
            if "record" in rule:
                labels = ", ".join(f'{label}="{value}"' for label, value in rule.get("labels", {}).items())
                with self.subTest(f"{rule['record']} {labels}"):
                    self.assertTrue(self.prometheus.values(f"{rule['record']}{{{labels}}}"))

    def test_every_panel_shows_something(self):
        for where, target in pack.panels():
            if "expr" in target and where not in MAY_BE_EMPTY:
                with self.subTest(where):
                    self.assertTrue(self.prometheus.values(pack.chosen(target["expr"])), pack.chosen(target["expr"]))

    def test_what_may_be_empty_is_asked_all_the_same(self):
        asked = dict(pack.panels())
        for where in MAY_BE_EMPTY:
            self.assertIn(where, asked, "a panel of that name")
            if "expr" in asked[where]:
                self.prometheus.values(pack.chosen(asked[where]["expr"]))

    def test_what_is_chosen_above_is_there(self):
        for where, variable in pack.variables():
            found = re.match(r"label_values\((.*), (\w+)\)$", pack.chosen(variable["query"]))
            if found:
                with self.subTest(where):
                    self.assertTrue(self.prometheus.values(f'count by ({found.group(2)}) ({found.group(1)})'))

    def test_panels_of_one_call_are_read_by_their_role(self):
        superuser = self.world.postgres("url", "--superuser").strip()
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", pack.GRAFANA / "reader.sql", superuser], check=True, capture_output=True)
        reader = superuser.replace("postgres@", "moonline_reader@", 1)

        def read(sql):
            sql = re.sub(r"\$__timeFilter\(([\w.]+)\)", r"\1 between now() - interval '1 hour' and now()", sql)
            return subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", reader, "-c", sql], capture_output=True, text=True)

        choices = {variable["name"]: variable["query"] for _, variable in pack.variables() if "select" in variable["query"]}
        self.assertEqual(set(choices), {"call", "trace"})
        calls = read(choices["call"]).stdout.splitlines()
        self.assertEqual(len(calls), 3, calls)
        call_sid = calls[0].split("|")[0]
        self.assertRegex(read(choices["trace"].replace("${call:sqlstring}", f"'{call_sid}'")).stdout, r"^[0-9a-f]{32}$")
        for where, target in pack.panels():
            if "rawSql" in target:
                with self.subTest(where):
                    result = read(target["rawSql"].replace("${call:sqlstring}", f"'{call_sid}'"))
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    if where not in MAY_BE_EMPTY:
                        self.assertTrue(result.stdout, "rows")
        self.assertNotEqual(read("delete from calls").returncode, 0, "it only reads")
        self.assertNotEqual(read("select * from contacts").returncode, 0, "and only what calls left behind")


if __name__ == "__main__":
    unittest.main()
