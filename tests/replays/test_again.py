"""`moonline replay` with other settings, and with other scripts: exit codes, and what it says of the example's call. No server runs."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOONLINE_BUILD", SOURCE / "build"))
EXAMPLES = SOURCE / "examples" / "captures"
EXAMPLE = EXAMPLES / "interrupted.mooncap"


def replay(*arguments):
    return subprocess.run([BUILD / "moonline", "replay", *map(str, arguments)], capture_output=True, text=True, cwd=SOURCE)


class ReplayAgainTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.scripts = self.dir / "scripts"
        shutil.copytree(SOURCE / "scripts", self.scripts)

    def change_agent(self, old, new):
        agent = self.scripts / "tenants" / "acme-dental" / "agent.lua"
        text = agent.read_text()
        self.assertIn(old, text)
        agent.write_text(text.replace(old, new))

    def test_exit_codes_say_what_it_came_to(self):
        other = self.dir / "other.mooncap"
        other.write_bytes(b"something else")
        rows = [
            (0, "with nothing changed 3 of 3 turns are as they were", [EXAMPLE, "--set", "turn.silence_ms=700"]),
            (0, "turn.silence_ms=900 turn.barge_in=0", [EXAMPLES, "--set", "turn.silence_ms=500..900:200", "--set", "turn.barge_in=0"]),
            (2, "turn.silence_ms, turn.early_ms", [EXAMPLE, "--set", "silence=700"]),
            (2, "from 100 to 5000", [EXAMPLE, "--set", "turn.silence_ms=5"]),
            (2, "400..900:100", [EXAMPLE, "--set", "turn.silence_ms=long"]),
            (2, "other.mooncap", [other, "--set", "turn.silence_ms=700"]),
            (2, "other.mooncap", [other, "--scripts", self.scripts]),
            (2, "nobody", [EXAMPLE, "--scripts", self.scripts, "--tenant", "nobody"]),
            (2, "--scripts DIR", [EXAMPLE, "--model", "live"]),
            (2, "--scripts DIR", [EXAMPLE, "--scripts", self.scripts, "--set", "turn.silence_ms=700"]),
        ]
        for status, words, arguments in rows:
            with self.subTest(arguments=arguments):
                result = replay(*arguments)
                self.assertEqual(result.returncode, status, result.stdout + result.stderr)
                self.assertIn(words, result.stdout + result.stderr)

    def test_every_turn_of_every_run_is_in_the_json(self):
        runs = json.loads(replay(EXAMPLE, "--set", "turn.silence_ms=700", "--json").stdout)["runs"]
        self.assertEqual([run["label"] for run in runs], ["as it was", "nothing changed", "turn.silence_ms=700"])
        for was, same in zip(runs[0]["turns"], runs[1]["turns"], strict=True):
            self.assertAlmostEqual(was["commit_ms"], same["commit_ms"], delta=25)
            self.assertAlmostEqual(was["wait_ms"], same["wait_ms"], delta=25)
            self.assertEqual((was["words"], was["cut_off"]), (same["words"], same["cut_off"]))

    def test_other_scripts_are_told_apart(self):
        self.change_agent('tone = "warm and unhurried"', 'tone = "brisk"')
        result = replay(EXAMPLE, "--scripts", self.scripts)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("    - - Sound warm and unhurried.\n    + - Sound brisk.\n", result.stdout)
        self.assertIn("prompt  (likewise)", result.stdout)
        talk = json.loads(replay(EXAMPLE, "--scripts", self.scripts, "--json").stdout)
        self.assertEqual([turn["words"].lower() for turn in talk["now"]["turns"]],
                         ["", "what services do you have?", "no wait stop.", "thank you goodbye."])

    def test_scripts_that_do_not_load_say_where(self):
        self.change_agent("return {", "return {{")
        result = replay(EXAMPLE, "--scripts", self.scripts)
        self.assertEqual(result.returncode, 2)
        self.assertIn("agent.lua:", result.stderr)


if __name__ == "__main__":
    unittest.main()
