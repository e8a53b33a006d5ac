-- Harbor Plumbing: takes down who needs a plumber, and knows an emergency when it hears one.
--   an emergency        rules in emergency.lua, before any model: words first, then the plumber on call rings
--   out of hours        greeted so; leaves a message (voicemail), or it is an emergency
--   anything else       the model asks for name, number, address and problem: take_lead.lua
--   afterwards          the plumber on call gets a text with what it was

local emergency = require("emergency")
local on_call = require("on_call")
local receptionist = require("prompts.receptionist")

local WEEKDAY = { open = "07:00", close = "18:00" }

---@type Profile
local profile = {
    name = "Harbor Plumbing",
    agent_name = "Max",
    role = "dispatcher",
    address = "3 Dock Road, Springfield",
    time_zone = "America/New_York",
    hours = {
        monday = WEEKDAY, tuesday = WEEKDAY, wednesday = WEEKDAY, thursday = WEEKDAY, friday = WEEKDAY,
        saturday = { open = "08:00", close = "12:00" },
    },
    services = {
        { name = "visit of a plumber", price = "89 dollars, which count towards the repair" },
        { name = "drain cleaning", price = "from 150 dollars" },
        { name = "water heater installation" },
        "leak repair", "bathroom renovation",
    },
    facts = { { "Service area", "Springfield and twenty miles around it" } },
    collect_for = "send a plumber",
    collect = {
        { field = "problem" },
        { field = "name" },
        { field = "phone", confirm = true },
        { field = "address", confirm = true },
        { field = "time", say = "when it suits", optional = true },
    },
    policies = {
        "A plumber calls back within one working hour after a lead was taken.",
        "Calls are recorded only if the caller wants to have what was agreed on tape: then ask \"May we record this call?\" first.",
        "While the conversation phase is closed nobody is in the office: take the lead, and say that somebody calls in the morning.",
    },
    emergencies = {
        signs = { "a burst pipe", "water that cannot be turned off", "a smell of gas", "sewage in the house" },
        say = "use put_through at once",
    },
    donts = { "quote a price for a repair that nobody has seen", "promise an hour of arrival" },
    tone = "calm and practical",
    plumbers = { "+15550100031", "+15550100032", "+15550100033" },
    on_call = "+15550100031", -- until another one says so: on_call.lua
}

local tools = {
    require("take_lead"),
    require("put_through"),
    require("tools.lookup_price"),
    require("tools.record_call"),
}

-- ---- out of hours ----

local function greet(call)
    on_call.look_up(call)
    local is_open, opening = calendar.is_open()
    if is_open ~= false then return end     -- open, or not known: the greeting below
    call.phase = "closed"
    call.tags["out of hours"] = true
    return "Harbor Plumbing. The office opens again " .. (opening and "on " .. opening.spoken or "soon") ..
        ". Is this an emergency, or would you like to leave a message?"
end

local function leave_message(call)
    call.phase = nil
    call.outcome = "message_taken"
    local done = call:voicemail({ say = "Please speak after the tone." })
    if not done then return end             -- no account with the carrier: the model takes it down
    return "Tell us your name, number, address and what is wrong, and we call you first thing."
end

-- ---- what a caller says ----

local function says_yes(text)
    return (text:find("%f[%a]yes") or text:find("%f[%a]yeah") or text:find("it is")) and not text:find("%f[%a]not?%f[%A]")
end

local function says_no(text)
    return text:find("%f[%a]not?%f[%A]") or text:find("nope")
end

local function ask_whether(call, text)
    call.state.emergency, call.phase = text, "emergency"
    return "Is water running, or is something being damaged right now?"
end

local function hear(call, text)
    local answer = on_call.take_over(call, text)
    if answer then return answer end
    local lower, sign = text:lower(), emergency.sign(text)
    if sign == "certain" or (call.phase == "emergency" and says_yes(lower)) then
        local what = call.state.emergency or text
        return { transfer = on_call.for_emergency(call, what), say = emergency.advice(what) .. " " .. on_call.WORDS }
    end
    if call.phase == "emergency" then
        if says_no(lower) then call.state.emergency, call.state.is_no_emergency, call.phase = nil, true, nil end
        return nil
    end
    if call.phase == "closed" and lower:find("message", 1, true) then return leave_message(call) end
    local may_be = sign == "possible" or (call.phase == "closed" and says_yes(lower))
    if may_be and not call.state.is_no_emergency then return ask_whether(call, text) end
end

-- ---- afterwards ----

local function report(call, summary)
    local lead, lines = call.state.lead, {}
    if call.tags.emergency then
        lines[1] = "EMERGENCY from " .. (call.caller or "a hidden number") .. ": " .. (call.state.emergency or "see the call")
    elseif lead then
        lines[1] = "Lead: " .. lead.name .. ", " .. lead.phone .. ", " .. lead.address .. ": " .. lead.problem
        if lead.when then lines[2] = "Suits: " .. lead.when end
    elseif call.tags["call back"] then
        lines[1] = "Call back " .. (call.caller or "a hidden number") .. " (" .. summary.turns .. " turns, not taken down)"
    end
    return #lines > 0 and table.concat(lines, "\n") or nil
end

---@type Agent
return {
    name = profile.name,
    numbers = { "+15550100003" },
    language = "en",

    greeting = "Harbor Plumbing, this is Max. What can we fix for you?",
    goodbye = "Thank you for calling Harbor Plumbing. Goodbye!",
    failure_text = "That takes longer than it should. We call you back.",
    recording = "with_consent", -- what was agreed on site; record_call asks
    filler = { kind = "typing" }, -- somebody writes it down
    turn = {
        silence_ms = 600,
        always_interrupts = { "stop", "wait", "hold on", "emergency" },
    },
    overflow = { say = "All lines are busy. We connect you to the plumber on call.", forward = profile.on_call },

    profile = profile,
    faqs = {
        { "How soon can somebody come?", "A plumber calls back within one working hour and agrees on a time.", tags = "when, quickly, today" },
        { "Do you work on weekends?", "On Saturdays until noon; for emergencies always.", tags = "saturday, sunday, night" },
        { "Which payment do you take?", "Cash, cards and checks, after the work is done.", tags = "pay, credit card, bill" },
        { "Are you licensed and insured?", "Yes, both, in the whole state.", tags = "license, insurance" },
    },
    tools = tools,

    texts = { to = profile.plumbers },

    prompt = function(call)
        return receptionist.build(profile, {
            tools = tools,
            now = time.at(profile.time_zone),
            caller = call.caller,
            channel = call.channel,
            phase = call.phase,
            knowledge = call.knowledge,
            hints = call:hints(),
            business = call.business,
        })
    end,

    on_call_start = greet,
    on_user_turn = hear,

    -- 1 is the short way to the plumber on call, for whoever has no breath for words.
    on_dtmf = function(call, digit)
        if digit ~= "1" then return nil end
        call:transfer(on_call.for_emergency(call, "pressed 1"), { say = on_call.WORDS })
        return true
    end,

    -- Nothing is lost when our book cannot be written: the plumber gets the caller's number.
    on_tool_error = function(call, name)
        if name ~= "take_lead" then return nil end
        call.tags["call back"] = true
        return "I can't write that down right now, but we have your number, and a plumber calls you back within the hour."
    end,

    on_call_end = function(call, summary)
        local text = report(call, summary)
        if not text then return end
        local sid, code = sms.send(on_call.number(call), text)
        if not sid then log.warn("no text to the plumber: " .. code) end
    end,
}
