"""The first call once more, heard through files alone: by OpenAI's door with whisper's words, and by that of a whisper.cpp. What is
heard is told by the sound of the files, so that their sound must be right, and a busy machine has no ears to wait for."""

import json
import re
import subprocess
import sys
import unittest

import test_first_call


class HeardThroughFiles(test_first_call.FirstCallTest):
    sandbox_options = ("--no-ears",)
    hear = {"model": "whisper-1", "key_env": "OPENAI_API_KEY"}

    @classmethod
    def prepare(cls):
        sandbox = {"base_url": cls.world.sandbox_url}
        path = cls.world.dir / "providers.json"
        path.write_text(json.dumps({"providers": [
            {"name": "files", "driver": "openai_files", "answer_timeout_ms": 10000, **sandbox, **cls.hear},
            {"name": "openai", "driver": "openai_chat", "model": "gpt-4.1-mini", "key_env": "OPENAI_API_KEY", **sandbox},
            {"name": "elevenlabs", "driver": "elevenlabs", "model": "eleven_flash_v2_5", "key_env": "ELEVENLABS_API_KEY",
             "voice": "sandboxvoice00000001", **sandbox}]}))
        cls.server_env = {"MOONLINE_PROVIDERS": str(path)}

    def scenario(self, number):
        path, expected = super().scenario(number)
        lines = re.findall(r"^(?:say|interrupt \d+) (.*)$", path.read_text(), re.M)
        self.world.control("/transcripts", {"by_audio": [
            {"say": line, "text": re.sub(r"[.?,]", "", line).lower()} for line in lines]})
        return path, expected

    def test_a_caller_leaves_with_an_appointment(self):
        super().test_a_caller_leaves_with_an_appointment()
        counts = json.loads(self.world.control("/state", method="GET"))["counts"]
        self.assertEqual(counts["stt_sessions"], 0)
        self.assertGreater(counts["stt_files"], 10)


class HeardByWhisperCpp(HeardThroughFiles):
    hear = {"model": "ggml-small.en", "path": "/inference"}


def at_once():
    """Each door in a process of its own, both calls at the same time: they wait most of theirs."""
    children = [subprocess.Popen([sys.executable, __file__, name])
                for name in (HeardThroughFiles.__name__, HeardByWhisperCpp.__name__)]
    return any([child.wait() for child in children])


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(at_once())
    unittest.main()
