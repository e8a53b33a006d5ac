#!/usr/bin/env python3
"""`make drill`: each provider, Postgres, the carrier, the line and the process are broken in turn while calls go on, under a real Prometheus
with the rules of deploy/ (only their `for` is shortened). Prints a row each, and ends with 1 unless the alerts fire that must, name the
provider that failed, and nothing else pages.

    ROWS="think Postgres" make drill    only what has one of these words in its name
    CALLS=20 make drill                 so many callers
"""

import argparse
import os
import pathlib
import re
import signal
import sys
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
for folder in ("e2e", "outages", "operations"):
    sys.path.insert(0, str(SOURCE / "tests" / folder))
from breakages import BREAKAGES  # noqa: E402
from collector import Collector  # noqa: E402
from callers import Caller, Fleet  # noqa: E402
from prometheus import Prometheus  # noqa: E402
from relay import Relay  # noqa: E402
from stage import AGENT, LINES, NUMBER, Server, Stage  # noqa: E402
from world import until  # noqa: E402

HOLDS = "6s"     # in place of every alert's `for`: longer than gauges remember their worst
AFTER_S = 20     # what must fire has so long when the calls are over
QUESTIONS = 5    # a caller's
LOOK_S = 0.5
SPANS_S = 5      # the last spans of calls are on their way for so long at most; those of a killed server never come
LATE_S = 0.15    # callers, or a server, that are so late for want of a processor prove nothing about pages for that
ATTEMPTS = 2
OF_THE_MACHINE = {"MoonlineLoopLag", "MoonlineUnderruns", "MoonlineFramesDropped", "MoonlineCallersTurnedAway"}


# Asks Postgres, and fails with it.
TOOL = """{
        name = "look_up", description = "Looks the caller up.",
        parameters = { type = "object", properties = { who = { type = "string" } } },
        run = function(call, args)
            local rows, code = db.query("SELECT 1 FROM contacts WHERE phone = $1", call.caller)
            return rows and { found = #rows } or error(code)
        end,
    }, """


class DrillStage(Stage):
    """With somebody who collects traces, and ways to the failing vendor, the carrier and Postgres that break."""

    def __init__(self):
        self.collector, self.relays = Collector(), []
        super().__init__()
        port = int(self.failing.listen.rsplit(":", 1)[1])
        self.way, self.way_to_carrier = self.relay(port), self.relay(port)
        self.way_to_postgres = self.relay_to_postgres()
        (self.scripts / "tenants" / "line" / "agent.lua").write_text(AGENT.replace("tools = { ", "tools = { " + TOOL))
        self.sandbox_url = f"http://localhost:{self.way_to_carrier.here}"  # the carrier's REST is the failing vendor's as well

    def relay(self, *ends):
        self.relays.append(Relay(*ends))
        return self.relays[-1]

    def relay_to_postgres(self):
        """Servers that start from now on go through it; whoever looks at rows does not."""
        home, port = re.search(r"host=(.*)&port=(\d+)", self.database_url).groups()
        folder = self.dir / "way"
        folder.mkdir()
        self.way_url = self.database_url.replace(home, str(folder))
        return self.relay(f"{home}/.s.PGSQL.{port}", f"{folder}/.s.PGSQL.{port}")

    def env(self, **more):
        return super().env(OTEL_EXPORTER_OTLP_ENDPOINT=self.collector.url, **{"DATABASE_URL": self.way_url} if self.relays else {}, **more)

    def close(self):
        super().close()
        for relay in self.relays:
            relay.close()
        self.collector.close()


class DrillCaller(Caller):
    """Loses every so many of its frames on the way, once it has begun to ask; and whose call breaks does not come back."""

    loss = 0.0
    debt = 0.0

    def send(self, message):
        if isinstance(message, str) and self.asked:
            self.debt += self.loss
            if self.debt >= 1:
                self.debt -= 1
                return
        super().send(message)

    def follow_redirect(self):
        pass


class Watcher(threading.Thread):
    """Everything that fires, as long as it looks."""

    def __init__(self, prometheus):
        super().__init__(daemon=True)
        self.prometheus, self.fired, self.is_over = prometheus, {}, threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(LOOK_S):
            for labels in self.prometheus.firing():
                self.fired[tuple(sorted(labels.items()))] = labels

    def names(self, **wanted):
        return {labels["alertname"] for labels in self.fired.values() if wanted.items() <= labels.items()}

    def stop(self):
        self.is_over.set()
        self.join()


