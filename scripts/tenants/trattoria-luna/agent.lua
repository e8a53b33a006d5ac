-- Trattoria Luna: a restaurant that takes reservations. Most of a call is plain Lua (reservation.lua, understand.lua), answered
-- without a model; the model is for questions, and for sentences the rules do not understand.

local note_reservation = require("note_reservation")
local receptionist = require("prompts.receptionist")
local reservation = require("reservation")
local understand = require("understand")

local EVENING = { open = "17:00", close = "23:00" }
local WEEKEND = { { open = "12:00", close = "15:00" }, EVENING }

---@type Profile
local profile = {
    name = "Trattoria Luna",
    agent_name = "Giulia",
    role = "hostess",
    address = "8 Mill Lane, Springfield",
    time_zone = "America/New_York",
    hours = { -- closed on Mondays
        tuesday = EVENING, wednesday = EVENING, thursday = EVENING, friday = EVENING, saturday = WEEKEND, sunday = WEEKEND,
    },
    holidays = { ["2026-12-25"] = "Christmas" },
    slot_minutes = 15,

    -- A table is "staff" with a calendar of its own, a service what is asked of it: who sits where, and for how long.
    staff = { "table 1", "table 2", "table 3", "table 4", "table 5", "table 6" },
    services = {
        { name = "table for two", seats = 2, minutes = 90, staff = { "table 1", "table 2", "table 3" } },
        { name = "table for four", seats = 4, minutes = 105, staff = { "table 4", "table 5" } },
        { name = "table for eight", seats = 8, minutes = 120, staff = { "table 6" } },
    },
    party_max = 8,
    host_phone = "+15550100041",

    policies = {
        "For a new reservation call note_reservation with whatever the caller said, and never promise a table yourself.",
        "When a reservation is under way (Conversation phase says what is asked for), answer the question, then ask for that again.",
        "Tables are held for fifteen minutes.",
        "Catering and private parties: take it down with log_lead, and say that the host calls back.",
    },
    donts = { "promise a dish without traces of an allergen" },
    tone = "warm and quick, as in a busy dining room",
}

local tools = {
    note_reservation,
    require("tools.cancel_appointment"),
    require("tools.reschedule_appointment"),
    require("tools.answer_from_knowledge"),
    require("tools.log_lead"), -- catering, parties larger than the largest table
}

-- What the voice would say wrong.
local PRONUNCIATION = { Gnocchi = "Nyokky", gnocchi = "nyokky", Bruschetta = "Brusketta", bruschetta = "brusketta",
    Tagliatelle = "Tahlya-telleh", tagliatelle = "tahlya-telleh", Branzino = "Brandzeeno", branzino = "brandzeeno" }

local function text_details(call)
    local booked = call.state.booked
    return sms.send(booked.phone, "Trattoria Luna: a table for " .. booked.party .. " on " .. booked.spoken .. ", under " ..
        booked.name .. ". 8 Mill Lane. To change it, just call us.")
end

---@type Agent
return {
    name = profile.name,
    numbers = { "+15550100004" },
    language = "en",

    greeting = "Trattoria Luna, buonasera! How can I help?",
    still_there = "Are you still there?",
    goodbye = "Thank you for calling Trattoria Luna. A presto!",
    failure_text = "I'm sorry, that takes too long. We'll text you.",
    filler = { kind = "phrase", phrases = { "Let me look in the book.", "One moment." } },
    turn = {
        silence_ms = 500,
        phases = { -- who spells a name or says a number makes pauses
            name = { silence_ms = 700 },
            phone = { silence_ms = 1000, patience_ms = 800 },
        },
    },
    overflow = { say = "All our lines are busy. Please leave us a message, and we call you back.", voicemail = true },

    profile = profile,
    faqs = {
        { "Are dogs allowed?", "Yes, on the terrace and at the tables by the window.", tags = "pet" },
        { "Is there parking?", "Behind the house, entered from Harbor Street; free after six.", tags = "car, lot" },
        { "Do you have high chairs?", "Yes, four of them.", tags = "baby, toddler, child seat" },
        { "Is the place wheelchair accessible?", "Yes, everything is on the ground floor.", tags = "disabled, stairs" },
        { "Can we sit outside?", "The terrace opens from May to September, weather permitting, first come, first served.",
            tags = "terrace, garden, patio" },
    },
    knowledge = { limit = 3, files = { "knowledge/menu.md" } },
    tools = tools,

    prompt = function(call)
        return receptionist.build(profile, {
            tools = tools,
            now = time.at(profile.time_zone),
            caller = call.caller,
            phase = call.phase,
            knowledge = call.knowledge,
            hints = call:hints(),
            business = call.business,
        })
    end,

    on_user_turn = function(call, text)
        local booked = call.state.booked
        if booked and understand.says_goodbye(text) then
            return { hangup = true, say = "Thank you, " .. booked.name .. ". A presto!" }
        end
        return reservation.hear(call, text)
    end,

    -- A caller who is looking for the calendar hears the question again instead of "are you still there".
    on_silence = function(call, nudges)
        local question = reservation.question(call)
        if question and nudges == 0 then return "Take your time. " .. question end
    end,

    before_say = function(_, text)
        return (text:gsub("%a+", PRONUNCIATION))
    end,

    -- 0 leads to a person; at the question whether to book, 1 is yes and 2 is no.
    on_dtmf = function(call, digit)
        if digit == "0" and call.phase ~= "phone" then
            call:transfer(profile.host_phone, { say = "I'm putting you through." })
            return true
        end
        if call.phase == "confirm" and digit == "1" then return "Yes." end
        if call.phase == "confirm" and digit == "2" then return "No." end
    end,

    on_tool_error = function(call, name)
        call.tags["call back"] = true
        log.warn("tool failed: " .. name)
        return "I'm sorry, I can't look into our book right now. Somebody will call you back within the hour."
    end,

    -- After the call, so that nobody waits on the line for the carrier.
    on_call_end = function(call)
        if call.state.booked then
            local sid, code = text_details(call)
            if not sid then log.warn("no confirmation: " .. code) end
        end
        if call.tags["call back"] and call.caller then
            sms.send(profile.host_phone, "Please call back " .. call.caller .. ", our book could not be read.")
        end
    end,
}
