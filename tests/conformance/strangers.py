"""Raw sockets that run the cases: what goes out, what comes back, and what was wrong about it (None: nothing)."""

import base64
import os
import socket
import struct
import time

import line
import websocket_cases as ws

PATIENCE_SECONDS = 20
STILL_HERE = b"still here"


def connect(address):
    sock = line.connect(address)
    sock.settimeout(PATIENCE_SECONDS)
    return sock


def send(sock, data, is_by_byte):
    """A server that has heard enough may close meanwhile."""
    try:
        for at in range(len(data) if is_by_byte else 0):
            sock.sendall(data[at:at + 1])
        if not is_by_byte:
            sock.sendall(data)
    except OSError:
        pass


def read_all(sock):
    """What comes until the end, and whether it ended in order."""
    answer = b""
    try:
        while chunk := sock.recv(65536):
            answer += chunk
    except ConnectionResetError:
        pass
    except TimeoutError:
        return answer + b" ... and no end"
    return answer


# ---- WebSocket ----

class Socket:
    """An open stream on which frames are read by the letter."""

    def __init__(self, address, headers=None):
        stream = line.Stream(address, headers=headers)
        assert stream.status == 101, f"upgrade answered with {stream.status}"
        self.stream = stream
        self.sock = stream.sock
        self.sock.settimeout(PATIENCE_SECONDS)
        self.data = stream.buffer

    def need(self, size):
        while len(self.data) < size:
            chunk = self.sock.recv(65536)
            if not chunk:
                return False
            self.data += chunk
        return True

    def frame(self):
        """(opcode, payload), a close as (opcode, code or None); None at the end."""
        if not self.need(2):
            assert not self.data, f"ended inside a frame: {self.data!r}"
            return None
        first, size = self.data[0], self.data[1]
        assert first & 0x70 == 0 and first & 0x80, f"strange first byte {first:#x}"
        assert size & 0x80 == 0, "a server does not mask"
        at = 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            assert self.need(2 + wide)
            size = int.from_bytes(self.data[2:2 + wide], "big")
            at += wide
            assert size > (125 if wide == 2 else 65535), "length not minimal"
        assert self.need(at + size), "ended inside a frame"
        payload, self.data = self.data[at:at + size], self.data[at + size:]
        opcode = first & 0x0F
        if opcode == ws.CLOSE:
            assert len(payload) != 1
            return opcode, struct.unpack("!H", payload[:2])[0] if payload else None
        return opcode, payload

    def frames_to_end(self):
        found = []
        try:
            while (frame := self.frame()) is not None:
                found.append(frame)
        except ConnectionResetError:
            found.append("reset")
        return found

    def frames_until_still_here(self):
        found = []
        while (frame := self.frame()) is not None:
            if frame == ws.pong(STILL_HERE):
                return found
            found.append(frame)
        return found + ["ended"]


def run_websocket(address, case, is_by_byte):
    name, sent, expected = case
    socket_ = Socket(address)
    is_alive = expected[-1:] == [ws.ALIVE]
    send(socket_.sock, sent, is_by_byte)
    if is_alive:
        send(socket_.sock, ws.frame(ws.PING, STILL_HERE), is_by_byte)
        found = socket_.frames_until_still_here() + [ws.ALIVE]
        if found == expected:
            send(socket_.sock, ws.goodbye(1000), is_by_byte)
            found += socket_.frames_to_end()
            expected = expected + [ws.close(1000)]
    else:
        found = socket_.frames_to_end()
    socket_.stream.close()
    return None if found == expected else f"websocket, {name}: {found} instead of {expected}"


# ---- HTTP ----

def statuses(answer):
    """The statuses of the answers in there, and whatever is no answer."""
    found = []
    while answer:
        head, blank, rest = answer.partition(b"\r\n\r\n")
        if not blank or not head.startswith(b"HTTP/1.1 "):
            return found + [answer[:80]]
        status = int(head[9:12])
        length = 0
        for field in head.split(b"\r\n")[1:]:
            key, _, value = field.partition(b":")
            if key.lower() == b"content-length":
                length = int(value)
        is_framed = b"content-length:" in head.lower() or status in (100, 101, 204)
        found.append(status if is_framed else f"{status} without a length")
        answer = rest[length:]
    return found


def run_http(address, case, is_by_byte):
    name, sent, expected = case
    with connect(address) as sock:
        send(sock, sent, is_by_byte)
        answer = read_all(sock)
    if name == "HEAD":
        answer = answer.split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    found = statuses(answer)
    if found and found[0] == 426 and b"Sec-WebSocket-Version: 13" not in answer and "version" in name:
        found.append("no version named")
    return None if found == expected else f"http, {name}{' by byte' if is_by_byte else ''}: {found} instead of {expected}"


