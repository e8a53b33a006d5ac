"""A way to a server that can be broken: its connections are cut, refused, or fall silent (the packets go nowhere)."""

import contextlib
import select
import socket
import struct
import threading

LOOK_S = 0.05
PIECE_BYTES = 65536


class Relay:
    """From `here` to `there`; a path is a unix socket, a number a TCP port of this machine, and None any that is free."""

    def __init__(self, there, here=None):
        self.there, self.here = there, here
        self.is_silent, self.links, self.lock = False, set(), threading.Lock()
        self.listener = None
        self.listen()

    def listen(self):
        if isinstance(self.here, str):
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.here)
        else:
            self.listener = socket.create_server(("127.0.0.1", self.here or 0))
            self.here = self.listener.getsockname()[1]
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        with contextlib.suppress(OSError):  # it was closed
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        far = None
        with self.lock:
            self.links.add(near)
        with contextlib.suppress(OSError, ValueError):  # one of both is gone
            while self.is_silent:
                near.fileno() >= 0 and select.select([], [], [near], LOOK_S)
            far = socket.socket(socket.AF_UNIX) if isinstance(self.there, str) else socket.socket()
            far.connect(self.there if isinstance(self.there, str) else ("127.0.0.1", self.there))
            self.pump(near, far)
        with self.lock:
            self.links.discard(near)
        for each in (near, far):
            if each:
                each.close()

    def pump(self, near, far):
        other = {near: far, far: near}
        while True:
            ready = [] if self.is_silent else select.select([near, far], [], [], LOOK_S)[0]
            if self.is_silent:
                select.select([], [], [near, far], LOOK_S)
            for each in ready:
                piece = each.recv(PIECE_BYTES)
                if not piece:
                    return
                other[each].sendall(piece)

    # ---- what befalls it ----

    def cut(self):
        """Every connection is reset; new ones pass."""
        with self.lock:
            for near in self.links:
                with contextlib.suppress(OSError):
                    if near.family == socket.AF_INET:
                        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    near.shutdown(socket.SHUT_RDWR)

    def refuse(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.listener = None
        self.cut()

    def silence(self):
        """Connections stand and are taken, and nothing passes."""
        self.is_silent = True

    def calm(self):
        was_silent, self.is_silent = self.is_silent, False
        if was_silent:
            self.cut()
        if not self.listener:
            self.listen()

    def close(self):
        if self.listener:
            self.refuse()
        self.is_silent = False
        self.cut()
