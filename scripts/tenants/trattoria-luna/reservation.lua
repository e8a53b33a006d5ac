-- A reservation from its first word to its row in the calendar. What the caller wishes is call.state.wish, what is asked for
-- just now is call.phase; both are the host's, so a reload or a broken line loses neither.

local numbers = require("numbers")
local understand = require("understand")

local M = {}

-- In the order they are asked for. The number is the one that rings, where it is one.
local FIELDS = { "party", "date", "clock", "name", "phone" }

local QUESTIONS = {
    party = "For how many people?",
    date = "For which day?",
    clock = "At what time?",
    name = "Under which name?",
    phone = "Which number can we reach you at? You can also type it.",
    confirm = "Shall I book it?",
}

local NO_BOOK = "I'm sorry, I can't look into our book right now. Somebody will call you back within the hour."

-- The question that is open, for a caller who says nothing.
---@param call Call
---@return string|nil
function M.question(call)
    return call.phase and QUESTIONS[call.phase]
end

local function ask(call, field, before)
    call.phase = field
    return before and before .. " " .. QUESTIONS[field] or QUESTIONS[field]
end

local function forget(call)
    call.state.wish, call.state.offers, call.phase = nil, nil, nil
end

local function give_up(call, code, message)
    log.warn("reservation: " .. tostring(code) .. " " .. tostring(message))
    call.tags["call back"] = true
    call.phase = nil
    return NO_BOOK
end

-- The smallest table at which they can sit.
local function service_for(profile, party)
    for _, service in ipairs(profile.services) do
        if party <= service.seats then return service.name end
    end
end

local function too_many(call)
    call.tags["large party"] = true
    call.phase = nil
    return { transfer = call.profile.host_phone,
        say = "For more than " .. numbers.spoken(call.profile.party_max) .. " the host arranges things himself. I'll put you through." }
end

local function why_not(wish)
    local hours, reason = calendar.hours(wish.date)
    if not hours or #hours > 0 then return "I'm sorry, I have no table for " .. numbers.spoken(wish.party) .. " then." end
    if reason ~= "closed" then return "I'm sorry, we are closed that day for " .. reason .. "." end
    local _, weekday = time.weekday(wish.date)
    return "I'm sorry, we are closed on " .. weekday .. "s."
end

local function offer(call, wish, slots)
    local refusal = why_not(wish)
    call.state.offers = slots
    if #slots == 0 then
        wish.date, wish.clock = nil, nil
        return ask(call, "date", refusal .. " And the week after it is full.")
    end
    call.phase = "clock"
    return refusal .. " The next I have is " .. slots[1].spoken .. (slots[2] and ", or " .. slots[2].spoken or "") ..
        ". Would that suit you?"
end

local function read_back(call, wish, spoken)
    wish.spoken = spoken
    return ask(call, "confirm", "A table for " .. numbers.spoken(wish.party) .. " on " .. spoken .. ", under " .. wish.name .. ".")
end

-- Is the time free? The answer is known before the caller is asked for a name.
local function look_up(call, wish)
    local slots, code, message = calendar.slots({ service = service_for(call.profile, wish.party),
        from = wish.date .. "T" .. wish.clock, days = 7, limit = 2 })
    if not slots then return nil, give_up(call, code, message) end
    if slots[1] and slots[1].start == wish.date .. "T" .. wish.clock then
        call.state.offers = nil
        return slots[1]
    end
    return nil, offer(call, wish, slots)
end

-- Asks for what is missing, or reads back.
local function go_on(call, wish)
    if wish.party and wish.party > call.profile.party_max then return too_many(call) end
    for _, field in ipairs(FIELDS) do
        if field == "name" then
            local slot, answer = look_up(call, wish)
            if not slot then return answer end
            wish.spoken = slot.spoken
        end
        if not wish[field] then return ask(call, field, field == "party" and "With pleasure." or nil) end
    end
    return read_back(call, wish, wish.spoken)
end

local function book(call, wish)
    local appointment, code, message, others = calendar.book({ service = service_for(call.profile, wish.party),
        start = wish.date .. "T" .. wish.clock, name = wish.name, phone = wish.phone,
        notes = numbers.spoken(wish.party) .. " people" })
    if code == "taken" or code == "closed" or code == "past" then return offer(call, wish, others or {}) end
    if not appointment then return give_up(call, code, message) end
    call.state.booked = { spoken = appointment.spoken, party = wish.party, name = wish.name, phone = appointment.phone }
    call.outcome = "booked"
    forget(call)
    return "Your table is booked, " .. wish.name .. ". You'll get a text with the details. Is there anything else?"
end

-- Which of the times that were offered: "the first one", "the second", or "yes" where no other time is named.
local function chosen(text, offers, heard)
    local lower = text:lower()
    local is_day = lower:find(" of ", 1, true) -- "the first of December"
    if lower:find("second", 1, true) and not is_day then return offers[2] end
    if lower:find("first", 1, true) and not is_day then return offers[1] end
    if understand.is_yes(text) and not heard.clock and not heard.date then return offers[1] end
end

local function answer_to_offer(call, text, wish, heard)
    local slot = chosen(text, call.state.offers, heard)
    if slot then
        wish.date, wish.clock = slot.start:sub(1, 10), slot.start:sub(12, 16)
        return go_on(call, wish)
    end
    if understand.is_no(text) and not heard.clock and not heard.date then return "Which day and time would you like?" end
end

local function phone_of(text)
    local digits = text:gsub("%D", "")
    return #digits >= 7 and contacts.phone(text) or nil
end

-- Takes over what is new. False: nothing was.
local function take(wish, heard)
    local is_new = false
    for _, field in ipairs(FIELDS) do
        if heard[field] and heard[field] ~= wish[field] then wish[field], is_new = heard[field], true end
    end
    return is_new
end

local function begin(call)
    call.state.wish = call.state.wish or { phone = call.caller and contacts.phone(call.caller) }
    return call.state.wish
end

local function answer_to_confirm(call, text, wish)
    if understand.is_yes(text) then return book(call, wish) end
    if understand.is_no(text) then return "What shall I change?" end
end

-- What the model understood of a caller whom the rules here did not; nil where it was nothing.
---@param call Call
---@param heard Heard
---@return string|TurnAnswer|nil
function M.take(call, heard)
    local wish = begin(call)
    return take(wish, heard) and go_on(call, wish) or nil
end

-- The answer to a caller's turn; nil: it is not about a reservation, or not understood, and the model answers.
---@param call Call
---@param text string
---@return string|TurnAnswer|nil
function M.hear(call, text)
    if not call.state.wish and not understand.wants_table(text) then return nil end
    if understand.is_about_another(text) then return nil end
    if call.state.wish and understand.gives_up(text) then
        forget(call)
        return "No problem at all. Is there anything else I can do for you?"
    end
    local is_first = not call.state.wish
    local wish = begin(call)
    local heard = understand.sentence(text, time.at(call.profile.time_zone), call.phase)
    if call.phase == "phone" then heard = { phone = phone_of(text) } end
    local answer = call.phase == "clock" and call.state.offers and answer_to_offer(call, text, wish, heard)
    if answer then return answer end
    if take(wish, heard) or is_first then return go_on(call, wish) end
    if call.phase == "confirm" then return answer_to_confirm(call, text, wish) end
end

return M
