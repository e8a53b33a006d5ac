"""More callers than can be served: the cap reached, a server that is held up, a drain. New callers hear their tenant's
overflow and what they leave is found; calls that were let in go on to their end."""

import contextlib
import json
import signal
import threading
import time
import unittest

import line
from world import ACCOUNT, PUBLIC_URL, WorldTest, until

OVERFLOW = {
    "message": ("+15550100071", '{ say = "Please leave a message.", voicemail = true }'),
    "elsewhere": ("+15550100072", '{ say = "One moment please.", forward = "+15550100099" }'),
    "closed": ("+15550100073", '{ say = "We are closed & sorry." }'),
}
NUMBER = {name: number for name, (number, _) in OVERFLOW.items()}
DEMO = "+15550100002"
AGENT = """return {
    name = "%s", numbers = { "%s" }, greeting = "Hello, this is a greeting that takes its time to be said.",
    overflow = %s, providers = { hear = { "openai" } },
    prompt = function() return "You answer calls." end,
}
"""


class OverloadTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        for name, (number, overflow) in OVERFLOW.items():
            folder = cls.world.scripts / "tenants" / name
            folder.mkdir()
            (folder / "agent.lua").write_text(AGENT % (name, number, overflow))

    def ask(self, to, call_sid=None, attempt=None):
        path = "/twilio/voice" + ("" if attempt is None else f"?attempt={attempt}")
        status, twiml = line.webhook(self.world.listen, line.voice_form(call_sid or line.new_sid("CA"), to), path)
        self.assertEqual(status, 200)
        return twiml

    def started(self, to=NUMBER["message"]):
        stream, call_sid, parameters = line.ring(self.world.listen, to=to)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        return stream, call_sid

    def hang_up(self, stream, call_sid):
        stream.send({"event": "stop", "streamSid": stream.stream_sid, "stop": {"accountSid": ACCOUNT, "callSid": call_sid}})
        self.assertIn(stream.wait_for_close(), (0, 1000))

    def refused(self, reason):
        return self.world.metric(f'moonline_calls_refused_total{{reason="{reason}"}}')

    def row(self, call_sid, columns):
        return self.world.rows(f"select {columns} from calls where call_sid = '{call_sid}'")

    def wait_for_row(self, call_sid, columns, expected):
        until(lambda: self.row(call_sid, columns) == [expected], 10, f"{columns} of {call_sid}: {expected}")

    def check_times_stay(self, call_sid, say_again):
        until(self.all_is_written, 10, "all is written")
        before = self.row(call_sid, "started_at, ended_at")
        say_again()
        until(self.all_is_written, 10, "all is written")
        self.assertEqual(self.row(call_sid, "started_at, ended_at"), before)

    def all_is_written(self):
        return self.world.admin_json("/readyz")[1]["records_waiting"] == 0


class UnheardTest(OverloadTest):
    def tearDown(self):
        self.world.control("/faults", method="DELETE")

    def left_by_vendors(self, name):
        """What the carrier was told of a caller whom nobody can hear."""
        self.world.control("/faults", {"service": "stt", "status": 401})
        stream, call_sid = self.started(NUMBER[name])
        self.assertIn(stream.wait_for_close(20), (0, 1000))
        calls = json.loads(self.world.control("/state", method="GET"))["calls"]
        return call_sid, [each["Twiml"] for each in calls if each["sid"] == call_sid]

    def test_whom_the_vendors_leave_is_not_hung_up_on(self):
        call_sid, twiml = self.left_by_vendors("message")
        self.assertIn("<Say>Please leave a message.</Say><Record", twiml[0])
        self.assertIn("/twilio/recording?tenant=message&amp;call=", twiml[0])
        self.wait_for_row(call_sid, "end_reason", ["provider_failure"])
        call_sid, twiml = self.left_by_vendors("elsewhere")
        self.assertIn("<Number>+15550100099</Number>", twiml[0])
        call_sid, twiml = self.left_by_vendors("closed")
        self.assertEqual(twiml, [], "who has neither says no more than the apology")


