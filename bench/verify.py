#!/usr/bin/env python3
"""The generator against an agent of known timing: what was set is what must be read. Medians and lower bounds only, so that
a busy machine cannot fail it; the exact arithmetic of play-out has a unit test."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("MOONLINE_BUILD", SOURCE / "build"))
SPEECH = ("--speech", "600", "--rest", "300", "--greeting", "0", "--settle", "200", "--calls", "8", "--ramp", "100")


def measure(agent_options, call_options):
    agent = subprocess.Popen([BUILD / "bench/bench_agent", *agent_options], stdout=subprocess.PIPE, text=True)
    try:
        port = agent.stdout.readline().strip()
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run([BUILD / "bench/bench_calls", "--via", f"127.0.0.1:{port}", "--json", file.name, *SPEECH,
                            *call_options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return json.load(file)
    finally:
        agent.terminate()
        agent.wait()


class Checks:
    failed = 0

    def expect(self, what, value, low, high):
        is_right = low <= value <= high
        self.failed += not is_right
        print(f"  {'ok  ' if is_right else 'BAD '} {what}: {value:.1f}, expected {low} to {high}")


def main():
    checks = Checks()
    plain = measure(("--answer", "500", "--reply-frames", "50"), ("--window", "2500"))
    checks.expect("answers after 500 ms, median read", plain["response_ms"]["p50"], 499, 650)
    checks.expect("calls completed of 8", plain["completed"], 8, 8)
    checks.expect("turns left without an answer", plain["asked"] - plain["answered"], 0, 0)
    checks.expect("frames of another size", plain["stream"]["odd_frames"], 0, 0)
    checks.expect("frames heard for each reply of 50", sum(call["frames"] for call in plain["each"]) / plain["answered"], 50, 50)

    barge = measure(("--barge", "80", "--reply-frames", "100"), ("--window", "2500", "--barge", "400"))
    checks.expect("clears 80 ms after the voice began, median read", barge["barge_ms"]["p50"], 79, 200)
    checks.expect("interruptions that were cleared", barge["barges_done"] / max(barge["barges"], 1), 1, 1)

    stall = measure(("--stall", "300", "--reply-frames", "50"), ("--window", "2500"))
    underruns = sum(call["underruns"] for call in stall["each"])
    checks.expect("one stall a reply, underruns a reply (more on a busy machine)", underruns / max(stall["answered"], 1), 1, 50)
    checks.expect("worst frame behind the grid", stall["stream"]["late_ms"]["max"], 299, 2000)

    silent = measure(("--answer", "60000",), ("--window", "800", "--answer", "300"))
    checks.expect("turns that were never answered are seen", silent["unanswered"], 8, 1000)
    checks.expect("and their calls are not called completed", silent["completed"], 0, 0)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
