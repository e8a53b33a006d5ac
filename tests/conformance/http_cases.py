"""What strangers send to an HTTP port, and the statuses that must come back, in order. An empty list: the connection just
ends. What two readers could understand differently is refused, never guessed."""

HOST = b"Host: voice.example.com\r\n"
END = b"Connection: close\r\n\r\n"
VOICE = b"POST /twilio/voice HTTP/1.1\r\n" + HOST
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\n" + HOST + END
STREAM = b"GET /twilio-voice-stream HTTP/1.1\r\n" + HOST
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def get(path=b"/nowhere", headers=b"", version=b"HTTP/1.1"):
    return b"GET " + path + b" " + version + b"\r\n" + HOST + headers + END


def post(body, headers=FORM, path=b"/twilio/voice"):
    return (b"POST " + path + b" HTTP/1.1\r\n" + HOST + headers
            + b"Content-Length: " + str(len(body)).encode() + b"\r\n" + END + body)


def chunks(body):
    return VOICE + CHUNKED + END + body


CASES = [
    # ---- plain ----
    ("unknown path", get(), [404]),
    ("unsigned webhook", post(b"CallSid=CA1"), [403]),
    ("the stream's path without upgrade", get(b"/twilio-voice-stream"), [426]),
    ("another method", b"DELETE /twilio/voice HTTP/1.1\r\n" + HOST + END, [405]),
    ("a method in small letters", b"get /twilio/voice HTTP/1.1\r\n" + HOST + END, [405]),
    ("TRACE", b"TRACE /twilio/voice HTTP/1.1\r\n" + HOST + END, [405]),
    ("HEAD", b"HEAD /nowhere HTTP/1.1\r\n" + HOST + END, [404]),
    ("HTTP/1.0", b"GET /nowhere HTTP/1.0\r\n\r\n", [404]),
    ("kept alive", b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n" + get(), [404, 404]),
    ("fifty in one segment", (b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n") * 49 + get(), [404] * 50),
    ("nothing after close", get() + get(), [404]),

    # ---- one request or two ----
    ("length and chunks", VOICE + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN, [400]),
    ("chunks and length", VOICE + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN, [400]),
    ("two lengths", VOICE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + HIDDEN, [400]),
    ("one length twice", VOICE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + HIDDEN, [400]),
    ("a list of lengths", VOICE + b"Content-Length: 5, 5\r\n\r\nhello" + HIDDEN, [400]),
    ("negative length", VOICE + b"Content-Length: -1\r\n\r\n" + HIDDEN, [400]),
    ("length with a plus", VOICE + b"Content-Length: +5\r\n\r\nhello" + HIDDEN, [400]),
    ("length in hex", VOICE + b"Content-Length: 0x5\r\n\r\nhello" + HIDDEN, [400]),
    ("length with letters behind", VOICE + b"Content-Length: 5a\r\n\r\nhello" + HIDDEN, [400]),
    ("empty length", VOICE + b"Content-Length: \r\n\r\n" + HIDDEN, [400]),
    ("length past 64 bits", VOICE + b"Content-Length: 18446744073709551621\r\n\r\nhello" + HIDDEN, [400]),
    ("a terabyte", VOICE + b"Content-Length: 1099511627776\r\n\r\n", [413]),
    ("a byte too many", VOICE + b"Content-Length: 65537\r\n\r\n", [413]),
    ("transfer coding twice", VOICE + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN, [501]),
    ("chunked, chunked", VOICE + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + HIDDEN, [501]),
    ("gzip, chunked", VOICE + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + HIDDEN, [501]),
    ("identity", VOICE + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello" + HIDDEN, [501]),
    ("xchunked", VOICE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN, [501]),
    ("chunked behind a vertical tab", VOICE + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN, [400]),
    ("chunks in HTTP/1.0", b"POST /x HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN, [400]),
    ("folded header", VOICE + b"X-A: b\r\n Content-Length: 5\r\n\r\nhello" + HIDDEN, [400]),
    ("folded with a tab", VOICE + b"Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n" + HIDDEN, [501]),
    ("folded first header", b"GET / HTTP/1.1\r\n " + HOST + b"\r\n", [400]),
    ("blank before the colon", VOICE + b"Content-Length : 5\r\n\r\nhello" + HIDDEN, [400]),
    ("tab before the colon", VOICE + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" + HIDDEN, [400]),
    ("no colon", get(headers=b"Content-Length 5\r\n"), [400]),
    ("no name", get(headers=b": value\r\n"), [400]),
    ("a name with a blank", get(headers=b"X Y: value\r\n"), [400]),
    ("a name in parentheses", get(headers=b"(X): value\r\n"), [400]),
    ("lines ended by LF alone", b"GET / HTTP/1.1\nHost: h\n\r\n\r\n", [400]),
    ("one line ended by LF", b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", [400]),
    ("a CR inside a value", get(headers=b"X: a\rb\r\n"), [400]),
    ("a CR hides a header", get(headers=b"X: a\rContent-Length: 5\r\n"), [400]),
    ("NUL in a value", get(headers=b"X: a\0b\r\n"), [400]),
    ("NUL in a name", get(headers=b"X\0: a\r\n"), [400]),
    ("DEL in a value", get(headers=b"X: a\x7f\r\n"), [400]),
    ("an empty line first", b"\r\n" + get(), [400]),

    # ---- chunks ----
    ("a good chunk", chunks(b"5\r\na=b&c\r\n0\r\n\r\n"), [403]),
    ("chunk extensions and trailers", chunks(b"5;a=b\r\na=b&c\r\n0;z\r\nX: y\r\n\r\n"), [403]),
    ("size with 0x", chunks(b"0x5\r\nhello\r\n0\r\n\r\n"), [400]),
    ("negative size", chunks(b"-5\r\nhello\r\n0\r\n\r\n"), [400]),
    ("size with a plus", chunks(b"+5\r\nhello\r\n0\r\n\r\n"), [400]),
    ("blank before the size", chunks(b" 5\r\nhello\r\n0\r\n\r\n"), [400]),
    ("blank behind the size", chunks(b"5 \r\nhello\r\n0\r\n\r\n"), [400]),
    ("no size", chunks(b"\r\nhello\r\n0\r\n\r\n"), [400]),
    ("no hex", chunks(b"zz\r\n"), [400]),
    ("size past 64 bits", chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), [400]),
    ("size of a terabyte", chunks(b"10000000000\r\nhello"), [413]),
    ("size line ended by LF", chunks(b"5\nhello\r\n0\r\n\r\n"), [400]),
    ("data longer than its size", chunks(b"4\r\nhello\r\n0\r\n\r\n"), [400]),
    ("data not ended", chunks(b"5\r\nhello0\r\n\r\n"), [400]),
    ("an endless size line", chunks(b"5;" + b"x" * 3000), [400]),
    ("trailers without end", chunks(b"0\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 200), [431]),
    ("more chunks than a body may hold", chunks((b"1000\r\n" + b"x" * 4096 + b"\r\n") * 17), [413]),
    ("a thousand small chunks", chunks(b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n"), [403]),

    # ---- request lines ----
    ("HTTP/0.9", b"GET /\r\n\r\n", [400]),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    ("HTTP/2.0", get(version=b"HTTP/2.0"), [505]),
    ("HTTP/1.2", get(version=b"HTTP/1.2"), [505]),
    ("HTTP/1.10", get(version=b"HTTP/1.10"), [505]),
    ("http in small letters", get(version=b"http/1.1"), [400]),
    ("no version", b"GET /nowhere\r\n" + HOST + END, [400]),
    ("two blanks", b"GET  /nowhere HTTP/1.1\r\n" + HOST + END, [400]),
    ("a tab for a blank", b"GET\t/nowhere\tHTTP/1.1\r\n" + HOST + END, [400]),
    ("something behind the version", get(version=b"HTTP/1.1 x"), [505]),
    ("no method", b" /nowhere HTTP/1.1\r\n" + HOST + END, [400]),
    ("a method with a NUL", b"G\0T /nowhere HTTP/1.1\r\n" + HOST + END, [400]),
    ("absolute form", get(b"http://voice.example.com/twilio/voice"), [400]),
    ("absolute form elsewhere", get(b"http://169.254.169.254/latest/meta-data"), [400]),
    ("CONNECT", b"CONNECT 127.0.0.1:5432 HTTP/1.1\r\n" + HOST + END, [400]),
    ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + HOST + END, [400]),
    ("a target without slash", get(b"nowhere"), [400]),
    ("a raw byte in the target", get(b"/\xff"), [400]),
    ("NUL in the target", get(b"/a\0b"), [400]),
    ("a fragment in the target", get(b"/a#b"), [400]),
    ("a TLS hello", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n", [400]),

    # ---- whose host ----
    ("no host", b"GET / HTTP/1.1\r\n\r\n", [400]),
    ("two hosts", get(headers=b"Host: other\r\n"), [400]),
    ("an empty host", b"GET /nowhere HTTP/1.1\r\nHost:\r\n" + END, [404]),
    ("a host with a user", b"GET / HTTP/1.1\r\nHost: voice.example.com@evil\r\n" + END, [400]),
    ("a host with a path", b"GET / HTTP/1.1\r\nHost: voice.example.com/evil\r\n" + END, [400]),
    ("a host with a blank", b"GET / HTTP/1.1\r\nHost: voice.example.com evil\r\n" + END, [400]),
    ("a list of hosts", b"GET / HTTP/1.1\r\nHost: a, b\r\n" + END, [400]),
    ("a literal address", b"GET /nowhere HTTP/1.1\r\nHost: [::1]:8080\r\n" + END, [404]),

    # ---- paths and forms ----
    ("an encoded letter", get(b"/twilio/%76oice"), [404]),
    ("an encoded slash", get(b"/twilio%2fvoice"), [404]),
    ("dots", get(b"/x/../twilio/voice"), [404]),
    ("encoded dots", get(b"/x/%2e%2e/twilio/voice"), [404]),
    ("double slash", get(b"//twilio/voice"), [404]),
    ("a backslash", get(b"/twilio\\voice"), [404]),
    ("encoded NUL", get(b"/twilio/voice%00"), [404]),
    ("half an escape", get(b"/%"), [404]),
    ("a path parameter", get(b"/twilio/voice;x=y"), [404]),
    ("half an escape in a query", get(b"/twilio/voice?a=%4"), [400]),
    ("half an escape in a form", post(b"CallSid=CA%4"), [400]),
    ("no hex in a form", post(b"CallSid=%zz"), [400]),
    ("a bare form", post(b"&&&&"), [403]),
    ("ten thousand fields", post(b"a=b&" * 10000), [400]),
    ("a body of NULs", post(b"\0" * 1000), [403]),

    # ---- webhooks of texts and calls ----
    ("an unsigned text", post(b"MessageSid=SM1&To=%2B15550100002&Body=hi", path=b"/twilio/sms"), [403]),
    ("a text with a wrong signature", post(b"MessageSid=SM1", FORM + b"X-Twilio-Signature: eA==\r\n", b"/twilio/sms"), [403]),
    ("a text that is no form", post(b"Body=%zz", path=b"/twilio/sms"), [400]),
    ("a text of NULs", post(b"\0" * 1000, path=b"/twilio/sms"), [403]),
    ("an unsigned text's status", post(b"MessageStatus=sent", path=b"/twilio/sms-status?id=1&tenant=a"), [403]),
    ("half an escape in its query", post(b"MessageStatus=sent", path=b"/twilio/sms-status?id=%4"), [403]),
    ("a status of two signatures", post(b"a=b", FORM + b"X-Twilio-Signature: a\r\nX-Twilio-Signature: b\r\n",
                                        b"/twilio/sms-status"), [400]),
    ("unsigned word of who answered", post(b"AnsweredBy=human", path=b"/twilio/amd?row=1"), [403]),
    ("word of who answered that is no form", post(b"AnsweredBy=%z", path=b"/twilio/amd?row=1"), [400]),
    ("a text by GET, unsigned", get(b"/twilio/sms?MessageSid=SM1"), [403]),
    ("a text by PUT", b"PUT /twilio/sms HTTP/1.1\r\n" + HOST + END, [405]),

    # ---- sizes ----
    ("a head of 17 KB", get(headers=b"X: " + b"y" * 17000 + b"\r\n"), [431]),
    ("a target of 17 KB", get(b"/" + b"y" * 17000), [431]),
    ("a head that does not end", b"GET / HTTP/1.1\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 1000, [431]),
    ("a line that does not end", b"y" * 40000, [431]),
    ("a thousand headers", get(headers=b"X: y\r\n" * 1000), [404]),
    ("three thousand headers", get(headers=b"X: y\r\n" * 3000), [431]),

    # ---- Expect ----
    ("expect 100", VOICE + FORM + b"Expect: 100-continue\r\nContent-Length: 5\r\n" + END, [100, 408]),
    ("expect 100 of a body too large", VOICE + b"Expect: 100-continue\r\nContent-Length: 70000\r\n" + END, [413]),
    ("expect the impossible", get(headers=b"Expect: miracles\r\n"), [404]),

    # ---- upgrades ----
    ("unsigned upgrade", STREAM + KEY + VERSION + UPGRADE + b"\r\n", [403]),
    ("upgrade elsewhere", b"GET /other HTTP/1.1\r\n" + HOST + KEY + VERSION + UPGRADE + b"\r\n", [404]),
    ("version 8", STREAM + KEY + b"Sec-WebSocket-Version: 8\r\n" + UPGRADE + b"\r\n", [426]),
    ("version 99", STREAM + KEY + b"Sec-WebSocket-Version: 99\r\n" + UPGRADE + b"\r\n", [426]),
    ("versions 13, 8", STREAM + KEY + b"Sec-WebSocket-Version: 13, 8\r\n" + UPGRADE + b"\r\n", [426]),
    ("no version of it", STREAM + KEY + UPGRADE + b"\r\n", [426]),
    ("two versions", STREAM + KEY + VERSION + VERSION + UPGRADE + b"\r\n", [400]),
    ("h2c", get(headers=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), [400]),
    ("h2c and websocket", STREAM + KEY + VERSION + b"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n", [400]),
    ("websocket and h2c", STREAM + KEY + VERSION + b"Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n", [400]),
    ("two Upgrade headers", STREAM + KEY + VERSION + UPGRADE + b"Upgrade: h2c\r\n\r\n", [400]),
    ("an upgrade to TLS", get(headers=b"Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), [400]),
    ("no key", STREAM + VERSION + UPGRADE + b"\r\n", [400]),
    ("a short key", STREAM + b"Sec-WebSocket-Key: c2hvcnQ=\r\n" + VERSION + UPGRADE + b"\r\n", [400]),
    ("a long key", STREAM + b"Sec-WebSocket-Key: " + b"A" * 43 + b"=\r\n" + VERSION + UPGRADE + b"\r\n", [400]),
    ("a key of other letters", STREAM + b"Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n" + VERSION + UPGRADE + b"\r\n",
     [400]),
    ("two keys", STREAM + KEY + KEY + VERSION + UPGRADE + b"\r\n", [400]),
    ("no Connection", STREAM + KEY + VERSION + b"Upgrade: websocket\r\n\r\n", [400]),
    ("Connection without upgrade", STREAM + KEY + VERSION + b"Connection: keep-alive\r\nUpgrade: websocket\r\n\r\n", [400]),
    ("upgrade by POST", b"POST" + STREAM[3:] + KEY + VERSION + UPGRADE + b"\r\n", [400]),
    ("upgrade in HTTP/1.0", STREAM.replace(b"1.1", b"1.0") + KEY + VERSION + UPGRADE + b"\r\n", [400]),
    ("upgrade with a body", STREAM + KEY + VERSION + UPGRADE + b"Content-Length: 5\r\n\r\nhello", [400]),
    ("upgrade with chunks", STREAM + KEY + VERSION + UPGRADE + CHUNKED + b"\r\n0\r\n\r\n", [400]),
    ("upgrade of 17 KB", STREAM + KEY + VERSION + UPGRADE + b"X: " + b"y" * 17000 + b"\r\n\r\n", [431]),
    ("a request behind a refused upgrade", STREAM + KEY + UPGRADE + b"\r\n" + HIDDEN, [426]),
]
