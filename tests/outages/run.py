#!/usr/bin/env python3
"""`make chaos`: calls at once under every fault of a vendor, from the start and in the middle, with that vendor alone and with
a second one that is well. Prints one table, and ends with 1 if any caller was left in silence, heard something twice, or the
server leaked, stalled or died.

    ROWS="429 garbage" make chaos     only faults whose name has one of these words
    CALLS=10 SEED=7 make chaos        so many calls a slot; another row of chance for the mixed run
"""

import argparse
import contextlib
import os
import pathlib
import random
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import judge  # noqa: E402
from callers import Caller, Fleet  # noqa: E402
from faults import FAULTS, MIXED, Fault  # noqa: E402
from stage import NUMBER, SERVICES, SLOTS, Server, Stage, silent_name_server  # noqa: E402
from world import free_port, until  # noqa: E402

STEP_S = 0.2
ATTEMPTS = 3
LATE_S = 0.15    # callers that are so late themselves prove nothing
HOLES = 0.001    # nor do those whose sound came with holes, a frame in a thousand: the vendors' stand-in knows it no more
STALL_S = 0.25   # a loop that came by so late stood still
LOOK_S = 3       # the server tells of its worst five seconds
LEAK_MIB = 24    # more than a server without a fault keeps, after as many calls
KEPT_FDS = 80  # connections for the next request, 64 a thread, and a few of the process


class Row:
    """What fifty callers of one slot made of one fault."""

    def __init__(self, fault, slot, has_second, when):
        self.fault, self.slot, self.has_second, self.when = fault, slot, has_second, when
        self.counts = dict.fromkeys((judge.ANSWERED, judge.APOLOGISED, judge.LEFT, judge.BAD), 0)
        self.calls = self.bad_calls = 0
        self.silence_s = self.mib = 0.0
        self.notes = {}
        self.is_valid = True  # the callers themselves were in time

    def take_call(self, caller):
        verdicts, wrong = judge.judge_call(caller)
        self.calls += 1
        self.bad_calls += bool(wrong) or any(each.kind == judge.BAD for each in verdicts)
        if wrong:
            self.note(wrong)
        for verdict in verdicts:
            self.counts[verdict.kind] += 1
            self.silence_s = max(self.silence_s, verdict.silence_s)
            if verdict.why and verdict.kind == judge.BAD:
                self.note(verdict.why)

    def note(self, what):
        self.notes[what] = self.notes.get(what, 0) + 1

    def is_bad(self):
        return bool(self.bad_calls or self.notes)

    def __str__(self):
        counts = self.counts
        late = "" if self.is_valid else "CALLERS LATE "
        worst = sorted(self.notes.items(), key=lambda each: -each[1])[:3]
        notes = "; ".join(f"{count}× {what}" if count > 1 else what for what, count in worst)
        return (f"{self.fault:22} {self.slot:6} {'second' if self.has_second else 'alone':6} {self.when:6} {self.calls:5} "
                f"{counts['answered']:8} {counts['apology']:7} {counts['other']:5} {counts['bad']:4} {self.silence_s:7.1f}  {late}{notes}")


HEAD = f"{'fault':22} {'slot':6} {'who':6} {'when':6} {'calls':>5} {'answered':>8} {'apology':>7} {'other':>5} {'bad':>4} {'silence':>7}"


# ---- one run: a fault, its slots at once ----

