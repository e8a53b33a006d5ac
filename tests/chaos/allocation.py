"""The n-th allocation of a call fails, for every n: the server goes on, lets go of everything, and the next call works.

A site is one way through our own code to an allocation. While calls go on, each site fails once, the first time it is
reached; so many calls are placed until no new site comes up. The server runs under the sanitizers: a wrong access, a leak,
an assert or a panic ends it, and that ends the test."""

import argparse
import functools
import mmap
import os
import pathlib
import struct
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import line  # noqa: E402
from world import BUILD, Process, World, until  # noqa: E402

FRAMES = 8
SITES = 16384
HEAD = struct.Struct("<IiIIIIQ")
SITE = struct.Struct(f"<QII{FRAMES}Q")


class Shared:
    """shared.h from the driver's side."""

    def __init__(self, path):
        path.write_bytes(bytes(HEAD.size + SITES * SITE.size))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def counts(self):
        """Sites, failures, allocations so far."""
        *_, failed, sites, allocations = HEAD.unpack_from(self.map)
        return sites, failed, allocations

    def arm(self, is_armed):
        self.map[0:4] = struct.pack("<I", is_armed)

    def allow(self, failures, one_in, seed):
        self.map[4:16] = struct.pack("<iII", failures, one_in, seed)

    def sites(self):
        """(order of failing, times seen, frames) of each."""
        for i in range(SITES):
            hash_, order, seen, *frames = SITE.unpack_from(self.map, HEAD.size + i * SITE.size)
            if hash_:
                yield order, seen, [frame for frame in frames if frame]


class ChaosWorld(World):
    def start_chaos(self):
        self.shared = Shared(self.dir / "chaos")
        program = BUILD / "tests" / "chaos" / "moonline-chaos"
        env = self.env(MOONLINE_CHAOS=str(self.dir / "chaos"), MOONLINE_LOG_LEVEL="debug")
        self.server = Process([program, "serve"], env, self.dir / "server.log")
        self.wait_for(self.server, f"http://{self.admin}/healthz")

    def place(self, voice):
        """One short call by hand: it hears the greeting, speaks over it, hears an answer, hangs up. Whatever the server
        does meanwhile is fine, as long as it does not stand still."""
        try:
            stream, call_sid, parameters = line.ring(self.listen)
        except (OSError, AssertionError, ValueError):
            return
        try:
            self.talk(stream, call_sid, parameters, voice)
        except OSError:
            pass  # the server ended the call
        finally:
            stream.close()

    @staticmethod
    def talk(stream, call_sid, parameters, voice):
        stream.start(call_sid, parameters)
        began = time.monotonic()
        for chunk, payload in enumerate(voice, 1):
            stream.media(chunk, payload)
            ahead = began + chunk * 0.02 - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        stream.send({"event": "stop", "streamSid": stream.stream_sid, "sequenceNumber": "999",
                     "stop": {"accountSid": line.ACCOUNT, "callSid": call_sid}})

    def say(self, text):
        """Spoken words as the payloads of 20 ms frames."""
        path = self.dir / "voice.wav"
        raw = subprocess.run(["espeak-ng", "-v", "en-us", "--stdout", text], check=True, capture_output=True).stdout
        path.write_bytes(raw)
        return frames_of(raw)


def ulaw(sample):
    """One µ-law byte of a 16-bit sample."""
    sign = 0x80 if sample < 0 else 0
    level = min(abs(sample), 32635) + 132
    exponent = level.bit_length() - 8
    return ~(sign | exponent << 4 | level >> exponent + 3 & 15) & 0xFF


