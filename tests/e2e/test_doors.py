"""What comes through the public port, wrong or hostile: each gets its answer, and nobody else notices."""

import base64
import json
import os
import time
import unittest
import urllib.parse

import line
from world import PUBLIC_URL, WorldTest, until


class DoorsTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @property
    def address(self):
        return self.world.listen

    # ---- webhooks ----

    def test_a_signed_webhook_gets_a_stream(self):
        status, twiml = line.webhook(self.address, line.voice_form(line.new_sid("CA")))
        self.assertEqual(status, 200)
        self.assertIn('url="wss://voice.example.com/twilio-voice-stream"', twiml)
        self.assertIn("token", line.parameters_of(twiml))

    def test_wrong_or_missing_signatures_are_refused(self):
        form = line.voice_form(line.new_sid("CA"))
        for signature in ("", "AAAA", line.sign(PUBLIC_URL + "/twilio/voice", form, "0" * 32), line.sign(PUBLIC_URL, form)):
            self.assertEqual(line.webhook(self.address, form, signature=signature), (403, ""))
        self.assertEqual(line.request(self.address, "POST", "/twilio/voice", {}, b"CallSid=CA1")[0], 403)

    def test_an_unknown_number_hears_a_refusal(self):
        status, twiml = line.webhook(self.address, line.voice_form(line.new_sid("CA"), to="+15550109999"))
        self.assertEqual(status, 200)
        self.assertIn("<Say", twiml)
        self.assertIn("<Hangup", twiml)
        self.assertNotIn("<Stream", twiml)

    def test_a_webhook_by_get_is_signed_over_its_query(self):
        query = urllib.parse.urlencode(line.voice_form(line.new_sid("CA")))
        path = "/twilio/voice?" + query
        headers = {"X-Twilio-Signature": line.sign(PUBLIC_URL + path)}
        status, twiml = line.request(self.address, "GET", path, headers)
        self.assertEqual(status, 200)
        self.assertIn("<Stream", twiml)

    def test_every_plain_request_is_answered(self):
        rows = [("GET", "/", 404), ("GET", "/twilio-voice-stream", 426), ("DELETE", "/twilio/voice", 405),
                ("POST", "/nothing", 404), ("GET", "/twilio/../etc/passwd", 404)]
        for method, path, expected in rows:
            self.assertEqual(line.request(self.address, method, path, {})[0], expected, (method, path))

    def test_bodies_are_limited(self):
        self.assertEqual(line.request(self.address, "POST", "/twilio/voice", {}, b"a" * 200_000)[0], 413)

    def test_a_broken_form_is_refused(self):
        self.assertEqual(line.request(self.address, "POST", "/twilio/voice", {}, b"CallSid=%zz")[0], 400)

    # ---- the stream's door ----

    def test_an_unsigned_upgrade_is_refused_before_101(self):
        for signature in ("", "AAAA", line.sign(line.STREAM_URL.replace("wss", "https"))):
            self.assertEqual(line.Stream(self.address, signature=signature).status, 403)

    def test_a_trailing_slash_and_port_are_Twilios_ways(self):
        for url in (line.STREAM_URL + "/", line.STREAM_URL.replace(".com", ".com:443")):
            self.assertEqual(line.Stream(self.address, signature=line.sign(url)).status, 101)

    def test_other_upgrades_are_refused(self):
        self.assertNotEqual(line.Stream(self.address, headers={"Upgrade": "h2c"}).status, 101)
        self.assertNotEqual(line.Stream(self.address, headers={"Sec-WebSocket-Version": "12"}).status, 101)

    def test_a_stream_needs_its_token(self):
        stream, call_sid, parameters = line.ring(self.address)
        token = parameters["token"]
        wrong = [{}, {"token": "v1.nonsense"}, {"token": token[:-2] + "xx"}]
        for each in wrong:
            other = line.Stream(self.address)
            other.start(call_sid, each)
            self.assertEqual(other.wait_for_close(), 1008, each)
        foreign = line.Stream(self.address)
        foreign.start(line.new_sid("CA"), {"token": token})
        self.assertEqual(foreign.wait_for_close(), 1008)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        again = line.Stream(self.address)
        again.start(call_sid, parameters)
        self.assertEqual(again.wait_for_close(), 1008, "a token is good for one use")
        stream.close()

    def test_other_formats_are_refused(self):
        for encoding, rate in (("audio/x-mulaw", 16000), ("audio/l16", 8000)):
            stream, call_sid, parameters = line.ring(self.address)
            stream.start(call_sid, parameters, encoding, rate)
            self.assertEqual(stream.wait_for_close(), 1008)

    def test_no_start_in_time_is_closed(self):
        stream, _, _ = line.ring(self.address)
        began = time.monotonic()
        stream.wait_for_close(10)
        self.assertLess(time.monotonic() - began, 8)
        self.assertGreaterEqual(self.world.metric('moonline_stream_refused_total{reason="no_start"}'), 1)

    def test_media_before_start_is_closed(self):
        stream, _, _ = line.ring(self.address)
        stream.media(1)
        self.assertEqual(stream.wait_for_close(), 1008)

    def misuses(self):
        """Reason of the refusal and what provokes it, on a stream that is open and not started."""
        def with_token(**changes):
            return lambda stream, call_sid, _: stream.start(call_sid, {"token": line.make_token(call_sid, **changes)})

        def after_start(message):
            def act(stream, call_sid, parameters):
                stream.start(call_sid, parameters)
                self.assertEqual(stream.receive()[0], "text")
                message(stream, call_sid, parameters)
            return act

        def used_before(stream, call_sid, parameters):
            other = line.Stream(self.address)
            other.start(call_sid, parameters)
            self.assertEqual(other.receive()[0], "text")
            stream.start(call_sid, parameters)

        def named(event):
            return lambda stream, *_: stream.send(dict(event, streamSid=stream.stream_sid, sequenceNumber="2"))

        key = {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "5"}}
        mark = {"event": "mark", "mark": {"name": "x"}}
        foreign = line.make_token(line.new_sid("CA"))
        return [
            ("before_start", lambda stream, *_: stream.media(1)), ("before_start", named(key)), ("before_start", named(mark)),
            ("second_start", after_start(lambda stream, call_sid, parameters: stream.start(call_sid, parameters))),
            ("foreign", after_start(lambda stream, *_: stream.media(1, stream_sid=line.new_sid("MZ")))),
            ("format", lambda stream, call_sid, parameters: stream.start(call_sid, parameters, "audio/l16")),
            ("format", lambda stream, call_sid, parameters: stream.start(call_sid, parameters, rate=16000)),
            ("format", lambda stream, call_sid, parameters: stream.start(call_sid, parameters, channels=2)),
            ("token_wrong", lambda stream, call_sid, _: stream.start(call_sid, {})),
            ("token_wrong", lambda stream, call_sid, _: stream.start(call_sid, {"token": ""})),
            ("token_wrong", lambda stream, call_sid, _: stream.start(call_sid, {"token": "x" * 400})),
            ("token_wrong", lambda stream, call_sid, _: stream.start(call_sid, {"token": foreign})),
            ("token_wrong", lambda stream, call_sid, parameters: stream.start(
                call_sid, {"token": parameters["token"].replace("v1.0.", "v1.1.")})),
            ("token_expired", with_token(expires_in=-1)),
            ("token_used", used_before),
            ("tenant_gone", with_token(tenant="nobody")),
        ]

    def test_misuse_of_a_stream_is_closed_and_counted_by_reason(self):
        for number, (reason, act) in enumerate(self.misuses()):
            with self.subTest(number=number, reason=reason):
                name = f'moonline_stream_refused_total{{reason="{reason}"}}'
                before, all_before = self.world.metric(name), self.world.metric("moonline_stream_refused_total")
                stream, call_sid, parameters = line.ring(self.address)
                act(stream, call_sid, parameters)
                self.assertEqual(stream.wait_for_close(), 1008)
                self.assertEqual(self.world.metric(name), before + 1)
                self.assertEqual(self.world.metric("moonline_stream_refused_total"), all_before + 1)

    # ---- on the stream ----

    def open_call(self):
        stream, call_sid, parameters = line.ring(self.address)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        return stream, call_sid

    def test_a_second_start_and_a_foreign_stream_are_closed(self):
        stream, call_sid = self.open_call()
        stream.start(call_sid, {})
        self.assertEqual(stream.wait_for_close(), 1008)
        stream, _ = self.open_call()
        stream.media(1, stream_sid=line.new_sid("MZ"))
        self.assertEqual(stream.wait_for_close(), 1008)

    def test_malformed_messages_are_counted_and_the_call_goes_on(self):
        stream, call_sid = self.open_call()
        before = self.world.metric("moonline_stream_messages_bad_total")
        junk = ["", "{", "[]", '"media"', '{"event":"media"}', '{"event":"media","media":{"payload":"***"}}',
                '{"event":"start"}', json.dumps({"event": "media", "streamSid": stream.stream_sid, "media": {"payload": 7}}),
                "x" * 20_000]
        for each in junk:
            stream.send(each)
        stream.send_frame(os.urandom(100), opcode=2)
        stream.send({"event": "something-new", "streamSid": stream.stream_sid})
        until(lambda: self.world.metric("moonline_stream_messages_bad_total") >= before + len(junk), 5, "bad counted")
        frames = self.world.metric("moonline_frames_in_total")
        for chunk in range(1, 11):
            stream.media(chunk)
        until(lambda: self.world.metric("moonline_frames_in_total") >= frames + 10, 5, "frames after junk")
        self.hang_up(stream, call_sid)

    def test_odd_sizes_are_framed(self):
        stream, call_sid = self.open_call()
        frames = self.world.metric("moonline_frames_in_total")
        for chunk in range(1, 9):
            stream.media(chunk, base64.b64encode(b"\xff" * 100).decode())
        until(lambda: self.world.metric("moonline_frames_in_total") == frames + 5, 5, "800 bytes are 5 frames")
        self.hang_up(stream, call_sid)

    def test_a_flood_closes_that_call_only(self):
        good, good_sid = self.open_call()
        flood, _ = self.open_call()
        try:
            for chunk in range(1, 3000):
                flood.media(chunk)
        except OSError:
            pass
        self.assertIn(flood.wait_for_close(), (0, 1008))
        frames = self.world.metric("moonline_frames_in_total")
        for chunk in range(1, 6):
            good.media(chunk)
        until(lambda: self.world.metric("moonline_frames_in_total") >= frames + 5, 5, "the good call goes on")
        self.hang_up(good, good_sid)

    def test_outbound_is_whole_frames_with_marks_and_nothing_else(self):
        stream, call_sid = self.open_call()
        kinds, deadline, chunk = [], time.monotonic() + 12, 0
        while time.monotonic() < deadline and "mark" not in kinds:
            chunk += 1
            stream.media(chunk)
            kind, message = stream.receive()
            self.assertEqual(kind, "text")
            self.assertEqual(message["streamSid"], stream.stream_sid)
            kinds.append(message["event"])
            if message["event"] == "media":
                self.assertEqual(set(message), {"event", "streamSid", "media"})
                self.assertEqual(set(message["media"]), {"payload"})
                self.assertEqual(len(base64.b64decode(message["media"]["payload"])), 160)
        self.assertIn("mark", kinds)
        self.hang_up(stream, call_sid)

    def hang_up(self, stream, call_sid):
        stream.send({"event": "stop", "sequenceNumber": "9999", "streamSid": stream.stream_sid,
                     "stop": {"accountSid": "AC1", "callSid": call_sid}})
        self.assertIn(stream.wait_for_close(), (0, 1000))

    # ---- records ----

    def test_the_status_callback_closes_the_record(self):
        stream, call_sid = self.open_call()
        self.hang_up(stream, call_sid)
        form = dict(line.voice_form(call_sid), CallStatus="completed", CallDuration="7")
        self.assertEqual(line.webhook(self.address, form, "/twilio/status")[0], 204)
        sql = f"select carrier_status, end_reason from calls where call_sid = '{call_sid}'"
        until(lambda: self.world.rows(sql) == [["completed", "caller_hangup"]], 5, "the call's row is closed")

    def test_a_long_foreign_caller_name_does_not_cost_the_record(self):
        stream, call_sid, parameters = line.ring(self.address)
        parameters["from"] = "sip:x" + "é" * 60  # longer than we keep, and cut within a character
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        self.hang_up(stream, call_sid)
        sql = f"select from_number, end_reason from calls where call_sid = '{call_sid}'"
        rows = until(lambda: self.world.rows(sql), 5, "the call's row")
        self.assertTrue(rows[0][0].startswith("sip:xé"), rows)
        until(lambda: self.world.rows(sql)[0][1] == "caller_hangup", 5, "its end")

    def test_a_status_that_cannot_be_read_is_refused_or_kept(self):
        form = dict(line.voice_form(line.new_sid("CA")), CallStatus="completed", CallDuration="7")
        self.assertEqual(line.webhook(self.address, dict(form, CallStatus="é"), "/twilio/status")[0], 204)
        for name in ("CallSid", "CallStatus"):
            rest = {key: value for key, value in form.items() if key != name}
            self.assertEqual(line.webhook(self.address, rest, "/twilio/status")[0], 400, name)


if __name__ == "__main__":
    unittest.main()
