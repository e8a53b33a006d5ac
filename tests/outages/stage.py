"""What a run needs around it: Postgres, a vendor that fails and one that stays well, and three servers at once, of which one
has a failing vendor for hearing, one for thinking and one for speaking."""

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import sys
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
from world import BUILD, Process, World, free_port  # noqa: E402
from words import MISHEARD, Vocabulary, WORD_MS  # noqa: E402
from callers import Question  # noqa: E402

NUMBER = "+15550100002"
SLOTS = ("hear", "think", "speak")
SERVICES = {"hear": "stt", "think": "llm", "speak": "tts"}
SIGNS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "net.left_open")
# No two of these sentences share a word, so that a word tells which of them it belongs to.
LINES = (
    ("01-hours", "what are your hours on saturday", "Saturday we open at nine, closing around one."),
    ("06-number", "my number is 555 012 3479", "Noted, those ten digits reached our notebook."),
    ("02-book", "i'd like to book a checkup", "Checkups take thirty minutes; Tuesday suits best."),
)
GREETING = "Hello, this is the front desk speaking."
AGENT = f"""return {{
    name = "The line",
    numbers = {{ "{NUMBER}" }},
    greeting = "{GREETING}",
    goodbye = "Farewell then.",
    still_there = "Anybody there?",
    resume_greeting = "Back again with you.",
    failure_text = "Sorry, later please.",
    filler = {{ kind = "phrase", after_ms = 800, phrases = {{ "Let me have a look.", "Bear with me." }} }},
    tools = {{ {{
        name = "note", description = "Notes something.",
        parameters = {{ type = "object", properties = {{ what = {{ type = "string" }} }}, required = {{ "what" }} }},
        run = function(call, args) return {{ noted = args.what }} end,
    }} }},
    prompt = function(call) return "You answer the telephone." end,
}}
"""
SPOKEN = [GREETING, "Farewell then.", "Anybody there?", "Back again with you.", "Sorry, later please.", "Let me have a look.",
          "Bear with me.", MISHEARD, *(answer for _, _, answer in LINES)]
DRIVERS = {
    "hear": {"driver": "openai_realtime", "model": "gpt-4o-transcribe", "send_ulaw": True},
    "think": {"driver": "openai_chat", "model": "gpt-4.1-mini"},
    "speak": {"driver": "elevenlabs", "model": "eleven_flash_v2_5", "voice": "sandboxvoice00000001"},
}


class Vendor:
    """A sandbox under a test's hand."""

    def __init__(self, stage, name, *options):
        self.listen, self.control_url = f"127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        self.url = ("https://" if "--tls" in options else "http://") + self.listen.replace("127.0.0.1", "localhost")
        self.process = Process([BUILD / "moonline", "sandbox", "--no-ears", "--listen", self.listen, "--control",
                                self.control_url.removeprefix("http://"), *options], stage.env(), stage.dir / f"{name}.log")
        stage.wait_for(self.process, self.control_url + "/state")

    def control(self, path, body=None, method="POST"):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.control_url + path, data, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())

    def rehearse(self, replies=()):
        """Learns what callers say and what they are answered. `replies` go before the usual ones."""
        self.control("/faults", method="DELETE")
        self.control("/state", method="DELETE")
        self.control("/speech", {"word_ms": WORD_MS})
        self.control("/transcripts", {"by_audio": [
            {"text": text, "mulaw": base64.b64encode(recording(name)).decode()} for name, text, _ in LINES]})
        usual = [{"when": text, "text": answer} for _, text, answer in LINES]
        self.control("/replies", {"replies": [*replies, *usual, {"repeat": True, "text": MISHEARD}]})

    def fail(self, service, fault, now=False):
        self.control("/faults", {"service": service, **fault, **({"now": True} if now else {})})


def recording(name):
    return (SOURCE / "tests" / "golden" / f"{name}.ulaw").read_bytes()


