-- A booking under way: what is known, what to ask next, and the words and tool calls for it.
-- Its state is a plain table that is made anew from the messages for each reply.

local answers = require("answers")
local calendar = require("calendar")
local facts_module = require("facts")
local numbers = require("numbers")
local spoken = require("spoken")

local M = {}

-- ---- taking in ----

local function set_name(state, meaning)
    local name = meaning.name
    if meaning.name_part then
        state[meaning.name_part] = table.concat(name, " ")
    elseif #name > 1 then
        state.last = table.remove(name)
        state.first = table.concat(name, " ")
    elseif state.first then
        state.last = name[1]
    else
        state.first = name[1]
    end
end

local function is_whole(digits)
    return #digits == 7 or #digits == 10
end

-- A number may come in pieces: "five five five" … "oh one two three".
local function set_phone(state, digits, is_ending)
    if #digits == 11 and digits:sub(1, 1) == "1" then digits = digits:sub(2) end
    if #digits == 4 and state.phone and (is_ending or not state.partial) then
        state.phone = state.phone:sub(1, -5) .. digits
        return
    end
    local joined = (state.partial or "") .. digits
    if is_whole(digits) and (not state.partial or digits:find(state.partial, 1, true) == 1) then joined = digits end
    if #joined > 10 then joined = digits end
    state.phone = is_whole(joined) and joined or nil
    state.partial = not state.phone and joined or nil
end

local function set_slot(state, meaning)
    if meaning.days[1] then
        state.day = meaning.days[1]
        state.is_today = meaning.relative_day == "today"
    end
    if meaning.times[1] then state.clock = meaning.times[1] end
    if meaning.part then state.part = meaning.part end
    if meaning.times[1] and not meaning.part and not meaning.times[1].half then state.part = state.part end
    if meaning.days[1] and not meaning.times[1] and not meaning.part then state.part = nil end
end

local FIELDS = { "service", "day", "clock", "part", "first", "last", "phone", "partial" }

-- Takes everything the caller said about the booking; true when anything changed.
function M.absorb(state, meaning)
    local before = {}
    for _, field in ipairs(FIELDS) do before[field] = state[field] end
    if meaning.service then state.service = meaning.service end
    set_slot(state, meaning)
    if meaning.name then set_name(state, meaning) end
    if meaning.digits then set_phone(state, meaning.digits, meaning.is_ending) end
    local is_new = false
    for _, field in ipairs(FIELDS) do is_new = is_new or before[field] ~= state[field] end
    return is_new
end

local CLEARS = { number = { "phone", "partial" }, phone = { "phone", "partial" }, name = { "first", "last" },
    day = { "day" }, time = { "clock", "part" }, service = { "service" } }

-- "the number is wrong": forgotten, so that it is asked for again.
function M.forget(state, field)
    for _, name in ipairs(CLEARS[field] or {}) do state[name] = nil end
    return CLEARS[field] ~= nil
end

-- ---- what is known ----

local function full_name(state)
    return state.first and state.first .. (state.last and " " .. state.last or "") or state.last
end

function M.minutes(state, facts)
    return state.clock and numbers.resolve(state.clock, state.part, facts_module.hours_on(facts, state.day))
end

local function day_name(state)
    return facts_module.DAYS[state.day]
end

-- Why day and time cannot be; forgets what is wrong.
local function objection(state, facts)
    if not state.day then return nil end
    local hours = facts_module.hours_on(facts, state.day)
    if not hours then
        local name = day_name(state)
        state.day = nil
        return "I'm sorry, we're closed on " .. name .. ".", "day"
    end
    if not state.clock then return nil end
    local minutes = M.minutes(state, facts)
    local length = state.service and state.service.minutes or 0
    if minutes < hours.open or minutes + length > hours.close then
        state.clock, state.part = nil, nil
        return "I'm sorry, on " .. day_name(state) .. " we're open " .. answers.span(hours) .. ".", "time"
    end
    if state.is_today and minutes <= facts.today.minutes then
        state.clock, state.part = nil, nil
        return "I'm sorry, that time has passed today.", "time"
    end
end

