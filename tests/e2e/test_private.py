"""What is somebody's own, said and written in every form and led through whatever watches: log, spans, metrics, files. The watchers are all
on, and none of them has it. Postgres' tables of calls, messages and contacts do, and so do the journal and the admin's API: they
are the record."""

import http.server
import json
import re
import subprocess
import threading
import unittest
import urllib.parse
import urllib.request

import line
from world import BUILD, SOURCE, WorldTest, get, until

PERSON, FRIEND = "+15550100001", "+12125550177"
SECRETIVE, ASKED, KEEPING = "+15550100084", "+15550100085", "+15550100086"
AGENT = """
local function note(call, args)
    local all = { call = { who = { call.caller, args.wish } }, list = { { args.wish } } }
    log.info("wish: " .. args.wish)
    log.warn(json.encode(all))
    log.info(string.rep("x", 1010 - 8 - #args.wish) .. " " .. args.wish)
    call.state.wishes = all
    call.tags[args.wish:sub(1, 30)] = true
    db.query("SELECT $1::integer", args.wish)
    db.query("INSERT INTO leads (interest, source) VALUES ($1, 'test')", args.wish)
    http.get("BACK/found?who=" .. args.escaped .. "&from=" .. call.caller)
    http.get("http://127.0.0.1:9/nobody/" .. args.escaped)
    http.post("BACK/found", { wish = args.wish })
    sms.send(call.caller, "You said " .. args.wish)
    sms.send("FRIEND", "You said " .. args.wish)
    leads.save({ name = args.wish, phone = "FRIEND", interest = args.wish })
    return { ok = true, said = args.wish }
end
local anything = { type = "object", properties = { wish = { type = "string" }, escaped = { type = "string" } } }

return {
    name = "NAME", numbers = { "NUMBER" }, greeting = "Hello.", capture = "CAPTURE", trace_sample = 1,
    profile = { time_zone = "America/New_York" }, filler = { kind = "phrase" }, http = { allow = { "127.0.0.1" } }, transfers = { "FRIEND" },
    texts = { answer = true, failure_text = "Later." },
    tools = {
        { name = "note", description = "Notes.", parameters = anything, run = note },
        { name = "fail", description = "Fails.", parameters = anything, run = function(call, args) error("no " .. args.wish) end },
        { name = "fail_more", description = "Fails.", parameters = anything, run = function(call, args) error({ why = { args.wish } }) end },
        { name = "hand_over", description = "Hands over.", parameters = anything, run = function(call, args)
            return { ok = call:transfer("FRIEND", { say = "One moment." }) }
        end },
    },
    on_user_turn = function(call, text) log.info("heard " .. text) end,
    on_dtmf = function(call, digit)
        call.state.digits = (call.state.digits or "") .. digit
        if #call.state.digits == 10 then log.info("typed " .. call.state.digits) end
    end,
    on_call_end = function(call) error("the end of " .. call.caller .. ": " .. json.encode(call.history)) end,
    prompt = function(call) return "You talk with " .. tostring(call.caller) end,
}
"""

# In words and figures, as they are said; and the parts of them that tell of somebody.
OWN = [
    ("212-555-0142", ["555-0142", "5550142"]),
    ("+44 20 7946 0958", ["7946 0958", "79460958", "7946%20"]),
    ("six four six five five five oh one double three", ["six four six five five five oh", "oh one double three"]),
    ("eight hundred five five five, uh, one nine eight seven", ["one nine eight seven"]),
    ("jane.roe+x@example.com", ["jane.roe", "jane%2e", "roe%2bx"]),
    ("peter dot novak at gmail dot com", ["novak at g", "peter%20dot%20novak%20at"]),
    ("4111 1111 1111 1111", ["1111 1111", "11111111"]),
    ("forty two forty two forty two forty two forty two forty two forty two forty two", ["forty two forty two forty two forty", "forty%20two%20forty%20two%20forty%20two"]),
    ("march third nineteen eighty four", ["nineteen eighty"]),
    ("03/03/84", ["03/03/84", "03%2f03"]),
]
TYPED = "3475550166"
CALLERS = [PERSON[1:], FRIEND[1:], "2125550177", TYPED]


class Back(http.server.BaseHTTPRequestHandler):
    """What scripts ask, which quotes whoever asked; and the collector of spans."""

    spans = []

    def do_GET(self):
        self.answer(404, json.dumps({"error": f"nothing at {self.path}"}))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path.startswith("/v1/traces"):
            self.spans.append(body)
            self.answer(200, "{}")
        else:
            self.answer(422, json.dumps({"error": f"what is {body}?"}))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


