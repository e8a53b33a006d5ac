"""Versions by hand: published to two nodes through one database, and administered on one that has files."""

import contextlib
import json
import os
import shutil
import subprocess
import unittest
import urllib.error
import urllib.request

from world import BUILD, SOURCE, Process, WorldTest, free_port, get, until

ASK = "what are your hours on saturday"
SATURDAY = 'saturday = { open = "09:00", close = "13:00" }'


def tenants(admin):
    return {each["id"]: each for each in json.loads(get(f"http://{admin}/api/tenants")[1])}


def version_on(admin, tenant="acme-dental"):
    return tenants(admin).get(tenant, {}).get("version")


class CommandTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def moonline(self, *arguments, status=0, **env):
        result = subprocess.run([BUILD / "moonline", *arguments], env=self.world.env(**env), capture_output=True,
                                text=True, timeout=90, cwd=SOURCE)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    @property
    def agent(self):
        return self.world.scripts / "tenants" / "acme-dental" / "agent.lua"

    def opens_at(self, hour):
        """Saturday's opening hour in agent.lua, and nothing else, is another."""
        self.agent.write_text(self.good.replace(SATURDAY, SATURDAY.replace("09:00", f"{hour:02}:00")))

    def setUp(self):
        self.good = (SOURCE / "scripts" / "tenants" / "acme-dental" / "agent.lua").read_text()
        self.assertIn(SATURDAY, self.good)
        self.addCleanup(self.agent.write_text, self.good)


