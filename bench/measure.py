#!/usr/bin/env python3
"""The whole measurement: the server beside two bare echoes in one run, then the curve, as tables.

    measure.py verify             the generator against an agent of known timing
    measure.py compare [options]  CPU of a call-second: epoll echo, libwebsockets echo, server, in turn
    measure.py curve [options]    more and more calls until something gives
    measure.py tls [options]      calls through nginx with deploy/nginx.conf, by TLS
    measure.py overload [options] 1.3 times the calls that hold: who is turned away, and what the others hear
    measure.py barge [options]    every reply interrupted: onset of speech to `clear`
    measure.py vendors [options]  how soon a vendor's first partial and first audio are with a call
    measure.py soak [options]     a hundred calls of some minutes: our metrics beside what callers and vendors saw
    measure.py line [options]     the same with frames lost, twice, out of order, late and in bursts
    measure.py watch [options]    what spans and captures cost: without, with each, with both, in turn
    measure.py reload [options]   every tenant reloaded each second under 300 calls; a thousand reloads in a row
    measure.py profile [options]  where the server's CPU goes, by perf
    measure.py all [options]      all but the profile (what `make bench` runs)"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import profile_server
import reloads
import soak as soaking
import world as bench
from front import Front
from world import BUILD, EXPECTED_MS, OTHER_CORE, SERVER_CORE, World, counter, on_core, quantile_ms

OWN = "moonline_turn_own_delay_seconds"
LATE_ANSWER_MS = 50
SETTLE_MS = 8000  # greetings are over, turns are spread
TURNED_AWAY = "webhook answered 200 without a stream"  # as the generator calls it
OVERLOAD = 1.3
ADMISSION = {"MOONLINE_ADMIT_LATE_PERCENT": "10", "MOONLINE_ADMIT_LATE_MS": "10"}


def middle(values, digits=2):
    """Median and spread."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


tables = []


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    tables.append("\n".join(lines))
    print("\n" + tables[-1] + "\n", flush=True)


