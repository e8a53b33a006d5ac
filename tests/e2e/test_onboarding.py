"""docs/tenants.md, to the letter: its commands are run and their output is what the page shows. And two of its tenants are
called: a table is booked without a model, an emergency is put through."""

import json
import os
import pathlib
import re
import subprocess
import unittest

from world import BUILD, SOURCE, WorldTest, get, until

PAGE = SOURCE / "docs" / "tenants.md"
TENANTS = ("acme-dental", "harbor-plumbing", "trattoria-luna")
HOURS = ["what are your hours on saturday", "are you open on sunday", "thank you goodbye"]


def shown_commands(page):
    """(command, shown output) of the page's console blocks, in order."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def without_numbers(lines):
    """What stays the same from run to run: not versions, times, ports and the columns that are as wide as those."""
    text = re.sub(r"\b[0-9a-f]{16}\b", "VERSION", "\n".join(lines))
    return re.sub(r" +", " ", re.sub(r"\d+", "0", text)).strip().splitlines()


class Shell:
    """One bash for all commands, so that `&` and `wait` mean what they say."""

    def __init__(self, env, folder):
        self.child = subprocess.Popen(["bash"], env=env, cwd=folder, text=True, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, command):
        self.child.stdin.write(command + "\nprintf '\\n=== %s\\n' done\n")
        self.child.stdin.flush()
        lines = []
        for line in self.child.stdout:
            if line == "=== done\n":
                break
            lines.append(line.rstrip("\n"))
        return "\n".join(lines).strip("\n").splitlines()

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        return self.child.wait(30)


class TenantsPageTest(WorldTest):
    sandbox_options = ("--no-ears",)

    def tenant(self, name):
        tenants = self.world.admin_json("/api/tenants")[1]
        return next((each for each in tenants if each["id"] == name), None)

    def on_these_ports(self, command):
        return command.replace("127.0.0.1:8080", self.world.listen).replace("127.0.0.1:8081", self.world.admin)

    def test_the_page_is_what_happens(self):
        env = self.world.env(MOONLINE_SCRIPTS="scripts", PATH=f"{BUILD}:{os.environ['PATH']}")
        (self.world.dir / "examples").symlink_to(SOURCE / "examples")
        self.world.control("/transcripts", {"texts": HOURS + [HOURS[0]] * 3})
        commands = shown_commands(PAGE)
        self.assertGreater(len(commands), 15)
        shell = Shell(env, self.world.dir)
        for command, shown in commands:
            if command == "sleep 9":  # a page has no better way to say: when the first answer was heard
                self.until_first_answer()
            came = shell.run(self.on_these_ports(command.replace("sleep 9", "true")))
            with self.subTest(command):
                self.assertEqual(without_numbers(came), without_numbers(shown))
            if command.startswith("moonline tenant new"):
                until(lambda: self.tenant("corner-bakery"), 1, "the server knows the new tenant")
            if command.startswith("sed") and "saturday" not in command:
                self.wait_for_files()
        self.assertEqual(shell.close(), 0)

    def until_first_answer(self):
        def answered():
            calls = [each["call_sid"] for each in self.world.admin_json("/api/calls")[1] if not each["ended"]]
            return calls and any("closed" in event["text"] for event in self.world.events(calls[0], "agent"))

        until(answered, 30, "the first answer is heard")

    def wait_for_files(self):
        """The server has looked at what was saved: what is shown next is as of then."""
        expected = subprocess.run([BUILD / "moonline", "reload", "corner-bakery"], env=self.world.env(), cwd=self.world.dir,
                                  capture_output=True, text=True, timeout=30)
        self.assertIn("corner-bakery", expected.stdout, expected.stderr)

    def test_new_tenants_are_refused_where_they_would_harm(self):
        def new(*arguments):
            result = subprocess.run([BUILD / "moonline", "tenant", "new", *arguments], env=self.world.env(), capture_output=True,
                                    text=True, timeout=30)
            return result.returncode, result.stderr

        agent = self.world.scripts / "tenants" / "acme-dental" / "agent.lua"
        before = agent.read_text()
        status, words = new("acme-dental")
        self.assertEqual(status, 1)
        self.assertIn("tenants/acme-dental is there already; nothing was changed", words)
        self.assertEqual(agent.read_text(), before)
        for arguments, status, words in (
                (("Corner Shop",), 1, '"Corner Shop" is no tenant\'s name'), (("../x",), 1, '"../x" is no tenant\'s name'),
                (("shop", "--number", "12"), 1, '"12" is no whole telephone number'),
                (("shop", "--name", "two\nlines"), 1, "a name is one line"), ((), 2, "needs SLUG"),
                (("shop", "--wrong"), 2, "needs SLUG")):
            came = new(*arguments)
            self.assertEqual(came[0], status, came)
            self.assertIn(words, came[1])
        self.assertEqual(sorted(each.name for each in (self.world.scripts / "tenants").iterdir() if each.name != "corner-bakery"),
                         sorted(TENANTS))

    def test_a_name_with_quotes_and_a_number(self):
        env = self.world.env(MOONLINE_SCRIPTS=str(self.world.dir / "apart"))
        (self.world.dir / "apart").mkdir()
        for shared in ("tools", "prompts"):
            (self.world.dir / "apart" / shared).symlink_to(self.world.scripts / shared)
        (self.world.dir / "apart" / "tenants").mkdir()
        for arguments in (("tenant", "new", "joes", "--name", 'Joe\'s "Grill" \\ Bar', "--number", "+1 555 010 0079"),
                          ("check", "joes"), ("test", "joes")):
            result = subprocess.run([BUILD / "moonline", *arguments], env=env, capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        shown = subprocess.run([BUILD / "moonline", "tenant", "show", "joes"], env=env, capture_output=True, text=True, timeout=30)
        self.assertIn('"+15550100079"', shown.stdout)
        self.assertIn(json.dumps('Joe\'s "Grill" \\ Bar'), shown.stdout)


class TenantsTest(WorldTest):
    """The three tenants of the repository."""

    sandbox_options = ("--no-ears",)

    def setUp(self):
        self.world.control("/state", method="DELETE")

    def run_moonline(self, *arguments):
        return subprocess.run([BUILD / "moonline", *arguments], env=self.world.env(), capture_output=True, text=True, timeout=120)

    def state(self):
        return json.loads(get(self.world.control_url + "/state")[1])

    def play(self, to, heard, steps):
        self.world.control("/transcripts", {"texts": heard})
        before = {row[0] for row in self.world.rows("select id from calls")}
        result = self.world.call(self.world.write_scenario("tenant.call", "\n".join(steps) + "\n"), to=to)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return until(lambda: next((row[0] for row in self.world.rows("select id from calls where ended_at is not null")
                                   if row[0] not in before), None), 10, "the call has ended")

    def said(self, call_id):
        return [row[0] for row in self.world.rows(
            f"select text from messages where call_id = '{call_id}' and direction = 'out' order by created_at")]

    def text_to(self, number):
        return until(lambda: next((each for each in self.state()["messages"] if number in str(each)), None), 10,
                     f"a text to {number}")

    def test_nothing_is_wrong_and_every_conversation_holds(self):
        checked = self.run_moonline("check")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertRegex(checked.stdout, r"^3 tenants, \d+ files: 0 errors, 0 warnings\n$")
        tested = self.run_moonline("test")
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)
        for tenant in TENANTS:
            self.assertGreaterEqual(len(re.findall(rf"^ok \d+ - {tenant}: ", tested.stdout, re.M)), 8)

    def test_a_table_is_booked_without_a_model(self):
        call_id = self.play("+15550100004", ["a table for four next saturday", "at half past seven", "under miller", "yes please"],
                            ["wait", "say A table for four, next Saturday.", "wait", "say At half past seven.", "wait",
                             "say Under Miller.", "wait", "say Yes, please.", "wait", "hangup"])
        said = self.said(call_id)
        self.assertEqual(said[1:3], ["At what time?", "Under which name?"])
        self.assertRegex(said[3], r"A table for four on Saturday, \w+ \d+ at 7:30 PM, under Miller\. Shall I book it\?")
        self.assertIn("Your table is booked, Miller.", said[4])
        self.assertEqual(self.state()["chats"], [], "no model was asked")
        self.assertEqual(self.world.rows(
            f"""select name, service, staff, phone, to_char(starts_at at time zone 'America/New_York', 'FMDay HH24:MI')
                from appointments where call_id = '{call_id}'"""),
            [["Miller", "table for four", "table 4", "+15550100001", "Saturday 19:30"]])
        self.assertEqual(self.world.rows(f"select outcome from calls where id = '{call_id}'"), [["booked"]])
        message = self.text_to("+15550100001")
        self.assertIn("a table for 4 on Saturday", str(message))

    def test_an_emergency_is_put_through(self):
        self.world.rows("""insert into kv (tenant_id, key, value) values ('harbor-plumbing', 'on_call', '"+15550100032"')""")
        call_id = self.play("+15550100003", ["help a pipe has burst in my kitchen"],
                            ["wait", "say Help, a pipe has burst in my kitchen!", "wait", "pause 500", "hangup"])
        self.assertIn("If you can reach it, turn off the main water valve. I'm putting you through to our plumber on call.",
                      self.said(call_id))
        self.assertEqual(self.state()["chats"], [], "no model was asked")
        self.assertIn("+15550100032", str(self.state()["calls"]), "who kv says is on call")
        self.assertEqual(self.world.rows(f"select end_reason, outcome, 'emergency' = any (tags) from calls where id = '{call_id}'"),
                         [["transferred", "transferred", "t"]])
        self.assertIn("EMERGENCY from +15550100001: Help a pipe has burst", str(self.text_to("+15550100032")))


if __name__ == "__main__":
    unittest.main()