def frames_of(wav):
    import base64
    import array

    rate, = struct.unpack_from("<I", wav, 24)
    samples = array.array("h", wav[44:44 + (len(wav) - 44) // 2 * 2])
    count = int(len(samples) * 8000 / rate)
    coded = bytes(ulaw(samples[int(i * rate / 8000)]) for i in range(count))
    return [base64.b64encode(coded[at:at + 160]).decode() for at in range(0, len(coded) - 160, 160)]


def check_alive(world):
    status = world.server.child.poll()
    if status is None:
        return
    text = world.server.text()
    at = max(text.find("ERROR:"), text.find("Assertion"), text.find("runtime error"), text.find("PANIC"), 0)
    raise AssertionError(f"the server ended with {status}:\n{text[at - 500 if at > 500 else 0:][:6000]}\n"
                         f"{newest_failures(world)}")


@functools.cache
def name_of(frame):
    program = BUILD / "tests" / "chaos" / "moonline-chaos"
    lines = subprocess.run(["addr2line", "-f", "-s", "-e", program, hex(frame - 1)], capture_output=True, text=True).stdout.split()
    return f"{lines[0]} ({lines[1]})" if len(lines) > 1 else hex(frame)


def newest_failures(world, count=6):
    failed = sorted((site for site in world.shared.sites() if site[0]), reverse=True)[:count]
    return "\n".join(f"failed as number {order}: " + " < ".join(name_of(frame) for frame in frames[:6])
                     for order, _, frames in failed)


def one_round(world, voice, calls):
    """So many calls at the same time."""
    world.shared.arm(1)
    threads = [threading.Thread(target=world.place, args=(voice,)) for _ in range(calls)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    check_alive(world)

    def is_quiet():
        check_alive(world)
        return world.metric("moonline_calls_active") == 0

    world.shared.arm(0)
    until(is_quiet, 60, "all calls are over")


def good_call(world):
    """With memory again: a whole call, heard and answered."""
    world.control("/state", method="DELETE")
    world.control("/transcripts", {"texts": ["what are your hours on saturday"]})
    world.control("/replies", {"replies": [{"text": "We are open from nine to one."}]})
    scenario = world.write_scenario("good.call", "wait\nsay What are your hours on Saturday?\nwait\nhangup\n")
    result = world.call(scenario, 120)
    assert result.returncode == 0, result.stdout + result.stderr


def fill(world):
    world.control("/state", method="DELETE")
    world.control("/transcripts", {"texts": ["what are your hours on saturday", "yes please"] * 50})
    tool = {"tool_calls": [{"name": "create_contact", "arguments": {"name": "Jane Doe", "phone": "+15550100001"}}]}
    world.control("/replies", {"replies": [tool, {"text": "We are open from nine to one. Anything else?"}] * 50})


def print_all(world):
    for order, seen, frames in sorted(world.shared.sites(), key=lambda site: site[:2]):
        print(order, seen, " < ".join(name_of(frame) for frame in frames[:5]))


def go(world, is_all, seed):
    silence = [line.SILENCE] * 60
    voice = silence + world.say("What are your hours on Saturday please?") + [line.SILENCE] * 150
    rounds, rounds_without, failed_before = 0, 0, 0
    while rounds_without < 3 if is_all else rounds < 4:
        fill(world)
        world.shared.allow(24 if is_all else 12, 1 if is_all else 8, seed + rounds)
        one_round(world, voice, 6)
        rounds += 1
        sites, failed, allocations = world.shared.counts()
        rounds_without = rounds_without + 1 if failed == failed_before else 0
        failed_before = failed
        if is_all:
            print(f"round {rounds}: {sites} sites, {failed} failed, {allocations} allocations", flush=True)
    assert failed_before > 0, "nothing failed: the allocator is not in the way"
    good_call(world)
    check_alive(world)
    print(f"{rounds} rounds of calls: {sites} ways to an allocation, {failed} failed once, {allocations} allocations")
    if is_all:
        print_all(world)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="until no new way to an allocation comes up")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    world = ChaosWorld()
    try:
        world.migrate()
        world.start_sandbox("--no-ears")
        world.start_chaos()
        go(world, options.all, options.seed)
    finally:
        world.close()


if __name__ == "__main__":
    main()