class Run:
    def __init__(self, stage, fault, has_second, when, calls, turns):
        self.stage, self.fault, self.has_second, self.when = stage, fault, has_second, when
        self.calls, self.turns = calls, turns
        self.tells = False
        self.reset()

    def reset(self):
        self.dying = None  # a vendor that is killed in the middle
        self.is_begun = False
        self.step_at, self.step = 0.0, 0
        self.look_at_s = 0.0

    def play(self):
        stage, fault = self.stage, self.fault
        stage.well.rehearse()
        stage.failing.rehearse(fault.replies)
        if fault.habits:
            stage.failing.control("/transcription", fault.habits)
        with contextlib.ExitStack() as around:
            url, command = self.way_there(around)
            if url is None:
                print(f"{self.fault.name:22} is left out: it takes root", flush=True)
                return []
            if self.when == "start":
                self.begin(now=False)
            servers = [Server(stage, slot, url, self.has_second, command) for slot in fault.slots]
            try:
                return self.place_calls(servers)
            finally:
                for server in servers:
                    server.process.stop()

    def way_there(self, around):
        """The failing vendor's URL, and what the servers are started with."""
        stage, way = self.stage, self.fault.way
        if way == "refused":
            if self.when == "start":
                return f"http://localhost:{free_port()}", ()
            self.dying = around.enter_context(stage.vendor("dying"))
            return self.dying.url, ()
        if way == "unknown name":
            return f"http://vendor.invalid:{free_port()}", ()
        if way == "silent names":
            command = around.enter_context(silent_name_server(stage.dir))
            return ("http://vendor.example.com:9100" if command else None), command
        if way == "tls":
            return around.enter_context(stage.vendor("untrusted", "--tls")).url, ()
        return stage.failing.url, ()

    def begin(self, now):
        self.is_begun = True
        if self.dying:
            self.dying.process.child.kill()
        for slot, wish in self.fault.wishes.items():
            is_socket = slot != "think"
            if now and is_socket and ("status" in wish or "web_page" in wish):  # what concerns only those who connect
                self.stage.failing.fail(SERVICES[slot], {"cut_after_events": 0}, now=True)
            if wish:
                self.stage.failing.fail(SERVICES[slot], wish, now and is_socket)

    def take_step(self, now):
        """Faults of every length in turn, and others than those who began with one."""
        if not self.fault.steps or not self.is_begun or now < self.step_at:
            return
        self.step_at = now + STEP_S
        self.step += 1
        for slot in self.fault.slots:
            wishes = self.fault.steps(slot)
            self.stage.failing.fail(SERVICES[slot], wishes[self.step % len(wishes)])

    def on_tick(self, now):
        if not self.is_begun and sum(bool(c.asked and c.asked[0].settled) for c in self.callers) * 2 >= len(self.callers):
            self.begin(now=True)
        self.take_step(now)
        if now > self.look_at_s:
            self.look_at_s = now + LOOK_S
            for server in self.servers:
                server.note_lag()

    def place_calls(self, servers):
        stage, self.servers = self.stage, servers
        self.callers = [Caller(server.listen, NUMBER, stage.vocabulary, stage.questions[:self.turns], server)
                        for _ in range(self.calls) for server in servers]
        fleet = Fleet(self.callers, per_second=50)
        fleet.run(self.on_tick)
        return [self.row_of(server, fleet) for server in servers]

    def row_of(self, server, fleet):
        row = Row(self.fault.name, server.slot, self.has_second, self.when)
        for caller in self.callers:
            if caller.tag is server:
                row.take_call(caller)
        if self.tells:
            print(judge.story(next(caller for caller in self.callers if caller.tag is server)))
        row.is_valid = fleet.worst_lag_s < LATE_S and self.holes(server) < HOLES
        self.look_at(server, row, fleet)
        self.look_at_rows(server, row)
        return row

    @staticmethod
    def holes(server):
        """The share of the callers' frames that was late, and made up."""
        if server.process.child.poll() is not None:
            return 0.0
        text = server.metrics()
        return server.metric("moonline_frames_concealed_total", text) / max(server.metric("moonline_frames_in_total", text), 1)

    def look_at_rows(self, server, row):
        """What Postgres has of the calls, when the server has written all."""
        callers = {caller.call_sid: caller for caller in self.callers if caller.tag is server and caller.began}
        sids = ",".join(f"'{sid}'" for sid in callers)
        kept = self.stage.rows(f"""select c.call_sid, c.ended_at is not null, coalesce(string_agg(t.heard_text, ' '), '')
                                   from calls c left join turns t on t.call_id = c.id
                                   where c.call_sid in ({sids}) group by 1, 2""") if callers else []
        ended = {sid for sid, is_ended, _ in kept if is_ended == "t"}
        for _ in range(len(callers) - len(ended)):
            row.note("a call without a row of its end")
        for sid, _, heard_text in kept:
            unheard = judge.claimed_unheard(callers[sid], heard_text)
            if unheard:
                row.note("rows claim words nobody heard: " + " ".join(unheard)[:40])

    def look_at(self, server, row, fleet):
        """The process, when its calls are over."""
        if server.process.child.poll() is not None:
            row.note(f"the server died with {server.process.child.returncode}")
            return
        try:
            until(lambda: server.metric("moonline_calls_active") == 0, 15, "its calls are over")
            until(lambda: server.look()["fds"] <= server.before["fds"] + KEPT_FDS, 12, "descriptors are back")
        except AssertionError as error:
            row.note(f"{error} ({server.look()['fds']} descriptors, {server.before['fds']} before)")
        after = server.look()
        row.mib = after["mib"] - server.before["mib"]
        self.stage.usual_mib = self.stage.usual_mib or row.mib  # the first run is the one without a fault
        if row.mib > self.stage.usual_mib + LEAK_MIB:
            row.note(f"{row.mib:.0f} MiB more than before the calls")
        if server.worst_lag_s > STALL_S and row.is_valid:
            row.note(f"its loop stood still for {server.worst_lag_s * 1000:.0f} ms")
        wrong = server.close()
        if wrong:
            row.note(wrong)