local function time_question(state)
    local part = state.part == "am" and " in the morning" or state.part == "pm" and " in the afternoon" or ""
    return "What time on " .. day_name(state) .. part .. " works for you?"
end

local function phone_question(state)
    if not state.partial then return "And what's the best phone number to reach you?" end
    if #state.partial == 3 or #state.partial == 6 then return "Go on." end
    state.partial = nil
    return "Sorry, could you say the whole number again?"
end

function M.read_back(state, facts)
    return string.format("So that's %s on %s at %s for %s, %s. Is that right?", spoken.with_article(state.service.name),
        day_name(state), spoken.time(M.minutes(state, facts)), full_name(state), spoken.phone(state.phone))
end

local function choose(state, facts)
    if not state.service then return "service", "What can we do for you: " .. answers.service_names(facts, "or") .. "?" end
    if not state.day then return "day", "What day would you like to come in?" end
    if not state.clock then return "time", time_question(state) end
    if not state.first and not state.last then return "name", "Can I have your first and last name, please?" end
    if not state.first then return "name", "And your first name?" end
    if not state.last and not state.is_one_name then return "last_name", "And your last name?" end
    if not state.phone then return "phone", phone_question(state) end
    return "confirm", M.read_back(state, facts)
end

-- The next thing to say; remembers what it asked.
function M.ask(state, facts)
    local problem = objection(state, facts)
    local question
    state.asked, question = choose(state, facts)
    return problem and problem .. " " .. question or question
end

-- "Any time": the first opening time of the next open day, or of the day that was named.
function M.propose(state, facts)
    for ahead = state.day and 0 or 1, 7 do
        local day = state.day or (facts.today.weekday + ahead - 1) % 7 + 1
        local hours = facts_module.hours_on(facts, day)
        if hours then
            state.asked, state.offers = "offer", { { day = day, minutes = hours.open + 60 } }
            return "How about " .. facts_module.DAYS[day] .. " at " .. spoken.time(hours.open + 60) .. "?"
        end
        if state.day then break end
    end
    return M.ask(state, facts)
end

-- ---- tools ----

local function dashed(digits)
    if #digits == 7 then return digits:sub(1, 3) .. "-" .. digits:sub(4) end
    return digits:sub(1, 3) .. "-" .. digits:sub(4, 6) .. "-" .. digits:sub(7)
end

local function known_values(state, facts)
    local minutes = M.minutes(state, facts)
    local start = calendar.iso(calendar.next_day(facts, state.day, minutes), minutes)
    return { name = full_name(state), full_name = full_name(state), phone = dashed(state.phone),
        phone_number = dashed(state.phone), service = state.service.name, start = start, starts_at = start,
        date = start:sub(1, 10), time = start:sub(12), first_name = state.first, last_name = state.last,
        minutes = state.service.minutes, duration_minutes = state.service.minutes, notes = "booked by phone" }
end

local NOTHING = { string = "", number = 0, integer = 0, boolean = false }

local function is_required(schema, name)
    for _, required in ipairs(schema.required or {}) do
        if required == name then return true end
    end
    return false
end

-- The schema's own fields; one that is required and that nobody knows gets its first permitted or an empty value.
local function arguments(schema, values)
    local found = {}
    for name, field in pairs(schema.properties or {}) do
        local value = values[name]
        if value == nil and is_required(schema, name) then
            value = field.enum and field.enum[1]
            if value == nil then value = NOTHING[field.type] end
        end
        found[name] = value
    end
    return found
end

local function find_tool(tools, name)
    for _, tool in ipairs(tools or {}) do
        if tool["function"] and tool["function"].name == name then return tool["function"] end
    end
end

local function call_of(tools, name, state, facts)
    local tool = find_tool(tools, name)
    if not tool then return nil end
    return { text = "", tool_calls = { { name = name, arguments = arguments(tool.parameters or {}, known_values(state, facts)) } } }
end

-- The caller said yes: the contact first (once), then the appointment.
function M.book(state, facts, tools)
    local key = full_name(state) .. state.phone
    if state.contact_key ~= key then
        state.contact_key = key
        local call = call_of(tools, "create_contact", state, facts)
        if call then return call end
    end
    state.asked = "retry"
    return call_of(tools, "book_appointment", state, facts)
        or { text = "I'm sorry, I can't book appointments from here." }
