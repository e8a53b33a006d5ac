"""Strangers do what they like to the public port, in any order and at once, while one call is made on the same port and the
same thread: each gets the answer it should, the call does not notice, and nothing of them is left afterwards."""

import concurrent.futures
import functools
import json
import os
import pathlib
import random
import re
import resource
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import http_cases  # noqa: E402
import line  # noqa: E402
import strangers  # noqa: E402
import websocket_cases  # noqa: E402
from world import WorldTest, get, until  # noqa: E402

LONG_BYTES = 1000  # what is longer goes out whole only
AT_ONCE = 8
ROUNDS = 3
ASK = "say What are your hours on Saturday?\nwait\n"
SCENARIO = "wait\n" + ASK * 2 + "hangup\n"
SHORT_SCENARIO = "wait\n" + ASK + "hangup\n"
UNDERRUN = re.compile(r"\d+ underruns")
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def jobs(address):
    """Every case, each way it can be cut."""
    found = []
    for run, cases in ((strangers.run_websocket, websocket_cases.CASES), (strangers.run_http, http_cases.CASES)):
        for case in cases:
            found.append(functools.partial(run, address, case, False))
            if len(case[1]) <= LONG_BYTES:
                found.append(functools.partial(run, address, case, True))
    return found + [functools.partial(manner, address) for manner in strangers.MANNERS]


def tried(job):
    try:
        return job()
    except Exception as error:
        return f"{job.args[1][0] if len(job.args) > 1 else job.func.__name__}: {type(error).__name__}: {error}"


class Caller(threading.Thread):
    """One good call after the other until told to stop; `wrong` says what was not perfect about any of them."""

    def __init__(self, world, scenario=SCENARIO):
        super().__init__()
        self.world = world
        self.scenario = scenario
        self.is_last = threading.Event()
        self.calls = 0
        self.wrong = []

    def run(self):
        while not self.is_last.is_set() or not self.calls:
            self.calls += 1
            try:
                self.one_call()
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")

    def one_call(self):
        self.world.control("/transcripts", {"texts": ["what are your hours on saturday"] * self.scenario.count("say")})
        result = self.world.call(self.world.write_scenario("good.call", self.scenario), 120)
        if result.returncode:
            self.wrong.append(result.stdout + result.stderr)
        timelines = list((self.world.dir / "calls").rglob("timeline.json"))
        timeline = json.loads(max(timelines, key=lambda path: path.stat().st_mtime).read_text())
        audio = timeline["audio"]
        for name in ("underruns", "odd_sizes", "cut_frames"):
            if audio[name]:
                self.wrong.append(f"{audio[name]} {name}")
        if audio["agent_bytes"] < 8000 * 3:
            self.wrong.append(f"only {audio['agent_bytes']} bytes were heard")


class ConformanceTest(WorldTest):
    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_WORKERS": "1"}

    @classmethod
    def setUpClass(cls):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
        super().setUpClass()

    def good_call(self):
        caller = Caller(self.world, SHORT_SCENARIO)
        caller.is_last.set()
        caller.run()
        self.assertEqual([each for each in caller.wrong if not UNDERRUN.match(each)], [])

    def at_rest(self):
        until(lambda: self.world.metric("moonline_calls_active") == 0, 10, "no call is left")

    def round(self, random_source):
        """All strangers once, while calls are made: what was wrong with the calls."""
        work = jobs(self.world.listen)
        random_source.shuffle(work)
        caller = Caller(self.world)
        caller.start()
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            wrong = [each for each in pool.map(tried, work) if each]
        print(f"{len(work)} strangers in {time.monotonic() - began:.0f} s")
        caller.is_last.set()
        caller.join()
        self.assertFalse(wrong, "\n" + "\n".join(wrong))
        return caller.wrong

    def test_strangers_get_their_answers_and_a_call_stays_perfect(self):
        """The answers must be right at once; a machine busy with other work may spoil a call, but not every one."""
        pid = self.world.server.child.pid
        self.good_call()
        self.at_rest()
        before = descriptors(pid)
        seed = int(os.environ.get("MOONLINE_SEED", random.randrange(1 << 30)))
        print(f"MOONLINE_SEED={seed}")
        random_source = random.Random(seed)
        for _ in range(ROUNDS):
            wrong = self.round(random_source)
            print("calls meanwhile:", "; ".join(wrong) or "perfect")
            if not wrong:
                break
        self.assertFalse(wrong, "\n" + "\n".join(wrong))
        self.assertGreater(self.world.metric("moonline_sockets_rejected_total"), 60)
        self.assertGreater(self.world.metric("moonline_requests_refused_total"), 100)
        self.check_nothing_is_left(pid, before)
        self.check_descriptors_run_out(pid)

    def check_nothing_is_left(self, pid, before):
        self.at_rest()
        until(lambda: descriptors(pid) <= before, 45, f"{before} descriptors, not {descriptors(pid)}")
        began = cpu_seconds(pid)
        time.sleep(2)
        self.assertLess(cpu_seconds(pid) - began, 0.2, "CPU of two idle seconds")

    def check_descriptors_run_out(self, pid):
        """With none left the server neither spins nor forgets those who wait."""
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors(pid) + 20, limits[1]))
        socks = [strangers.connect(self.world.listen) for _ in range(100)]
        until(lambda: self.world_postponed() > 0, 5, "accepting had to wait")
        began = cpu_seconds(pid)
        time.sleep(1)
        self.assertLess(cpu_seconds(pid) - began, 0.5, "CPU of a second without descriptors")
        for sock in socks:
            sock.sendall(b"GET /nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        for sock in socks:
            self.assertEqual(strangers.statuses(strangers.read_all(sock)), [404])
            sock.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        self.assertEqual(line.request(self.world.listen, "GET", "/nowhere", {})[0], 404)

    def world_postponed(self):
        """The admin port has no descriptor to spare now: the log says it."""
        return len(self.world.server.events("net.accept"))


if __name__ == "__main__":
    unittest.main()