class FullTest(OverloadTest):
    server_env = {"MOONLINE_MAX_CALLS": "1"}

    def setUp(self):
        self.stream, self.call_sid = until(self.take_the_place, 10, "the one place")

    def take_the_place(self):
        return self.started() if "<Stream" in self.ask(DEMO) else None

    def tearDown(self):
        self.hang_up(self.stream, self.call_sid)

    def tell(self, path, form, **more):
        return line.webhook(self.world.listen, form, path, **more)

    def recording_of(self, call_sid, **more):
        return {"CallSid": call_sid, "AccountSid": ACCOUNT, "RecordingSid": "RE" + "0" * 32, "RecordingDuration": "17",
                "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{'0' * 32}", **more}

    def test_each_tenant_s_overflow_is_said_at_once(self):
        before = self.refused("full")
        self.assertIn("all our lines are busy", self.ask(DEMO))
        twiml = self.ask(NUMBER["closed"])
        self.assertIn("<Say>We are closed &amp; sorry.</Say><Hangup/>", twiml)
        twiml = self.ask(NUMBER["message"])
        self.assertIn("<Say>Please leave a message.</Say><Record", twiml)
        self.assertEqual(twiml.count(f'"{PUBLIC_URL}/twilio/recording?tenant=message"'), 2)
        twiml = self.ask(NUMBER["elsewhere"])
        self.assertIn("<Say>One moment please.</Say><Dial", twiml)
        self.assertIn("<Number>+15550100099</Number>", twiml)
        self.assertNotIn("callerId", twiml, "whoever is rung sees who calls")
        self.assertIn("We are closed", self.ask(NUMBER["closed"], attempt=1), "there is no place for who comes back either")
        self.assertEqual(self.refused("full"), before + 5)

    def test_a_caller_turned_away_leaves_a_row(self):
        call_sid = line.new_sid("CA")
        self.ask(NUMBER["closed"], call_sid)
        self.wait_for_row(call_sid, "tenant_id, from_number, to_number, outcome, end_reason, ended_at is null",
                          ["closed", "+15550100001", NUMBER["closed"], "abandoned", "overflow", "f"])
        self.check_times_stay(call_sid, lambda: self.ask(NUMBER["closed"], call_sid))

    def test_who_comes_back_to_no_place_leaves_closed_rows_only(self):
        call_sid = line.new_sid("CA")
        self.world.rows(f"""insert into calls (id, tenant_id, call_sid, attempt, started_at, answered_at)
                            select gen_random_uuid(), 'closed', '{call_sid}', 0, now() - interval '1 minute', now()""")
        self.ask(NUMBER["closed"], call_sid, attempt=1)
        finished = dict(line.voice_form(call_sid, NUMBER["closed"]), CallStatus="completed", CallDuration="61")
        self.assertEqual(self.tell("/twilio/status", finished)[0], 204)
        until(self.all_is_written, 10, "all is written")
        rows = self.row(call_sid, "attempt, end_reason, outcome, ended_at is null")
        self.assertEqual(sorted(rows), [["0", "lost", "failed", "f"], ["1", "overflow", "abandoned", "f"]])

    def test_a_message_is_found_however_often_it_is_told(self):
        call_sid = line.new_sid("CA")
        self.ask(NUMBER["message"], call_sid)
        path = "/twilio/recording?tenant=message"
        action = dict(line.voice_form(call_sid, NUMBER["message"]), **self.recording_of(call_sid, Digits="hangup"))
        done = self.recording_of(call_sid, RecordingStatus="completed")
        for form in (done, action, action, done):
            status, twiml = self.tell(path, form)
            self.assertEqual(status, 200)
            self.assertIn("<Response><Hangup/></Response>", twiml)
        finished = dict(line.voice_form(call_sid, NUMBER["message"]), CallStatus="completed", CallDuration="31")
        self.assertEqual(self.tell("/twilio/status", finished)[0], 204)
        self.wait_for_row(call_sid, "tenant_id, from_number, outcome, recording_ms, recording_url, duration_ms, carrier_status",
                          ["message", "+15550100001", "voicemail", "17000", done["RecordingUrl"], "31000", "completed"])
        self.check_times_stay(call_sid, lambda: (self.ask(NUMBER["message"], call_sid), self.tell(path, action)))

    def test_a_caller_leaves_a_message(self):
        scenario = self.world.write_scenario("message.call", "expect-hangup\n")
        result = self.world.call(scenario, to=NUMBER["message"])
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("Please leave a message.", result.stdout)
        call_sid = result.stdout.split("Call ")[1].split(":")[0]
        self.wait_for_row(call_sid, "outcome, recording_ms, carrier_status", ["voicemail", "7000", "completed"])

    def test_a_caller_who_says_nothing_left_no_message(self):
        call_sid = line.new_sid("CA")
        self.ask(NUMBER["message"], call_sid)
        absent = {"CallSid": call_sid, "RecordingStatus": "absent", "RecordingDuration": "0"}
        self.assertEqual(self.tell("/twilio/recording?tenant=message", absent)[0], 200)
        finished = dict(line.voice_form(call_sid, NUMBER["message"]), CallStatus="completed", CallDuration="9")
        self.tell("/twilio/status", finished)
        self.wait_for_row(call_sid, "outcome, recording_url is null, carrier_status", ["abandoned", "t", "completed"])

    def test_a_message_told_to_another_node_makes_its_row(self):
        call_sid = line.new_sid("CA")
        action = dict(line.voice_form(call_sid, NUMBER["message"]), **self.recording_of(call_sid))
        self.assertEqual(self.tell("/twilio/recording?tenant=message", action)[0], 200)
        self.wait_for_row(call_sid, "tenant_id, from_number, to_number, outcome, recording_ms",
                          ["message", "+15550100001", NUMBER["message"], "voicemail", "17000"])

    def test_a_message_outlives_a_database_that_is_away(self):
        call_sid = line.new_sid("CA")
        self.world.postgres("stop")
        try:
            self.ask(NUMBER["message"], call_sid)
            action = dict(line.voice_form(call_sid, NUMBER["message"]), **self.recording_of(call_sid))
            self.assertEqual(self.tell("/twilio/recording?tenant=message", action)[0], 200)
        finally:
            self.world.postgres("start", "--fast")
        until(lambda: self.world.metric("moonline_records_waiting") == 0, 30, "all rows are written")
        self.wait_for_row(call_sid, "outcome, recording_ms", ["voicemail", "17000"])

    def test_a_forwarded_caller_is_answered_or_told(self):
        for status, outcome, words in (("completed", "transferred", None), ("no-answer", "abandoned", "busy"),
                                       ("busy", "abandoned", "busy")):
            call_sid = line.new_sid("CA")
            self.ask(NUMBER["elsewhere"], call_sid)
            form = dict(line.voice_form(call_sid, NUMBER["elsewhere"]), DialCallStatus=status)
            for _ in range(2):
                code, twiml = self.tell("/twilio/dial-done?tenant=elsewhere", form)
                self.assertEqual(code, 200)
                self.assertIn("<Hangup/>", twiml)
                self.assertEqual("<Say>" in twiml, words is not None)
            self.wait_for_row(call_sid, "outcome, end_reason", [outcome, "overflow"])
            self.check_times_stay(call_sid, lambda: self.tell("/twilio/dial-done?tenant=elsewhere", form))

    def test_what_is_not_signed_or_names_nobody_is_refused(self):
        form = self.recording_of(line.new_sid("CA"))
        for path in ("/twilio/recording", "/twilio/dial-done"):
            self.assertEqual(self.tell(path + "?tenant=message", form, signature="AAAA")[0], 403)
            other = line.sign(f"{PUBLIC_URL}{path}?tenant=message", form)
            self.assertEqual(self.tell(path + "?tenant=closed", form, signature=other)[0], 403, "the tenant is signed")
            self.assertEqual(self.tell(path, form)[0], 400)
            self.assertEqual(self.tell(path + "?tenant=", form)[0], 400)
        self.assertEqual(self.tell("/twilio/recording?tenant=message", {"RecordingUrl": "x"})[0], 400)