class DatabaseTest(CommandTest):
    """The nodes have no scripts of their own."""

    @classmethod
    def prepare(cls):
        cls.empty = cls.world.dir / "nothing"
        cls.empty.mkdir()
        cls.server_env = {"MOONLINE_SCRIPTS_SOURCE": "database", "MOONLINE_SCRIPTS": str(cls.empty)}
        cls.other = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.listen, cls.admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        cls.start_other()
        cls.admins = (cls.world.admin, cls.admin)

    @classmethod
    def start_other(cls):
        env = cls.world.env(MOONLINE_LISTEN=cls.listen, MOONLINE_ADMIN_LISTEN=cls.admin,
                            MOONLINE_DATA=str(cls.world.dir / "other-data"), **cls.server_env)
        cls.other = cls.world.start_process(env, cls.admin)

    @classmethod
    def tearDownClass(cls):
        try:
            ending = cls.other.stop()
            text = cls.other.text()
        finally:
            super().tearDownClass()
        if ending != 0 or "Sanitizer" in text or "net.left_open" in text:
            raise AssertionError(f"the other node ended with {ending}:\n{text[-3000:]}")

    def publish(self, *options):
        """Returns the version that was published."""
        text = self.moonline("publish", *options, "acme-dental", MOONLINE_SCRIPTS_SOURCE="database")
        self.assertRegex(text, r"acme-dental: version [0-9a-f]{16} is published")
        return text.split("version ")[1].split()[0]

    def both_have(self, version, seconds=10):
        until(lambda: [version_on(admin) for admin in self.admins] == [version] * 2, seconds,
              f"both nodes answer with {version}")

    def states(self, version):
        """What each node made of a version."""
        status, answer = self.world.admin_json("/api/tenants/acme-dental/versions")
        self.assertEqual(status, 200)
        return [each["state"] for each in answer["published"]["nodes"] if each["version"] == version]

    def start_call(self, listen, admin, name, turns):
        steps = ["wait"] + ["say What are your hours on Saturday?", "wait", "pause 1500"] * turns + ["hangup"]
        scenario = self.world.write_scenario(f"{name}.call", "\n".join(steps) + "\n")
        return Process([BUILD / "moonline", "call", "--to", "+15550100002", "--from", "+15550100001", "--via", listen,
                        "--admin", admin, "--out", self.world.dir / name, scenario], self.world.env(),
                       self.world.dir / f"{name}.log")

    def test_1_both_nodes_switch_on_the_next_turn(self):
        first = self.publish()
        self.both_have(first)
        self.assertEqual(get(f"http://{self.admin}/readyz")[0], 200)
        self.world.control("/transcripts", {"texts": [ASK] * 6})
        calls = [self.start_call(*where, turns=3)
                 for where in ((self.world.listen, self.world.admin, "one"), (self.listen, self.admin, "two"))]
        sids = [until(lambda a=admin: next((c["call_sid"] for c in json.loads(get(f"http://{a}/api/calls")[1])
                                            if not c["ended"]), None), 10, "the call is there") for admin in self.admins]

        def says(i, word):
            events = json.loads(get(f"http://{self.admins[i]}/api/calls/{sids[i]}/events")[1])["events"]
            return any(word in event["text"] for event in events if event["kind"] == "agent")

        until(lambda: says(0, "nine") and says(1, "nine"), 30, "both say nine")
        self.opens_at(11)
        second = self.publish("--note", "later on Saturdays")
        self.both_have(second)
        until(lambda: says(0, "eleven") and says(1, "eleven"), 30, "both say eleven")
        for call in calls:
            self.assertEqual(call.child.wait(120), 0, call.text())
        until(lambda: self.states(second) == ["applied"] * 2, 5, "both say so")
        self.assertEqual(self.states(first), ["replaced"] * 2)
        self.assertIn("later on Saturdays", self.moonline("versions", "acme-dental"))

    def test_2_postgres_restarts_in_between(self):
        before = self.publish()
        self.both_have(before)
        self.world.postgres("crash")
        self.world.postgres("start", "--fast")
        self.opens_at(10)
        self.both_have(self.publish(), 20)
        self.opens_at(12)
        self.both_have(self.publish(), 10)  # and it is listened to again

    def test_3_what_is_wrong_is_refused_where_it_shows(self):
        good = self.publish()
        self.both_have(good)
        self.agent.write_text(self.good + "\n= broken\n")
        text = self.moonline("publish", "acme-dental", status=1)
        self.assertRegex(text, r"acme-dental: agent\.lua:\d+: ")
        self.assertIn("nothing was published", text)

        rival = self.world.scripts / "tenants" / "rival"
        rival.mkdir()
        self.addCleanup(shutil.rmtree, rival)
        (rival / "agent.lua").write_text('return { name = "Rival",\n numbers = { "+15550100002" },\n'
                                         ' prompt = function() return "Hello" end }\n')
        self.moonline("publish", "rival")

        def refusals():
            return self.moonline("versions", "rival").count(
                "agent.lua:2: number +15550100002 belongs to tenant acme-dental")

        until(lambda: refusals() >= 2, 10, "both nodes say why")
        self.assertEqual([version_on(admin) for admin in self.admins], [good] * 2)
        self.agent.write_text(self.good.replace("+15550100002", "+15550100009"))
        self.publish()
        until(lambda: all(version_on(admin, "rival") for admin in self.admins), 70, "tried again, they take it")
        (rival / "agent.lua").write_text('return { name = "Rival",\n prompt = function() return "Hello" end }\n')
        self.moonline("publish", "rival")
        until(lambda: all(not tenants(admin)["rival"]["numbers"] for admin in self.admins), 10, "it has no number now")

    def test_4_a_rollback_and_a_canary_by_command(self):
        first = self.publish()
        self.opens_at(8)
        second = self.publish()
        self.both_have(second)
        text = self.moonline("rollback", "acme-dental")
        self.assertIn(f"every node is to answer with {first}", text)
        self.both_have(first)
        until(lambda: self.states(second) == ["replaced"] * 2, 5, "it is replaced")

        third = self.publish("--canary", "20")  # the files are still the second's
        self.assertEqual(third, second)
        until(lambda: self.states(second) == ["canary"] * 2, 10, "both have the canary")
        self.both_have(first)
        self.assertIn(f"20% of new calls with {second}", self.moonline("versions", "acme-dental"))
        self.assertIn(second, self.moonline("promote", "acme-dental"))
        self.both_have(second)
        self.assertIn("there is no canary", self.moonline("promote", "acme-dental", status=1))
        self.assertIn("no such version was published",
                      self.moonline("rollback", "acme-dental", "0123456789abcdef", status=1))

    def test_5_what_fails_in_calls_is_taken_back_where_it_failed(self):
        good = self.publish()
        self.both_have(good)
        begin = "    prompt = function(call)\n"
        self.assertIn(begin, self.good)
        self.agent.write_text(self.good.replace(begin, begin + '        if call.turn > 1 and call.utterance:find("Saturday") then error("not today") end\n'))
        bad = self.publish()
        self.both_have(bad)
        self.world.control("/transcripts", {"texts": [ASK] * 5})
        call = self.start_call(self.world.listen, self.world.admin, "bad", turns=5)
        until(lambda: version_on(self.world.admin) == good, 60, "the node goes back")
        until(lambda: sorted(self.states(bad)) == ["applied", "rolled_back"], 10, "and says so")
        self.assertIn("not today", self.moonline("versions", "acme-dental"))
        self.assertEqual(call.child.wait(120), 0, call.text())
        self.assertEqual(version_on(self.admin), bad, "nobody called the other one")
        self.moonline("rollback", "acme-dental")
        self.both_have(good)

    def test_6_a_node_starts_without_postgres(self):
        version = self.publish()
        self.both_have(version)
        self.assertEqual(self.other.stop(), 0, self.other.text()[-2000:])
        self.world.postgres("crash")
        try:
            self.start_other()
            self.assertEqual(version_on(self.admin), version)
            self.assertIn("the database: ", self.moonline("rollback", "acme-dental", status=1))
        finally:
            self.world.postgres("start", "--fast")
        self.opens_at(7)
        self.both_have(self.publish(), 20)


