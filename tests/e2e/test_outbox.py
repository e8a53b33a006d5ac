"""Texts over the real binaries: out of the outbox, with the carrier's signed word back on their rows, and none for who said so in a call."""

import unittest
import urllib.error
import urllib.request

from world import WorldTest, until

PERSON = "+15550100001"
STOP = "please stop texting me"


class OutboxTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def queue(self, fact, to=PERSON):
        sql = f"select queue_text('acme-dental', '{fact}', '+15550100002', '{to}', 'See you on Friday', null, 'test', null, null)"
        self.world.rows(sql)

    def status_of(self, fact):
        sql = f"select o.status, m.status from outbox o join messages m on m.id = o.message_id where o.key = '{fact}'"
        rows = self.world.rows(sql)
        return rows[0] if rows else None

    def expect(self, fact, status):
        until(lambda: self.status_of(fact) == [status, status], 15, f"{fact} {status}")

    def test_the_carrier_s_word_comes_back_in_any_order(self):
        for order in ("in_order", "shuffled", "doubled"):
            self.world.control("/texts", {"callbacks": order, "step_ms": 50, "via": self.world.listen})
            self.queue(order, "+15550100005")
            self.expect(order, "delivered")

    def test_what_was_not_delivered_says_why(self):
        self.world.control("/texts", {"callbacks": "in_order", "step_ms": 50, "via": self.world.listen,
                                      "undelivered": {"+15550100006": "30003"}})
        self.queue("lost", "+15550100006")
        self.expect("lost", "undelivered")
        self.assertEqual(self.world.rows("select error_code from messages where to_number = '+15550100006'"), [["30003"]])

    def test_a_word_that_nobody_signed_is_none(self):
        request = urllib.request.Request(f"http://{self.world.listen}/twilio/sms-status?id=x&tenant=acme-dental",
                                         b"MessageSid=SM1&MessageStatus=failed")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=3)
        self.assertEqual(refused.exception.code, 403)
        refused.exception.close()

    def test_who_says_so_in_a_call_gets_no_more_texts(self):
        self.world.control("/texts", {"callbacks": "none"})
        self.world.control("/transcripts", {"texts": [STOP]})
        scenario = self.world.write_scenario("stop.call", f"wait\nsay {STOP}\nwait\nhangup\n")
        self.world.call(scenario)
        until(lambda: self.world.rows("select phone from opt_outs") == [[PERSON]], 10, "the opt-out")
        self.assertEqual(self.world.rows("select about, is_given, channel from consents"), [["sms", "f", "phone"]])
        self.queue("after", PERSON)
        self.expect("after", "cancelled")


if __name__ == "__main__":
    unittest.main(verbosity=2)