class Drill:
    """One thing broken."""

    number = NUMBER

    def __init__(self, stage, breakage, calls):
        self.stage, self.breakage, self.calls = stage, breakage, calls
        self.is_begun, self.callers_lag_s = False, 0.0

    def run(self):
        stage = self.stage
        stage.collector.forget()
        stage.well.rehearse()
        stage.failing.rehearse(self.uses_of_tool() if self.breakage.has_tool else ())
        slot = self.breakage.culprit[0] if self.breakage.culprit else "think"
        url = self.breakage.url(self) if self.breakage.url else stage.failing.url
        self.server = Server(stage, slot, url, not self.breakage.is_alone)
        self.prometheus = Prometheus(stage.dir / "prometheus", [self.server.admin], holds=HOLDS)
        try:
            until(self.is_seen, 15, "the server is seen, and nothing is wrong")
            return self.watch()
        finally:
            self.prometheus.stop()
            self.server.process.stop()

    def uses_of_tool(self):
        """One question of the callers' is answered by what Postgres says."""
        _, question, answer = LINES[1]
        return ({"when": question, "tool_calls": [{"name": "look_up", "arguments": {"who": "caller"}}]}, {"when": '"found"', "text": answer})

    def is_seen(self):
        return self.prometheus.values("moonline_calls_started_total") and not self.prometheus.firing()

    def watch(self):
        watcher = Watcher(self.prometheus)
        try:
            self.place_calls()
            deadline = time.monotonic() + AFTER_S
            while time.monotonic() < deadline and not self.breakage.must <= watcher.names():
                time.sleep(LOOK_S)
        finally:
            watcher.stop()
            if self.is_begun:
                self.breakage.end(self)
        return self.judge(watcher)

    def place_calls(self):
        questions = (self.stage.questions * QUESTIONS)[:QUESTIONS]
        self.callers = [DrillCaller(self.server.listen, NUMBER, self.stage.vocabulary, questions, None) for _ in range(self.calls)]
        for caller in self.callers:
            caller.loss = self.breakage.loss
        fleet = Fleet(self.callers, per_second=10)
        fleet.run(self.on_tick)
        self.callers_lag_s = fleet.worst_lag_s

    def on_tick(self, now):
        """The middle of calls: half of the callers have had an answer."""
        if not self.is_begun and sum(bool(c.asked and c.asked[0].settled) for c in self.callers) * 2 >= len(self.callers):
            self.is_begun = True
            if not self.breakage.is_from_start:
                self.stage.collector.forget()
            self.breakage.begin(self)

    def judge(self, watcher):
        """What is wrong; and what fired."""
        wrong = [f"{name} is silent" for name in sorted(self.breakage.must - watcher.names())]
        pages = watcher.names(severity="page")
        is_late = self.is_late()
        wrong += [f"{name} pages" for name in sorted(pages - self.breakage.must - self.breakage.may - (OF_THE_MACHINE if is_late else set()))]
        for labels in watcher.fired.values():
            if "provider" in labels and (labels["slot"], labels["provider"]) != self.breakage.culprit:
                wrong.append(f"{labels['alertname']} blames {labels['provider']} ({labels['slot']})")
        wrong += self.judge_traces()
        if not self.is_begun:
            wrong.append("the calls were over before anything broke")
        tickets = sorted(watcher.names(severity="ticket"))
        return wrong, f"trace: {self.said}; pages: {' '.join(sorted(pages)) or '–'}; tickets: {' '.join(tickets) or '–'}".replace("Moonline", "") \
            + ("; the machine was late" if is_late else "")

    def judge_traces(self):
        """Whether the traces of these calls name what was broken, and nothing else."""
        collector, breakage = self.stage.collector, self.breakage
        collector.wait_for_calls(self.calls, SPANS_S)
        told, blamed, waited = collector.culprits(), collector.culprits(of_failed=True), collector.longest_part()
        self.said = self.words_of(told, blamed) if breakage.is_told else f"waited for {waited}" if breakage.waited else "–"
        culprits = {breakage.culprit} if breakage.is_told else set()
        wrong = [f"traces name {self.words_of(told, blamed)}"] if set(told) != culprits and not breakage.waited else []
        if set(blamed) != (culprits if breakage.is_alone else set()) and not breakage.waited:
            wrong.append(f"failed spans are of {self.words_of(blamed, blamed)}")
        tools = collector.failed_tools()
        if tools and not breakage.has_tool or breakage.has_tool and breakage.must and tools != {"look_up"}:
            wrong.append(f"tools that failed: {' '.join(sorted(tools)) or 'none'}")
        self.said = " ".join(["tool", *sorted(tools), "error"]) if tools else self.said
        if breakage.waited and waited != breakage.waited:
            wrong.append(f"traces tell of waiting for {waited}")
        return wrong

    @staticmethod
    def words_of(told, blamed):
        """What traces tell, for people."""
        words = (f"{slot} {provider} {' '.join(sorted(kinds))}" for (slot, provider), kinds in sorted(told.items()))
        return ", ".join(words) + (", error" if blamed else "") or "nobody"

    def is_late(self):
        """The callers or the server had no processor when they needed one."""
        worst = self.prometheus.values("max(max_over_time(moonline_loop_lag_seconds[5m]))")
        return self.callers_lag_s > LATE_S or any(lag_s > LATE_S for _, lag_s in worst)


def settings():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", default=os.environ.get("ROWS", "").split(), help="only what has one of these in its name")
    parser.add_argument("--calls", type=int, default=int(os.environ.get("CALLS") or "12"), help="callers (12)")
    return parser.parse_args()


def drilled(stage, breakage, calls):
    """On a machine that others keep busy: once more, where the callers were late and something seems wrong."""
    for _ in range(ATTEMPTS):
        drill = Drill(stage, breakage, calls)
        wrong, fired = drill.run()
        if not wrong or drill.callers_lag_s < LATE_S:
            break
    return wrong, fired


def main():
    options = settings()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    stage = DrillStage()
    chosen = [each for each in BREAKAGES if not options.words or any(word in each.name for word in options.words)]
    bad, began = 0, time.monotonic()
    try:
        for breakage in chosen:
            since = time.monotonic()
            wrong, fired = drilled(stage, breakage, options.calls)
            bad += bool(wrong)
            print(f"{breakage.name:34} {'WRONG: ' + '; '.join(wrong) if wrong else 'right':10} {time.monotonic() - since:4.0f} s  {fired}", flush=True)
    finally:
        stage.close()
    print(f"{len(chosen)} drills in {(time.monotonic() - began) / 60:.1f} minutes: {bad} wrong")
    return 1 if bad or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
