"""What `moonline` says when it cannot start: one clear line, and an exit status that is not zero."""

import json
import pathlib
import socket
import subprocess
import unittest

from world import BUILD, SOURCE, World


class StartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.world.migrate()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def refused(self, *command, **env):
        """The last line on standard error of a run that must fail."""
        result = subprocess.run([BUILD / "moonline", *command], env=self.world.env(**env), capture_output=True, text=True,
                                timeout=60, cwd=self.world.dir)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("Sanitizer", result.stderr)
        complaints = [line for line in result.stderr.splitlines() if line.startswith("moonline: ")]
        self.assertEqual(len(complaints), 1, result.stderr)
        return complaints[0]

    def test_missing_settings(self):
        for name in ("DATABASE_URL", "OPENAI_API_KEY", "ELEVENLABS_API_KEY", "ELEVENLABS_VOICE_ID"):
            self.assertIn(f"{name} is not set", self.refused("serve", **{name: None}))

    def test_wrong_settings(self):
        self.assertIn("MOONLINE_WORKERS is 0", self.refused("serve", MOONLINE_WORKERS="0"))
        self.assertIn("OPENAI_STT_FORMAT", self.refused("serve", OPENAI_STT_FORMAT="mp3"))

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.assertIn(address, self.refused("serve", MOONLINE_LISTEN=address))
            self.assertIn(address, self.refused("serve", MOONLINE_ADMIN_LISTEN=address))

    def test_open_to_the_world_without_signatures(self):
        self.assertIn("TWILIO_AUTH_TOKEN", self.refused("serve", MOONLINE_LISTEN="0.0.0.0:0", TWILIO_AUTH_TOKEN=None))
        self.assertIn("TWILIO_AUTH_TOKEN",
                      self.refused("serve", MOONLINE_LISTEN="127.example.com:80", TWILIO_AUTH_TOKEN=None))
        self.assertIn("loopback", self.refused("serve", MOONLINE_ADMIN_LISTEN="0.0.0.0:0"))

    def test_scripts_that_cannot_be_read(self):
        self.assertIn("MOONLINE_SCRIPTS", self.refused("serve", MOONLINE_SCRIPTS="/nowhere/at/all"))
        empty = self.world.dir / "empty"
        (empty / "tenants" / "broken").mkdir(parents=True)
        (empty / "tenants" / "broken" / "agent.lua").write_text("return {\n")
        self.assertIn("no tenant", self.refused("serve", MOONLINE_SCRIPTS=str(empty)))

    def test_database_url_that_is_none(self):
        self.assertIn("DATABASE_URL", self.refused("serve", DATABASE_URL="what is this"))
        self.assertIn("migrate", self.refused("migrate", DATABASE_URL="postgres://nobody@127.0.0.1:1/none"))

    def test_a_source_of_scripts_that_is_none(self):
        self.assertIn("files or database", self.refused("serve", MOONLINE_SCRIPTS_SOURCE="git"))

    def test_unknown_command(self):
        self.assertIn('no command "fly"', self.refused("fly"))

    def test_migrate_again_changes_nothing(self):
        result = subprocess.run([BUILD / "moonline", "migrate"], env=self.world.env(), capture_output=True, text=True,
                                timeout=60, check=True)
        self.assertIn("0 applied", result.stdout)

    def test_check_names_file_and_line(self):
        scripts = self.world.dir / "checked"
        subprocess.run(["cp", "-r", SOURCE / "scripts", scripts], check=True)
        run = [BUILD / "moonline", "check"]
        env = self.world.env(MOONLINE_SCRIPTS=str(scripts))
        good = subprocess.run(run, env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        agent = pathlib.Path(scripts) / "tenants" / "acme-dental" / "agent.lua"
        agent.write_text(agent.read_text() + "\nthis is no Lua\n")
        bad = subprocess.run(run, env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(bad.returncode, 1)
        line = len(agent.read_text().splitlines())
        self.assertIn(f"agent.lua:{line}", bad.stdout)

    def moonline(self, *command, **env):
        return subprocess.run([BUILD / "moonline", *command], env=self.world.env(**env), capture_output=True, text=True,
                              timeout=60)

    def test_check_is_a_compiler(self):
        scripts = self.world.dir / "faulty"
        subprocess.run(["cp", "-r", SOURCE / "scripts", scripts], check=True)
        agent = scripts / "tenants" / "acme-dental" / "agent.lua"
        agent.write_text(agent.read_text().replace("call.caller", "cal.caller"))
        line = next(n for n, text in enumerate(agent.read_text().splitlines(), 1) if "cal.caller" in text)
        (scripts / "tools" / "spare.lua").write_text("return {\n")
        bad = self.moonline("check", MOONLINE_SCRIPTS=str(scripts))
        self.assertEqual(bad.returncode, 1, bad.stdout + bad.stderr)
        self.assertIn(f"{agent}:{line}: error: 'cal' is not defined", bad.stdout)
        self.assertIn(f"{scripts}/tools/spare.lua:2: error:", bad.stdout)
        self.assertRegex(bad.stdout.splitlines()[-1], r"^\d+ tenants, \d+ files: [23] errors, \d+ warnings?$")
        listed = json.loads(self.moonline("check", "acme-dental", "--json", MOONLINE_SCRIPTS=str(scripts)).stdout)
        self.assertIn({"file": str(agent), "line": line, "level": "error"},
                      [{key: found[key] for key in ("file", "line", "level")} for found in listed])
        self.assertEqual(self.moonline("check", "nobody").returncode, 1)
        self.assertEqual(self.moonline("check", "--all").returncode, 2)

    def test_prompt_and_its_size(self):
        without = self.moonline("prompt", "acme-dental", "--turn", "do you take walk-ins", DATABASE_URL="")
        self.assertEqual(without.returncode, 0, without.stderr)
        self.assertIn("knowledge: not searched: DATABASE_URL is not set", without.stdout)
        for row in ("Profile", "Policies", "Capabilities", "Safety", "Style", "Now", "tool book_appointment", "in all"):
            self.assertRegex(without.stdout, rf"(?m)^{row} +[1-9]\d* +[1-9]\d*$")
        known = self.moonline("prompt", "acme-dental", "--turn", "do you take walk-ins", "--caller", "+15550100009",
                              "--phase", "phone_number")
        self.assertEqual(known.returncode, 0, known.stderr)
        self.assertIn("\nCaller number: +15550100009\nConversation phase: phone_number\n", known.stdout)
        if "within 40 ms" not in known.stdout:  # a machine this busy
            self.assertIn("\n- Do you take walk-ins? Yes", known.stdout)
        self.assertEqual(self.moonline("prompt", "nobody").returncode, 1)
        self.assertEqual(self.moonline("prompt").returncode, 2)
        self.assertEqual(self.moonline("prompt", "acme-dental", "--phase", "a b").returncode, 2)


if __name__ == "__main__":
    unittest.main()
