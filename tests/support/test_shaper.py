"""The shaping proxy itself: what it does to bytes and to messages."""

import os
import socket
import struct
import threading
import time
import unittest

from shaper import Shaper


class Echo:
    """Sends back what comes, connection by connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    @staticmethod
    def serve(sock):
        with sock:
            try:
                while data := sock.recv(65536):
                    sock.sendall(data)
            except OSError:
                pass  # cut, as the test wanted

    def close(self):
        self.listener.close()


def frame(text, is_masked):
    payload = text.encode()
    head = struct.pack("!BB", 0x81, len(payload) | (0x80 if is_masked else 0))
    if not is_masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def texts_of(data):
    found = []
    while data:
        length, masked = data[1] & 0x7F, data[1] & 0x80
        at = 6 if masked else 2
        payload = data[at:at + length]
        if masked:
            payload = bytes(byte ^ data[2 + i % 4] for i, byte in enumerate(payload))
        found.append(payload.decode())
        data = data[at + length:]
    return found


class ShaperTest(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        self.shaper = Shaper(self.echo.port, seed=7)
        self.addCleanup(self.echo.close)
        self.addCleanup(lambda: self.assertEqual(self.shaper.close(), 0))

    def connect(self):
        host, port = self.shaper.address.split(":")
        sock = socket.create_connection((host, int(port)), timeout=20)
        self.addCleanup(sock.close)
        return sock

    @staticmethod
    def read(sock, count):
        data = b""
        while len(data) < count:
            part = sock.recv(65536)
            if not part:
                break
            data += part
        return data

    def test_bytes_pass_unchanged_in_pieces_with_jitter(self):
        self.shaper.both(piece_bytes=700, jitter_ms=3, delay_ms=2)
        data = os.urandom(300_000)
        sock = self.connect()
        threading.Thread(target=sock.sendall, args=(data,)).start()
        self.assertEqual(self.read(sock, len(data)), data)

    def test_delay_is_at_least_what_was_asked(self):
        self.shaper.set("up", delay_ms=80)
        self.shaper.set("down", delay_ms=120)
        sock = self.connect()
        began = time.monotonic()
        sock.sendall(b"x")
        self.assertEqual(self.read(sock, 1), b"x")
        self.assertGreaterEqual(time.monotonic() - began, 0.199)

    def test_a_limited_rate_takes_its_time(self):
        self.shaper.set("down", bytes_per_second=100_000)
        sock = self.connect()
        began = time.monotonic()
        sock.sendall(bytes(30_000))
        self.assertEqual(len(self.read(sock, 30_000)), 30_000)
        self.assertGreaterEqual(time.monotonic() - began, 0.29)

    def test_a_stall_holds_everything_and_loses_nothing(self):
        sock = self.connect()
        sock.sendall(b"a")
        self.read(sock, 1)
        began = time.monotonic()
        self.shaper.do("stall 300")
        sock.sendall(b"b")
        self.assertEqual(self.read(sock, 1), b"b")
        self.assertGreaterEqual(time.monotonic() - began, 0.299)

    def test_a_cut_is_a_reset_for_both(self):
        sock = self.connect()
        sock.sendall(b"a")
        self.read(sock, 1)
        self.shaper.do("cut")
        with self.assertRaises(ConnectionResetError):
            sock.recv(1)

    def test_half_a_close_leaves_the_other_way_open(self):
        sock = self.connect()
        sock.sendall(b"a")
        self.read(sock, 1)
        self.shaper.do("half down")
        self.assertEqual(sock.recv(1), b"", "the end was told")
        sock.sendall(b"more")  # and is still taken

    def test_refused_connections_are_reset(self):
        self.shaper.do("refuse on")
        with self.assertRaises(OSError):
            sock = self.connect()
            sock.sendall(b"a")
            if not sock.recv(1):
                raise ConnectionResetError
        self.shaper.do("refuse off")
        sock = self.connect()
        sock.sendall(b"a")
        self.assertEqual(self.read(sock, 1), b"a")

    def pass_messages(self, is_masked, count=400):
        """What of numbered messages arrives at the far side of `up`, in order."""
        sock = self.connect()
        head = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
        sock.sendall(head + b"".join(frame(f"media {i}", is_masked) for i in range(count)) + frame("over", is_masked))
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while part := sock.recv(65536):
            data += part
        self.assertTrue(data.startswith(head), "the head is left alone")
        return texts_of(data[len(head):])

    def test_a_plain_request_is_left_alone(self):
        self.shaper.set("up", lose_per_mille=1000)
        sock = self.connect()
        data = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n\x81\x03abc"
        sock.sendall(data)
        self.assertEqual(self.read(sock, len(data)), data)

    def test_messages_are_lost_doubled_and_swapped(self):
        for is_masked in (False, True):
            self.shaper.set("up", lose_per_mille=100, double_per_mille=100, swap_per_mille=100, match="media")
            before = self.shaper.stats()["up"]
            texts = self.pass_messages(is_masked)
            after = self.shaper.stats()["up"]
            counts = {name: after[name] - before[name] for name in after}
            self.assertEqual(counts["messages"], 400)
            for name in ("lost", "doubled", "swapped"):
                self.assertGreater(counts[name], 10, name)
            self.assertEqual(len(set(texts)), 401 - counts["lost"])
            self.assertEqual(len(texts), 401 - counts["lost"] + counts["doubled"])
            numbers = [int(text.split()[1]) for text in texts if text != "over"]
            self.assertGreater(sum(a > b for a, b in zip(numbers, numbers[1:])), 10, "some come too late")


if __name__ == "__main__":
    unittest.main()
