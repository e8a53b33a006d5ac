"""The first call once more, heard through files alone: by OpenAI's door with whisper's words, and by that of a whisper.cpp."""

import json
import unittest

import test_first_call


class HeardThroughFiles(test_first_call.FirstCallTest):
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

    def test_a_caller_leaves_with_an_appointment(self):
        super().test_a_caller_leaves_with_an_appointment()
        counts = json.loads(self.world.control("/state", method="GET"))["counts"]
        self.assertEqual(counts["stt_sessions"], 0)
        self.assertGreater(counts["stt_files"], 10)


class HeardByWhisperCpp(HeardThroughFiles):
    hear = {"model": "ggml-small.en", "path": "/inference"}


if __name__ == "__main__":
    unittest.main()
