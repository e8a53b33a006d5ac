#!/usr/bin/env python3
"""`make crash`: callers who talk without a pause to two servers, which are killed (kill -9) at random moments, as Postgres is,
and started again. Prints what became of calls and rows, and ends with 1 if a turn that a caller heard to its end is not in
Postgres exactly once, an appointment was given twice, a call was harmed by another process's death, a caller waited too long
for somebody to talk again, or a call's row stayed open.

    KILLS=10 CALLS=12 make crash     so many kills (50), so many callers at a time (30)
    SEED=7 make crash                another row of chance
"""

import argparse
import os
import pathlib
import random
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from scene import Scene  # before the others: it knows their folders  # noqa: E402
import rows  # noqa: E402
from killer import Killer  # noqa: E402
from survivors import ACKNOWLEDGED, CUT, OTHER, UNANSWERED, Crowd  # noqa: E402
from judge import story  # noqa: E402
from world import until  # noqa: E402

AGAIN_S = 3.0       # from the restart to the first word
EXPLAINED_S = 0.7   # a stream breaks so soon after its server's death, or its caller notices so much later as callers were late
CLOSED_S = 180      # a dead process is not missed before two minutes, where nobody knows better
WRITTEN_S = 60
ENDINGS = ("done", "Say Hangup")  # by the caller, or the way out after three attempts
LATE_S = 0.15       # callers that are so late themselves prove nothing about times


class Report:
    def __init__(self):
        self.lines, self.bad = [], []

    def say(self, what, value, bad=None):
        """`bad`: how much of it must not be."""
        mark = "" if not bad else "  BAD"
        self.lines.append(f"{what:58} {value}{mark}")
        if bad:
            self.bad.append(what)

    def __str__(self):
        return "\n".join(self.lines)


def fates(callers):
    counts = dict.fromkeys((ACKNOWLEDGED, CUT, OTHER, UNANSWERED), 0)
    for caller in callers:
        for _, _, fate in caller.fates:
            counts[fate] += 1
    return counts


def is_odd(caller):
    return caller.why not in ENDINGS or caller.given_up


def cuts_of(callers):
    return [(caller, at, part) for caller in callers for at, part in enumerate(caller.parts) if part.is_cut]


def is_explained(part, lag_s):
    return part.server.was_killed_at(part.ended - EXPLAINED_S - lag_s, part.ended + 0.1)


def first_sound(caller, since):
    return next((begun for begun, _ in caller.ear.sounds if begun > since), None)


def waits(callers):
    """How long until the caller heard somebody again, of those who were let in again: since the start of the process that took
    them, or since the cut where that ran already; and since the cut."""
    found = []
    for caller, at, part in cuts_of(callers):
        following = caller.parts[at + 1] if at + 1 < len(caller.parts) else None
        heard = first_sound(caller, following.began) if following else None
        if heard is None or (following.ended and heard > following.ended):
            continue
        could_ask = max(part.ended, following.server.life_began(following.began))
        found.append((heard - could_ask, heard - part.ended))
    return found


def stories(crowd):
    """Of what should not be, for people who look for the reason."""
    told = []
    for caller in crowd.callers:
        oddities = [f"waited {since:.1f} s" for since, _ in waits([caller]) if since > AGAIN_S]
        oddities += [f"attempt {part.attempt} at {part.server.name} broke {part.server.since_kill(part.ended):.2f} s after a kill: "
                     f"{part.why}" for part in caller.parts if part.is_cut and not is_explained(part, crowd.worst_lag_s)]
        if oddities or is_odd(caller):
            told.append(f"{caller.call_sid}, {len(caller.parts)} streams, {caller.why} {oddities}\n{story(caller)}")
    return told


def never_heard_again(callers):
    """Let in again, and nothing was said before the stream ended or for the time that is too long."""
    silent = []
    for caller, at, part in cuts_of(callers):
        following = caller.parts[at + 1] if at + 1 < len(caller.parts) else None
        if following and first_sound(caller, following.began) is None and following.ended - following.began > AGAIN_S:
            silent.append(caller)
    return silent


def known_again(scene, callers, killer):
    """Of those who came back and had been answered: how many an agent met that knew the conversation, how many it did not, and how
    many of these while Postgres was away."""
    resumed = {(each["call_sid"], int(each["attempt"])) for each in scene.events("call.resumed") if int(each["lines"]) > 0}
    known = unknown = excused = 0
    for caller in callers:
        for part in caller.parts[1:]:
            if not any(fate == ACKNOWLEDGED and before.attempt < part.attempt for _, before, fate in caller.fates):
                continue
            if part.ended and part.ended - part.began < 1:
                continue  # killed before it could know
            if (caller.call_sid, part.attempt) in resumed:
                known += 1
            elif killer.was_postgres_away(part.began - 0.5, part.began + 1):
                excused += 1
            else:
                unknown += 1
    return known, unknown, excused


