#!/usr/bin/env python3
"""`make replays`: calls of many kinds through a real server that captures them, then every one of them held against the build
that answered: sound, steps and words, byte for byte. Callers interrupt, type, fall silent, hang up, are put through and called back;
lines lose frames; vendors fail; scripts are reloaded and the server dies meanwhile. Prints how many calls went through what, and ends with 1 if any is not the same again.

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
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import bad_line  # noqa: E402
import tenants  # noqa: E402
from world import BUILD, World, until  # noqa: E402

LINES = ["What are your hours on Saturday?", "Are you open on Sunday?", "What services do you have?", "Thank you goodbye.",
         "Sorry I'd like to book a cleaning.", "No wait stop.", "Yeah.", "My number is"]
ANSWER = ("On Saturday we are open from nine in the morning until one in the afternoon. On Sunday we are closed, and you can "
          "leave us a message then. Is there anything else that I can do for you today?")

TALK = "wait\nsay What are your hours on Saturday?\nwait\nsay Are you open on Sunday?\nwait\nhangup\n"
STOP = "wait\nsay What services do you have?\ninterrupt 700 No wait stop.\nwait\nsay Thank you goodbye.\nwait\nhangup\n"
INTERRUPT = "wait\nsay What are your hours on Saturday?\ninterrupt 1200 Sorry I'd like to book a cleaning.\nwait\nhangup\n"
BACKCHANNEL = "wait\nsay What are your hours on Saturday?\ninterrupt 1500 Yeah.\nwait\nhangup\n"
HANGING = "wait\nsay My number is\npause 900\nsay Are you open on Sunday?\nwait\nhangup\n"
KINDS = {  # whom they call, and what happens
    "talk": (tenants.FRONT, TALK),
    "interrupt": (tenants.FRONT, INTERRUPT),
    "stop": (tenants.FRONT, STOP),
    "backchannel": (tenants.FRONT, BACKCHANNEL),
    "hanging": (tenants.FRONT, HANGING),
    "keys": (tenants.FRONT, "wait\ndtmf 12#\nwait\ntones 34\npause 3000\nhangup\n"),
    "silent": (tenants.FRONT, "wait\npause 11000\nsay Are you open on Sunday?\nwait\nhangup\n"),
    "gone": (tenants.FRONT, "pause 1500\nsay What services do you have?\npause 1600\nhangup\n"),
    "hardly interrupted": (tenants.LOW, INTERRUPT),
    "soon interrupted": (tenants.HIGH, BACKCHANNEL),
    "never interrupted": (tenants.OFF, STOP),
    "script answers": (tenants.HOOKS, TALK),
    "other rules": (tenants.HOOKS, "wait\nsay What services do you have?\nwait\nsay Yeah.\nwait\nsay Thank you goodbye.\npause 4000\n"
                                   "hangup\n"),
    "script ends turns": (tenants.HOOKS, HANGING),
    "script hears keys": (tenants.HOOKS, "wait\ndtmf 1\npause 500\ndtmf 2\nwait\ntones 9\npause 1500\nsay Yeah.\nwait\nhangup\n"),
    "script in silence": (tenants.HOOKS, "wait\npause 9000\nhangup\n"),
    "put through": (tenants.DESK, "callee answers 300 5\nwait\nsay No wait stop.\nexpect-hangup\n"),
    "comes back": (tenants.DESK, "callee no-answer\nwait\nsay No wait stop.\nwait\nwait\nsay Are you open on Sunday?\nwait\nhangup\n"),
    "called back": (tenants.DESK, TALK),
    "bad line": (tenants.FRONT, None),
    "bad line, hooks": (tenants.HOOKS, None),
}
FAULTS = [  # of a wave of calls; the scripts are reloaded in others
    None, None, {"service": "llm", "status": 503, "count": 6},
    {"service": "tts", "cut_after_events": 4}, None, {"service": "stt", "status": 401},
    {"service": "llm", "garbage": True, "cut_after_events": 3}, None, {"service": "tts", "status": 503},
]


def start():
    world = World()
    world.agents = tenants.write(world.scripts)
    world.migrate()
    world.start_sandbox("--no-ears")
    world.start_server()
    world.rows("insert into tenant_settings (tenant_id, quiet_from, quiet_until) values ('desk', '00:00', '00:00')")
    world.control("/transcripts", {"by_audio": [{"text": each} for each in LINES] + bad_line.heard()})
    world.control("/replies", {"replies": [{"text": ANSWER, "repeat": True}]})
    return world


def reload(world, number):
    """Another version of everybody."""
    for agent in world.agents:
        agent.write_text(re.sub(r"\n-- version \d+\n|$", f"\n-- version {number}\n", agent.read_text(), count=1))


def call_back(world, path, log):
    """A call that a task asks for, answered by a person."""
    task = world.rows("insert into tasks (tenant_id, kind, title, details, phone, is_for_agent) values"
                      f" ('desk', 'call_back', 'Ring Ann', '', '{tenants.ANN}', true) returning id")[0][0]
    row = until(lambda: world.rows(f"select id from outbox where task_id = '{task}' and kind = 'call'"), 30, "a call to place")[0][0]
    asked = until(lambda: [each for each in json.loads(world.control("/state", method="GET"))["calls"]
                           if row in each.get("Url", "")], 30, "the call is placed")[0]
    return world.call(path, background=True, to=tenants.ANN, log=log, options=(
        "--from", tenants.DESK, "--call-sid", asked["sid"], "--answer-url", asked["Url"], "--status-url", asked["StatusCallback"]))


def place(world, kind, log, seed):
    number, scenario = KINDS[kind]
    if not scenario:
        return bad_line.BadCall(world.listen, number, seed)
    path = world.write_scenario(log.replace(".log", ".call"), scenario)
    if kind == "called back":
        return call_back(world, path, log).child
    return world.call(path, background=True, to=number, log=log, options=("--patience", "20")).child


def wave(world, number, kinds, fault, kills):
    """Calls at once, with a fault of a vendor, with scripts that change, or with a server that dies: its callers come back."""
    world.control("/faults", method="DELETE")
    if fault:
        world.control("/faults", fault)
    before = len(world.server.events("call.started"))
    calls = [place(world, kind, f"call-{number}-{at}.log", number * 100 + at) for at, kind in enumerate(kinds)]
    if number % 3 == 1 or kills:
        until(lambda: len(world.server.events("call.started")) >= before + len(calls), 30, "the calls of a wave begin")
    if number % 3 == 1:
        reload(world, number)
    if kills:
        time.sleep(8)
        world.server.child.kill()
        world.server.child.wait()
        world.start_server()
    for call in calls:
        call.wait(120)
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
    seen |= {f"attempt {timeline['call']['attempt']}", timeline["call"]["direction"], timeline["call"]["tenant_id"]}
    return seen


def look(world, wanted, killed):
    """The checks' own words; whether every call is the same again. So many may be incomplete: the server died."""
    until(lambda: len(captures(world)) >= wanted, 20, f"{wanted} captures")
    folder = world.dir / "data" / "captures"
    checked = replay("--check", folder)
    lines = checked.stdout.splitlines()[:-1]
    incomplete = [line for line in lines if ": same, " in line and "incomplete" in line]
    wrong = [line for line in lines if ": same, " not in line] + (incomplete if len(incomplete) > killed else [])
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
    arguments.add_argument("--at-once", type=int, default=24)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kind", choices=list(KINDS), help="of all calls, instead of all kinds")
    arguments.add_argument("--keep", help="a folder for the captures")
    options = arguments.parse_args()
    chance = random.Random(options.seed)
    world = start()
    is_good = False
    try:
        placed = number = killed = 0
        while placed < options.calls:
            count = min(options.at_once, options.calls - placed)
            kinds = [list(KINDS)[(placed + each) % len(KINDS)] for each in range(count)]
            chance.shuffle(kinds)
            if options.kind:
                kinds = [options.kind] * count
            is_killed = number % 9 == 4
            wave(world, number, kinds, FAULTS[number % len(FAULTS)], is_killed)
            killed += is_killed * count
            placed += count
            number += 1
        is_good = look(world, options.calls, killed)
        if options.keep:
            shutil.copytree(world.dir / "data" / "captures", options.keep, dirs_exist_ok=True)
    finally:
        world.close()
    return not is_good


if __name__ == "__main__":
    sys.exit(main())
