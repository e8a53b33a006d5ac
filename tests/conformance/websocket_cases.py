"""What a WebSocket client may do to the server, and what the server must do about it (RFC 6455).

A case is what is sent after a good handshake and the frames that must come back, in order: pong(b"…"), close(code).
A case that ends with ALIVE expects the socket to be of use afterwards; the others expect the connection to end.
Every case runs whole and byte by byte: how TCP cuts it must make no difference."""

import struct

ALIVE = "alive"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MASK = b"\x37\xfa\x21\x3d"


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, form=None, claim=None):
    """One frame; `form` 16 or 64 forces a longer length, `claim` a length that is not the payload's."""
    size = len(payload) if claim is None else claim
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if form == 64 or (form is None and size > 65535):
        head += bytes([mask_bit | 127]) + struct.pack("!Q", size)
    elif form == 16 or (form is None and size > 125):
        head += bytes([mask_bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mask_bit | size])
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))


def more(opcode, payload=b"", **how):
    return frame(opcode, payload, fin=False, **how)


def goodbye(code, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


def pong(payload):
    return PONG, payload


def close(code):
    return CLOSE, code


OMITTED = close(None)  # an empty close frame
# A message that only counts when it was put together right: media without a start ends the stream with 1008.
EARLY_MEDIA = b'{"event":"media","streamSid":"MZ%s","media":{"track":"inbound","chunk":"1","timestamp":"0",' \
              b'"payload":"//8="}}' % (b"0" * 32)

CASES = [
    # ---- messages ----
    ("text", frame(TEXT, b"hello"), [ALIVE]),
    ("empty text", frame(TEXT), [ALIVE]),
    ("text of 125", frame(TEXT, b"x" * 125), [ALIVE]),
    ("text of 126", frame(TEXT, b"x" * 126), [ALIVE]),
    ("text of 65535", frame(TEXT, b"x" * 65535), [ALIVE]),
    ("text of 65536", frame(TEXT, b"x" * 65536), [ALIVE]),
    ("a hundred in one segment", frame(TEXT, b"x") * 100, [ALIVE]),
    ("binary is dropped", frame(BINARY, b"\x00\xff" * 50), [ALIVE]),
    ("empty binary", frame(BINARY), [ALIVE]),
    ("a message is heard", frame(TEXT, EARLY_MEDIA), [close(1008)]),
    ("in two fragments", more(TEXT, EARLY_MEDIA[:40]) + frame(0, EARLY_MEDIA[40:]), [close(1008)]),
    ("in single bytes", more(TEXT) + b"".join(more(0, bytes([b])) for b in EARLY_MEDIA) + frame(0), [close(1008)]),
    ("empty fragments around it", more(TEXT) + more(0) + more(0, EARLY_MEDIA) + more(0) + frame(0), [close(1008)]),
    ("a ping between fragments", more(TEXT, EARLY_MEDIA[:9]) + frame(PING, b"in") + frame(0, EARLY_MEDIA[9:]),
     [pong(b"in"), close(1008)]),
    ("a pong between fragments", more(TEXT, EARLY_MEDIA[:9]) + frame(PONG, b"in") + frame(0, EARLY_MEDIA[9:]),
     [close(1008)]),
    ("binary in fragments", more(BINARY, b"\xff") + more(0, b"\xfe") + frame(0, b"\xfd"), [ALIVE]),
    ("text too large is dropped", frame(TEXT, b"x" * 70000), [ALIVE]),
    ("fragments too large are dropped", more(TEXT, b"x" * 40000) + frame(0, b"y" * 40000), [ALIVE]),
    ("heard after one too large", frame(TEXT, b"x" * 70000) + frame(TEXT, EARLY_MEDIA), [close(1008)]),

    # ---- control frames ----
    ("ping", frame(PING, b"are you there"), [pong(b"are you there"), ALIVE]),
    ("empty ping", frame(PING), [pong(b""), ALIVE]),
    ("ping of 125", frame(PING, b"p" * 125), [pong(b"p" * 125), ALIVE]),
    ("ping with any bytes", frame(PING, bytes(range(125))), [pong(bytes(range(125))), ALIVE]),
    ("unasked pong", frame(PONG, b"nobody asked"), [ALIVE]),
    ("empty unasked pong", frame(PONG), [ALIVE]),
    ("ping of 126", frame(PING, b"p" * 126), [close(1002)]),
    ("pong of 126", frame(PONG, b"p" * 126), [close(1002)]),
    ("ping in a longer form", frame(PING, b"p", form=16), [close(1002)]),
    ("ping in the longest form", frame(PING, b"p", form=64), [close(1002)]),
    ("fragmented ping", more(PING, b"a") + frame(0, b"b"), [close(1002)]),
    ("fragmented pong", more(PONG, b"a"), [close(1002)]),
    ("fragmented close", more(CLOSE, b"\x03\xe8"), [close(1002)]),

    # ---- framing ----
    ("unmasked text", frame(TEXT, b"hello", masked=False), [close(1002)]),
    ("unmasked empty text", frame(TEXT, masked=False), [close(1002)]),
    ("unmasked ping", frame(PING, b"p", masked=False), [close(1002)]),
    ("unmasked close", frame(CLOSE, b"\x03\xe8", masked=False), [close(1002)]),
    ("unmasked after a good one", frame(TEXT, b"a") + frame(TEXT, b"b", masked=False), [close(1002)]),
    ("unmasked continuation", more(TEXT, b"a") + frame(0, b"b", masked=False), [close(1002)]),
    ("first reserved bit", frame(TEXT, b"a", rsv=4), [close(1002)]),
    ("second reserved bit", frame(TEXT, b"a", rsv=2), [close(1002)]),
    ("third reserved bit", frame(TEXT, b"a", rsv=1), [close(1002)]),
    ("all reserved bits on a ping", frame(PING, b"a", rsv=7), [close(1002)]),
    ("reserved bit on a continuation", more(TEXT, b"a") + frame(0, b"b", rsv=4), [close(1002)]),
] + [
    (f"opcode {opcode}", frame(opcode, b"a"), [close(1002)]) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
] + [
    ("16 bits where 7 do", frame(TEXT, b"x" * 125, form=16), [close(1002)]),
    ("64 bits where 7 do", frame(TEXT, b"x" * 125, form=64), [close(1002)]),
    ("64 bits where 16 do", frame(TEXT, b"x" * 126, form=64), [close(1002)]),
    ("length with the highest bit", frame(TEXT, form=64, claim=1 << 63), [close(1002)]),
    ("a message of two exabytes", frame(TEXT, b"x" * (17 << 16), form=64, claim=1 << 61), [close(1009)]),
    ("continuation of nothing", frame(0, b"a"), [close(1002)]),
    ("begun continuation of nothing", more(0, b"a"), [close(1002)]),
    ("continuation of an ended message", frame(TEXT, b"a") + frame(0, b"b"), [close(1002)]),
    ("text inside a message", more(TEXT, b"a") + frame(TEXT, b"b"), [close(1002)]),
    ("binary inside a message", more(TEXT, b"a") + frame(BINARY, b"b"), [close(1002)]),
    ("text inside a binary", more(BINARY, b"a") + more(TEXT, b"b"), [close(1002)]),
    ("good pings before the bad", frame(PING, b"1") + frame(3), [pong(b"1"), close(1002)]),
    ("HTTP after the upgrade", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", [close(1002)]),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [close(1002)]),

    # ---- UTF-8 ----
    ("two, three and four bytes", frame(TEXT, "ö €😀".encode()), [ALIVE]),
    ("the last character there is", frame(TEXT, "\U0010ffff".encode()), [ALIVE]),
    ("NUL is a character", frame(TEXT, b"\0"), [ALIVE]),
    ("a character over fragments", more(TEXT, b"\xf0\x9f") + more(0, b"\x98") + frame(0, b"\x80"), [ALIVE]),
    ("a ping inside a character", more(TEXT, b"\xc3") + frame(PING, b"p") + frame(0, b"\xb6"), [pong(b"p"), ALIVE]),
    ("a byte that never is", frame(TEXT, b"abc\xff"), [close(1007)]),
    ("continuation byte alone", frame(TEXT, b"\x80"), [close(1007)]),
    ("overlong slash", frame(TEXT, b"\xc0\xaf"), [close(1007)]),
    ("overlong in three", frame(TEXT, b"\xe0\x80\xaf"), [close(1007)]),
    ("overlong in four", frame(TEXT, b"\xf0\x80\x80\xaf"), [close(1007)]),
    ("surrogate", frame(TEXT, b"\xed\xa0\x80"), [close(1007)]),
    ("past the last character", frame(TEXT, b"\xf4\x90\x80\x80"), [close(1007)]),
    ("five bytes", frame(TEXT, b"\xf8\x88\x80\x80\x80"), [close(1007)]),
    ("character cut off by the end", frame(TEXT, b"ab\xe2\x82"), [close(1007)]),
    ("cut off by the end of fragments", more(TEXT, b"ab\xe2") + frame(0, b"\x82"), [close(1007)]),
    ("bad in an unfinished message", more(TEXT, b"good") + more(0, b"\xff"), [close(1007)]),
    ("bad in an unfinished frame", frame(TEXT, b"\xff" * 20)[:10], [close(1007)]),
    ("bad in a message too large", frame(TEXT, b"x" * 70000 + b"\xff"), [close(1007)]),

    # ---- closing ----
    ("close", frame(CLOSE), [OMITTED]),
    ("close 1000", goodbye(1000), [close(1000)]),
    ("close 1001 with a reason", goodbye(1001, b"going away"), [close(1001)]),
    ("close with the longest reason", goodbye(1000, b"r" * 123), [close(1000)]),
    ("close 1011", goodbye(1011), [close(1011)]),
    ("close 1014", goodbye(1014), [close(1014)]),
    ("close 3000", goodbye(3000), [close(3000)]),
    ("close 4999", goodbye(4999), [close(4999)]),
    ("close of one byte", frame(CLOSE, b"\x03"), [close(1002)]),
    ("close of 126", goodbye(1000, b"r" * 124), [close(1002)]),
] + [
    (f"close {code}", goodbye(code), [close(1002)])
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
] + [
    ("bad UTF-8 in a reason", goodbye(1000, b"\xff"), [close(1007)]),
    ("reason cut inside a character", goodbye(1000, b"\xe2\x82"), [close(1007)]),
    ("text after close", goodbye(1000) + frame(TEXT, EARLY_MEDIA), [close(1000)]),
    ("ping after close", goodbye(1000) + frame(PING, b"p"), [close(1000)]),
    ("close after close", goodbye(1000) + goodbye(3000), [close(1000)]),
    ("nonsense after close", goodbye(1000) + b"\xff" * 500, [close(1000)]),
    ("close inside a message", more(TEXT, b"a") + goodbye(1000), [close(1000)]),
    ("ping then close", frame(PING, b"p") + goodbye(1000), [pong(b"p"), close(1000)]),

    # ---- floods ----
    ("a thousand messages at once", frame(TEXT, b"x") * 1000, [close(1008)]),
    ("a thousand empty fragments", more(TEXT) + more(0) * 1000, [close(1008)]),
]
