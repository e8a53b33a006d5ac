-- What the appointment still lacks, as the next thing to ask. Each question is remembered in state.asked: the caller's next
-- words are heard as an answer to it.

local appointment = require("appointment")
local calendar = require("calendar")
local wording = require("wording")

local M = {}

function M.service_names(state)
    local names = {}
    for i, service in ipairs(state.facts.services) do names[i] = service.name end
    return names
end

local function ask(state, what, text)
    state.asked = what
    return text
end
M.ask = ask

function M.read_back(state)
    local slots = state.slots
    local text = string.format("So that's %s on %s at %s for %s, %s.", wording.with_article(slots.service),
        appointment.spoken_day(state, slots.date), wording.time(appointment.minutes(state)), slots.name,
        wording.phone(slots.phone))
    return ask(state, "confirm", text .. " Is that right?")
end

-- A day or time that cannot be: says why, forgets it and asks again.
local function objection(state)
    local slots = state.slots
    if not slots.date or next(state.facts.hours) == nil then return nil end
    local day, span = appointment.spoken_day(state, slots.date), appointment.hours_on(state, slots.date)
    if not span then
        slots.date = nil
        return ask(state, "day", "I'm sorry, we're closed on " .. day .. ". What other day works for you?")
    end
    local minutes = appointment.minutes(state)
    if appointment.is_over(state, minutes) and slots.is_weekday then -- "Tuesday at nine" said on a Tuesday at ten
        slots.date = calendar.add_days(slots.date, 7)
    end
    if minutes and not appointment.is_within(span, minutes) then
        slots.time = nil
        local text = wording.sentence("On " .. day .. " we're open " .. wording.hours(span))
        return ask(state, "time", text .. " What time works for you?")
    end
    if appointment.is_over(state, minutes) then
        slots.time = nil
        return ask(state, "time", "That time is already over today. What other time works for you?")
    end
end

local function ask_phone(state)
    local slots = state.slots
    if slots.is_phone_odd then
        slots.is_phone_odd = nil
        return ask(state, "phone", "Sorry, could you say the whole number once more?")
    end
    if slots.part_phone then return ask(state, "phone", "Got it, and the rest of the number?") end
    return ask(state, "phone", "And what's the best phone number to reach you?")
end

-- "on Friday", "on Friday afternoon"
local function spoken_part(state)
    local part, day = state.slots.part, appointment.spoken_day(state, state.slots.date)
    return "on " .. day .. (part == "am" and " morning" or part == "pm" and " afternoon" or "")
end

-- The next thing the appointment lacks, or the read-back.
function M.next(state)
    local slots = state.slots
    state.is_booking = true
    local problem = objection(state)
    if problem then return problem end
    if not slots.service then
        return ask(state, "service", "What would you like to come in for, " .. wording.list(M.service_names(state), "or") .. "?")
    end
    if not slots.date then return ask(state, "day", "What day works for you?") end
    if not slots.time then return ask(state, "time", "What time " .. spoken_part(state) .. " works for you?") end
    if not slots.name and slots.first_name then return ask(state, "last_name", "And your last name, please?") end
    if not slots.name and slots.last_name then return ask(state, "first_name", "And your first name, please?") end
    if not slots.name then return ask(state, "name", "May I have your name, please?") end
    if not slots.phone then return ask_phone(state) end
    return M.read_back(state)
end

-- "Any day is fine": an hour after opening on the day that was named, or on the next open one.
function M.proposal(state)
    local slots, today = state.slots, state.facts.today
    for ahead = 1, today and 7 or 0 do
        local date = slots.date or calendar.add_days(today, ahead)
        local span = appointment.hours_on(state, date)
        local minutes = slots.part == "pm" and 14 * 60 or span and span.open + 60
        if appointment.is_within(span, minutes) and not (slots.date and appointment.is_over(state, minutes)) then
            state.offers = { { start = calendar.stamp(date, minutes) } }
            local day = appointment.spoken_day(state, date)
            return ask(state, "offer", "How about " .. day .. " at " .. wording.time(minutes) .. "?")
        end
    end
    return M.next(state)
end

local function acknowledged(state, heard)
    if heard.name and state.slots.first_name then return "Thanks, " .. state.slots.first_name .. "." end
    if heard.service and heard.count_words > 0 then return "Sure, " .. wording.with_article(state.slots.service) .. "." end
    return "Sure."
end

-- Takes note of what was said, then asks on. A read-back has two sentences of its own.
function M.go_on(state, heard)
    local question = M.next(state)
    if state.asked == "confirm" or question:find("%. ") then return question end
    if question:find("^Got it") or question:find("^Sorry") then return question end
    return acknowledged(state, heard) .. " " .. question
end

return M
