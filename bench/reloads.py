"""Reloads under load: many tenants whose shared prompt is saved anew each second while their calls talk, beside the same
run in peace; and a thousand saves in a row, for what they leave in memory. See docs/performance.md."""

import pathlib
import re
import shutil
import threading
import time

import world as bench
from world import counter

TENANTS = 20
FIRST_NUMBER = 15550200000
SHARED = "prompts/receptionist.lua"
APPLIED = 'moonline_script_reloads_total{outcome="applied"}'
VMS = "moonline_script_vms"
EVERY_S = 1.0
IN_A_ROW = 1000
ONE_MORE_S = 5  # longest wait for a save to be live


def own_number(slug, number):
    """A tenant's text with its only number replaced."""
    path = bench.SOURCE / "scripts/tenants" / slug / "agent.lua"
    text, count = re.subn(r"numbers = \{[^}]*\}", f'numbers = {{ "+{number}" }}', path.read_text(), count=1)
    if count != 1:
        raise SystemExit(f"bench: {path} has no numbers")
    return text


def make_scripts(folder, tenants=TENANTS):
    """A scripts folder of its own with so many copies of the dentist, from FIRST_NUMBER on."""
    scripts = pathlib.Path(folder) / "scripts"
    shutil.rmtree(scripts, ignore_errors=True)
    shutil.copytree(bench.SOURCE / "scripts", scripts, ignore=shutil.ignore_patterns("tenants"))
    for number in range(tenants):
        tenant = scripts / "tenants" / f"office-{number:02}"
        tenant.mkdir(parents=True)
        (tenant / "agent.lua").write_text(own_number("acme-dental", FIRST_NUMBER + number))
    return scripts


def save(path, text, number):
    """As an editor does: a new file takes the old one's name."""
    beside = path.with_suffix(".new")
    beside.write_text(f"{text}-- save {number}\n")
    beside.rename(path)


class Saver:
    """Saves the shared prompt each second until stopped; `resident` is what the server held meanwhile, in MiB."""

    def __init__(self, scripts, world):
        self.world = world
        self.resident = []
        self.path = scripts / SHARED
        self.text = self.path.read_text()
        self.saves = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.is_over.wait(EVERY_S):
            self.saves += 1
            save(self.path, self.text, self.saves)
            self.resident.append(resident_kib(self.world.server.pid) / 1024)

    def stop(self):
        self.is_over.set()
        if self.thread.is_alive():
            self.thread.join()


class Looks:
    """What is scraped at the window's two ends, with the saver at work between them."""

    def __init__(self, world, saver):
        self.world, self.saver, self.is_begun = world, saver, False

    def __call__(self):
        if not self.saver:
            return self.world.scrape()
        if not self.is_begun:
            self.saver.thread.start()
        else:
            self.saver.stop()
        self.is_begun = True
        return self.world.scrape()


def resident_kib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise SystemExit("bench: no VmRSS")


def in_a_row(world, scripts, count=IN_A_ROW):
    """Saves one tenant's file again and again, each when the one before is live: [(saves, resident KiB)], seconds a save
    took to be live, and the last scrape."""
    path = scripts / "tenants/office-00/agent.lua"
    text = path.read_text()
    first = world.scrape()
    for name in (APPLIED, VMS):
        if f"\n{name} " not in first:
            raise SystemExit(f"bench: the server has no metric {name}")
    samples, waits = [(0, resident_kib(world.server.pid))], []
    for number in range(1, count + 1):
        before = counter(world.scrape(), APPLIED)
        started = time.monotonic()
        save(path, text, number)
        while counter(world.scrape(), APPLIED) == before:
            if time.monotonic() - started > ONE_MORE_S:
                raise SystemExit(f"bench: save {number} was not live after {ONE_MORE_S} s")
            time.sleep(0.005)
        waits.append(time.monotonic() - started)
        if number % 50 == 0:
            samples.append((number, resident_kib(world.server.pid)))
    return samples, waits, world.scrape()