def talk(scene, options):
    chance = random.Random(options.seed)
    crowd = Crowd(scene, options.calls, random.Random(chance.random()))
    killer = Killer(scene, random.Random(chance.random()), options.kills)
    killer.start()
    crowd.run(killer.is_over)
    killer.join()
    if killer.failure:
        raise killer.failure
    return crowd, killer


def wait_for_rows(scene):
    """All is written and closed; how long that took, and what was left."""
    began = time.monotonic()

    def is_written():
        return all(server.metric("moonline_records_waiting") == 0 for server in scene.servers)
    try:
        until(is_written, WRITTEN_S, "all rows are in Postgres")
    except AssertionError:
        pass
    waiting = [server.metric("moonline_records_waiting") for server in scene.servers]
    try:
        until(lambda: rows.open_calls(scene) == 0, CLOSED_S, "all calls are closed")
    except AssertionError:
        pass
    return time.monotonic() - began, waiting, rows.open_calls(scene)


def tell_calls(report, scene, crowd, killer):
    callers = crowd.callers
    counts = fates(callers)
    is_valid = crowd.worst_lag_s < LATE_S
    cuts = cuts_of(callers)
    unexplained = [part for _, _, part in cuts if not is_explained(part, crowd.worst_lag_s)]
    unlucky = [caller for caller in callers if caller.why not in ENDINGS]
    report.say("kills: a / b / Postgres; Postgres stood still",
               f"{killer.counts['a']} / {killer.counts['b']} / {killer.counts['postgres']}; {killer.counts['frozen']}")
    report.say("calls; streams; cut off by a kill", f"{len(callers)}; {sum(len(c.parts) for c in callers)}; {len(cuts)}")
    report.say("cut off without a kill of their server", len(unexplained), bad=unexplained)
    report.say("three times unlucky, and told so", sum(caller.why == "Say Hangup" for caller in callers))
    report.say("ended otherwise", len(unlucky), bad=unlucky)
    given_up = sum(caller.given_up for caller in callers)
    report.say("questions: answered / cut / answered otherwise / asked again", " / ".join(str(each) for each in counts.values()))
    report.say("questions given up", given_up, bad=is_valid and given_up)
    times = waits(callers)
    late = [since for since, _ in times if since > AGAIN_S]
    silent = never_heard_again(callers)
    if times:
        report.say("talking again after the restart, worst (after the cut)",
                   f"{max(each[0] for each in times):.1f} s ({max(each[1] for each in times):.1f} s)", bad=is_valid and late)
    report.say("came back and heard nothing", len(silent), bad=silent)
    known, unknown, excused = known_again(scene, callers, killer)
    report.say("came back to an agent that knew / did not / Postgres away", f"{known} / {unknown} / {excused}", bad=unknown)
    if not is_valid:
        report.say("callers late: times and silences prove nothing", f"{crowd.worst_lag_s * 1000:.0f} ms")


def tell_rows(report, scene, crowd):
    took_s, waiting, still_open = wait_for_rows(scene)
    turns = rows.Turns(scene, crowd.callers)
    report.say("acknowledged turns", turns.expected, bad=not turns.expected)
    report.say("  of them not in Postgres", turns.lost, bad=turns.lost)
    report.say("  of them there twice", turns.doubled, bad=turns.doubled)
    doubled = rows.doubled_rows(scene)
    report.say("rows twice", doubled or 0, bad=doubled)
    booked, overlapping, second = rows.appointments(scene)
    report.say("appointments / overlapping / a person's second", f"{booked} / {overlapping} / {second}", bad=overlapping + second)
    report.say("call rows still open", still_open, bad=still_open)
    report.say("rows waiting in the end", waiting, bad=any(each != 0 for each in waiting))
    report.say("all written and closed after", f"{took_s:.1f} s")
    return turns


def settings():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("KILLS") or "50"))
    parser.add_argument("--calls", type=int, default=int(os.environ.get("CALLS") or "30"), help="at a time")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or "1"))
    parser.add_argument("--tell", type=int, default=5, help="stories of so many that went wrong (5)")
    return parser.parse_args()


def main():
    options = settings()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    scene = Scene()
    began = time.monotonic()
    report = Report()
    try:
        crowd, killer = talk(scene, options)
        tell_calls(report, scene, crowd, killer)
        turns = tell_rows(report, scene, crowd)
        deaths = [each for server in scene.servers for each in server.deaths]
        report.say("servers that died by themselves", len(deaths), bad=deaths)
        wrong = scene.stop_servers()
        report.say("servers that did not end clean", wrong or 0, bad=wrong)
        left = scene.journals()
        report.say("journals left behind", left or 0, bad=left)
        for each in deaths + turns.stories[:options.tell] + stories(crowd)[:options.tell]:
            print(each)
    finally:
        scene.close()
    print(report)
    print(f"{options.kills} kills under {options.calls} callers in {(time.monotonic() - began) / 60:.1f} minutes, seed "
          f"{options.seed}: {'nothing lost' if not report.bad else 'BAD: ' + '; '.join(each.strip() for each in report.bad)}")
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main())
