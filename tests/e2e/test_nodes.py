"""What holds however often, wherever and with whichever token it is asked: webhooks said twice, two nodes on one
database, a rotation under way, and the cap on calls."""

import unittest

import line
from world import ACCOUNT, PUBLIC_URL, TOKEN, WorldTest, free_port, until


class AgainTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def voice(self, call_sid, attempt):
        path = "/twilio/voice" + ("" if attempt is None else f"?attempt={attempt}")
        return line.webhook(self.world.listen, line.voice_form(call_sid), path)

    def test_the_document_leads_back_with_the_next_attempt(self):
        for attempt, following in ((None, 1), (0, 1), (1, 2), (2, 3)):
            status, twiml = self.voice(line.new_sid("CA"), attempt)
            self.assertEqual(status, 200)
            self.assertIn(f'<Redirect method="POST">{PUBLIC_URL}/twilio/voice?attempt={following}</Redirect>', twiml)
        for attempt in (3, 4, 99):
            status, twiml = self.voice(line.new_sid("CA"), attempt)
            self.assertIn("<Say>", twiml)
            self.assertIn("<Hangup/>", twiml)
            self.assertNotIn("<Redirect", twiml)

    def test_an_odd_attempt_is_refused(self):
        before = self.world.metric('moonline_calls_refused_total{reason="bad_attempt"}')
        odd = ["", "-1", "x", "1x", "100", "0x1", "1&attempt=2", "%31%", "+1"]
        for attempt in odd:
            self.assertEqual(self.voice(line.new_sid("CA"), attempt)[0], 400, attempt)
        self.assertEqual(self.world.metric('moonline_calls_refused_total{reason="bad_attempt"}'), before + len(odd))

    def test_a_webhook_said_twice_gets_one_call(self):
        call_sid = line.new_sid("CA")
        answers = [self.voice(call_sid, None) for _ in range(2)]
        self.assertTrue(all(status == 200 for status, _ in answers))
        first, second = line.Stream(self.world.listen), line.Stream(self.world.listen)
        first.start(call_sid, line.parameters_of(answers[0][1]))
        self.assertEqual(first.receive()[0], "text")
        second.start(call_sid, line.parameters_of(answers[1][1]))
        self.assertEqual(second.wait_for_close(), 1008)
        first.send({"event": "stop", "streamSid": first.stream_sid, "stop": {"accountSid": ACCOUNT, "callSid": call_sid}})
        first.wait_for_close()

    def test_a_status_said_twice_or_out_of_order_leaves_one_right_row(self):
        stream, call_sid, parameters = line.ring(self.world.listen)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        sql = f"select carrier_status, duration_ms from calls where call_sid = '{call_sid}'"
        for status, duration in (("in-progress", None), ("completed", "7"), ("completed", "7"), ("ringing", None)):
            form = dict(line.voice_form(call_sid), CallStatus=status)
            if duration:
                form["CallDuration"] = duration
            self.assertEqual(line.webhook(self.world.listen, form, "/twilio/status")[0], 204)
        until(lambda: self.world.rows(sql) == [["completed", "7000"]], 5, "the final status")
        until(lambda: self.world.metric("moonline_records_waiting") == 0, 5, "all is written")
        self.assertEqual(self.world.rows(sql), [["completed", "7000"]])
        for _ in range(2):
            form = {"CallSid": call_sid, "AccountSid": ACCOUNT, "StreamSid": stream.stream_sid, "StreamEvent": "stream-stopped"}
            self.assertEqual(line.webhook(self.world.listen, form, "/twilio/stream-status")[0], 204)
        stream.close()

    # ---- two processes on one database ----

    def test_a_token_used_on_two_nodes_is_good_for_the_first(self):
        listen, admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        other = self.world.start_process(self.world.env(MOONLINE_LISTEN=listen, MOONLINE_ADMIN_LISTEN=admin), admin)
        try:
            stream, call_sid, parameters = line.ring(self.world.listen)
            stream.start(call_sid, parameters)
            claimed = f"select count(*) from stream_claims where call_sid = '{call_sid}'"
            until(lambda: self.world.rows(claimed) == [["1"]], 5, "the first use is claimed")
            thief = line.Stream(listen)
            thief.start(call_sid, parameters)
            self.assertEqual(thief.wait_for_close(), 1008)
            reason = f"select end_reason from calls where call_sid = '{call_sid}' and ended_at is not null"
            until(lambda: self.world.rows(reason) == [["claimed_elsewhere"]], 5, "the second is closed, the first goes on")
            self.assertEqual(stream.receive()[0], "text")
            stream.close()
        finally:
            self.assertEqual(other.stop(), 0, other.text()[-2000:])


