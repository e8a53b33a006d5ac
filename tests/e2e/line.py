"""A hand-made telephone line: Twilio's side of webhook and stream, for saying things `moonline call` never would."""

import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import time
import urllib.parse

from world import ACCOUNT, PUBLIC_URL, TOKEN

SILENCE = base64.b64encode(b"\xff" * 160).decode()
STREAM_URL = PUBLIC_URL.replace("https", "wss") + "/twilio-voice-stream"


def sign(url, form=None, token=TOKEN):
    text = url + "".join(name + form[name] for name in sorted(form or {}))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class TlsAddress(str):
    """An address that is spoken to in TLS, as the public URL's host."""

    context = None


def connect(address):
    host, port = address.rsplit(":", 1)
    sock = socket.create_connection((host, int(port)), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    context = getattr(address, "context", None)
    return context.wrap_socket(sock, server_hostname="voice.example.com") if context else sock


def request(address, method, path, headers, body=b""):
    """Status and body of one plain request, spoken by hand."""
    with connect(address) as sock:
        lines = [f"{method} {path} HTTP/1.1", "Host: voice.example.com", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, rest.decode(errors="replace")


def webhook(address, form, path="/twilio/voice", signature=None):
    body = urllib.parse.urlencode(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers["X-Twilio-Signature"] = sign(PUBLIC_URL + path, form) if signature is None else signature
    return request(address, "POST", path, headers, body)


def new_sid(prefix):
    return prefix + os.urandom(16).hex()


def voice_form(call_sid, to="+15550100002"):
    return {"CallSid": call_sid, "AccountSid": ACCOUNT, "From": "+15550100001", "To": to, "CallStatus": "ringing",
            "ApiVersion": "2010-04-01", "Direction": "inbound", "CallerName": ""}


def make_token(call_sid, tenant="acme-dental", attempt=0, expires_in=30):
    """A stream's token as a node makes it that has the same auth token."""
    key = hmac.new(TOKEN.encode(), b"moonline stream token", hashlib.sha256).hexdigest()
    claims = f"v1.{attempt}.{int((time.time() + expires_in) * 1000)}.{tenant}"
    text = f"moonline stream token\n{len(call_sid)}:{call_sid}{claims}"
    mac = base64.urlsafe_b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
    return f"{claims}.{mac.rstrip('=')}"


class Stream:
    """An open media stream."""

    def __init__(self, address, signature=None, headers=None):
        self.sock = connect(address)
        self.buffer = b""
        self.stream_sid = new_sid("MZ")
        fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                  "X-Twilio-Signature": sign(STREAM_URL) if signature is None else signature}
        fields.update(headers or {})
        lines = ["GET /twilio-voice-stream HTTP/1.1", "Host: voice.example.com"]
        lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            chunk = self.sock.recv(4096)
            if not chunk:
                break
            self.buffer += chunk
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = int(head.split()[1]) if head else 0

    def send_frame(self, payload, opcode=1):
        mask = os.urandom(4)
        length = len(payload)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        self.sock.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def send(self, message):
        self.send_frame((message if isinstance(message, str) else json.dumps(message)).encode())

    def start(self, call_sid, parameters, encoding="audio/x-mulaw", rate=8000, channels=1):
        self.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        self.send({"event": "start", "sequenceNumber": "1", "streamSid": self.stream_sid,
                   "start": {"streamSid": self.stream_sid, "accountSid": ACCOUNT, "callSid": call_sid,
                             "tracks": ["inbound"],
                             "mediaFormat": {"encoding": encoding, "sampleRate": rate, "channels": channels},
                             "customParameters": parameters}})

    def media(self, chunk, payload=SILENCE, stream_sid=None):
        self.send({"event": "media", "sequenceNumber": str(chunk + 1), "streamSid": stream_sid or self.stream_sid,
                   "media": {"track": "inbound", "chunk": str(chunk), "timestamp": str((chunk - 1) * 20),
                             "payload": payload}})

    def receive(self, seconds=5):
        """The next message; ("close", code) at the end."""
        self.sock.settimeout(seconds)
        while True:
            frame = self.take_frame()
            if frame is not None:
                opcode, payload = frame
                if opcode == 8:
                    return "close", struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 0
                if opcode == 1:
                    return "text", json.loads(payload)
                continue
            try:
                chunk = self.sock.recv(65536)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                return "close", 0
            self.buffer += chunk

    def take_frame(self):
        data = self.buffer
        if len(data) < 2:
            return None
        length, at = data[1] & 0x7F, 2
        if length == 126:
            if len(data) < 4:
                return None
            length, at = struct.unpack("!H", data[2:4])[0], 4
        elif length == 127:
            if len(data) < 10:
                return None
            length, at = struct.unpack("!Q", data[2:10])[0], 10
        if len(data) < at + length:
            return None
        self.buffer = data[at + length:]
        return data[0] & 0x0F, data[at:at + length]

    def wait_for_close(self, seconds=8):
        kind, value = self.receive(seconds)
        while kind != "close":
            kind, value = self.receive(seconds)
        return value

    def close(self):
        self.sock.close()

    __del__ = close


def parameters_of(twiml):
    """The <Parameter>s of an answer."""
    import xml.etree.ElementTree as tree

    return {each.get("name"): each.get("value") for each in tree.fromstring(twiml).iter("Parameter")}


def ring(address, call_sid=None, to="+15550100002"):
    """Webhook and upgrade: an open stream, not yet started, with its call and parameters."""
    call_sid = call_sid or new_sid("CA")
    status, twiml = webhook(address, voice_form(call_sid, to))
    assert status == 200, (status, twiml)
    return Stream(address), call_sid, parameters_of(twiml)
