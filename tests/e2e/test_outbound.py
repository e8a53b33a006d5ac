"""Calls that are recorded, and captured, once the caller agreed, always, or never; voicemails from the caller's word to the thread, and calls that a task asked for: answered by a person, by a machine, by
nobody. The test plays the carrier where the sandbox rings nobody. And one person who calls, texts, leaves a voicemail and books."""

import html
import json
import re
import subprocess
import unittest
import urllib.parse
import uuid

import line
from world import ACCOUNT, BUILD, PUBLIC_URL, SOURCE, WorldTest, until

OURS = "+15550100071"
DESK = "+15550100072"
ASKED = "+15550100073"
ALWAYS = "+15550100074"
NEVER = "+15550100075"
ANN = "+15550100001"
MIA, MIA_AT_WORK = "+15550100077", "+15550100078"
AGENT = """
return {
    name = "Desk",
    numbers = { "%s", "%s" },
    greeting = "Hello.",
    call_back_greeting = "Hello, you asked us to call back.",
    call_back_message = "We called you back & will try again.",
    notify = "+15550100009",
    profile = { time_zone = "America/New_York", hours = { monday = { open = "08:00", close = "17:00" } },
        services = { { name = "cleaning", minutes = 30 } } },
    tools = { { name = "book", description = "Books a cleaning.",
        parameters = { type = "object", properties = { name = { type = "string" }, phone = { type = "string" } }, required = { "name" } },
        run = function(call, args)
            local booked, code = calendar.book({ name = args.name, phone = args.phone, service = "cleaning", start = "2099-11-23T09:00" })
            return { ok = booked ~= nil, reason = code }
        end } },
    on_incoming = function(call)
        if call.called == "%s" then return { voicemail = "Please leave a message." } end
    end,
    prompt = function(call)
        local task = call.task
        return "You are a receptionist." .. (task and (" You called because: " .. task.title .. ", " .. task.details) or "")
    end,
}
""" % (OURS, DESK, DESK)
RECORDED = """
return {
    name = "%s",
    numbers = { "%s" },
    greeting = "Hello.",
    recording = "%s",
    capture = "%s",
    on_user_turn = function(call, text)
        text = text:lower()
        local done, code = nil, "nothing"
        if text:find("yes") then done, code = call:record({ consent = text }) end
        if text:find("never") then done, code = call:record({ refused = true, said = text }) end
        if text:find("card") then done, code = call:pause_recording() end
        if text:find("paid") then done, code = call:resume_recording() end
        return done and "Done." or code
    end,
    prompt = function() return "" end,
}
"""
WORDS = "please call me back about tuesday"
KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


class OutboundTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        cls.secrets = cls.world.dir / "secrets"
        cls.captures = cls.world.dir / "data" / "captures"
        cls.server_env = {"MOONLINE_SECRETS": str(cls.secrets)}
        (cls.secrets / "always").mkdir(parents=True)
        cls.key = cls.secrets / "always" / "capture_key"
        cls.key.write_text(KEY)
        cls.key.chmod(0o600)
        folder = cls.world.scripts / "tenants" / "desk"
        folder.mkdir()
        (folder / "agent.lua").write_text(AGENT)
        for name, number, *rules in (("asked", ASKED, "with_consent", "consented"), ("always", ALWAYS, "always", "on"),
                                     ("silent", NEVER, "never", "off")):
            folder = cls.world.scripts / "tenants" / name
            folder.mkdir()
            (folder / "agent.lua").write_text(RECORDED % (name, number, *rules))

    def setUp(self):
        for path in ("/faults", "/state"):
            self.world.control(path, method="DELETE")
        self.world.rows("insert into tenant_settings (tenant_id, quiet_from, quiet_until) values ('desk', '00:00', '00:00')"
                        " on conflict do nothing")

    def one(self, sql, what, seconds=20):
        return until(lambda: self.world.rows(sql), seconds, what)[0]

    def state(self, name):
        return json.loads(self.world.control("/state", method="GET"))[name]

    def tell(self, path, form):
        return line.webhook(self.world.listen, form, path)

    # ---- recordings of calls ----

    def recorded_call(self, number, *turns):
        """A call in which the caller says these; its name, and what was asked of its recording."""
        call_sid = line.new_sid("CA")
        self.world.control("/texts", {"via": self.world.listen, "step_ms": 50})
        self.world.control("/transcripts", {"texts": list(turns)})
        lines = "wait\n" + "".join(f"say {turn}.\nwait\n" for turn in turns)
        scenario = self.world.write_scenario(f"{call_sid}.call", lines + "hangup\n")
        call = self.world.call(scenario, to=number, options=("--call-sid", call_sid))
        self.assertEqual(call.returncode, 0, call.stdout + call.stderr)
        return call_sid, [entry for entry in self.state("calls") if entry.get("call_sid") == call_sid]

    def first_words(self, call_sid):
        return self.one(f"select m.text from messages m join calls c on c.id = m.call_id where c.call_sid = '{call_sid}'"
                        " and m.direction = 'out' order by m.created_at limit 1", "its first words")[0]

    def test_a_call_is_recorded_once_the_caller_agreed(self):
        call_sid, asked = self.recorded_call(ASKED, "yes you may", "here is my card", "that is paid")
        self.assertEqual([entry.get("Status", entry.get("RecordingChannels")) for entry in asked], ["dual", "paused", "in-progress"])
        self.assertEqual(self.first_words(call_sid), "Hello.")
        self.assertEqual(self.one("select c.about, c.is_given, c.channel, c.said, c.phone, k.recording_consent from consents c"
                                  f" join calls k on k.id = c.call_id where k.call_sid = '{call_sid}'"
                                  " and k.recording_consent = 'given'", "the consent")[:5],
                         ["recording", "t", "phone", "yes you may.", ANN])
        self.world.control("/recordings", {"end": call_sid})
        path, channels, transcript = self.one(
            "select r.path, r.channels, coalesce(r.transcript, '-') from recordings r join calls c on c.id = r.call_id"
            f" where c.call_sid = '{call_sid}' and r.kind = 'call' and r.status = 'fetched'", "it is fetched")
        self.assertEqual((channels, transcript), ("2", "-"))
        self.assertEqual((self.world.dir / "data" / "recordings" / path).read_bytes()[:4], b"RIFF")
        self.assertEqual(self.world.rows("select count(*) from tasks t join calls c on c.id = t.call_id"
                                         f" where c.call_sid = '{call_sid}'"), [["0"]])

    def test_who_is_always_recorded_hears_so_first(self):
        call_sid, asked = self.recorded_call(ALWAYS)
        self.assertEqual(len(asked), 1)
        self.assertEqual(self.first_words(call_sid), "This call is recorded. Hello.")
        self.assertEqual(self.one(f"select recording_consent from calls where call_sid = '{call_sid}'"
                                  " and recording_consent is not null", "its row"), ["not_asked"])
        self.world.control("/recordings", {"end": call_sid, "absent": True})
        self.one(f"select 1 from recordings r join calls c on c.id = r.call_id where c.call_sid = '{call_sid}'"
                 " and r.status = 'absent' and r.why is not null", "nothing was recorded, and the row says so")

    def test_what_the_carrier_refuses_is_in_the_row(self):
        self.world.control("/faults", {"service": "twilio", "status": 429, "count": 1})
        call_sid, asked = self.recorded_call(ALWAYS)
        self.assertEqual(asked, [])
        self.one(f"select 1 from recordings r join calls c on c.id = r.call_id where c.call_sid = '{call_sid}'"
                 " and r.status = 'failed' and r.why is not null", "the row of a recording that there is not")

    def test_nothing_is_asked_where_nothing_may_be(self):
        call_sid, asked = self.recorded_call(NEVER, "yes you may")
        self.assertEqual(asked, [])
        self.one("select 1 from messages m join calls c on c.id = m.call_id"
                 f" where c.call_sid = '{call_sid}' and m.text = 'not_allowed'", "the script is told")
        self.assertEqual(self.world.rows("select count(*) from consents c join calls k on k.id = c.call_id"
                                         f" where k.call_sid = '{call_sid}'"), [["0"]])

    # ---- captures of calls ----

    def call_id(self, call_sid):
        return self.one(f"select id from calls where call_sid = '{call_sid}' and ended_at is not null", "its row")[0]

    def captured(self, tenant, call_sid):
        """The call's capture, once its end is told in a metric; None: there is none, under any name."""
        call_id = self.call_id(call_sid)
        before = self.ends
        until(lambda: self.ended_captures() > before, 20, "its capture ended")
        found = list(self.captures.glob(f"*/*{call_id}*"))
        self.assertLessEqual([path.name for path in found], [f"{call_id}.mooncap"])
        return found[0] if found else None

    def ended_captures(self):
        return self.world.metric("moonline_captures_total")

    def run_again(self, path, *options):
        return subprocess.run([BUILD / "moonline", "replay", path, *options], capture_output=True, text=True, timeout=60,
                              env=self.world.env(), cwd=SOURCE)

    def test_a_call_is_captured_if_its_caller_agreed(self):
        self.ends = self.ended_captures()
        call_sid, _ = self.recorded_call(ASKED, "yes you may", "here is my card")
        path = self.captured("asked", call_sid)
        self.assertEqual((path.parent.name, path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777), ("asked", 0o600, 0o700))
        again = self.run_again(path)
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertNotIn("incomplete", again.stdout)
        scan = self.moonline("tenant", "scan", "asked", ANN)
        self.assertIn(f"capture {path}\n", scan.stdout, scan.stderr)
        erased = self.moonline("tenant", "erase-contact", "asked", ANN)
        self.assertEqual(erased.returncode, 0, erased.stderr)
        self.assertRegex(erased.stdout, r"captures +[1-9]")
        self.assertFalse(path.exists())

    def test_a_call_is_not_captured_if_its_caller_did_not_agree(self):
        for turns in (("good morning",), ("yes you may", "never mind")):
            self.ends = self.ended_captures()
            discarded = self.world.metric('moonline_captures_total{outcome="discarded"}')
            call_sid, _ = self.recorded_call(ASKED, *turns)
            self.assertIsNone(self.captured("asked", call_sid))
            self.assertEqual(self.world.metric('moonline_captures_total{outcome="discarded"}'), discarded + 1)

    def test_a_sealed_capture_needs_its_key(self):
        self.ends = self.ended_captures()
        call_sid, _ = self.recorded_call(ALWAYS, "good morning")
        path = self.captured("always", call_sid)
        self.assertNotIn(b"good morning", path.read_bytes())
        refused = self.run_again(path)
        self.assertEqual((refused.returncode, "key" in refused.stdout + refused.stderr), (2, True), refused)
        again = self.run_again(path, "--key-file", self.key)
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)

    def test_a_tenant_without_captures_has_none(self):
        self.recorded_call(NEVER, "good morning")
        self.recorded_call(OURS, "good morning")
        self.assertFalse((self.captures / "silent").exists())
        self.assertFalse((self.captures / "desk").exists())

    def moonline(self, *arguments):
        return subprocess.run([BUILD / "moonline", *arguments], env=self.world.env(), capture_output=True, text=True, timeout=60,
                              cwd=SOURCE)

    # ---- voicemail ----

    def test_a_voicemail_is_in_the_thread_with_sound_and_words(self):
        call_sid, recording = line.new_sid("CA"), line.new_sid("RE")
        self.world.control("/recordings", {"sid": recording, "text": WORDS, "redirect": True})
        self.world.control("/transcripts", {"texts": [WORDS]})
        status, twiml = line.webhook(self.world.listen, line.voice_form(call_sid, DESK))
        self.assertIn("<Record", twiml)
        action = urllib.parse.urlsplit(re.search(r'action="([^"]+)"', twiml).group(1).replace("&amp;", "&"))
        path = f"{action.path}?{action.query}"
        told = {"RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}",
                "RecordingDuration": "7"}
        done = {"CallSid": call_sid, "RecordingSid": recording, "RecordingStatus": "completed", **told}
        for form in (done, dict(line.voice_form(call_sid, DESK), **told), done):
            self.assertEqual(self.tell(path, form)[0], 200)
        path, words = self.one(f"select path, transcript from recordings where carrier_sid = '{recording}'"
                               " and transcript is not null", "it is here and heard")
        self.assertRegex(words, "^please call me back")  # the sandbox hears as much as the sound has room for
        sound = self.world.dir / "data" / "recordings" / path
        self.assertEqual(sound.read_bytes()[:4], b"RIFF")
        self.assertEqual(sound.stat().st_mode & 0o777, 0o600)
        rows = self.world.rows("select m.text, m.direction, m.outcome, m.audio_ms, m.conversation_id = c.conversation_id, c.outcome"
                               f" from messages m join calls c on c.id = m.call_id where c.call_sid = '{call_sid}'"
                               " and m.direction = 'in'")
        self.assertEqual(rows, [[words, "in", "voicemail", "7000", "t", "voicemail"]])
        self.assertEqual(self.world.rows(f"select v.transcript, v.from_number from voicemails v join calls c on c.id = v.call_id"
                                         f" where c.call_sid = '{call_sid}'"), [[words, ANN]])
        self.assertEqual(self.world.rows("select t.kind, t.details, t.phone from tasks t join calls c on c.id = t.call_id"
                                         f" where c.call_sid = '{call_sid}'"), [["message", words, ANN]])
        self.assertEqual(self.world.rows(f"select to_number from outbox where key = 'voicemail:{recording}'"),
                         [["+15550100009"]])

    # ---- a person ----

    def leave_voicemail(self, call_sid, recording):
        self.world.control("/recordings", {"sid": recording, "text": WORDS, "redirect": True})
        form = dict(line.voice_form(call_sid, DESK), From=MIA)
        twiml = line.webhook(self.world.listen, form)[1]
        action = urllib.parse.urlsplit(re.search(r'action="([^"]+)"', twiml).group(1).replace("&amp;", "&"))
        told = {"RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}", "RecordingDuration": "7"}
        for form in (dict(form, **told), {"CallSid": call_sid, "RecordingSid": recording, "RecordingStatus": "completed", **told}):
            self.assertEqual(self.tell(f"{action.path}?{action.query}", form)[0], 200)

    def write(self, sender, words):
        result = subprocess.run([BUILD / "moonline", "text", "--to", OURS, "--from", sender, "--via", self.world.listen, words],
                                env=self.world.env(), capture_output=True, text=True, timeout=30, cwd=SOURCE)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_who_calls_texts_leaves_a_voicemail_and_books_is_one_person(self):
        """She says another number than the one she rings from, and texts from there too."""
        self.world.control("/transcripts", {"texts": ["a cleaning please for mia"]})
        self.world.control("/replies", {"replies": [
            {"tool_calls": [{"name": "book", "arguments": {"name": "Mia Lind", "phone": MIA_AT_WORK}}]}, {"text": "You are booked."}]})
        scenario = self.world.write_scenario("book.call", "wait\nsay A cleaning please, for Mia.\nwait\nhangup\n")
        called = self.world.call(scenario, to=OURS, options=("--from", MIA))
        self.assertEqual(called.returncode, 0, called.stdout + called.stderr)
        self.write(MIA, "Where are you?")
        self.write(MIA_AT_WORK, "And when was it?")
        self.world.control("/transcripts", {"texts": [WORDS]})
        self.leave_voicemail(line.new_sid("CA"), line.new_sid("RE"))
        hers = "select id from contacts where name = 'Mia Lind'"
        self.one(f"select 1 from tasks where contact_id = ({hers}) and details like 'please call%'", "the voicemail's task")
        self.assertEqual(
            self.world.rows("select p.phone, n.phone from contacts p join contact_numbers n on n.contact_id = p.id"
                            f" where p.id = ({hers})"), [[MIA, MIA_AT_WORK]])
        self.assertEqual(self.world.rows(f"select count(*) from contacts where phone in ('{MIA}', '{MIA_AT_WORK}')"), [["1"]])
        self.assertEqual(self.world.rows(f"select phone, service from appointments where contact_id = ({hers})"),
                         [[MIA_AT_WORK, "cleaning"]])
        said = [row[0] for row in self.world.rows("select m.text from messages m join conversations c on c.id = m.conversation_id"
                                                  f" where c.contact_id = ({hers}) order by m.created_at")]
        self.assertEqual([said[0], said.index("Where are you?") + 1], ["Hello.", said.index("And when was it?")])
        self.assertIn("You are booked.", said[1:said.index("Where are you?")])
        self.assertTrue(any(text.startswith("please call me back") for text in said[said.index("And when was it?"):]), said)
        self.assertEqual(self.world.rows(f"select unread from conversations where contact_id = ({hers})"), [["3"]])

    # ---- call-backs ----

    def asked_for(self, title):
        """A task, and the call that it became: its name, and the three addresses the carrier was given."""
        task = self.world.rows("insert into tasks (tenant_id, kind, title, details, phone, is_for_agent)"
                               f" values ('desk', 'call_back', '{title}', 'about Tuesday', '{ANN}', true) returning id")[0][0]
        row = self.one(f"select id from outbox where task_id = '{task}' and kind = 'call'", "the task became a call")[0]
        placed = until(lambda: [entry for entry in self.state("calls") if row in entry.get("Url", "")], 20, "it was placed")
        self.assertEqual(len(placed), 1)
        asked = placed[0]
        self.assertEqual([asked[name] for name in ("From", "To", "MachineDetection", "AsyncAmd")],
                         [OURS, ANN, "DetectMessageEnd", "true"])
        return task, asked["sid"], *(asked[name].removeprefix(PUBLIC_URL)
                                     for name in ("Url", "AsyncAmdStatusCallback", "StatusCallback"))

    def form(self, call_sid, **more):
        return {"CallSid": call_sid, "AccountSid": ACCOUNT, "From": OURS, "To": ANN, "Direction": "outbound-api", **more}

    def test_a_person_who_answers_talks_to_the_agent(self):
        task, call_sid, voice, amd, status = self.asked_for("Ring Ann")
        self.world.control("/transcripts", {"texts": ["yes tuesday is fine"]})
        self.world.control("/replies", {"replies": [{"text": "See you on Tuesday."}]})
        scenario = self.world.write_scenario("answer.call", "wait\nsay Yes, Tuesday is fine.\nwait\nhangup\n")
        call = self.world.call(scenario, background=True, to=ANN, options=(
            "--from", OURS, "--call-sid", call_sid, "--answer-url", PUBLIC_URL + voice, "--status-url", PUBLIC_URL + status))
        self.one(f"select id from calls where call_sid = '{call_sid}'", "the agent has the call")
        self.assertEqual(self.tell(amd, self.form(call_sid, AnsweredBy="human"))[0], 204)
        self.assertEqual(call.child.wait(90), 0, call.text())
        self.assertEqual(self.one(f"select result, status from tasks where id = '{task}' and done_at is not null", "it is done"),
                         ["reached", "done"])
        self.assertEqual(
            self.one("select c.direction, c.from_number, c.to_number, c.task_id, c.answered_by, p.phone from calls c"
                     f" join contacts p on p.id = c.contact_id where c.call_sid = '{call_sid}' and c.answered_by is not null",
                     "its row"),
            ["outbound", OURS, ANN, task, "human", ANN])
        said = [text for text, in self.world.rows(f"select m.text from messages m join calls c on c.id = m.call_id"
                                                  f" where c.call_sid = '{call_sid}' order by m.created_at")]
        self.assertEqual(said[0], "Hello, you asked us to call back.")
        self.assertIn("See you on Tuesday.", said)
        self.assertIn("You called because: Ring Ann, about Tuesday", json.dumps(self.state("chats")))

    def test_who_comes_back_is_still_whom_we_called(self):
        """After a stream that broke, and after a transfer that nobody took."""
        task, call_sid, voice, _, status = self.asked_for("Ring Ann again")
        back = "&".join(("tenant=desk", "call=" + str(uuid.uuid4()), "sid=" + call_sid, "to=%2B15550100099", "attempt=0",
                         "kind=blind", "then=back", voice.partition("?")[2]))
        for path, more in ((voice + "&attempt=1", {}), ("/twilio/dial-done?" + back, {"DialCallStatus": "no-answer"})):
            code, twiml = self.tell(path, self.form(call_sid, CallStatus="in-progress", **more))
            twiml = html.unescape(twiml)
            self.assertEqual(code, 200)
            self.assertIn(f'name="from" value="{ANN}"', twiml)
            self.assertIn(f'name="to" value="{OURS}"', twiml)
            self.assertIn(f'"id":"{task}","title":"Ring Ann again"', twiml)
            self.assertRegex(twiml, r"/twilio/voice\?attempt=\d+&row=")
        self.assertEqual(self.tell(status, self.form(call_sid, CallStatus="busy"))[0], 204)

    def test_a_machine_has_words_left_on_it(self):
        task, call_sid, voice, amd, status = self.asked_for("Ring the machine")
        self.assertIn("<Stream", self.tell(voice, self.form(call_sid))[1])
        self.assertEqual(self.tell(amd, self.form(call_sid, AnsweredBy="machine_end_beep"))[0], 204)
        updates = until(lambda: [entry for entry in self.state("calls") if entry["sid"] == call_sid and "Twiml" in entry],
                        10, "the carrier was asked to leave words")
        self.assertIn("We called you back &amp; will try again.</Say><Hangup/>", updates[0]["Twiml"])
        self.assertEqual(self.tell(status, self.form(call_sid, CallStatus="completed", CallDuration="9"))[0], 204)
        self.assertEqual(self.one(f"select status from tasks where id = '{task}' and result = 'voicemail'", "its result"), ["done"])

    def test_nobody_is_tried_again_later(self):
        task, call_sid, _, _, status = self.asked_for("Ring nobody")
        for _ in range(2):
            self.assertEqual(self.tell(status, self.form(call_sid, CallStatus="no-answer"))[0], 204)
        self.assertEqual(self.one(f"select status, attempts, due_at > now() + interval '20 minutes', is_for_agent from tasks"
                                  f" where id = '{task}' and result = 'no_answer'", "its result"), ["open", "1", "t", "t"])
        self.assertEqual(self.world.rows(f"select direction, to_number, carrier_status from calls where call_sid = '{call_sid}'"),
                         [["outbound", ANN, "no-answer"]])

    def test_what_is_not_ours_is_refused(self):
        form = self.form(line.new_sid("CA"), AnsweredBy="human")
        self.assertEqual(self.tell("/twilio/amd", form)[0], 400)
        self.assertEqual(line.webhook(self.world.listen, form, "/twilio/amd?row=1", signature="x")[0], 403)


if __name__ == "__main__":
    unittest.main()
