"""Whom the callers of `make replays` reach: the front desk as it is, others of its kind whom voices interrupt more or less easily,
one whose hooks all answer, and one that puts callers through and calls them back."""

import re

FRONT, LOW, HIGH, OFF, HOOKS, DESK = (f"+1555010000{digit}" for digit in (2, 4, 5, 6, 7, 8))
BOSS = "+15550100099"
ANN = "+15550100001"

HOOKS_AGENT = """
return {
    name = "Hooks",
    numbers = { "%s" },
    capture = "on",
    greeting = "Welcome to Nguyen and sons.",
    goodbye = "Goodbye.",
    still_there = "Are you still there?",
    turn = { idle_ms = 3000, idle_nudges = 2, early = true, phases = { quick = { silence_ms = 300, stall_ms = 200 },
        slow = { silence_ms = 900, patience_ms = 900, min_utterance_ms = 150 } } },
    tools = {
        { name = "broken", description = "Breaks.", parameters = { type = "object", properties = {}, required = {} },
          run = function() error("no such luck") end },
    },
    end_of_turn = function(call, signals)
        if signals.text:lower():find("number is") then return false end
        if signals.text:lower():find("sunday") then return true end
    end,
    on_user_turn = function(call, text)
        text = text:lower()
        if text:find("hours") then
            call.phase = "quick"
            return "Nguyen is open from nine to five. Every day. Even on Sundays."
        end
        if text:find("services") then
            call.phase = "slow"
            return { rewrite = "What can you do?" }
        end
        if text:find("goodbye") then return { hangup = true, say = "See you soon." } end
    end,
    on_partial = function(call, text) call.state.partial = text end,
    on_dtmf = function(call, digit)
        if digit == "1" then return true end
        if digit == "2" then return "What are your hours on Saturday?" end
        if digit == "9" then error("no nine") end
    end,
    on_silence = function(call, nudges)
        if nudges == 0 then return false end
        return "Are you thinking, at Nguyen?"
    end,
    before_say = function(call, text)
        if text:find("leave") then return false end
        return (text:gsub("Nguyen", "Win"))
    end,
    on_tool_error = function(call, name, problem) return "That did not work. Please call back." end,
    prompt = function(call) return "You are a receptionist." end,
}
""" % HOOKS

DESK_AGENT = """
return {
    name = "Desk",
    numbers = { "%s" },
    transfers = { "%s" },
    capture = "on",
    greeting = "Welcome.",
    transfer_failed = "Nobody is there. Shall I take a message?",
    call_back_greeting = "Hello, you asked us to call back.",
    profile = { time_zone = "America/New_York" },
    on_user_turn = function(call, text)
        if text:lower():find("stop") then return { transfer = "%s", say = "I will put you through." } end
    end,
    prompt = function(call) return "You are a receptionist." end,
}
""" % (DESK, BOSS, BOSS)


def changed(text, pattern, by):
    """The text with that replaced; there is one."""
    result, count = re.subn(pattern, by, text, count=1, flags=re.M)
    if not count:
        raise SystemExit(f"replays: the front desk's agent.lua has no {pattern}")
    return result


def write(scripts):
    """All of them, each call captured."""
    tenants = scripts / "tenants"
    front = tenants / "acme-dental" / "agent.lua"
    text = changed(front.read_text(), r"^(\s*)greeting = ", r'\1capture = "on",\n\1greeting = ')
    front.write_text(text)
    agents = {"hooks": HOOKS_AGENT, "desk": DESK_AGENT}
    for level, number in (("low", LOW), ("high", HIGH), ("off", OFF)):
        agents[level] = changed(text.replace(FRONT, number), r"barge_in = true", f'barge_in = "{level}"')
    for name, agent in agents.items():
        (tenants / name).mkdir()
        (tenants / name / "agent.lua").write_text(agent)
    return [front, *(tenants / name / "agent.lua" for name in agents)]
