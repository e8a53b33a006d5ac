"""The world of an end-to-end test: a private Postgres, the sandbox, the server, and calls. Everything real, on loopback,
on ports that are free; everything stopped at the end, and a process that did not end clean (sanitizers, leaks) fails
the test."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOONLINE_BUILD", SOURCE / "build"))
TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "AC00000000000000000000000000000001"
PUBLIC_URL = "https://voice.example.com"


def free_port():
    """One that nobody has, and that no outgoing connection is given until it is listened at: below those that the system picks
    from. By chance, so that two tests hardly meet."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def get(url, timeout=3):
    """Status and text of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def until(condition, seconds, what):
    """Polls until the condition gives something true, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Process:
    """A child with its output in a file."""

    def __init__(self, arguments, env, log):
        self.log = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(arguments, env=env, stdout=out, stderr=subprocess.STDOUT, cwd=SOURCE)

    def text(self):
        return pathlib.Path(self.log).read_text(errors="replace")

    def events(self, name):
        """The server's log lines of that event."""
        found = []
        for line in self.text().splitlines():
            if f'"event":"{name}"' in line:
                found.append(json.loads(line))
        return found

    def stop(self, seconds=30):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return "did not stop"


class World:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="moonline-e2e-"))
        self.scripts = self.dir / "scripts"
        shutil.copytree(SOURCE / "scripts", self.scripts)
        self.sandbox_url = f"http://127.0.0.1:{free_port()}"
        self.control_url = f"http://127.0.0.1:{free_port()}"
        self.listen = f"127.0.0.1:{free_port()}"
        self.admin = f"127.0.0.1:{free_port()}"
        self.postgres("start", "--fast")
        self.database_url = self.postgres("url").strip()
        self.sandbox = None
        self.server = None

    # ---- parts ----

    def postgres(self, verb, *options):
        arguments = [SOURCE / "deploy" / "private-postgres.sh", verb, *options, self.dir / "postgres"]
        env = {**os.environ, "MOONLINE_POSTGRES_TEMPLATE": str(BUILD / "postgres-template")}
        return subprocess.run(arguments, env=env, check=True, capture_output=True, text=True).stdout

    def env(self, **more):
        env = dict(os.environ)
        env.update(
            DATABASE_URL=self.database_url,
            MOONLINE_LISTEN=self.listen,
            MOONLINE_ADMIN_LISTEN=self.admin,
            MOONLINE_PUBLIC_URL=PUBLIC_URL,
            MOONLINE_SCRIPTS=str(self.scripts),
            MOONLINE_DATA=str(self.dir / "data"),
            MOONLINE_WORKERS="2",
            MOONLINE_DRAIN_SECONDS="1",
            MOONLINE_ADMIT_LATE_PERCENT="0",  # a busy machine must not refuse the calls of a test
            TWILIO_ACCOUNT_SID=ACCOUNT,
            TWILIO_AUTH_TOKEN=TOKEN,
            TWILIO_API_BASE_URL=self.sandbox_url,
            OPENAI_BASE_URL=self.sandbox_url,
            OPENAI_API_KEY="sk-sandbox",
            ELEVENLABS_BASE_URL=self.sandbox_url,
            ELEVENLABS_API_KEY="sandbox",
            ELEVENLABS_VOICE_ID="sandboxvoice00000001",
        )
        env.update({name: value for name, value in more.items() if value is not None})
        for name, value in more.items():
            if value is None:
                env.pop(name, None)
        return env

    def migrate(self):
        subprocess.run([BUILD / "moonline", "migrate"], env=self.env(), check=True, capture_output=True, cwd=SOURCE)

    def start_sandbox(self, *options):
        listen = [part.removeprefix("http://") for part in (self.sandbox_url, self.control_url)]
        self.sandbox = Process(
            [BUILD / "moonline", "sandbox", "--listen", listen[0], "--control", listen[1], *options],
            self.env(), self.dir / "sandbox.log")
        self.wait_for(self.sandbox, self.control_url + "/state")

    def start_server(self, **env):
        self.server = Process([BUILD / "moonline", "serve"], self.env(**env), self.dir / "server.log")
        self.wait_for(self.server, f"http://{self.admin}/healthz")

    def start_process(self, env, admin):
        """Another server on the same database; whoever starts it stops it."""
        process = Process([BUILD / "moonline", "serve"], env, self.dir / "other.log")
        self.wait_for(process, f"http://{admin}/healthz")
        return process

    def wait_for(self, process, url):
        def answers():
            if process.child.poll() is not None:
                raise AssertionError(f"it ended at once:\n{process.text()[-2000:]}")
            with contextlib.suppress(OSError):
                return get(url)[0] < 500
            return False

        until(answers, 30, url)

    def control(self, path, body=None, method="POST"):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.control_url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=3) as answer:
            return answer.read().decode()

    # ---- looking ----

    def admin_json(self, path):
        status, text = get(f"http://{self.admin}{path}")
        return status, json.loads(text)

    def metric(self, name):
        """One with labels by `name{label="value"}`; without them, the sum over all its rows."""
        rows = [line.split() for line in get(f"http://{self.admin}/metrics")[1].splitlines()
                if line.startswith((name + " ", name + "{"))]
        if not rows:
            raise AssertionError(f"no metric {name}")
        return sum(float(row[1]) for row in rows)

    def rows(self, sql):
        result = subprocess.run(["psql", "-X", "-q", "-At", "-F", "|", self.database_url, "-c", sql],
                                capture_output=True, text=True, check=True)
        return [line.split("|") for line in result.stdout.splitlines()]

    def events(self, call_sid, kind=None):
        status, body = self.admin_json(f"/api/calls/{call_sid}/events")
        events = body["events"] if status == 200 else []
        return [event for event in events if kind is None or event["kind"] == kind]

    # ---- calls ----

    def write_scenario(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def call(self, scenario, seconds=150, background=False, to="+15550100002", log="call.log", options=()):
        arguments = [BUILD / "moonline", "call", "--to", to, "--from", "+15550100001", "--via", self.listen,
                     "--admin", self.admin, "--control", self.control_url.removeprefix("http://"),
                     "--out", self.dir / "calls", *options, scenario]
        if background:
            return Process(arguments, self.env(), self.dir / log)
        return subprocess.run(arguments, env=self.env(), capture_output=True, text=True, timeout=seconds, cwd=SOURCE)

    # ---- the end ----

    def close(self):
        endings = {}
        for name, process in (("server", self.server), ("sandbox", self.sandbox)):
            if process:
                endings[name] = (process.stop(), process.text())
        with contextlib.suppress(subprocess.CalledProcessError):
            self.postgres("remove")
        if os.environ.get("MOONLINE_KEEP"):
            print(f"left: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        for name, (status, text) in endings.items():
            for sign in ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "net.left_open"):
                if sign in text:
                    raise AssertionError(f"{name}: {text[text.index(sign) - 200:][:3000]}")
            if status != 0:
                raise AssertionError(f"{name} ended with {status}:\n{text[-2000:]}")


class WorldTest(unittest.TestCase):
    """One world for all tests of a class; sandbox and server run."""

    sandbox_options = ()
    server_env = {}

    @classmethod
    def prepare(cls):
        """What must be arranged before anything starts."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        try:
            cls.prepare()
            cls.world.migrate()
            cls.world.start_sandbox(*cls.sandbox_options)
            cls.world.start_server(**cls.server_env)
        except BaseException:
            cls.world.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close()
