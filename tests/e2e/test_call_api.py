"""What a script may do to its call: sounds of its own, keys for the other side, a message recorded by the carrier. Each is
asked for by a key whose tone the server hears in the caller's audio."""

import json
import math
import sys
import unittest
import urllib.parse
import wave
import xml.etree.ElementTree as tree

import line
from world import PUBLIC_URL, SOURCE, WorldTest, until

sys.path.insert(0, str(SOURCE / "tests" / "support"))
import sound  # noqa: E402
from caller import Caller, play_out  # noqa: E402

NUMBER = "+15550100066"
AGENT = """
return {
    name = "Sounds",
    numbers = { "%s" },
    greeting = "Hello.",
    sounds = { notice = "sounds/notice.wav" },
    on_dtmf = function(call, digit)
        call.state.digits = (call.state.digits or "") .. digit
        if digit == "1" then
            call:say("Before.")
            call:play("notice")
            call:say("After.")
        elseif digit == "2" then
            call:send_dtmf("1w2#")
        elseif digit == "3" then
            call:say("Goodbye.")
            call:voicemail({ say = "Leave a message & a number." })
        end
        return true
    end,
    prompt = function(call) return "You are a receptionist." end,
}
""" % NUMBER
SPOKEN = {"Hello.": range(100, 130), "Before.": range(200, 220), "After.": range(300, 320), "Goodbye.": range(400, 420)}
NOTICE = range(1000, 1060)
KEYS = {key: (row, column) for row, keys in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"))
        for key, column in zip(keys, (1209, 1336, 1477, 1633))}


def numbered(numbers):
    return b"".join(sound.numbered_frame(number) for number in numbers)


def tone(key):
    return sound.encode([5000 * sum(math.sin(2 * math.pi * hertz * n / 8000) for hertz in KEYS[key]) for n in range(1600)])


def strength(samples, hertz):
    """Of one pitch in a frame, as a part of all of its power (two pitches alike have a quarter each)."""
    real = sum(sample * math.cos(2 * math.pi * hertz * n / 8000) for n, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(2 * math.pi * hertz * n / 8000) for n, sample in enumerate(samples))
    power = sum(sample * sample for sample in samples) * len(samples)
    return (real * real + imaginary * imaginary) / power if power else 0


def keys_heard(frames):
    """(key, frames it lasted), and (None, frames) for what lies between."""
    heard = []
    for frame in frames:
        samples = sound.decode(frame)
        is_loud = max(map(abs, samples)) > 500
        found = [key for key, pitches in KEYS.items() if is_loud and all(strength(samples, each) > 0.15 for each in pitches)]
        key = found[0] if len(found) == 1 else None
        if heard and heard[-1][0] == key:
            heard[-1] = (key, heard[-1][1] + 1)
        else:
            heard.append((key, 1))
    return heard


class EchoCaller(Caller):
    """A line that sends back what the caller hears, 300 ms later, at full level."""

    echo_s = 0.3

    def __init__(self, *arguments, **options):
        self.echoed = 0
        super().__init__(*arguments, **options)

    def with_line(self, now, payload):
        if payload != sound.SILENCE * sound.FRAME:
            return payload
        with self.lock:
            media = [(at, frame) for at, kind, frame in self.events if kind == "media"]
        if self.echoed < len(media) and media[self.echoed][0] + self.echo_s <= now:
            self.echoed += 1
            return media[self.echoed - 1][1]
        return payload


class CallApiTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        folder = cls.world.scripts / "tenants" / "sounds" / "sounds"
        folder.mkdir(parents=True)
        (folder.parent / "agent.lua").write_text(AGENT)
        with wave.open(str(folder / "notice.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in sound.decode(numbered(NOTICE))))

    def setUp(self):
        self.world.control("/speech", {"by_text": [
            {"text": text, "mulaw": line.base64.b64encode(numbered(numbers)).decode()} for text, numbers in SPOKEN.items()]})

    def ring(self, kind=Caller):
        caller = kind(self.world.listen, to=NUMBER)
        self.addCleanup(caller.hang_up)
        caller.wait_for_audio(0, frames=len(SPOKEN["Hello."]))
        caller.wait_until_quiet()
        return caller

    def press(self, caller, key):
        """The frames that come for it."""
        with caller.lock:
            before = len(caller.events)
        caller.say(tone(key))
        caller.wait_for_reply()
        return play_out(caller.events[before:])

    def call_row(self, caller, columns):
        return self.world.rows(f"select {columns} from calls where call_sid = '{caller.call_sid}'")

    def said(self, caller):
        return [row[0] for row in self.world.rows(
            "select m.text from messages m join calls c on c.id = m.call_id where m.direction = 'out' "
            f"and call_sid = '{caller.call_sid}' and m.unheard_text = '' order by m.created_at")]

    def test_a_sound_is_heard_to_the_sample_between_what_is_said(self):
        caller = self.ring()
        heard = self.press(caller, "1")
        self.assertEqual([sound.read_frame(frame) for frame in heard],
                         [(number, "full") for part in (SPOKEN["Before."], NOTICE, SPOKEN["After."]) for number in part])
        caller.hang_up()
        until(lambda: len(self.said(caller)) == 2, 10, "the reply is recorded")
        self.assertEqual(self.said(caller)[1], "Before. [sound notice] After.")

    def test_keys_arrive_and_their_echo_is_none(self):
        caller = self.ring(EchoCaller)
        heard = keys_heard(self.press(caller, "2"))
        self.assertEqual([key for key, _ in heard if key], ["1", "2", "#"])
        lengths = {key: frames for key, frames in heard if key}
        self.assertTrue(all(frames == 5 for frames in lengths.values()), heard)
        between = [frames for key, frames in heard if not key]
        self.assertEqual(between[:2], [5 + 25, 5], "a pause of 500 ms behind the first")
        caller.wait_until_quiet()
        caller.hang_up()
        until(lambda: self.call_row(caller, "ended_at is not null") == [["t"]], 10, "the call has ended")
        self.assertEqual(self.call_row(caller, "state->>'digits'"), [["2"]], "only the caller's key")
        self.assertEqual(self.said(caller)[1], "[keys 1w2#]")

    def test_a_message_is_recorded_by_the_carrier(self):
        caller, response = self.leave_a_message()
        self.assertEqual(response[0].text, "Leave a message & a number.")
        action = response[1].get("action")
        self.assertTrue(action.startswith(PUBLIC_URL + "/twilio/recording?tenant=sounds&call="), action)
        until(lambda: self.call_row(caller, "end_reason, outcome") == [["voicemail", ""]], 10, "our part is over")
        self.assertEqual(self.said(caller)[-1], "Goodbye.", "said before")
        # The caller comes back to nobody, and the message finds the call's row.
        status, twiml = line.webhook(self.world.listen, line.voice_form(caller.call_sid, NUMBER), "/twilio/voice?attempt=1")
        self.assertEqual((status, "<Hangup/>" in twiml), (200, True))
        form = {"CallSid": caller.call_sid, "From": "+15550100001", "To": NUMBER, "RecordingDuration": "7",
                "RecordingUrl": "https://api.twilio.com/Recordings/RE1"}
        path = action.removeprefix(PUBLIC_URL)
        self.assertEqual(line.webhook(self.world.listen, form, path)[0], 200)
        until(lambda: self.call_row(caller, "end_reason, outcome, recording_ms, recording_url") == [
            ["voicemail", "voicemail", "7000", "https://api.twilio.com/Recordings/RE1"]], 10, "the message is in the call's row")
        query = urllib.parse.parse_qs(urllib.parse.urlparse(path).query)
        for wrong in ("x", query["call"][0][:-1], query["call"][0] + "'"):
            bad = f"/twilio/recording?tenant=sounds&call={urllib.parse.quote(wrong)}"
            self.assertEqual(line.webhook(self.world.listen, form, bad)[0], 400, wrong)

    def test_a_message_needs_no_postgres(self):
        self.world.postgres("stop")
        try:
            caller, _ = self.leave_a_message()
        finally:
            self.world.postgres("start", "--fast")
        until(lambda: self.call_row(caller, "end_reason, outcome") == [["voicemail", ""]], 30, "our part is written")

    def leave_a_message(self):
        """A caller whose stream the server ended, and what the carrier was told of it."""
        caller = self.ring()
        caller.say(tone("3"))
        until(lambda: caller.is_over, 20, "the stream is closed")
        updates = [each for each in json.loads(self.world.control("/state", method="GET"))["calls"]
                   if each["sid"] == caller.call_sid]
        self.assertEqual(len(updates), 1)
        response = tree.fromstring(updates[0]["Twiml"])
        self.assertEqual([each.tag for each in response], ["Say", "Record"])
        return caller, response


if __name__ == "__main__":
    unittest.main()
