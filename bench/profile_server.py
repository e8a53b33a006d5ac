"""Where the server's CPU goes during a window: by library, and the functions above half a per cent."""

import shutil
import subprocess


class Record:
    """perf on the server from the window's beginning; its first look is the window's first."""

    def __init__(self, world, seconds):
        if not shutil.which("perf"):
            raise SystemExit("bench: perf is not installed (Debian: linux-perf)")
        self.world, self.seconds, self.child = world, seconds, None
        self.file = world.dir / "perf.data"

    def look(self):
        if not self.child:
            self.child = subprocess.Popen(
                ["perf", "record", "-q", "-e", "cpu-clock", "-F", "1999", "-g", "-o", self.file, "-p",
                 str(self.world.server.pid), "--", "sleep", str(max(self.seconds - 2, 1))],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.world.scrape()

    def report(self, *options):
        result = subprocess.run(["perf", "report", "-i", self.file, "-g", "none", "--percentage", "relative", *options],
                                capture_output=True, text=True)
        return [line.strip() for line in result.stdout.splitlines() if line.strip() and not line.startswith("#")]

    def show(self):
        self.child.wait()
        print("\nby library, % of the server's CPU")
        print("\n".join("  " + line for line in self.report("--no-children", "--sort", "dso")[:12]))
        print("\nby function, its own time")
        print("\n".join("  " + line for line in self.report("--no-children", "--sort", "dso,symbol", "--percent-limit", "0.5")[:40]))
        print("\nby function, with what it calls")
        print("\n".join("  " + line for line in self.report("--children", "--sort", "symbol", "--percent-limit", "2")[:50]))