class RotationTest(WorldTest):
    """The account's token is rotated: this node has both, a neighbour still signs with the old one."""

    OLD = "f" * 32
    sandbox_options = ("--no-ears",)
    server_env = {"TWILIO_AUTH_TOKEN_SECONDARY": OLD}

    def test_both_tokens_are_taken(self):
        form = line.voice_form(line.new_sid("CA"))
        for token, status in ((TOKEN, 200), (self.OLD, 200), ("e" * 32, 403)):
            signature = line.sign(PUBLIC_URL + "/twilio/voice", form, token)
            self.assertEqual(line.webhook(self.world.listen, form, signature=signature)[0], status)
            opened = line.Stream(self.world.listen, signature=line.sign(line.STREAM_URL, token=token))
            self.assertEqual(opened.status, 101 if status == 200 else 403)

    def test_a_stream_s_token_of_a_neighbour_with_the_old_one_is_taken(self):
        listen, admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        env = self.world.env(MOONLINE_LISTEN=listen, MOONLINE_ADMIN_LISTEN=admin, TWILIO_AUTH_TOKEN=self.OLD, MOONLINE_REDIRECT="0")
        neighbour = self.world.start_process(env, admin)
        try:
            form = line.voice_form(line.new_sid("CA"))
            signature = line.sign(PUBLIC_URL + "/twilio/voice", form, self.OLD)
            status, twiml = line.webhook(listen, form, signature=signature)
            self.assertEqual(status, 200)
            self.assertNotIn("<Redirect", twiml, "it is switched off there")
        finally:
            self.assertEqual(neighbour.stop(), 0, neighbour.text()[-2000:])
        stream = line.Stream(self.world.listen)
        stream.start(form["CallSid"], line.parameters_of(twiml))
        self.assertEqual(stream.receive()[0], "text")
        stream.close()


class AdmissionTest(WorldTest):
    """MOONLINE_MAX_CALLS is the process's, whichever thread a call lands on."""

    sandbox_options = ("--no-ears",)
    server_env = {"MOONLINE_MAX_CALLS": "3", "MOONLINE_WORKERS": "2"}

    def started(self):
        stream, call_sid, parameters = line.ring(self.world.listen)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        return stream

    def test_overflow_hears_that_lines_are_busy_and_no_place_is_lost(self):
        address = self.world.listen
        late, late_sid, late_parameters = line.ring(address)
        streams = [self.started() for _ in range(2)]
        full = 'moonline_calls_refused_total{reason="full"}'
        before = self.world.metric(full)
        for _ in range(4):
            status, twiml = line.webhook(address, line.voice_form(line.new_sid("CA")))
            self.assertIn("busy", twiml)
            self.assertIn("<Hangup/>", twiml)
        self.assertEqual(self.world.metric(full), before + 4)
        self.assertEqual(line.Stream(address).status, 503)
        late.start(late_sid, late_parameters)  # it has its place since the upgrade
        self.assertEqual(late.receive()[0], "text")
        for round in range(3):
            for stream in streams + [late]:
                stream.close()
            until(lambda: self.world.metric("moonline_calls_active") == 0, 10, "all places are free")
            late, *streams = [until(self.try_start, 10, "a place") for _ in range(3)]
        wrong = line.Stream(address)
        self.assertEqual(wrong.status, 503)
        for stream in streams + [late]:
            stream.close()

    def try_start(self):
        status, twiml = line.webhook(self.world.listen, line.voice_form(line.new_sid("CA")))
        return self.started() if "<Stream" in twiml else None


if __name__ == "__main__":
    unittest.main()