class FilesTest(CommandTest):
    def post(self, path, content_type):
        request = urllib.request.Request(f"http://{self.world.admin}{path}", b"{}", method="POST")
        request.add_header("Content-Type", content_type)
        with contextlib.suppress(urllib.error.HTTPError):
            return urllib.request.urlopen(request, timeout=5).status
        return None

    def test_versions_are_told_compared_and_gone_back_to(self):
        first = version_on(self.world.admin)
        self.assertIn("unchanged", self.moonline("reload"))
        self.assertEqual(self.moonline("diff", "acme-dental"), "")
        self.opens_at(10)
        self.assertRegex(self.moonline("reload", "acme-dental"), r"acme-dental: (applied|unchanged)")
        second = until(lambda: (v := version_on(self.world.admin)) != first and v, 5, "it is live")
        text = self.moonline("diff", "acme-dental", first, "live", status=1)
        self.assertRegex(text, rf"--- {first}/agent\.lua\n\+\+\+ live/agent\.lua\n")
        self.assertRegex(text, r'\n-.*"09:00".*\n\+.*"10:00"')
        text = self.moonline("versions", "acme-dental")
        self.assertRegex(text, rf"{second}  current ")
        self.assertRegex(text, rf"{first}  previous ")
        self.assertIn(f"version {second} was rolled back: by hand", self.moonline("rollback", "acme-dental"))
        self.assertEqual(version_on(self.world.admin), first)
        self.assertRegex(self.moonline("versions", "acme-dental"), rf"{second}  rolled_back ")
        self.assertIn("+++ files/agent.lua", self.moonline("diff", "acme-dental", status=1))

    def test_a_broken_file_is_told_of_with_its_line(self):
        self.agent.write_text(self.good + "\n= broken\n")
        self.assertRegex(self.moonline("reload", "acme-dental", status=1), r"acme-dental: .*agent\.lua:\d+: ")
        self.assertIn("+= broken", self.moonline("diff", "acme-dental", status=1))

    def test_what_cannot_be_done_is_said(self):
        self.assertIn("there is no such tenant", self.moonline("versions", "nobody", status=1))
        self.assertIn("there is no such tenant", self.moonline("reload", "nobody", status=1))
        self.assertIn("start it with moonline serve",
                      self.moonline("versions", "acme-dental", status=1, MOONLINE_ADMIN_LISTEN=f"127.0.0.1:{free_port()}"))
        self.assertEqual(self.post("/api/reload", "application/json"), 200)
        self.assertIsNone(self.post("/api/reload", "text/plain"))  # what any web page can send
        self.assertEqual(get(f"http://{self.world.admin}/api/tenants/acme-dental/rollback")[0], 405)

    def test_a_tenant_is_shown_with_where_it_says_so(self):
        line = r'profile\.hours\.saturday\.open +"09:00" +agent\.lua:\d+'
        self.assertRegex(self.moonline("tenant", "show", "acme-dental"), line + "\n")
        self.world.rows("insert into business_hours (tenant_id, weekday, opens, closes) values"
                        " ('acme-dental', 6, '10:00', '12:00'), ('acme-dental', 6, '13:00', '15:00')")
        self.addCleanup(self.world.rows, "delete from business_hours")
        text = self.moonline("tenant", "show", "acme-dental")
        self.assertRegex(text, line + r" \(not used: the table business_hours has rows\)\n")
        self.assertRegex(text, r"hours\.saturday +10:00-12:00, 13:00-15:00 +database, business_hours\n")
        text = self.moonline("tenant", "show", "acme-dental", DATABASE_URL="")
        self.assertIn("cannot be reached", text)


if __name__ == "__main__":
    unittest.main()
