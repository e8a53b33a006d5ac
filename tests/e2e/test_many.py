"""Fifty calls at once through nginx by TLS, while a prompt changes, a tenant's script loops forever, and the next build
drains. The callers are bench_calls, the vendors bench_providers: cheap enough to be fifty. What took how long is printed,
not judged: machines differ."""

import json
import os
import pathlib
import subprocess
import unittest

from test_proxies import HOST, Authority, Nginx
from world import BUILD, TOKEN, World, until

CALLS = 50
STUCK_CALLS = 4
STUCK_NUMBER = "+15550100099"
STUCK = """return {
    name = "Stuck", numbers = { "%s" }, greeting = "Hello.",
    prompt = function(call)
        while call.turn > 1 do end -- the first turn and the check of a version pass
        return "The check of a version sees no loop."
    end,
}
""" % STUCK_NUMBER


class Vendors:
    def __init__(self, folder):
        self.log = open(folder / "vendors.log", "ab")
        self.child = subprocess.Popen([BUILD / "bench/bench_providers"], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.port = int(self.child.stdout.readline())

    def stop(self):
        self.child.terminate()
        self.child.wait(10)
        self.child.stdout.close()
        self.log.close()


class Callers:
    """One run of the generator in the background."""

    def __init__(self, world, authority, port, count, window_ms, *options):
        self.result = world.dir / f"callers-{count}.json"
        self.log = open(world.dir / f"callers-{count}.log", "wb")
        arguments = [BUILD / "bench/bench_calls", "--via", f"127.0.0.1:{port}", "--tls", "--ca", authority.ca, "--name", HOST,
                     "--calls", count, "--ramp", 10, "--settle", 4000, "--window", window_ms, "--json", self.result,
                     *options]
        self.child = subprocess.Popen([str(a) for a in arguments], stdout=self.log, stderr=self.log,
                                      env=dict(os.environ, TWILIO_AUTH_TOKEN=TOKEN))

    def wait(self, seconds):
        self.child.wait(seconds)
        self.log.close()
        return json.loads(self.result.read_text())


class ManyCalls(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        folder = self.world.scripts / "tenants" / "stuck"
        folder.mkdir()
        (folder / "agent.lua").write_text(STUCK)
        self.vendors = Vendors(self.world.dir)
        self.addCleanup(self.vendors.stop)
        self.world.sandbox_url = f"http://127.0.0.1:{self.vendors.port}"
        self.world.migrate()
        self.world.start_server()
        self.authority = Authority(self.world.dir)
        self.nginx = Nginx(self.world, self.authority, "nginx", [(self.world.listen, self.world.admin)])
        self.addCleanup(self.nginx.stop)

    def talked(self):
        """Calls of the tenant under test that have a whole turn of the caller."""
        return int(self.world.rows("select count(distinct call_id) from turns "
                                   "where tenant_id = 'acme-dental' and caller_text <> ''")[0][0])

    def versions(self):
        return {tenant["id"]: tenant["version"] for tenant in self.world.admin_json("/api/tenants")[1]}

    def test_fifty_calls(self):
        callers = Callers(self.world, self.authority, self.nginx.port, CALLS, 35000)
        until(lambda: self.world.metric("moonline_calls_active") >= CALLS, 40, "fifty calls are up")

        # One tenant's scripts never return; its own callers hear apologies.
        before = self.versions()
        stuck = Callers(self.world, self.authority, self.nginx.port, STUCK_CALLS, 20000, "--to", STUCK_NUMBER)

        # A sentence changes: every call has it on its next turn.
        agent = pathlib.Path(self.world.scripts / "tenants/acme-dental/agent.lua")
        text = agent.read_text()
        self.assertIn("New patients are welcome", text)
        until(lambda: self.talked() == CALLS, 60, "every call had a turn")
        agent.write_text(text.replace("New patients are welcome", "New patients are always welcome"))
        until(lambda: self.versions()["acme-dental"] != before["acme-dental"], 10, "the new version is live")
        changed_at = self.world.rows("select now()")[0][0]
        after = self.versions()["acme-dental"]

        result = callers.wait(120)
        looped = stuck.wait(60)
        self.assertGreater(self.world.metric("moonline_script_stopped_total"), 0)
        self.check_calls(result)
        self.check_versions(before["acme-dental"], after, changed_at)
        self.report(result)

    def check_calls(self, result):
        failed = [call for call in result["each"] if not call["completed"]]
        self.assertEqual(failed, [])
        self.assertEqual(result["completed"], CALLS)
        self.assertEqual(result["stream"]["odd_frames"], 0)
        self.assertGreaterEqual(result["answered"], 2 * CALLS)
        self.assertEqual(self.world.metric("moonline_frames_dropped_total"), 0)

    def check_versions(self, before, after, changed_at):
        """The prompt of a turn that was asked for after the change came from the new version."""
        until(lambda: self.world.metric("moonline_records_waiting") == 0, 20, "all rows are written")
        rows = self.world.rows(
            "select c.call_sid, t.script_version, extract(epoch from t.started_at - interval '1 ms' * "
            f"coalesce(t.response_ms, 0) - timestamptz '{changed_at}') from turns t join calls c on c.id = t.call_id "
            "where t.tenant_id = 'acme-dental' and t.caller_text <> '' order by c.call_sid, t.turn_index")
        calls = {sid for sid, _, _ in rows}
        self.assertEqual(len(calls), CALLS)
        old = {sid for sid, version, _ in rows if version == before}
        new = {sid for sid, version, _ in rows if version == after}
        self.assertEqual(len(old), CALLS, "each call talked before the change")
        self.assertEqual(len(new), CALLS, "and after it")

        for sid in calls:
            seen = [version for call, version, _ in rows if call == sid]
            self.assertEqual(seen, sorted(seen, key=[before, after].index), f"{sid} went back to the old version")
            asked_late = [version for call, version, since in rows if call == sid and float(since) > 8]
            self.assertNotIn(before, asked_late, f"{sid} kept the old version")

    def report(self, result):
        stream, response = result["stream"], result["response_ms"]
        prompts = self.world.rows(
            "select percentile_cont(array[0.5, 0.99]) within group (order by prompt_ms) from turns "
            "where tenant_id = 'acme-dental' and prompt_ms is not null")[0][0]
        print(f"\n{result['completed']} calls, {result['answered']} turns; late {100 * stream['late_share']:.3f} %, underruns "
              f"{stream['underruns']}; response p50 {response['p50']:.0f} ms, p95 {response['p95']:.0f}; prompt p50 and p99 "
              f"{prompts} ms beside a tenant that loops; generator valid: {result['valid']} {result.get('why_invalid') or ''}")


if __name__ == "__main__":
    unittest.main()
