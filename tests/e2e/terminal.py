"""A program on a terminal of its own: its last page, its keys, its size, and how it leaves the terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from world import until

PAGE = re.compile(rb"\x1b\[H((?:(?!\x1b\[H).)*?)\x1b\[J", re.S)
STYLE = re.compile(r"\x1b\[(?:K|0m|7m|1;31m)")
LEFT = b"\x1b[?25h\x1b[?1049l"  # a cursor again, and the screen that was there before


class Terminal:
    def __init__(self, arguments, env, columns=80, rows=24):
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.child = os.fork()
        if not self.child:
            os.login_tty(self.slave)
            os.execve(arguments[0], [str(part) for part in arguments], env)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.output += os.read(self.master, 65536)
        return self.output

    def lines(self):
        """Of the newest whole page."""
        pages = PAGE.findall(self.read())
        return re.split(r"\r+\n", STYLE.sub("", pages[-1].decode())) if pages else []

    def shows(self, text, seconds=15):
        return until(lambda: any(text in line for line in self.lines()) and self.lines(), seconds, f"{text!r} is shown")

    def press(self, keys):
        os.write(self.master, keys.encode())

    def is_as_before(self):
        self.read()
        return termios.tcgetattr(self.slave) == self.before and self.output.endswith(LEFT)

    def kill(self, number):
        os.kill(self.child, number)

    def wait_stopped(self):
        until(lambda: os.WIFSTOPPED(os.waitpid(self.child, os.WUNTRACED | os.WNOHANG)[1]), 5, "it is stopped")

    def wait(self, seconds=10):
        """Its exit status; what it still writes is read."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read()
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                self.read()
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        self.kill(signal.SIGKILL)
        os.waitpid(self.child, 0)
        raise AssertionError(f"it did not end; the last it showed: {self.lines()}")

    def close(self):
        os.close(self.slave)
        os.close(self.master)
