"""What a measurement needs around the server: a private Postgres and the vendors' stand-ins on one core, the server
alone on another, spinners that keep both awake, and the generator that reports. See docs/performance.md."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("MOONLINE_BUILD", SOURCE / "build"))
TOKEN = "0123456789abcdef0123456789abcdef"
SERVER_CORE = int(os.environ.get("BENCH_SERVER_CORE", "0"))
OTHER_CORE = int(os.environ.get("BENCH_OTHER_CORE", "1"))
# What a response holds besides our own work, with the delays that bench_providers has by itself. The model may begin when
# the words are final (200 ms of silence, 100 ms of speech-to-text) and takes 150 ms; the turn is certain after the tenant's
# 500 ms of silence; then the first audio takes 80 ms.
EXPECTED_MS = max(500, 200 + 100 + 150) + 80


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# On a machine that others use: what is measured goes before everything else. Not for results.
IS_REALTIME = os.environ.get("BENCH_REALTIME") == "1"


def on_core(core, *arguments, is_measured=False):
    first = ["chrt", "-f", "1"] if IS_REALTIME and is_measured else []
    if os.cpu_count() >= 2:
        first += ["taskset", "-c", str(core)]
    return [*first, *map(str, arguments)]


class World:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="moonline-bench-"))
        self.children = []
        self.helpers = []
        self.server = None
        self.database_url = None
        self.providers_port = None

    def close(self):
        for child in reversed(self.children):
            self.stop(child)
        if self.database_url:
            subprocess.run([SOURCE / "deploy/private-postgres.sh", "remove", self.dir / "postgres"],
                           check=False, capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    def stop(self, child, seconds=10):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if child in self.children:
            self.children.remove(child)
        if child.pid in self.helpers:
            self.helpers.remove(child.pid)

    def start(self, arguments, log, **more):
        out = open(self.dir / log, "ab")
        child = subprocess.Popen([str(a) for a in arguments], stdout=more.pop("stdout", out), stderr=out,
                                 cwd=SOURCE, **more)
        self.children.append(child)
        return child

    def start_with_port(self, arguments, log):
        """A program that prints the port it listens on."""
        child = self.start(arguments, log, stdout=subprocess.PIPE, text=True)
        line = child.stdout.readline().strip()
        if not line.isdigit():
            raise SystemExit(f"bench: {arguments} did not start, see {self.dir / log}")
        return child, int(line)

    # ---- parts ----

    def start_spinners(self):
        """A halted virtual CPU pays a price per wake-up that depends on the host: keep both from halting."""
        for core in (SERVER_CORE, OTHER_CORE):
            spin = self.start(on_core(core, "chrt", "-i", "0", "sh", "-c", "while :; do :; done"), "spin.log")
            self.helpers.append(spin.pid)

    def start_postgres(self):
        postgres = [SOURCE / "deploy/private-postgres.sh", "start", "--fast", self.dir / "postgres"]
        self.database_url = subprocess.run(on_core(OTHER_CORE, *postgres), check=True, capture_output=True,
                                           text=True).stdout.strip()
        pids = subprocess.run(["pgrep", "-P", "1", "postgres"], capture_output=True, text=True).stdout.split()
        self.helpers += [int(pid) for pid in pids if str(self.dir) in self.command(pid)] or self.postmaster()
        subprocess.run([BUILD / "moonline", "migrate"], env=self.env(), check=True, capture_output=True, cwd=SOURCE)

    def postmaster(self):
        home = self.dir / "postgres" / "home"
        base = pathlib.Path(home.read_text().strip()) if home.exists() else self.dir / "postgres"
        return [int(path.read_text().split()[0]) for path in base.rglob("postmaster.pid")]

    @staticmethod
    def command(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return ""

    def start_providers(self, *options):
        child, self.providers_port = self.start_with_port(
            on_core(OTHER_CORE, BUILD / "bench/bench_providers", *options, is_measured=True), "providers.log")
        self.helpers.append(child.pid)

    def start_collector(self):
        """Of spans; the URL to send them to."""
        child, port = self.start_with_port(on_core(OTHER_CORE, "python3", SOURCE / "bench/collector.py"), "collector.log")
        self.helpers.append(child.pid)
        return f"http://127.0.0.1:{port}"

    def captured_scripts(self):
        """The tenants' scripts, every call of theirs captured."""
        scripts = self.dir / "captured"
        shutil.copytree(SOURCE / "scripts", scripts)
        for agent in scripts.glob("tenants/*/agent.lua"):
            agent.write_text(re.sub(r"\n    numbers = ", '\n    capture = "on",\n    numbers = ', agent.read_text(), count=1))
        return scripts

    def env(self, **more):
        vendors = f"http://127.0.0.1:{self.providers_port or 9}"
        self.ports = getattr(self, "ports", None) or (free_port(), free_port())
        env = dict(os.environ)
        env.update(
            DATABASE_URL=self.database_url,
            MOONLINE_LISTEN=f"127.0.0.1:{self.ports[0]}",
            MOONLINE_ADMIN_LISTEN=f"127.0.0.1:{self.ports[1]}",
            MOONLINE_PUBLIC_URL="https://voice.example.com",
            MOONLINE_SCRIPTS=str(SOURCE / "scripts"),
            MOONLINE_DATA=str(self.dir / "data"),
            MOONLINE_WORKERS="1",
            MOONLINE_MAX_CALLS="4000",
            MOONLINE_ADMIT_LATE_PERCENT="0",  # what does not hold is to be seen
            MOONLINE_DRAIN_SECONDS="1",
            TWILIO_ACCOUNT_SID="AC00000000000000000000000000000001",
            TWILIO_AUTH_TOKEN=TOKEN,
            TWILIO_API_BASE_URL=vendors,
            OPENAI_BASE_URL=vendors,
            OPENAI_API_KEY="sk-bench",
            ELEVENLABS_BASE_URL=vendors,
            ELEVENLABS_API_KEY="bench",
            ELEVENLABS_VOICE_ID="benchvoice0000000001",
        )
        env.update(more)
        return env

    def start_server(self, **env):
        self.server = self.start(
            on_core(SERVER_CORE, BUILD / "moonline", "serve", is_measured=True), "server.log", env=self.env(**env))
        for _ in range(200):
            try:
                self.scrape("healthz")
                return self.ports[0]
            except OSError:
                if self.server.poll() is not None:
                    raise SystemExit(f"bench: the server ended:\n{(self.dir / 'server.log').read_text()[-2000:]}")
                time.sleep(0.1)
        raise SystemExit("bench: the server did not get ready in 20 s")

    def stop_server(self):
        self.stop(self.server)
        self.server = None

    def scrape(self, path="metrics"):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[1]}/{path}", timeout=5) as answer:
            return answer.read().decode()

    # ---- measuring ----

    def generate(self, port, server, *options, at_window=None):
        """One run of the generator; its result, and what `at_window` gave at the window's two ends."""
        result = self.dir / "result.json"
        result.unlink(missing_ok=True)
        helpers = [part for pid in self.helpers for part in ("--helper-pid", pid)]
        arguments = on_core(OTHER_CORE, BUILD / "bench/bench_calls", "--via", f"127.0.0.1:{port}", "--server-pid",
                            server.pid, "--json", result, *helpers, *options, is_measured=True)
        env = dict(os.environ, TWILIO_AUTH_TOKEN=TOKEN)
        child = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 text=True, env=env)
        looks = []
        for line in child.stderr:
            if "window" in line and at_window:
                looks.append(at_window())
            elif "window" not in line:
                print(line, end="")
        if child.wait() or not result.exists():
            raise SystemExit("bench: the generator failed")
        data = json.loads(result.read_text())
        data["looks"] = looks
        return data


# ---- histograms of /metrics ----

def buckets(text, name):
    found = re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\d+)$', text, re.M)
    return [(float(bound), int(count)) for bound, count in found]


def quantile_ms(before, after, name, share):
    """The upper bound of the bucket that holds the quantile of what came between two scrapes, in ms."""
    then = dict(buckets(before, name))
    rows = [(bound, count - then.get(bound, 0)) for bound, count in buckets(after, name)]
    if not rows or not rows[-1][1]:
        return None
    wanted = share * rows[-1][1]
    return next(bound for bound, count in rows if count >= wanted) * 1000


def counter(text, name):
    found = re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)
    return int(found.group(1)) if found else 0