def where():
    """What the numbers were read on."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=bench.SOURCE, capture_output=True, text=True).stdout
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return f"{time.strftime('%Y-%m-%d %H:%M')}, commit {commit.strip() or '?'}, {model}, Linux {os.uname().release}"


def retried(measure, tries):
    """A run that measured the machine instead of the server is repeated; the last one counts with a flag."""
    for number in range(tries):
        result = measure()
        if result["valid"]:
            break
        print(f"  not valid: {result['why_invalid']}" + ("; again" if number + 1 < tries else ""), flush=True)
    return result


# ---- one run each ----

def run_echo(world, kind, options):
    child, port = world.start_with_port(on_core(SERVER_CORE, BUILD / "bench/bench_echo", kind, is_measured=True), "echo.log")
    try:
        return world.generate(port, child, "--echo", "--calls", options.calls, "--ramp", options.ramp, "--settle", 2000,
                              "--window", options.window * 1000)
    finally:
        world.stop(child)


def run_server(world, calls, options, stt="pcm", is_tls=False, look=None, more=(), env=None):
    port = world.start_server(OPENAI_STT_FORMAT=stt, **(env or {}))
    front = Front(world, port) if is_tls else None
    time.sleep(1)
    try:
        result = world.generate(front.port if front else port, world.server, "--calls", calls, "--ramp", options.ramp,
                                "--settle", SETTLE_MS, "--window", options.window * 1000, "--expected", EXPECTED_MS,
                                *(front.options() if front else ()), *more, at_window=look or world.scrape)
    finally:
        if front:
            front.close()
        world.stop_server()
    before, after = (result["looks"] + ["", ""])[:2]
    result["own_ms"] = {share: quantile_ms(before, after, OWN, share / 100) for share in (50, 95, 99)}
    result["server_late"] = counter(after, "moonline_frames_late_total") - counter(before, "moonline_frames_late_total")
    return result


# ---- what is printed of them ----

def cpu(result):
    return result["machine"]["cpu_ms_per_call_second"]


def describe(name, result):
    machine, stream = result["machine"], result["stream"]
    print(f"  {name}: {result['completed']}/{result['calls']} calls, {cpu(result):.3f} ms a call-second, core "
          f"{machine['server_core']:.2f}; generator {machine['generator_core']:.2f}, helpers {machine['helpers_core']:.2f}, "
          f"others {machine['others_core']:.2f}, own lateness p99 {result['send_late_ms']['p99']:.1f} ms; "
          f"late {100 * stream['late_share']:.3f} %, underruns {stream['underruns']}", flush=True)


def added(result, share):
    return result["response_ms"][share] - EXPECTED_MS


def bound(value):
    return "–" if value is None else f"≤ {value:g}"


def server_row(name, result):
    stream, machine = result["stream"], result["machine"]
    own = result["own_ms"]
    return [name, f"{result['completed']}/{result['calls']}", f"{result['answered']}/{result['asked']}",
            f"{cpu(result):.2f}", f"{machine['server_core']:.2f}", f"{100 * result['agent_share']:.0f}",
            f"{100 * stream['late_share']:.3f}", f"{100 * stream['off_pace_share']:.3f}", stream["underruns"],
            stream["odd_frames"], f"{added(result, 'p50'):.0f} / {added(result, 'p95'):.0f} / {added(result, 'p99'):.0f}",
            f"{bound(own[50])} / {bound(own[95])} / {bound(own[99])}", f"{machine['rss_per_call_kib']:.0f}",
            f"{machine['generator_core']:.2f} + {machine['helpers_core']:.2f}",
            "yes" if result["valid"] else result["why_invalid"]]


SERVER_HEAD = ["calls", "completed", "turns answered", "ms CPU a call-second", "core", "agent talks, %", "late > 5 ms, %", "off pace > 5 ms, %",
               "underruns", "odd frames", "response − expected p50 / p95 / p99 ms", "own delay p50 / p95 / p99 ms",
               "KiB a call", "generator + helpers, cores", "valid"]


# ---- the three parts ----

def verify(_):
    return subprocess.run([sys.executable, bench.SOURCE / "bench/verify.py"]).returncode


def compare(options):
    world = open_world()
    runs = {"epoll": [], "lws": [], "server": []}
    try:
        for number in range(options.runs):
            for kind in runs:
                print(f"run {number + 1}, {kind}, {options.calls} calls", flush=True)
                measure = ((lambda: run_server(world, options.calls, options)) if kind == "server"
                           else (lambda kind=kind: run_echo(world, kind, options)))
                result = retried(measure, options.tries)
                describe(kind, result)
                runs[kind].append(result)
        print(f"pcmu, {options.calls} calls", flush=True)
        pcmu = retried(lambda: run_server(world, options.calls, options, "pcmu"), options.tries)
    finally:
        world.close()
    base = [cpu(result) for result in runs["lws"]]
    names = {"epoll": "bare epoll echo", "lws": "bare libwebsockets echo", "server": "moonline, STT as 24 kHz PCM"}
    rows = [[names[kind], middle([cpu(r) for r in results]),
             middle([cpu(r) / b for r, b in zip(results, base)]), sum(r["valid"] for r in results)]
            for kind, results in runs.items()]
    rows.append(["moonline, STT as pcmu", f"{cpu(pcmu):.2f}", f"{cpu(pcmu) / statistics.median(base):.2f}", int(pcmu["valid"])])
    table([f"{options.calls} calls", "ms CPU a call-second: median (spread)", "against libwebsockets", "valid runs"], rows)
    named = list(zip([f"{options.calls}"] * options.runs + [f"{options.calls} pcmu"], runs["server"] + [pcmu]))
    table(SERVER_HEAD, [server_row(name, result) for name, result in named])
    keep(options, "compare", {**runs, "pcmu": [pcmu]})
    return 0


def curve(options):
    world = open_world()
    results = []
    try:
        for calls in options.curve:
            print(f"curve, {calls} calls", flush=True)
            result = retried(lambda calls=calls: run_server(world, calls, options), options.tries)
            describe("server", result)
            results.append(result)
            if result["machine"]["server_core"] > 0.97 and result["completed"] < calls:
                break
    finally:
        world.close()
    table(SERVER_HEAD, [server_row(result["calls"], result) for result in results])
    for result in results:
        print(f"  {result['calls']} calls: {what_stops(result)}")
    keep(options, "curve", {"curve": results})
    return 0


def tls(options):
    world = open_world()
    try:
        print(f"tls, {options.tls_calls} calls", flush=True)
        result = retried(lambda: run_server(world, options.tls_calls, options, is_tls=True), options.tries)
        describe("server", result)
    finally:
        world.close()
    table(SERVER_HEAD, [server_row(f"{options.tls_calls} through nginx, TLS", result)])
    for call in result["each"]:
        if not call["completed"]:
            print(f"  {call['call_sid']}: {call['why']}")
    keep(options, "tls", {"tls": [result]})
    return 0 if result["completed"] == options.tls_calls else 1


def is_clean(result):
    stream = result["stream"]
    return result["completed"] == result["calls"] and not stream["underruns"] and stream["late_share"] < 0.001


def calls_that_hold(options):
    """As told, or the most that the last curve carried without a late frame in a thousand."""
    path = pathlib.Path(options.out) / "curve.json"
    if options.holds or not path.exists():
        return options.holds or 500
    return max([run["calls"] for run in json.loads(path.read_text())["curve"] if is_clean(run)], default=50)


def refusals(text, reason):
    return counter(text, f'moonline_calls_refused_total{{reason="{reason}"}}')


def admission():
    """The defaults of the server, or what the environment says."""
    return {name: os.environ.get(name, default) for name, default in ADMISSION.items()}


def overload(options):
    calls = int(OVERLOAD * calls_that_hold(options))
    world = open_world()
    try:
        print(f"overload, {calls} calls where {calls_that_hold(options)} hold", flush=True)
        result = retried(lambda: run_server(world, calls, options, env=admission()), options.tries)
        describe("server", result)
    finally:
        world.close()
    stream, own, after = result["stream"], result["own_ms"], (result["looks"] or [""])[-1]
    refused = sum(call["why"] == TURNED_AWAY for call in result["each"])
    let_in = calls - refused
    table(["calls", "refused (late / full)", "let in", "of them completed", "turns answered", "late > 5 ms, %", "underruns",
           "response − expected p50 / p95 / p99 ms", "own delay p50 / p95 / p99 ms", "core", "valid"],
          [[calls, f"{refused} ({refusals(after, 'late')} / {refusals(after, 'full')})", let_in,
            f"{result['completed']}/{let_in}", f"{result['answered']}/{result['asked']}",
            f"{100 * stream['late_share']:.3f}", stream["underruns"],
            f"{added(result, 'p50'):.0f} / {added(result, 'p95'):.0f} / {added(result, 'p99'):.0f}",
            f"{bound(own[50])} / {bound(own[95])} / {bound(own[99])}", f"{result['machine']['server_core']:.2f}",
            "yes" if result["valid"] else result["why_invalid"]]])
    keep(options, "overload", {"overload": [result]})
    return 0


def barge(options):
    world = open_world()
    try:
        print("barge-in, 20 calls", flush=True)
        result = retried(lambda: run_server(world, 20, options, more=("--barge", 1500)), options.tries)
        describe("server", result)
    finally:
        world.close()
    ms = result["barge_ms"]
    table(["interruptions", "cleared, %", "onset of speech to clear, ms: p50 / p95 / max", "valid"],
          [[result["barges"], f"{100 * result['barges_done'] / max(result['barges'], 1):.0f}",
            f"{ms['p50']:.0f} / {ms['p95']:.0f} / {ms['max']:.0f}", "yes" if result["valid"] else result["why_invalid"]]])
    keep(options, "barge", {"barge": [result]})
    return 0


VENDORS = [("onset of speech to first partial", "moonline_stt_partial_seconds", 0),
           ("commit to final", "moonline_stt_final_seconds", 100),
           ("request to first token", "moonline_llm_first_token_seconds", 150),
           ("first text to first audio", "moonline_tts_first_audio_seconds", 80)]


def vendors(options):
    """With a partial for each append, so that no delay of the stand-in hides ours. Histograms know bounds only."""
    world = open_world("--partial", 1)
    try:
        print(f"vendors, {options.vendor_calls} calls", flush=True)
        result = retried(lambda: run_server(world, options.vendor_calls, options), options.tries)
        describe("server", result)
    finally:
        world.close()
    before, after = (result["looks"] + ["", ""])[:2]
    table([f"{options.vendor_calls} calls", "of it configured, ms", "p50, ms", "p95, ms", "p99, ms"],
          [[what, configured, *(bound(quantile_ms(before, after, name, share)) for share in (0.5, 0.95, 0.99))]
           for what, name, configured in VENDORS])
    keep(options, "vendors", {"vendors": [result]})
    return 0


def run_reloads(world, scripts, options, is_saved):
    saver = reloads.Saver(scripts, world) if is_saved else None
    try:
        return run_server(world, options.reload_calls, options, look=reloads.Looks(world, saver), env={"MOONLINE_SCRIPTS": str(scripts)},
                          more=("--to", f"+{reloads.FIRST_NUMBER}", "--spread", reloads.TENANTS)), saver
    finally:
        if saver:
            saver.stop()


def memory_row(world, scripts, options):
    world.start_server(MOONLINE_SCRIPTS=str(scripts))
    try:
        samples, waits, text = reloads.in_a_row(world, scripts, options.reloads)
    finally:
        world.stop_server()
    later = [kib for number, kib in samples if number >= options.reloads // 2]
    waits.sort()
    return [options.reloads, f"{samples[0][1] / 1024:.1f}", f"{later[0] / 1024:.1f}", f"{min(later) / 1024:.1f}–{max(later) / 1024:.1f}",
            f"{100 * (max(later) - min(later)) / later[0]:.1f}", counter(text, reloads.VMS),
            f"{1000 * statistics.median(waits):.0f} / {1000 * waits[len(waits) * 99 // 100]:.0f}"]


def reload(options):
    world = open_world()
    rows = []
    options.window = options.reload_seconds
    try:
        scripts = reloads.make_scripts(world.dir)
        for number in range(options.reload_runs):
            for is_saved in (False, True):
                name = "saved each second" if is_saved else "in peace"
                print(f"reload, run {number + 1}, {options.reload_calls} calls of {reloads.TENANTS} tenants, {name}", flush=True)
                result, saver = run_reloads(world, scripts, options, is_saved)
                describe("server", result)
                before, after = (result["looks"] + ["", ""])[:2]
                made = counter(after, reloads.APPLIED) - counter(before, reloads.APPLIED)
                if saver:
                    print("  resident, MiB, each ten seconds: " + ", ".join(f"{mib:.1f}" for mib in saver.resident[::10]), flush=True)
                rows.append((result, [f"{name}: {saver.saves if saver else 0} saves, {made} reloads"]))
        print(f"reload, {options.reloads} in a row", flush=True)
        memory = memory_row(world, scripts, options)
    finally:
        world.close()
    table(SERVER_HEAD, [server_row(names[0], result) for result, names in rows])
    table(["reloads in a row", "MiB before", "MiB half way", "MiB since then", "spread, %", "VMs", "save to live, ms: p50 / p99"], [memory])
    keep(options, "reload", {"reload": [result for result, _ in rows]})
    return 0


def profile(options):
    world = open_world()
    try:
        print(f"profile, {options.calls} calls", flush=True)
        record = profile_server.Record(world, options.window)
        result = run_server(world, options.calls, options, look=record.look)
        describe("server", result)
        record.show()
    finally:
        world.close()
    return 0


def soaked(world, options, length_s, more=()):
    run = soaking.Run(world, options.soak_calls, length_s, more)
    result = run.data
    if not result["valid"]:
        print(f"  not valid: {result['why_invalid']}", flush=True)
    return run


def soak(options):
    world = open_world(has_providers=False)
    try:
        print(f"soak, {options.soak_calls} calls of {options.soak_from} to {options.soak_to} s", flush=True)
        run = soaked(world, options, (options.soak_from, options.soak_to))
    finally:
        world.close()
    describe("server", run.data)
    table(soaking.SOAK_HEAD, soaking.soak_rows(run))
    for call in run.data["each"]:
        if not call["completed"]:
            print(f"  {call['call_sid']}: {call['why']}")
    keep(options, "soak", {"soak": [run.data], "vendors": run.stats})
    return 0 if all(good and agree for *_, good, agree in soaking.judge(run)) else 1


def line(options):
    world = open_world(has_providers=False)
    rows, is_whole = [], True
    try:
        for name, faults in soaking.LINES.items():
            print(f"line, {name}", flush=True)
            run = soaked(world, options, (20, 40), faults)
            is_whole = is_whole and run.data["completed"] == run.data["calls"]
            rows.append(soaking.line_row(name, run))
    finally:
        world.close()
    table(soaking.LINE_HEAD, rows)
    return 0 if is_whole else 1


WATCHED = {"neither": (False, False), "spans": (True, False), "captures": (False, True), "both": (True, True)}


def watch(options):
    world = open_world()
    runs = {name: [] for name in options.watched}
    try:
        collector, captured = world.start_collector(), world.captured_scripts()
        for number in range(options.runs):
            for name in options.watched:
                has_spans, has_captures = WATCHED[name]
                print(f"watch, run {number + 1}, {options.calls} calls, {name}", flush=True)
                env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector if has_spans else "",
                       "MOONLINE_SCRIPTS": str(captured if has_captures else bench.SOURCE / "scripts")}
                result = retried(lambda env=env: run_server(world, options.calls, options, env=env), options.tries)
                describe(name, result)
                runs[name].append(result)
    finally:
        world.close()
    base = [cpu(result) for result in runs["neither"]]
    table([f"{options.calls} calls", "ms CPU a call-second: median (spread)", "against neither", "late > 5 ms, %", "frame lateness p99, ms",
           "response − expected p50 / p95 / p99 ms", "underruns", "valid runs"],
          [[name, middle([cpu(r) for r in results]), middle([cpu(r) / b for r, b in zip(results, base)]),
            middle([100 * r["stream"]["late_share"] for r in results], 3), middle([r["stream"]["late_ms"]["p99"] for r in results]),
            " / ".join(f"{statistics.median(added(r, share) for r in results):.0f}" for share in ("p50", "p95", "p99")),
            sum(r["stream"]["underruns"] for r in results), sum(r["valid"] for r in results)]
           for name, results in runs.items()])
    keep(options, "watch", runs)
    return 0


def what_stops(result):
    """In order of what hides the rest."""
    machine, stream = result["machine"], result["stream"]
    if not result["valid"]:
        return f"not a result: {result['why_invalid']}"
    if machine["server_core"] > 0.95:
        return "the server's core is used up"
    failed = [call["why"] for call in result["each"] if not call["completed"]]
    if failed:
        return f"{len(failed)} calls failed: {max(set(failed), key=failed.count)}"
    if stream["underruns"] or stream["late_share"] >= 0.001:
        return f"{stream['underruns']} underruns, {100 * stream['late_share']:.2f} % late"
    if added(result, "p95") > LATE_ANSWER_MS:
        return f"answers come late: p95 {added(result, 'p95'):.0f} ms of our own"
    return "nothing yet"


def keep(options, name, data):
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1))
    (folder / "tables.md").write_text(where() + "\n\n" + "\n\n".join(tables) + "\n")


def open_world(*providers, has_providers=True):
    """`has_providers` false: each run starts stand-ins of its own, whose account it reads."""
    world = World()
    try:
        if has_providers:
            world.start_providers(*providers)
        world.start_postgres()
        world.start_spinners()
    except BaseException:
        world.close()
        raise
    return world


def everything(options):
    return (verify(options) or compare(options) or curve(options) or tls(options) or overload(options) or barge(options)
            or vendors(options) or reload(options) or soak(options) or line(options)
            or watch(options))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["verify", "compare", "curve", "tls", "overload", "barge", "vendors", "reload", "soak", "line", "watch",
                                         "profile", "all"])
    parser.add_argument("--calls", type=int, default=500, help="of the comparison")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--window", type=int, default=15, help="seconds measured in each run")
    parser.add_argument("--ramp", type=int, default=100, help="calls begun a second")
    parser.add_argument("--tries", type=int, default=2, help="of a run that is not valid")
    parser.add_argument("--curve", type=lambda text: [int(part) for part in text.split(",")],
                        default=[50, 100, 250, 500, 800, 1000])
    parser.add_argument("--tls-calls", type=int, default=50)
    parser.add_argument("--vendor-calls", type=int, default=100)
    parser.add_argument("--reload-calls", type=int, default=300)
    parser.add_argument("--reload-seconds", type=int, default=60, help="measured in each run of `reload`")
    parser.add_argument("--reload-runs", type=int, default=2, help="with and without reloads, in turn")
    parser.add_argument("--reloads", type=int, default=reloads.IN_A_ROW, help="in a row")
    parser.add_argument("--watched", type=lambda text: text.split(","), default=list(WATCHED), help="of `watch`: neither,spans,captures,both")
    parser.add_argument("--soak-calls", type=int, default=100)
    parser.add_argument("--soak-from", type=int, default=30, help="seconds of the shortest call; `make soak` has 60")
    parser.add_argument("--soak-to", type=int, default=90, help="and of the longest: 180")
    parser.add_argument("--holds", type=int, default=0, help="calls that hold, for overload (default: as the last curve says, else 500)")
    parser.add_argument("--out", default=bench.SOURCE / "var/bench", help="folder for results and tables (var/bench)")
    options = parser.parse_args()
    if not (BUILD / "bench/bench_calls").exists():
        raise SystemExit(f"bench: {BUILD}/bench has no programs: run `make bench`, or set MOONLINE_BUILD")
    print(where(), flush=True)
    parts = {"verify": verify, "compare": compare, "curve": curve, "tls": tls, "overload": overload,
             "barge": barge, "vendors": vendors, "reload": reload, "soak": soak, "line": line, "watch": watch, "profile": profile, "all": everything}
    sys.exit(parts[options.part](options))


if __name__ == "__main__":
    main()