class HeldUp:
    """The server stands still for 400 ms of every 450, as beside something that takes its cores."""

    def __init__(self, child):
        self.child = child
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.is_over.is_set():
            self.child.send_signal(signal.SIGSTOP)
            time.sleep(0.4)
            self.child.send_signal(signal.SIGCONT)
            time.sleep(0.05)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


class Caller(threading.Thread):
    """Somebody who listens, in real time, until told to hang up."""

    def __init__(self, stream, call_sid):
        super().__init__()
        self.stream, self.call_sid = stream, call_sid
        self.wants_to_go = threading.Event()
        self.kinds, self.closed = [], None

    def run(self):
        began, chunk = time.monotonic(), 0
        while not self.wants_to_go.is_set():
            chunk += 1
            self.stream.media(chunk)
            while time.monotonic() < began + chunk * 0.02:
                with contextlib.suppress(TimeoutError):
                    kind, message = self.stream.receive(0.005)
                    if kind == "close":
                        self.closed = message
                        return
                    self.kinds.append(message["event"])
        self.stream.send({"event": "stop", "streamSid": self.stream.stream_sid,
                          "stop": {"accountSid": ACCOUNT, "callSid": self.call_sid}})
        self.closed = self.stream.wait_for_close()


class LateTest(OverloadTest):
    # A whole tenth of a second, so that what else runs on the machine is not late.
    server_env = {"MOONLINE_ADMIT_LATE_PERCENT": "10", "MOONLINE_ADMIT_LATE_MS": "100"}

    def is_refused(self):
        return "<Record" in self.ask(NUMBER["message"]) and self.refused("late") > 0

    def test_a_server_that_is_held_up_takes_no_new_calls_and_recovers(self):
        self.assertIn("<Stream", self.ask(NUMBER["message"]))
        self.assertFalse(self.world.admin_json("/readyz")[1]["late"])
        callers = [Caller(*self.started()) for _ in range(3)]
        for caller in callers:
            caller.start()
        try:
            with HeldUp(self.world.server.child):
                until(self.is_refused, 20, "a new call is refused")
                self.assertIn("<Say>Please leave a message.</Say><Record", self.ask(NUMBER["message"]))
                self.assertIn("<Stream", self.ask(NUMBER["message"], attempt=1), "who comes back has been let in before")
                until(lambda: self.world.admin_json("/readyz")[1]["late"], 5, "health is told")
                self.assertEqual(self.world.admin_json("/readyz")[0], 200, "a proxy must not send everybody away")
                until(lambda: self.world.metric("moonline_thread_late") > 0, 5, "and so is whoever watches")
                self.assertGreater(self.world.metric("moonline_loop_lag_seconds"), 0.05)
            until(lambda: "<Stream" in self.ask(NUMBER["message"]), 30, "new calls are let in again")
            self.assertEqual(self.world.metric("moonline_thread_calls"), len(callers))
        finally:
            for caller in callers:
                caller.wants_to_go.set()
            for caller in callers:
                caller.join()
        for caller in callers:
            self.assertIn(caller.closed, (0, 1000))
            self.assertIn("mark", caller.kinds, "it was spoken to, to the end")
            self.wait_for_row(caller.call_sid, "end_reason", ["caller_hangup"])
        self.assertEqual(self.world.metric("moonline_frames_dropped_total"), 0)

    def test_without_calls_nobody_is_refused(self):
        until(lambda: self.world.metric("moonline_thread_calls") == 0, 10, "no call is left")
        with HeldUp(self.world.server.child):
            until(lambda: self.world.metric("moonline_thread_late") > 0, 20, "the server is late")
            self.assertIn("<Stream", self.ask(NUMBER["message"]))


class DrainTest(OverloadTest):
    server_env = {"MOONLINE_DRAIN_SECONDS": "6", "MOONLINE_WORKERS": "4"}

    def test_new_callers_hear_the_overflow_while_calls_finish(self):
        stream, call_sid = self.started()
        self.world.server.child.send_signal(signal.SIGTERM)
        until(lambda: "serve.draining" in self.world.server.text(), 5, "it drains")
        until(lambda: "<Record" in self.ask(NUMBER["message"]), 3, "new callers are told")
        for _ in range(12):  # whichever thread they land on
            self.assertIn("<Record", self.ask(NUMBER["message"]))
        self.assertIn("<Record", self.ask(NUMBER["message"], attempt=1), "its last seconds are no use to who comes back")
        self.assertGreaterEqual(self.refused("draining"), 13)
        self.hang_up(stream, call_sid)
        self.assertEqual(self.world.server.child.wait(10), 0)
        refused = self.world.rows("select count(*) from calls where end_reason = 'overflow'")
        self.assertGreaterEqual(int(refused[0][0]), 12)


if __name__ == "__main__":
    unittest.main()
