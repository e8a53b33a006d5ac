"""A tenant's file is saved while a call goes on."""

import unittest

from world import WorldTest, until

ASK = "what are your hours on saturday"


class ReloadTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @property
    def agent(self):
        return self.world.scripts / "tenants" / "acme-dental" / "agent.lua"

    def tenant(self):
        status, tenants = self.world.admin_json("/api/tenants")
        self.assertEqual(status, 200)
        return next(each for each in tenants if each["id"] == "acme-dental")

    def start_call(self, turns):
        self.world.control("/transcripts", {"texts": [ASK] * turns})
        steps = ["wait"] + ["say What are your hours on Saturday?", "wait", "pause 1500"] * turns + ["hangup"]
        return self.world.call(self.world.write_scenario("reload.call", "\n".join(steps) + "\n"), background=True)

    def newest_call(self):
        calls = self.world.admin_json("/api/calls")[1]
        return next((each["call_sid"] for each in calls if not each["ended"]), None)

    def agent_says(self, call_sid, text, seconds=25):
        def said():
            return any(text in event["text"] for event in self.world.events(call_sid, "agent"))

        until(said, seconds, f"the agent says {text!r}: {self.world.events(call_sid)}")

    def finish(self, call):
        self.assertEqual(call.child.wait(120), 0, call.text())

    def test_a_changed_sentence_is_heard_on_the_next_turn_and_a_broken_one_is_not(self):
        good = self.agent.read_text()
        first_version = self.tenant()["version"]
        call = self.start_call(3)
        call_sid = until(self.newest_call, 10, "the call is there")
        self.agent_says(call_sid, "nine")
        changed = good.replace('saturday = { open = "09:00", close = "13:00" }', 'saturday = { open = "11:00", close = "13:00" }')
        self.assertNotEqual(changed, good)
        self.agent.write_text(changed)
        until(lambda: self.tenant()["version"] != first_version, 5, "the new version is live")
        self.agent_says(call_sid, "eleven")

        version = self.tenant()["version"]
        self.agent.write_text(changed + "\n= broken\n")
        until(lambda: self.tenant()["status"] == "failed", 5, "the broken file is told of")
        tenant = self.tenant()
        self.assertRegex(tenant["error"], r"agent\.lua:\d+: ")
        self.assertEqual(tenant["version"], version, "the last good version stays")
        refused = until(lambda: self.world.server.events("script.refused"), 5, "the log says so")
        self.assertRegex(str(refused[-1]), r"agent\.lua")
        self.finish(call)
        replies = [event["text"] for event in self.world.events(call_sid, "agent")]
        self.assertIn("eleven", replies[-1], "a broken file does not stop the answers")

        versions = [row[0] for row in self.world.rows(
            f"""select script_version from turns where call_id = (select id from calls where call_sid = '{call_sid}')
                and caller_text is not null order by turn_index""")]
        self.assertEqual(len(set(versions)), 2, versions)
        self.agent.write_text(good)
        until(lambda: self.tenant()["status"] == "live", 5, "mended")


if __name__ == "__main__":
    unittest.main()
