#!/usr/bin/env python3
"""`make replays`: calls of many kinds through a real server that captures them, then every one of them held against the build
that answered: sound, steps and words, byte for byte. Callers interrupt, type, fall silent and hang up; vendors fail; scripts are
reloaded meanwhile. Prints how many calls went through what, and ends with 1 if any is not the same again.

    CALLS=20 make replays     so many calls, instead of 200
    KEEP=DIR make replays     the captures are left there
"""

import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from world import BUILD, World, until  # noqa: E402

LINES = ["What are your hours on Saturday?", "Are you open on Sunday?", "What services do you have?", "Thank you goodbye.",
         "Sorry I'd like to book a cleaning.", "No wait stop.", "Yeah.", "My number is"]
ANSWER = ("On Saturday we are open from nine in the morning until one in the afternoon. On Sunday we are closed, and you can "
          "leave us a message then. Is there anything else that I can do for you today?")

SCENARIOS = {
    "talk": "wait\nsay What are your hours on Saturday?\nwait\nsay Are you open on Sunday?\nwait\nhangup\n",
    "interrupt": "wait\nsay What are your hours on Saturday?\ninterrupt 1200 Sorry I'd like to book a cleaning.\nwait\nhangup\n",
    "stop": "wait\nsay What services do you have?\ninterrupt 700 No wait stop.\nwait\nsay Thank you goodbye.\nwait\nhangup\n",
    "backchannel": "wait\nsay What are your hours on Saturday?\ninterrupt 1500 Yeah.\nwait\nhangup\n",
    "hanging": "wait\nsay My number is\npause 900\nsay Are you open on Sunday?\nwait\nhangup\n",
    "keys": "wait\ndtmf 12#\nwait\ntones 34\npause 3000\nhangup\n",
    "silent": "wait\npause 11000\nsay Are you open on Sunday?\nwait\nhangup\n",
    "gone": "pause 1500\nsay What services do you have?\npause 1600\nhangup\n",
}
FAULTS = [  # of a wave of calls; the scripts are reloaded in others
    None, None, {"service": "llm", "status": 503, "count": 6},
    {"service": "tts", "cut_after_events": 4}, None, {"service": "stt", "status": 401},
    {"service": "llm", "garbage": True, "cut_after_events": 3}, None, {"service": "tts", "status": 503},
]


def prepare(world):
    """A tenant whose calls are all captured, and more than one version of it as calls go on."""
    agent = world.scripts / "tenants" / "acme-dental" / "agent.lua"
    text = agent.read_text()
    captured = re.sub(r"^(\s*)greeting = ", r'\1capture = "on",\n\1greeting = ', text, count=1, flags=re.M)
    if captured == text:
        raise SystemExit("replays: the tenant's agent.lua has no greeting to put `capture` before")
    agent.write_text(captured)


def start():
    world = World()
    prepare(world)
    world.migrate()
    world.start_sandbox("--no-ears")
    world.start_server()
    world.control("/transcripts", {"by_audio": [{"text": each} for each in LINES]})
    world.control("/replies", {"replies": [{"text": ANSWER, "repeat": True}]})
    return world


def reload(world, number):
    agent = world.scripts / "tenants" / "acme-dental" / "agent.lua"
    agent.write_text(re.sub(r"\n-- version \d+\n|$", f"\n-- version {number}\n", agent.read_text(), count=1))


def wave(world, number, kinds, fault):
    """Calls at once, with a fault of a vendor, or with scripts that change."""
    world.control("/faults", method="DELETE")
    if fault:
        world.control("/faults", fault)
    calls, before = [], len(world.server.events("call.started"))
    for place, kind in enumerate(kinds):
        path = world.write_scenario(f"{kind}.call", SCENARIOS[kind])
        calls.append(world.call(path, background=True, log=f"call-{number}-{place}.log"))
    if number % 3 == 1:
        until(lambda: len(world.server.events("call.started")) >= before + len(calls), 30, "the calls of a wave begin")
        reload(world, number)
    for call in calls:
        call.child.wait(120)
    world.control("/faults", method="DELETE")


def captures(world):
    return sorted((world.dir / "data" / "captures").rglob("*.mooncap"))


def replay(*arguments):
    return subprocess.run([BUILD / "moonline", "replay", *map(str, arguments)], capture_output=True, text=True)


def what_happened(path):
    """Names of the things that a call went through."""
    timeline = json.loads(replay(path, "--json").stdout)
    seen = {each["what"] for each in timeline["decisions"]}
    seen |= {f"state {each['state']}" for each in timeline["states"]}
    seen |= {f"{each['whom']} failed" for each in timeline["asked"] if each["what"] == "failed"}
    seen |= {"another version" for each in timeline["notes"] if each.get("event") == "version"}
    return seen


def look(world, wanted):
    """The checks' own words; whether every call is the same again."""
    until(lambda: len(captures(world)) >= wanted, 20, f"{wanted} captures")
    folder = world.dir / "data" / "captures"
    checked = replay("--check", folder)
    wrong = [line for line in checked.stdout.splitlines()[:-1] if ": same, " not in line or "incomplete" in line]
    counts = collections.Counter()
    for path in captures(world):
        counts.update(what_happened(path))
    for name, count in sorted(counts.items()):
        print(f"{count:5}  {name}")
    for line in wrong:
        print(line)
    for line in wrong[:3]:
        print(replay(line.split(": ")[0]).stdout[-4000:])
    print(checked.stdout.splitlines()[-1])
    size = sum(path.stat().st_size for path in captures(world))
    print(f"{len(captures(world))} files, {size / 1024:.0f} KiB")
    return checked.returncode == 0 and not wrong


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--calls", type=int, default=200)
    arguments.add_argument("--at-once", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kind", choices=list(SCENARIOS), help="of all calls, instead of all kinds")
    arguments.add_argument("--keep", help="a folder for the captures")
    options = arguments.parse_args()
    chance = random.Random(options.seed)
    world = start()
    is_good = False
    try:
        placed = number = 0
        while placed < options.calls:
            count = min(options.at_once, options.calls - placed)
            kinds = [list(SCENARIOS)[(placed + each) % len(SCENARIOS)] for each in range(count)]
            chance.shuffle(kinds)
            if options.kind:
                kinds = [options.kind] * count
            wave(world, number, kinds, FAULTS[number % len(FAULTS)])
            placed += count
            number += 1
        is_good = look(world, options.calls)
        if options.keep:
            shutil.copytree(world.dir / "data" / "captures", options.keep, dirs_exist_ok=True)
    finally:
        world.close()
    return not is_good


if __name__ == "__main__":
    sys.exit(main())