class PrivateTest(WorldTest):
    sandbox_options = ("--no-ears",)

    @classmethod
    def prepare(cls):
        cls.back = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Back)
        threading.Thread(target=cls.back.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.back.server_close)
        cls.addClassCleanup(cls.back.shutdown)
        url = f"http://127.0.0.1:{cls.back.server_port}"
        cls.tmp = cls.world.dir / "tmp"
        cls.tmp.mkdir()
        for name, number, capture in (("secretive", SECRETIVE, "off"), ("asked", ASKED, "consented")):
            folder = cls.world.scripts / "tenants" / name
            folder.mkdir()
            agent = AGENT
            for word, value in (("NAME", name), ("NUMBER", number), ("CAPTURE", capture), ("BACK", url), ("FRIEND", FRIEND)):
                agent = agent.replace(word, value)
            (folder / "agent.lua").write_text(agent)
        cls.server_env = {"MOONLINE_LOG_LEVEL": "debug", "MOONLINE_DEBUG": "audio,ws,stt", "MOONLINE_LOG_RATE": "0",
                          "MOONLINE_CAPTURE": "1", "MOONLINE_TEXTS_SETTLE_MS": "300", "MOONLINE_ALLOW_PRIVATE_HTTP": "1",
                          "OTEL_EXPORTER_OTLP_ENDPOINT": url, "TMPDIR": str(cls.tmp)}

    def setUp(self):
        for path in ("/faults", "/state"):
            self.world.control(path, method="DELETE")

    # ---- what is said ----

    def place(self, number, texts, replies, *more):
        call_sid = line.new_sid("CA")
        self.world.control("/transcripts", {"texts": texts})
        self.world.control("/replies", {"replies": replies})
        steps = "wait\n" + "say This is what I have to say to you now.\nwait\n" * len(texts)
        scenario = self.world.write_scenario(f"{call_sid}.call", steps + "".join(f"{step}\n" for step in more))
        call = self.world.call(scenario, to=number, options=("--call-sid", call_sid))
        self.assertEqual(call.returncode, 0, call.stdout + call.stderr + self.world.server.text()[-3000:])
        return call_sid

    def tool(self, name, wish):
        return {"tool_calls": [{"name": name, "arguments": {"wish": wish, "escaped": urllib.parse.quote(wish, safe="")}}]}

    def text(self, number, words):
        arguments = [BUILD / "moonline", "text", "--to", number, "--from", PERSON, "--via", self.world.listen, words]
        result = subprocess.run(arguments, env=self.world.env(), capture_output=True, text=True, timeout=30, cwd=SOURCE)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def talk(self):
        """Every one of them said, thought, told to tools, and said by the agent."""
        calls = []
        for number, some in ((SECRETIVE, OWN[:5]), (ASKED, OWN[5:])):
            texts, replies = [], []
            for index, (own, _) in enumerate(some):
                texts.append(f"well it is {own}")
                replies += [self.tool(("note", "note", "fail", "note", "fail_more")[index], f"it is {own}"), {"text": f"So it is {own}." if index % 2 else "Okay."}]
            calls.append(self.place(number, texts, replies, f"dtmf {TYPED}", "pause 1500", "hangup"))
        calls.append(self.place(ASKED, ["get me somebody"], [self.tool("hand_over", FRIEND)], "expect-hangup"))
        return calls

    def go_wrong(self):
        """Services that quote what they were asked, a model that calls what there is not."""
        calls = []
        self.world.control("/faults", {"service": "llm", "status": 400, "code": "jane.roe+x@example.com", "count": 1})
        calls.append(self.place(SECRETIVE, ["hello there"], [{"text": "Hello."}], "hangup"))
        calls.append(self.place(SECRETIVE, ["hello there"], [
            {"tool_calls": [{"name": "call_212-555-0142", "arguments_text": '{"wish":"jane.roe+x@example.com'}]}, {"text": "Hello."}], "hangup"))
        return calls

    def answered(self):
        return int(self.world.rows("select count(*) from messages where channel = 'sms' and direction = 'in' and status = 'answered'")[0][0])

    def write(self):
        for index, (own, _) in enumerate(OWN):
            tool = self.tool("fail" if index % 4 == 3 else "note", f"it is {own}")
            self.world.control("/replies", {"replies": [tool, {"text": f"So it is {own}."}]})
            before = self.answered()
            self.text(SECRETIVE, f"My own is {own}")
            until(lambda: self.answered() > before, 30, f"an answer to {own}")

    def watch(self):
        """An operator looks closer at one caller, and asks odd things."""
        for arguments in (("log", "call", PERSON, "--ws"), ("log", "call", "jane.roe+x@example.com")):
            subprocess.run([BUILD / "moonline", *arguments], env=self.world.env(), capture_output=True, text=True, timeout=30, cwd=SOURCE)
        for path in ("/api/calls/%2B15550100001", "/api/calls/+15550100001/trace", "/nothing?to=%2B12125550177&mail=jane.roe%2Bx%40example.com"):
            get(f"http://{self.world.admin}{path}")
            get(f"http://{self.world.listen}{path}")
        line.webhook(self.world.listen, {**line.voice_form(line.new_sid("CA"), SECRETIVE), "From": FRIEND}, signature="x")
        line.webhook(self.world.listen, {**line.voice_form(line.new_sid("CA"), FRIEND), "From": PERSON})

    # ---- where it may not be ----

    def traces(self, calls):
        for call_sid in calls:
            until(lambda: self.world.rows(f"select 1 from calls c join call_traces t on t.call_id = c.id where c.call_sid = '{call_sid}'"
                                          " and c.ended_at is not null and t.spans::text like '%\"CALL\"%'"), 30, f"the trace of {call_sid}")
            status, text = get(f"http://{self.world.admin}/api/calls/{call_sid}/trace")
            self.assertEqual(status, 200)
            yield f"trace of {call_sid}", text

    def files(self):
        """All but the journal, which is the record, and versions, which are the scripts with the numbers in them."""
        data = self.world.dir / "data"
        for folder in (data, self.tmp):
            for path in folder.rglob("*"):
                yield "names of files", str(path.relative_to(self.world.dir))
                if path.is_file() and path.relative_to(folder).parts[0] not in ("journal", "versions"):
                    yield f"file {path.relative_to(self.world.dir)}", path.read_bytes().decode(errors="replace")

    def places(self, calls):
        yield from self.traces(calls)
        yield "rows of traces", "\n".join(row[0] for row in self.world.rows("select spans::text from call_traces"))
        until(lambda: all(call_sid in "".join(Back.spans) for call_sid in calls), 30, "the collector has them all")
        yield from (("collector", body) for body in Back.spans)
        yield from (("log", each) for each in self.world.server.text().splitlines())
        yield "metrics", get(f"http://{self.world.admin}/metrics")[1]
        yield from self.files()

    def leaks(self, calls):
        parts = [part for _, each in OWN for part in each] + CALLERS
        pattern = re.compile("|".join(map(re.escape, parts)), re.IGNORECASE)
        for where, text in self.places(calls):
            for found in pattern.finditer(text):
                yield f"{where}: {text[max(0, found.start() - 300):found.end() + 60]}"

    def test_1_nobodys_own_is_where_it_may_not_be(self):
        self.watch()
        calls = self.talk() + self.go_wrong()
        self.write()
        kept = "".join(row[0] for row in self.world.rows("select text from messages where text is not null"))
        for own, _ in OWN:
            self.assertIn(own, kept)  # it was said, and is in the record
        self.assertEqual([], list(self.leaks(calls)))
        self.assertEqual([], self.captures())

    def captures(self):
        return list((self.world.dir / "data" / "captures").glob("*/*"))

    def test_2_what_a_killed_process_leaves_goes(self):
        """Of somebody who talked, and agreed to nothing."""
        self.world.control("/transcripts", {"texts": [f"well it is {OWN[0][0]}"]})
        scenario = self.world.write_scenario("killed.call", "wait\nsay This is what I have to say.\nwait\npause 20000\nhangup\n")
        call = self.world.call(scenario, to=ASKED, background=True)
        left = until(self.captures, 20, "a file of a call that may be kept")
        self.assertEqual([(path.suffix, path.stat().st_mode & 0o777) for path in left], [(".ask", 0o600)])
        self.world.server.child.kill()
        self.world.server.child.wait()
        call.child.kill()
        call.child.wait()
        self.world.start_server(**self.server_env)
        until(lambda: not self.captures(), 10, "nothing of it is left")


if __name__ == "__main__":
    unittest.main()