# ---- what takes time ----

def slow_head(address):
    """A byte now and then is no request: 408, in bounded time."""
    with connect(address) as sock:
        began = time.monotonic()
        sock.settimeout(0.4)
        answer = b""
        sent = b"GET /nowhere HTTP/1.1\r\n" + b"X: y\r\n" * 100
        for at in range(len(sent)):
            send(sock, sent[at:at + 1], False)
            try:
                answer = sock.recv(4096)
                break
            except TimeoutError:
                continue
            except ConnectionResetError:
                break
        took = time.monotonic() - began
    return None if b" 408 " in answer and took < 15 else f"slow head: {answer!r} after {took:.1f} s"


def slow_body(address):
    with connect(address) as sock:
        send(sock, b"POST /twilio/voice HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n", False)
        sock.settimeout(0.4)
        answer = b""
        for _ in range(60):
            send(sock, b"x", False)
            try:
                answer = sock.recv(4096)
                break
            except TimeoutError:
                continue
    return None if b" 408 " in answer else f"slow body: {answer!r}"


def slow_reading(address):
    """Asks for much and reads late: every answer comes, none is kept in memory meanwhile."""
    count = 400
    with connect(address) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asked = (b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n" * (count - 1)
                 + b"GET /nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        send(sock, asked, False)
        time.sleep(1)
        found = statuses(read_all(sock))
    return None if found == [404] * count else f"slow reading: {len(found)} answers, {set(map(str, found))}"


def half_close(address):
    """Who cannot read our words any more has left."""
    socket_ = Socket(address)
    socket_.sock.shutdown(socket.SHUT_WR)
    found = socket_.frames_to_end()
    return None if found == [] else f"half-close: {found}"


def reset(address):
    """Ends with RST inside a frame; nothing to see, but nothing may be left."""
    socket_ = Socket(address)
    send(socket_.sock, ws.frame(ws.TEXT, b"x" * 1000)[:500], False)
    socket_.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket_.stream.close()
    return None


def offers(address):
    """Extensions and subprotocols are offered, none is taken; a header may come late and in pieces."""
    sock = connect(address)
    key = base64.b64encode(os.urandom(16)).decode()
    fields = ["GET /twilio-voice-stream HTTP/1.1", "Host: voice.example.com", "upgrade: WebSocket",
              "CONNECTION: keep-alive, upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
              "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", "Sec-WebSocket-Protocol: chat",
              "Origin: https://elsewhere.example", f"X-Twilio-Signature: {line.sign(line.STREAM_URL)}"]
    send(sock, ("\r\n".join(fields) + "\r\n\r\n").encode(), True)
    answer = b""
    while b"\r\n\r\n" not in answer and (chunk := sock.recv(4096)):
        answer += chunk
    sock.close()
    head = answer.lower()
    if not head.startswith(b"http/1.1 101 ") or b"extensions" in head or b"protocol:" in head:
        return f"offers: {answer!r}"
    return None


def early_frame(address):
    """A frame before our 101 is a request hidden behind another."""
    sock = connect(address)
    fields = ["GET /twilio-voice-stream HTTP/1.1", "Host: voice.example.com", "Upgrade: websocket", "Connection: Upgrade",
              "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
              f"X-Twilio-Signature: {line.sign(line.STREAM_URL)}"]
    send(sock, ("\r\n".join(fields) + "\r\n\r\n").encode() + ws.frame(ws.PING, b"p"), False)
    found = statuses(read_all(sock))
    sock.close()
    return None if found == [400] else f"early frame: {found}"


def deaf(address):
    """Asks for pongs and reads none of them: bounded, and over when the flood is noticed."""
    socket_ = Socket(address)
    socket_.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    send(socket_.sock, ws.frame(ws.PING, b"p" * 125) * 2000, False)
    found = socket_.frames_to_end()
    last = found[-1] if found else None
    return None if last in (ws.close(1008), "reset") else f"deaf: {last}"


def crowd(address):
    """Three hundred at once who say nothing, and leave rudely."""
    socks = []
    try:
        for _ in range(300):
            socks.append(connect(address))
    finally:
        for each in socks:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.close()
    return None


def storm(address):
    """A thousand connections, one after the other, gone before they are answered."""
    for _ in range(1000):
        sock = connect(address)
        send(sock, b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", False)
        sock.close()
    return None


MANNERS = [slow_head] * 30 + [slow_body] * 10 + [slow_reading] * 3 + [half_close] * 5 + [reset] * 20 + [offers] * 3 + \
          [early_frame] * 3 + [deaf] * 2 + [crowd] * 4 + [storm]