# ---- all at random ----

class MixedRun(Run):
    """Every vendor call of every caller meets whatever is the fault at that moment; it changes five times a second."""

    def __init__(self, stage, has_second, calls, seed):
        super().__init__(stage, Fault("mixed"), has_second, "start", calls, 3)
        self.random = random.Random(seed)

    def take_step(self, now):
        if now < self.step_at:
            return
        self.step_at = now + STEP_S
        slot = self.random.choice(SLOTS)
        fault = self.random.choice(MIXED)
        if slot == "think" and "drop_percent" in fault:
            fault = {}  # words that a model's stream lost in silence are nobody's to notice
        self.stage.failing.fail(SERVICES[slot], fault, slot != "think" and self.random.random() < 0.2)


def runs(stage, words, calls, seed):
    for fault in FAULTS:
        if words and not any(word in fault.name for word in words):
            continue
        turns = 3 if fault.slots != SLOTS else 2
        for has_second in (False, True):
            for when in ("start", "middle")[:1 + fault.has_middle()]:
                if fault.name != "none" or (when == "start" and not has_second):
                    yield Run(stage, fault, has_second, when, calls, turns)
    for has_second in (False, True):
        if not words or "mixed" in words:
            yield MixedRun(stage, has_second, calls, seed)


# ---- for docs/providers.md ----

def cell(rows):
    """Start and middle together: questions answered, apologised for, ended otherwise, and bad; the longest silence."""
    if not rows:
        return "–"
    counts = "/".join(str(sum(row.counts[kind] for row in rows)) for kind in rows[0].counts)
    return f"{counts}, {max(row.silence_s for row in rows):.1f} s"


def write_markdown(rows, path):
    columns = [(slot, has_second) for slot in SLOTS for has_second in (False, True)]
    heads = [f"{slot}, {'second' if has_second else 'alone'}" for slot, has_second in columns]
    lines = ["| fault | " + " | ".join(heads) + " |", "|---" * (len(columns) + 1) + "|"]
    for fault in dict.fromkeys(row.fault for row in rows):
        cells = [cell([row for row in rows if (row.fault, row.slot, row.has_second) == (fault, *column)]) for column in columns]
        lines.append(f"| {fault} | " + " | ".join(cells) + " |")
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def attempts(run):
    """On a machine that others keep busy: once more, where the callers were late and something seems bad."""
    for _ in range(ATTEMPTS):
        rows = run.play()
        if all(row.is_valid or not row.is_bad() for row in rows):
            break
        run.reset()
    return rows


def settings():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", default=os.environ.get("ROWS", "").split(),
                        help="only faults whose name has one of these")
    parser.add_argument("--calls", type=int, default=int(os.environ.get("CALLS") or "50"), help="a slot (50)")
    parser.add_argument("--markdown", help="a file for the table of docs/providers.md")
    parser.add_argument("--tell", action="store_true", help="the story of one call of each row")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "1")))
    return parser.parse_args()


def main():
    options = settings()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    stage = Stage()
    rows, began = [], time.monotonic()
    print(HEAD, flush=True)
    try:
        for run in runs(stage, options.words, options.calls, options.seed):
            run.tells = options.tell
            for row in attempts(run):
                rows.append(row)
                print(row, flush=True)
    finally:
        stage.close()
    if options.markdown:
        write_markdown(rows, options.markdown)
    bad = [row for row in rows if row.is_bad()]
    calls = sum(row.calls for row in rows)
    print(f"{len(rows)} rows, {calls} calls in {(time.monotonic() - began) / 60:.1f} minutes: {len(bad)} rows with "
          f"{sum(row.bad_calls for row in bad)} calls that are bad; seed {options.seed}")
    return 1 if bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
