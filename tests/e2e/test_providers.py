"""The file of providers and its keys: who is asked, with which key, how keys change while calls go on, and that no key is seen
anywhere."""

import json
import subprocess
import unittest

from world import BUILD, SOURCE, World, WorldTest, get, until

MARK = "k3y1nth3cl34r" # in every key
OLD, NEW, SPEECH, TENANT = (f"sk-{MARK}-{number}" for number in range(4))
LABELS = {"old": OLD, "new": NEW, "speech": SPEECH, "tenant": TENANT}
ACME, OTHER = "+15550100002", "+15550100009"

AGENT = """
return {
    name = "Other",
    numbers = { "+15550100009" },
    greeting = "Hello.",
    providers = { think = { "nobody", "openai" } },
    prompt = function(call) return "You are a receptionist." end,
}
"""


def providers(world, model="gpt-4.1-mini", hear_key="keys/openai"):
    """The file, as text."""
    openai = {"name": "openai", "base_url": world.sandbox_url, "key_file": "keys/openai"}
    return json.dumps({"providers": [
        {**openai, "driver": "openai_realtime", "model": "gpt-realtime-whisper", "key_file": hear_key},
        {**openai, "driver": "openai_chat", "model": model},
        {"name": "elevenlabs", "driver": "elevenlabs", "base_url": world.sandbox_url,
         "key_file": "keys/elevenlabs", "model": "eleven_flash_v2_5", "voice": "sandboxvoice00000001"}]})


class ProvidersTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        world = cls.world
        folder = world.scripts / "tenants" / "other"
        folder.mkdir()
        (folder / "agent.lua").write_text(AGENT)
        cls.secrets = world.dir / "secrets"
        (cls.secrets / "other").mkdir(parents=True)
        cls.write_key(world.dir / "keys" / "openai", OLD)
        cls.write_key(world.dir / "keys" / "elevenlabs", SPEECH)
        cls.write_key(cls.secrets / "other" / "provider_openai", TENANT)
        cls.file = world.dir / "providers.json"
        cls.file.write_text(providers(world))
        cls.server_env = {"MOONLINE_PROVIDERS": str(cls.file), "MOONLINE_SECRETS": str(cls.secrets),
                          "OPENAI_API_KEY": None, "ELEVENLABS_API_KEY": None, "ELEVENLABS_VOICE_ID": None}

    @staticmethod
    def write_key(path, key):
        """As who rotates keys does: a new file in the place of the old one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".fresh")
        fresh.write_text(key + "\n")
        fresh.chmod(0o600)
        fresh.rename(path)

    def listed(self):
        return self.world.admin_json("/api/providers")[1]

    def until_live(self, change):
        """Runs what changes the list, and waits until it counts."""
        before = len(self.world.server.events("providers.live"))
        change()
        until(lambda: len(self.world.server.events("providers.live")) > before, 10, "the new list is live")

    def uses(self, label):
        return json.loads(self.world.control("/state", method="GET"))["keys"].get(label, {})

    def run_call(self, steps, to=ACME):
        self.world.control("/transcripts", {"texts": ["what are your hours"] * steps})
        lines = ["wait"] + ["say What are your hours?", "wait"] * steps + ["hangup"]
        scenario = self.world.write_scenario("call.call", "\n".join(lines) + "\n")
        return self.world.call(scenario, to=to, background=True)

    def command(self, *arguments):
        env = self.world.env(**self.server_env)
        return subprocess.run([BUILD / "moonline", *arguments], env=env, capture_output=True, text=True, timeout=60,
                              cwd=SOURCE)

    # ---- in order of their names ----

    def test_1_a_call_uses_the_keys_of_the_file(self):
        self.world.control("/keys", {"valid": LABELS})
        call = self.run_call(1)
        self.assertEqual(call.child.wait(60), 0, call.text())
        self.assertGreaterEqual(self.uses("old").get("llm", 0), 1)
        self.assertGreaterEqual(self.uses("old").get("stt", 0), 1)
        self.assertGreaterEqual(self.uses("speech").get("tts", 0), 1)
        self.assertEqual(self.uses("tenant"), {})

    def test_2_a_tenants_own_key_wins(self):
        before = self.uses("old")
        call = self.run_call(1, to=OTHER)
        self.assertEqual(call.child.wait(60), 0, call.text())
        self.assertGreaterEqual(self.uses("tenant").get("llm", 0), 1)
        self.assertGreaterEqual(self.uses("tenant").get("stt", 0), 1)
        self.assertEqual(self.uses("old"), before)
        unknown = self.world.server.events("providers.unknown")
        self.assertIn(("other", "nobody"), [(line["tenant"], line["provider"]) for line in unknown])

    def test_3_a_key_is_rotated_while_a_call_goes_on(self):
        call = self.run_call(4)
        before = self.uses("old").get("llm", 0)
        until(lambda: self.uses("old").get("llm", 0) > before, 60, "the call has asked with the old key")
        self.until_live(lambda: self.write_key(self.world.dir / "keys" / "openai", NEW))
        until(lambda: self.uses("new").get("llm", 0) >= 1, 60, "the same call asks with the new key")
        self.world.control("/keys", {"valid": {**LABELS, "old": "none"}})
        self.assertEqual(call.child.wait(90), 0, call.text())

    def test_4_what_is_wrong_leaves_the_last_good_list(self):
        self.file.write_text('{"providers": [' + f'"{NEW}"')
        until(lambda: self.listed()["refused"], 10, "it is told")
        self.assertIn("providers.json:1:", self.listed()["refused"])
        self.assertEqual(len(self.listed()["providers"]), 3)
        told = self.command("providers")
        self.assertEqual(told.returncode, 1)
        self.assertIn("the newer one is refused", told.stdout)
        self.until_live(lambda: self.file.write_text(providers(self.world, "gpt-4.1")))
        self.assertEqual(self.listed()["refused"], "")
        self.assertIn("gpt-4.1", [row["model"] for row in self.listed()["providers"]])

    def test_5_a_tenants_key_comes_goes_and_may_be_wrong(self):
        path = self.secrets / "other" / "provider_openai"
        self.until_live(path.unlink)
        self.assertEqual(self.listed()["tenant_keys"], [])
        self.until_live(lambda: self.write_key(path, TENANT))
        self.assertEqual([key["tenant"] for key in self.listed()["tenant_keys"]], ["other"])
        self.until_live(lambda: path.chmod(0o604))
        self.assertEqual(self.listed()["tenant_keys"], [])
        bad = self.world.server.events("providers.key_bad")[-1]
        self.assertEqual((bad["tenant"], bad["provider"]), ("other", "openai"))
        self.assertIn("chmod", bad["why"])
        self.until_live(lambda: path.chmod(0o600))

    def test_6_commands_say_whom_and_whether(self):
        told = self.command("providers")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("keys/openai", told.stdout)
        tried = self.command("providers", "--check")
        self.assertEqual(tried.returncode, 0, tried.stdout + tried.stderr)
        self.assertEqual(tried.stdout.count("ok"), 3)
        self.world.control("/keys", {"valid": {"speech": SPEECH}})
        tried = self.command("providers", "--file", self.file, "--check")
        self.world.control("/keys", {"valid": LABELS})
        self.assertEqual(tried.returncode, 1)
        self.assertEqual(tried.stdout.count("FAILED"), 2, tried.stdout)
        self.assertIn("its key is wrong or may not do this (file ", tried.stdout)
        for result in (told, tried):
            self.assert_no_key(result.stdout + result.stderr, "a command")

    def test_7_a_refused_key_is_told_by_where_it_comes_from(self):
        self.until_live(lambda: self.file.write_text(providers(self.world, hear_key="keys/elevenlabs")))
        self.world.control("/keys", {"valid": {"speech": SPEECH}})
        call = self.run_call(1)
        call.child.wait(60)
        self.world.control("/keys", {"valid": LABELS})
        refused = [line for line in self.world.server.events("provider.failed") if line["kind"] == "key"]
        self.assertEqual({line["key"] for line in refused}, {f"file {self.world.dir}/keys/openai"})

    def test_8_no_key_is_seen_anywhere(self):
        for path in ("/api/providers", "/api/tenants", "/api/calls", "/metrics", "/readyz"):
            self.assert_no_key(get(f"http://{self.world.admin}{path}")[1], path)
        self.assert_no_key(self.world.server.text(), "the log")
        self.assert_no_key(self.world.sandbox.text(), "the sandbox's log")
        self.assert_no_key(self.world.control("/state", method="GET"), "the sandbox's state")
        dump = subprocess.run(["pg_dump", "--data-only", self.world.database_url], capture_output=True, text=True)
        self.assertEqual(dump.returncode, 0, dump.stderr)
        self.assert_no_key(dump.stdout, "the database")

    def assert_no_key(self, text, where):
        self.assertNotIn(MARK, text, f"a key, or part of one, is in {where}")


class StartTest(WorldTest):
    """What serve says when it cannot begin."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()

    def refused(self, text, **env):
        path = self.world.dir / "providers.json"
        path.write_text(text)
        result = subprocess.run([BUILD / "moonline", "serve"], env=self.world.env(MOONLINE_PROVIDERS=str(path), **env),
                                capture_output=True, text=True, timeout=60, cwd=SOURCE)
        self.assertEqual(result.returncode, 1)
        self.assertNotIn(MARK, result.stdout + result.stderr)
        return result.stderr

    def test_a_file_that_cannot_be_used_refuses_to_start(self):
        entry = '{"name": "a", "driver": "openai_chat", "model": "m", %s}'
        self.assertIn("providers.json: entry 1 a: a key must not stand in this file",
                      self.refused('{"providers": [' + entry % f'"api_key": "{OLD}"' + "]}"))
        self.assertIn("providers.json:1:15: this is no JSON", self.refused('{"providers": ]' + OLD))
        whole = providers(self.world)
        self.assertIn("hear openai: key_file ", self.refused(whole))
        self.assertIn("keys/openai is not there", self.refused(whole))
        self.assertIn("key_env names SOME_KEY, which is not set",
                      self.refused(whole.replace('"key_file": "keys/openai"', '"key_env": "SOME_KEY"')))


if __name__ == "__main__":
    unittest.main()