end

-- ---- what the tools answered ----

local function spoken_start(iso)
    local days, minutes = calendar.parse(iso)
    if not days then return nil end
    local _, month, day = calendar.date_from_days(days)
    return facts_module.DAYS[calendar.weekday(days)] .. ", " .. spoken.MONTHS[month] .. " " .. spoken.ordinal(day) .. " at "
        .. spoken.time(minutes)
end

local function confirm(state, result)
    local when = spoken_start(result.start) or (result.spoken and spoken.plain(result.spoken)) or "the time you asked for"
    state.booked = { service = state.service, when = when }
    state.is_booking, state.asked = false, "more"
    local service, first = state.service, state.first
    state.service, state.day, state.clock, state.part = nil, nil, nil, nil
    local what = service and spoken.with_article(service.name) or "your appointment"
    return "You're all set" .. (first and ", " .. first or "") .. ": " .. what .. " on " .. when
        .. ". Is there anything else?"
end

local function offer_text(offer)
    return facts_module.DAYS[offer.day] .. " at " .. spoken.time(offer.minutes)
end

local function take_offers(state, facts, next_times)
    local found, words = {}, {}
    for _, each in ipairs(next_times or {}) do
        local days, minutes = calendar.parse(each.start)
        if days and #found < 2 then
            found[#found + 1] = { day = calendar.weekday(days), minutes = minutes }
            words[#words + 1] = offer_text(found[#found])
        end
    end
    state.clock, state.part = nil, nil
    if #found == 0 then
        state.day = nil
        return M.ask(state, facts)
    end
    state.asked, state.offers = "offer", found
    return "I could do " .. spoken.list(words, "or") .. ". Would that work?"
end

local REASONS = { taken = "I'm sorry, that time is already taken.", closed = "I'm sorry, we're not open for that long then.",
    past = "I'm sorry, that time is already over." }

local function refused(state, facts, result)
    local reason = result.reason or result.error
    if reason == "unknown_service" then
        state.service = nil
        return "I'm sorry, we don't offer that. " .. M.ask(state, facts)
    end
    if reason == "bad_phone" then
        state.phone, state.contact_key = nil, nil
        return "I'm sorry, that number didn't work. " .. M.ask(state, facts)
    end
    if REASONS[reason] then return REASONS[reason] .. " " .. take_offers(state, facts, result.next) end
    state.asked, state.contact_key = "retry", nil
    return "I'm sorry, I couldn't save that just now. Shall I try again?"
end

-- One tool's result; the next tool call or what to tell the caller.
function M.tool_answered(state, facts, tools, name, result)
    if not state.phone or not state.service or not state.day or not state.clock then
        return { text = "I'm sorry, something went wrong. Could you say that again?" }
    end
    if name == "create_contact" and (result.ok or (result.error ~= "bad_phone" and result.error ~= "cancelled")) then
        return M.book(state, facts, tools)
    end
    if result.ok then return { text = confirm(state, result) } end
    return { text = refused(state, facts, result) }
end

-- The caller took one of the times that were offered.
function M.take_offer(state, offer)
    state.day, state.clock, state.part = offer.day, { minutes = offer.minutes % 720, half = offer.minutes < 720 and "am" or "pm" },
        nil
    state.offers, state.is_today = nil, false
end

-- The offer with the time that was said, or the one that was pointed at.
function M.chosen_offer(state, meaning, facts)
    for _, offer in ipairs(state.offers or {}) do
        local time = meaning.times[1]
        local is_day = not meaning.days[1] or meaning.days[1] == offer.day
        if time and is_day and numbers.resolve(time, meaning.part, facts_module.hours_on(facts, offer.day)) == offer.minutes then
            return offer
        end
    end
    if meaning.times[1] or meaning.days[1] then return nil end
    local choice = meaning.choice or (meaning.is_yes and 1)
    return choice and state.offers and state.offers[math.min(choice, #state.offers)]
end

return M
