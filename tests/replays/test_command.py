"""`moonline replay` as people and CI use it: exit codes, what it says, and the files it writes. No server runs."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import wave

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOONLINE_BUILD", SOURCE / "build"))
EXAMPLE = SOURCE / "examples" / "captures" / "interrupted.mooncap"


def replay(*arguments):
    return subprocess.run([BUILD / "moonline", "replay", *map(str, arguments)], capture_output=True, text=True, cwd=SOURCE)


class ReplayCommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def write(self, name, data):
        path = self.dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return path

    def test_exit_codes_say_what_it_came_to(self):
        whole = EXAMPLE.read_bytes()
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 1
        rows = [
            (0, "same", [EXAMPLE]),
            (0, "up to where it is incomplete", [self.write("cut.mooncap", whole[:len(whole) // 2])]),
            (2, "damaged", [self.write("damaged.mooncap", bytes(damaged))]),
            (2, "no captured call", [self.write("other.mooncap", b"something else")]),
            (2, "No such file", [self.dir / "missing.mooncap"]),
            (2, "is named .wav", [self.write("no.wav", b"RAFF")]),
            (2, "holds no captured call", ["--check", SOURCE / "examples" / "scenarios"]),
            (2, "--check DIR", []),
            (2, "--check DIR", ["--check", self.dir, EXAMPLE]),
        ]
        for status, words, arguments in rows:
            with self.subTest(arguments=arguments):
                result = replay(*arguments)
                self.assertEqual(result.returncode, status, result.stdout + result.stderr)
                self.assertIn(words, result.stdout + result.stderr)

    def test_a_folder_is_as_bad_as_its_worst_file(self):
        self.write("a.mooncap", EXAMPLE.read_bytes())
        self.assertEqual(replay("--check", self.dir).returncode, 0)
        self.write("b.mooncap", EXAMPLE.read_bytes()[:20])
        result = replay("--check", self.dir)
        self.assertEqual(result.returncode, 2)
        self.assertIn("2 calls", result.stdout.splitlines()[-1])
        self.assertIn("1 the same, 0 the same up to where they are incomplete, 0 differ, 1 unreadable", result.stdout)

    def test_files_for_people(self):
        out = self.dir / "call"
        self.assertEqual(replay(EXAMPLE, "--out", out).returncode, 0)
        timeline = json.loads((out / "timeline.json").read_text())
        self.assertEqual(timeline["checks"]["verdict"], "same")
        seconds = timeline["call"]["duration_ms"] / 1000
        for name, channels in (("caller", 1), ("agent", 1), ("both", 2)):
            with wave.open(str(out / f"{name}.wav")) as sound:
                self.assertEqual((sound.getnchannels(), sound.getframerate(), sound.getsampwidth()), (channels, 8000, 2))
                self.assertAlmostEqual(sound.getnframes() / 8000, seconds, delta=3)
        self.assertIn("caller: No wait stop.", (out / "transcript.txt").read_text())
        page = (out / "call.html").read_text()
        self.assertNotIn("@TIMELINE@", page)
        for outside in ("http://", "https://", " src=", " href="):
            self.assertNotIn(outside, page)
        self.assertEqual(json.loads(replay(EXAMPLE, "--json").stdout)["turns"], timeline["turns"])

    def test_files_for_people_are_their_owner_s_only(self):
        out = self.write("there/transcript.txt", b"a" * 100000).parent
        (out / "transcript.txt").chmod(0o666)
        self.assertEqual(replay(EXAMPLE, "--out", out).returncode, 0)
        self.assertEqual({path.stat().st_mode & 0o777 for path in out.iterdir()}, {0o600})
        self.assertNotIn("aaaa", (out / "transcript.txt").read_text())

    def test_where_nothing_can_be_written_is_said(self):
        for out in (self.write("file", b""), self.dir / "no" / "such"):
            result = replay(EXAMPLE, "--out", out)
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn(str(out), result.stderr)

    def test_json_is_json_whatever_the_file_is(self):
        for data in (b"", b"something else", EXAMPLE.read_bytes()[:20], EXAMPLE.read_bytes()[:3000]):
            result = replay(self.write("bad.mooncap", data), "--json")
            self.assertEqual(result.returncode, 2)
            self.assertEqual(json.loads(result.stdout)["checks"]["verdict"], "unreadable")

    def test_a_link_that_is_named_is_followed(self):
        link = self.dir / "link.mooncap"
        link.symlink_to(EXAMPLE)
        self.assertEqual(replay("--check", link).returncode, 0)

    def test_a_pipe_that_nobody_writes_to_is_not_waited_for(self):
        os.mkfifo(self.dir / "pipe.mooncap")
        result = replay(self.dir / "pipe.mooncap")
        self.assertEqual((result.returncode, "is no file" in result.stderr), (2, True))

    @unittest.skipIf(os.geteuid() == 0, "root reads every folder")
    def test_a_folder_that_cannot_be_read_is_no_success(self):
        self.write("a.mooncap", EXAMPLE.read_bytes())
        (self.dir / "closed").mkdir(0o000)
        result = replay("--check", self.dir)
        self.assertEqual(result.returncode, 2)
        self.assertIn("closed", result.stderr)

    def test_sound_without_a_capture(self):
        out = self.dir / "call"
        replay(EXAMPLE, "--out", out)
        heard = json.loads(replay(out / "caller.wav", "--json").stdout)
        self.assertEqual(len(heard["turns"]), 3, heard)
        patient = json.loads(replay(out / "caller.wav", "--json", "--tenant", "acme-dental").stdout)
        self.assertEqual(len(patient["turns"]), 3, patient)


if __name__ == "__main__":
    unittest.main()
