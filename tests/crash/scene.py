"""What a run needs around it: a Postgres that may be killed, the vendors' stand-in, and two servers on one database and one data
folder, each of which is started again on the ports it had."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
for folder in ("e2e", "outages"):
    sys.path.insert(0, str(SOURCE / "tests" / folder))
from world import BUILD, Process, World, free_port, get  # noqa: E402
from words import MISHEARD, Vocabulary  # noqa: E402
from callers import Question  # noqa: E402
from stage import DRIVERS, LINES, NUMBER, SIGNS, SLOTS, Vendor, recording  # noqa: E402

BOOKING = LINES[2][2]
GREETING = "Hello, this is the front desk speaking."
AGAIN = "Back again with you."
NOT_BOOKED = "Unluckily nothing could get reserved."
FAILED = "Sorry, later please."
AGENT = f"""
-- One appointment a person, the first that is free: callers of the same moment race for it.
local function run(call)
    local own = calendar.appointments({{ phone = call.caller }})
    if own and own[1] then return {{ ok = true, outcome = "booked", note = "settled", start = own[1].start }} end
    for _ = 1, 8 do
        local slots, code = calendar.slots({{ service = "checkup", days = 60, limit = 1 }})
        if not slots or not slots[1] then return nil, code or "full", "refused" end
        local booked
        booked, code = calendar.book({{ service = "checkup", start = slots[1].start, name = "Kim Lee",
            phone = call.caller, call_id = call.id }})
        if booked then return {{ ok = true, outcome = "booked", note = "settled", start = booked.start }} end
        if code ~= "taken" then return nil, code, "refused" end
    end
    return nil, "taken", "refused"
end

local day = {{ open = "06:00", close = "22:00" }}
return {{
    name = "The line",
    numbers = {{ "{NUMBER}" }},
    greeting = "{GREETING}",
    goodbye = "Farewell then.",
    still_there = "Anybody there?",
    resume_greeting = "{AGAIN}",
    failure_text = "{FAILED}",
    filler = {{ kind = "phrase", after_ms = 800, phrases = {{ "Let me have a look.", "Bear with me." }} }},
    profile = {{ time_zone = "America/New_York", services = {{ {{ name = "checkup", minutes = 15 }} }}, slot_minutes = 15, hours = {{ monday = day, tuesday = day, wednesday = day, thursday = day,
        friday = day, saturday = day, sunday = day }} }},
    tools = {{ {{
        name = "book", description = "Books the next free time.", timeout_ms = 2500,
        parameters = {{ type = "object", properties = {{ what = {{ type = "string" }} }}, required = {{ "what" }} }},
        run = run,
    }} }},
    prompt = function(call) return "You answer the telephone." end,
}}
"""
SPOKEN = [GREETING, AGAIN, NOT_BOOKED, FAILED, "Farewell then.", "Anybody there?", "Let me have a look.", "Bear with me.",
          MISHEARD, *(answer for _, _, answer in LINES)]


class Server:
    """One of the two. A log for all its lives."""

    def __init__(self, scene, name):
        self.scene, self.name = scene, name
        self.listen, self.admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.log = scene.dir / f"server-{name}.log"
        self.process = None
        self.lives = []   # [started, killed or None], by the callers' clock
        self.deaths = []  # how it ended before it was killed: never, one hopes
        self.start()
        scene.wait_for(self.process, f"http://{self.admin}/healthz")

    def start(self):
        env = self.scene.env(MOONLINE_LISTEN=self.listen, MOONLINE_ADMIN_LISTEN=self.admin, MOONLINE_WORKERS="1",
                             MOONLINE_PROVIDERS=str(self.scene.providers), MOONLINE_MAX_CALLS="400")
        self.lives.append([time.monotonic(), None])
        self.process = Process([str(BUILD / "moonline"), "serve"], env, self.log)

    def kill(self):
        self.lives[-1][1] = time.monotonic()
        if (status := self.process.child.poll()) is not None:
            self.deaths.append(f"{self.name} ended with {status}: {self.process.text()[-2000:]}")
        self.process.child.kill()
        self.process.child.wait()

    def was_killed_at(self, since, until):
        return any(killed and since <= killed <= until for _, killed in self.lives)

    def since_kill(self, moment):
        return moment - max((killed for _, killed in self.lives if killed and killed <= moment), default=float("-inf"))

    def life_began(self, moment):
        """Of the process that ran then."""
        return max(started for started, _ in self.lives if started <= moment)

    def metric(self, name):
        """The sum over its rows; None: it does not tell, or has none."""
        with contextlib.suppress(OSError):
            rows = [row.split() for row in get(f"http://{self.admin}/metrics")[1].splitlines()
                    if row.startswith((name + " ", name + "{"))]
            return sum(float(row[1]) for row in rows) if rows else None
        return None


class Scene(World):
    def __init__(self):
        super().__init__()
        shutil.rmtree(self.scripts / "tenants")
        (self.scripts / "tenants" / "line").mkdir(parents=True)
        (self.scripts / "tenants" / "line" / "agent.lua").write_text(AGENT)
        self.vocabulary = Vocabulary(SPOKEN)
        self.questions = [Question(text, recording(name), answer) for name, text, answer in LINES]
        self.servers, self.vendor = [], None
        try:
            self.migrate()
            self.vendor = Vendor(self, "vendor")
            self.rehearse()
            self.providers = self.dir / "providers.json"
            self.providers.write_text(json.dumps({"providers": [
                {"name": "well", "base_url": self.vendor.url, "key_env": "OPENAI_API_KEY", **DRIVERS[slot]} for slot in SLOTS]}))
            for name in ("a", "b"):
                self.servers.append(Server(self, name))
        except BaseException:
            self.close()
            raise

    def rehearse(self):
        """The usual answers, and a tool where the caller wants an appointment."""
        self.vendor.rehearse([
            {"when": "settled", "text": BOOKING}, {"when": "refused", "text": NOT_BOOKED},
            {"when": LINES[2][1], "tool_calls": [{"name": "book", "arguments": {"what": "a checkup"}}]}])

    # ---- Postgres under a killer's hand ----

    def postgres_pids(self):
        """The postmaster first, then all its children."""
        home = (self.dir / "postgres" / "home").read_text().strip()
        postmaster = pathlib.Path(home, "data", "postmaster.pid").read_text().split()[0]
        children = subprocess.run(["pgrep", "-P", postmaster], capture_output=True, text=True).stdout.split()
        return [int(pid) for pid in (postmaster, *children)]

    def signal_postgres(self, number):
        for pid in self.postgres_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill_postgres(self):
        self.signal_postgres(signal.SIGKILL)

    def start_postgres(self):
        for _ in range(5):
            with contextlib.suppress(subprocess.CalledProcessError):
                self.postgres("start", "--fast")
                return
        raise AssertionError("Postgres does not start again")

    # ---- the end ----

    def events(self, name):
        found = []
        for server in self.servers:
            found += Process.events(server.process, name)
        return found

    def journals(self):
        """An empty one goes with its process."""
        return sorted(path.name for path in (self.dir / "data" / "journal").glob("*.db*"))

    def close(self):
        for server in self.servers:
            server.process.stop()
        if self.vendor:
            self.vendor.process.stop()
        super().close()

    def stop_servers(self):
        """What is wrong with how they ended."""
        wrong = []
        for server in self.servers:
            status = server.process.stop()
            text = server.process.text()
            wrong += [f"{server.name}: {text[text.index(sign):][:200]!r}" for sign in SIGNS if sign in text]
            if status != 0:
                wrong.append(f"{server.name} ended with {status}")
        return wrong
