"""A hundred calls of one to three minutes each, judged twice: by what the server says of them in its metrics, and by what
the callers and the vendors' stand-ins saw. And the same with a bad line between a caller and us. See docs/performance.md."""

import json
import time

from world import buckets, counter

# Onset of voice to the first frame sent: what the voice detector takes before anything leaves for speech-to-text.
ONSET_MS = 80
# Two views of one moment differ by the way between the processes; ours is known to its bucket.
AGREE_MS = 20
GOALS = {"partial": 300, "audio": 350, "drop": 0.001, "barge": 0.95}


class Quantile:
    """Within its bucket in proportion, as Prometheus reckons it; where the bucket begins and ends is what is known."""

    def __init__(self, low, high, part):
        self.low, self.high, self.ms = 1000 * low, 1000 * high, 1000 * (low + (high - low) * part)

    def agrees(self, ms):
        return self.low - AGREE_MS <= ms <= self.high + AGREE_MS

    def __str__(self):
        return f"{self.ms:.0f} ms ({self.low:.0f}–{self.high:.0f})"


def quantile(before, after, name, share):
    """None: nothing was observed."""
    then = dict(buckets(before, name))
    rows = [(bound, count - then.get(bound, 0)) for bound, count in buckets(after, name)]
    if not rows or not rows[-1][1]:
        return None
    wanted, low, below = share * rows[-1][1], 0.0, 0
    for bound, count in rows:
        if count >= wanted:
            part = (wanted - below) / (count - below) if count > below else 0
            return Quantile(low, low if bound == float("inf") else bound, part)
        low, below = bound, count
    return None


class Run:
    """One run of the generator with the server's metrics before and after, and the stand-ins' own account."""

    def __init__(self, world, calls, length_s, options=(), barge_every=3):
        stats = world.dir / "providers.json"
        stats.unlink(missing_ok=True)
        world.start_providers("--partial", 2, "--stats", stats)
        providers = world.children[-1]
        port = world.start_server()
        try:
            time.sleep(1)
            self.before = world.scrape()
            self.data = world.generate(
                port, world.server, "--calls", calls, "--ramp", 20, "--length-from", length_s[0] * 1000, "--length-to",
                length_s[1] * 1000, "--window", (length_s[1] + 60) * 1000, "--barge", 1500, "--barge-every", barge_every, *options)
            time.sleep(1)
            self.after = world.scrape()
        finally:
            world.stop_server()
            world.stop(providers)
        self.stats = json.loads(stats.read_text())

    def made(self, name):
        return counter(self.after, name) - counter(self.before, name)

    def ours(self, name, share=0.95):
        return quantile(self.before, self.after, name, share)

    def vendor(self, name, share="p95"):
        return self.stats[name][share]

    @property
    def stream(self):
        return self.data["stream"]


def ms(value):
    return f"{value:.0f} ms"


def percent(value):
    return f"{100 * value:.3f} %"


def share(part, whole):
    return part / whole if whole else 0.0


def near(ours, theirs, width):
    return abs(ours - theirs) <= width


def quantile_row(what, goal, ours, theirs, who):
    return (what, f"< {goal} ms" if goal else "–", ours or "–", f"{ms(theirs)} ({who})",
            ours is not None and (not goal or ours.ms < goal), ours is not None and ours.agrees(theirs))


def judge(run):
    """Rows: what, goal, as our metrics have it, as the other side has it, both good, and whether they agree."""
    data, stream = run.data, run.stream
    out = run.made("moonline_frames_out_total")
    dropped, missed = share(run.made("moonline_frames_dropped_total"), out), share(out - stream["frames_in"], out)
    barges = run.made("moonline_barge_ins_total")
    done = share(data["barges_done"], data["barges"])
    sent = stream["frames_out"] - data["line"]["dropped"] + data["line"]["duplicated"]
    heard = run.made("moonline_frames_in_total")
    turns = run.made("moonline_turns_total")
    return [
        quantile_row("first partial, p95", GOALS["partial"], run.ours("moonline_stt_partial_seconds"), run.vendor("partial") + ONSET_MS,
                     "stand-in, with the voice's onset"),
        quantile_row("first audio of synthesis, p95", GOALS["audio"], run.ours("moonline_tts_first_audio_seconds"), run.vendor("audio"),
                     "stand-in"),
        quantile_row("response, p95", None, run.ours("moonline_turn_response_seconds"), data["response_ms"]["p95"], "callers"),
        ("frames to callers that were dropped", f"< {percent(GOALS['drop'])}", percent(dropped), f"{percent(missed)} (did not reach a caller)",
         max(dropped, missed) < GOALS["drop"], abs(dropped - missed) < 0.001),
        ("interruptions that took effect", f"> {100 * GOALS['barge']:.0f} %", f"{barges} turns interrupted",
         f"{100 * done:.1f} % of {data['barges']} (callers)", done > GOALS["barge"], near(barges, data["barges_done"], 0.05 * data["barges"] + 1)),
        # the last frame of a call comes with its end
        ("frames from callers", "–", heard, f"{sent} (sent)", True, 0 <= sent - heard <= data["calls"]),
        ("turns", "–", turns, f"{data['asked']} (asked)", True, near(turns, data["asked"], 0.02 * data["asked"] + 1)),
        ("calls", "all", run.made("moonline_calls_started_total"), f"{data['completed']}/{data['calls']} completed (callers)",
         data["completed"] == data["calls"], run.made("moonline_calls_started_total") == data["calls"]),
    ]


SOAK_HEAD = ["what", "goal", "our metrics", "the other side", "reached", "agree"]


def soak_rows(run):
    return [[what, goal, ours, theirs, "yes" if good else "NO", "yes" if agree else "NO"]
            for what, goal, ours, theirs, good, agree in judge(run)]


# ---- a bad line ----

LINES = {
    "good": (),
    "2 % never come": ("--drop", 20),
    "2 % come twice": ("--duplicate", 20),
    "2 % out of order": ("--reorder", 20),
    "5 % late by up to 120 ms": ("--jitter", 120),
    "silence of 400 ms, then all at once": ("--stall", 400),
    "all of it": ("--drop", 10, "--duplicate", 10, "--reorder", 10, "--jitter", 120, "--stall", 400),
}
COUNTERS = {"lost": "moonline_frames_lost_total", "concealed": "moonline_frames_concealed_total",
            "late": "moonline_jitter_late_total", "twice": "moonline_jitter_duplicate_total",
            "out of order": "moonline_jitter_reordered_total", "skipped": "moonline_jitter_skipped_total",
            "resyncs": "moonline_jitter_resyncs_total", "false alarms": "moonline_false_alarms_total"}
LINE_HEAD = ["line", "calls completed", "turns answered", "done to it: dropped / twice / order / late / stalls",
             *COUNTERS, "underruns", "interruptions, %"]


def line_row(name, run):
    data, line = run.data, run.data["line"]
    return [name, f"{data['completed']}/{data['calls']}", f"{data['answered']}/{data['asked']}",
            " / ".join(str(line[key]) for key in ("dropped", "duplicated", "reordered", "late", "stalls")),
            *(run.made(metric) for metric in COUNTERS.values()), run.stream["underruns"],
            f"{100 * share(data['barges_done'], data['barges']):.0f}"]