class Server:
    """One server, whose `slot` asks the vendor that fails."""

    def __init__(self, stage, slot, failing_url, has_second, command=()):
        self.slot, self.listen, self.admin = slot, f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.stage = stage
        folder = stage.dir / f"server-{slot}"
        folder.mkdir(exist_ok=True)
        providers = folder / "providers.json"
        providers.write_text(json.dumps({"providers": list(self.providers(failing_url, has_second))}))
        env = stage.env(MOONLINE_LISTEN=self.listen, MOONLINE_ADMIN_LISTEN=self.admin, MOONLINE_DATA=str(folder),
                        MOONLINE_PROVIDERS=str(providers), MOONLINE_WORKERS="1", MOONLINE_MAX_CALLS="400")
        self.log = folder / "server.log"
        self.log.unlink(missing_ok=True)
        self.process = Process([*command, str(BUILD / "moonline"), "serve"], env, self.log)
        stage.wait_for(self.process, f"http://{self.admin}/healthz")
        self.before = self.look()
        self.worst_lag_s = 0.0

    def providers(self, failing_url, has_second):
        for slot in SLOTS:
            if slot == self.slot:
                yield self.entry(slot, "failing", failing_url)
            if slot != self.slot or has_second:
                yield self.entry(slot, "well", self.stage.well.url)

    @staticmethod
    def entry(slot, name, url):
        return {"name": name, "base_url": url, "key_env": "OPENAI_API_KEY", **DRIVERS[slot]}

    def metrics(self, timeout=5):
        with urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=timeout) as answer:
            return answer.read().decode()

    def note_lag(self):
        with contextlib.suppress(OSError):  # of a process that died, or is too busy to tell: that shows otherwise
            lags = re.findall(r'^moonline_loop_lag_seconds{thread="\d+"} (\S+)$', self.metrics(timeout=0.1), re.M)
            self.worst_lag_s = max(self.worst_lag_s, *map(float, lags))

    def metric(self, name, text=None):
        rows = [line.split() for line in (text or self.metrics()).splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(float(row[1]) for row in rows)

    def look(self):
        pid = self.process.child.pid
        resident = pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]
        return {"fds": len(os.listdir(f"/proc/{pid}/fd")), "mib": int(resident) * 4096 / 2**20}

    def close(self):
        """What is wrong with how it ended, '' when nothing is."""
        status = self.process.stop()
        text = self.process.text()
        for sign in SIGNS:
            if sign in text:
                kept = self.log.with_suffix(f".{self.slot}.bad.log")
                shutil.copy(self.log, kept)
                return f"{sign} ({text[text.index(sign):][:120]!r})"
        return "" if status == 0 else f"the server ended with {status}"


class Stage(World):
    def __init__(self):
        super().__init__()
        shutil.rmtree(self.scripts / "tenants")
        (self.scripts / "tenants" / "line").mkdir(parents=True)
        (self.scripts / "tenants" / "line" / "agent.lua").write_text(AGENT)
        self.vocabulary = Vocabulary(SPOKEN)
        self.questions = [Question(text, recording(name), answer) for name, text, answer in LINES]
        self.vendors = []
        self.usual_mib = None  # what a server grows by when its calls go well
        try:
            self.migrate()
            for name in ("well", "failing"):
                self.vendors.append(Vendor(self, name))
            self.well, self.failing = self.vendors
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def vendor(self, name, *options):
        """One more, for a while."""
        vendor = Vendor(self, name, *options)
        try:
            vendor.rehearse()
            yield vendor
        finally:
            vendor.process.stop()

    def close(self):
        for vendor in self.vendors:
            vendor.process.stop()
        super().close()


@contextlib.contextmanager
def silent_name_server(folder):
    """A name server that hears questions and never answers, as a command before the server's; None where that takes rights
    we do not have."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        try:
            deaf.bind(("127.0.0.77", 53))
        except OSError:
            yield None
            return
        names = folder / "resolv.conf"
        names.write_text("nameserver 127.0.0.77\n")
        yield ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(names)]
