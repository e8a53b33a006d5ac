"""The shaping proxy (shaper.c) under a test's hand."""

import os
import pathlib
import subprocess

BUILD = pathlib.Path(os.environ.get("MOONLINE_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))


class Shaper:
    """A relay on a free port of its own to 127.0.0.1:`port`; `address` is where to connect."""

    def __init__(self, port, seed=1):
        self.child = subprocess.Popen([BUILD / "tests" / "support" / "shaper", str(port), str(seed)], text=True, bufsize=1,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.address = f"127.0.0.1:{int(self.child.stdout.readline())}"

    def tell(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def do(self, command):
        answer = self.tell(command)
        assert answer == "ok", (command, answer)

    def set(self, way, **habits):
        for name, value in habits.items():
            self.do(f"set {way} {name} {value}")

    def both(self, **habits):
        self.set("up", **habits)
        self.set("down", **habits)

    def calm(self):
        self.both(delay_ms=0, jitter_ms=0, piece_bytes=0, bytes_per_second=0, lose_per_mille=0, double_per_mille=0,
                  swap_per_mille=0)
        self.do("refuse off")
        self.do("deaf off")

    def stats(self):
        """Connections so far, then messages, lost, doubled, swapped of each way."""
        connections, *counts = (int(word) for word in self.tell("stats").split())
        names = ("messages", "lost", "doubled", "swapped")
        return {"connections": connections, "up": dict(zip(names, counts[:4])), "down": dict(zip(names, counts[4:]))}

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        return self.child.wait(10)
