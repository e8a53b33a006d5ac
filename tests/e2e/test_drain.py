"""SIGTERM while a call goes on: the proxy can see it, the call may finish, its end is recorded."""

import json
import signal
import time
import unittest

import line
from world import WorldTest, get, until


class DrainTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_DRAIN_SECONDS": "3"}

    def ready(self):
        return get(f"http://{self.world.admin}/readyz")

    def test_calls_finish_while_health_is_told(self):
        until(lambda: self.ready()[0] == 200, 10, "ready")
        stream, call_sid, parameters = line.ring(self.world.listen)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        began = time.monotonic()
        self.world.server.child.send_signal(signal.SIGTERM)
        until(lambda: self.ready()[0] == 503, 2, "readiness is off")
        self.assertTrue(json.loads(self.ready()[1])["draining"])
        self.assertEqual(get(f"http://{self.world.admin}/healthz")[0], 200)
        self.assertIn("serve.draining", self.world.server.text(), "logs go on")
        self.assertEqual(stream.wait_for_close(10), 1000)
        self.assertGreater(time.monotonic() - began, 2)
        self.assertEqual(self.world.server.child.wait(10), 0)
        rows = self.world.rows(f"select end_reason from calls where call_sid = '{call_sid}'")
        self.assertEqual(rows, [["shutdown"]])
        claims = self.world.rows(f"select ended_at is null from stream_claims where call_sid = '{call_sid}'")
        self.assertEqual(claims, [["t"]], "no planned end: the caller goes on elsewhere")


if __name__ == "__main__":
    unittest.main()
