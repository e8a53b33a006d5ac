-- The sandbox's receptionist: a pure function (messages, tools) → { text, calls }. It keeps nothing between requests:
-- the conversation so far is played through the same rules again, and what they say last is the reply.
--
--   system prompt ─► facts ┐
--   messages ─► listen ─► slots, what was asked ─► answer and next question ─► words

local calendar = require("calendar")
local facts_of = require("facts")
local listen = require("listen")
local wording = require("wording")

-- ---- the appointment so far ----

local function hours_on(state, date)
    return state.facts.hours[calendar.weekday(date)]
end

local function is_within(span, minutes)
    return span and minutes >= span.open and minutes < span.close
end

-- Minutes since midnight of what was said, by the day's hours where "ten" could be both.
local function minutes_of(time, span)
    if time.hour > 12 or time.hour == 0 then return time.hour * 60 + time.minute end
    local morning = time.hour % 12 * 60 + time.minute
    if time.half == "am" then return morning end
    if time.half == "pm" then return morning + 12 * 60 end
    if is_within(span, morning) then return morning end
    if is_within(span, morning + 12 * 60) then return morning + 12 * 60 end
    return time.hour >= 8 and time.hour < 12 and morning or morning + 12 * 60
end

local function date_of(state, day)
    local today = state.facts.today
    if not today then return nil end
    if day == "today" then return today end
    if day == "tomorrow" then return calendar.add_days(today, 1) end
    local span = state.facts.hours[day]
    local is_done = not span or state.facts.now_minutes >= span.close
    return calendar.next_weekday(today, day, not is_done)
end

local function spoken_day(state, date)
    local name = wording.capitalised(calendar.weekday(date))
    local ahead = calendar.days_between(state.facts.today, date)
    return ahead < 7 and name or name .. " the " .. wording.ordinal(date.day)
end

local function slot_minutes(slots, state)
    return slots.time and slots.date and minutes_of(slots.time, hours_on(state, slots.date))
end

-- Takes what was said into the slots; true when one of them is new.
local function take_day_and_time(state, heard)
    local slots, is_new = state.slots, false
    if heard.day and date_of(state, heard.day) then
        slots.date, is_new = date_of(state, heard.day), true
        slots.is_weekday = heard.day ~= "today" and heard.day ~= "tomorrow"
    end
    if heard.part then slots.part, is_new = heard.part, true end
    if heard.time then
        slots.time, is_new = heard.time, true
        slots.time.half = slots.time.half or slots.part
        slots.part = nil
    end
    return is_new
end

local function take_name(slots, heard)
    local found = table.concat(heard.name, " ")
    if heard.is_last_name and slots.first_name then
        slots.name = slots.first_name .. " " .. found
    elseif heard.is_last_name then
        slots.last_name = found
        return
    elseif slots.last_name and #heard.name == 1 then
        slots.name, slots.last_name = found .. " " .. slots.last_name, nil
    elseif #heard.name > 1 then
        slots.name = found
    elseif heard.is_first_name and slots.name then
        slots.name = found .. slots.name:match("(%s.*)$")
    elseif slots.first_name and not slots.name then
        slots.name = slots.first_name .. " " .. found
    else
        slots.first_name, slots.name = found, nil
        return
    end
    slots.first_name = slots.name:match("^%S+")
end

-- Digits come whole or in two or three portions.
local function take_digits(slots, digits)
    if slots.phone and #digits == 4 then digits = slots.phone:sub(1, -5) .. digits end -- "it ends in …"
    local joined = (slots.part_phone or "") .. digits
    if #digits == 7 or #digits == 10 then joined = digits end
    if #joined == 7 or #joined == 10 then
        slots.phone, slots.part_phone = joined, nil
    elseif #joined < 7 then
        slots.part_phone = joined
    else
        slots.phone, slots.part_phone = nil, nil
        slots.is_phone_odd = true
    end
end

local function take(state, heard)
    local is_new = take_day_and_time(state, heard)
    if heard.service then state.slots.service, is_new = heard.service, true end
    if heard.name then
        take_name(state.slots, heard)
        is_new = true
    end
    if heard.digits then
        take_digits(state.slots, heard.digits)
        is_new = true
    end
    return is_new
end

-- ---- asking ----

local function service_names(state)
    local names = {}
    for i, service in ipairs(state.facts.services) do names[i] = service.name end
    return names
end

local function ask(state, what, text)
    state.asked = what
    return text
end

local function read_back(state)
    local slots = state.slots
    local text = string.format("So that's %s on %s at %s for %s, %s.", wording.with_article(slots.service),
        spoken_day(state, slots.date), wording.time(slot_minutes(slots, state)), slots.name, wording.phone(slots.phone))
    return ask(state, "confirm", text .. " Is that right?")
end

local function spoken_hours(span)
    return "from " .. wording.time(span.open, true) .. " to " .. wording.time(span.close, true)
end

local function is_over(state, minutes)
    local ahead = calendar.days_between(state.facts.today, state.slots.date)
    return minutes ~= nil and ahead == 0 and minutes <= state.facts.now_minutes
end

-- A day or time that cannot be: says why, forgets it and asks again.
local function objection(state)
    local slots = state.slots
    if not slots.date or next(state.facts.hours) == nil then return nil end
    local day, span = spoken_day(state, slots.date), hours_on(state, slots.date)
    if not span then
        slots.date = nil
        return ask(state, "day", "I'm sorry, we're closed on " .. day .. ". What other day works for you?")
    end
    local minutes = slot_minutes(slots, state)
    if is_over(state, minutes) and slots.is_weekday then -- "Tuesday at nine" said on a Tuesday at ten
        slots.date = calendar.add_days(slots.date, 7)
    end
    if minutes and not is_within(span, minutes) then
        slots.time = nil
        return ask(state, "time", wording.sentence("On " .. day .. " we're open " .. spoken_hours(span)) .. " What time works for you?")
    end
    if is_over(state, minutes) then
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
    local part = state.slots.part
    return "on " .. spoken_day(state, state.slots.date) .. (part == "am" and " morning" or part == "pm" and " afternoon" or "")
end

-- The next thing the appointment lacks, or the read-back.
local function next_question(state)
    local slots = state.slots
    state.is_booking = true
    local problem = objection(state)
    if problem then return problem end
    if not slots.service then
        return ask(state, "service", "What would you like to come in for, " .. wording.list(service_names(state), "or") .. "?")
    end
    if not slots.date then return ask(state, "day", "What day works for you?") end
    if not slots.time then return ask(state, "time", "What time " .. spoken_part(state) .. " works for you?") end
    if not slots.name and slots.first_name then return ask(state, "last_name", "And your last name, please?") end
    if not slots.name and slots.last_name then return ask(state, "first_name", "And your first name, please?") end
    if not slots.name then return ask(state, "name", "May I have your name, please?") end
    if not slots.phone then return ask_phone(state) end
    return read_back(state)
end

-- "Any day is fine": an hour after opening on the day that was named, or on the next open one.
local function proposal(state)
    local slots, today = state.slots, state.facts.today
    for ahead = 1, today and 7 or 0 do
        local date = slots.date or calendar.add_days(today, ahead)
        local span = hours_on(state, date)
        local minutes = slots.part == "pm" and 14 * 60 or span and span.open + 60
        if is_within(span, minutes) and not (slots.date and is_over(state, minutes)) then
            state.offers = { { start = calendar.stamp(date, minutes) } }
            return ask(state, "offer", "How about " .. spoken_day(state, date) .. " at " .. wording.time(minutes) .. "?")
        end
    end
    return next_question(state)
end

local function acknowledged(state, heard)
    if heard.name and state.slots.first_name then return "Thanks, " .. state.slots.first_name .. "." end
    if heard.service and heard.count_words > 0 then return "Sure, " .. wording.with_article(state.slots.service) .. "." end
    return "Sure."
end

-- A read-back has two sentences of its own.
local function go_on(state, heard)
    local question = next_question(state)
    if state.asked == "confirm" or question:find("%. ") then return question end
    if question:find("^Got it") or question:find("^Sorry") then return question end
    return acknowledged(state, heard) .. " " .. question
end

-- ---- answering ----

local function all_hours(state)
    local groups, closed = {}, {}
    for _, day in ipairs(facts_of.DAYS) do
        local span, last = state.facts.hours[day], groups[#groups]
        if not span then
            closed[#closed + 1] = wording.capitalised(day)
        elseif last and last.open == span.open and last.close == span.close and last.is_open then
            last.to = day
        else
            groups[#groups + 1] = { from = day, open = span.open, close = span.close, is_open = true }
        end
        if not span and groups[#groups] then groups[#groups].is_open = false end
    end
    local spoken = {}
    for i, group in ipairs(groups) do
        local days = wording.capitalised(group.from) .. (group.to and " to " .. wording.capitalised(group.to) or "")
        spoken[i] = days .. " " .. spoken_hours(group)
    end
    if #spoken == 0 then return "I'm sorry, I don't have our hours here." end
    local text = wording.sentence("We're open " .. wording.list(spoken))
    return #closed > 0 and text .. " We're closed on " .. wording.list(closed) .. "." or text
end

local function hours_of_day(state, heard)
    local name = heard.day
    if name == "today" or name == "tomorrow" then
        local date = date_of(state, name)
        name = date and calendar.weekday(date)
    end
    local span = name and state.facts.hours[name]
    if span == nil then return all_hours(state) end
    local spoken = wording.capitalised(name)
    if not span then return "We're closed on " .. spoken .. "." end
    local text = wording.sentence("on " .. spoken .. " we're open " .. spoken_hours(span))
    if not heard.time then return wording.capitalised(text) end
    return (is_within(span, minutes_of(heard.time, span)) and "Yes, " or "No, ") .. text
end

local answers = {}

function answers.hours(state, heard)
    if heard.day then return hours_of_day(state, heard) end
    if heard.day_group == "weekend" then
        return hours_of_day(state, { day = "saturday" }) .. " " .. hours_of_day(state, { day = "sunday" })
    end
    return all_hours(state)
end

function answers.address(state)
    local address = state.facts.named.address
    return address and "We're at " .. wording.spoken(address) .. "." or "I'm sorry, I don't have our address here."
end

function answers.services(state, heard)
    if heard.service then return "Yes, we do." end
    local spoken = {}
    for i, service in ipairs(state.facts.services) do
        spoken[i] = service.name .. (service.minutes and ", which takes about " .. wording.number(service.minutes) .. " minutes" or "")
    end
    if #spoken == 0 then return "I'm sorry, I don't have the list here." end
    return "We offer " .. wording.list(spoken) .. "."
end

function answers.price(state)
    local value = facts_of.named(state.facts, { "price", "cost", "fee" })
    if value then return "It's " .. wording.spoken(value) .. "." end
    local sentence = facts_of.about(state.facts, { "price", "cost", "fee", "$" })
    return sentence and wording.spoken(sentence) or "I'm sorry, I don't have prices here."
end

function answers.duration(state, heard)
    for _, service in ipairs(state.facts.services) do
        if service.minutes and (service.name == heard.service or not heard.service) then
            return wording.capitalised(wording.with_article(service.name)) .. " takes about " .. wording.number(service.minutes) .. " minutes."
        end
    end
    return "I'm not sure how long that takes."
end

local SUBJECTS = { insurance = { "insurance" }, park = { "park" }, card = { "card", "cash", "pay" }, cash = { "card", "cash", "pay" },
    ["new patient"] = { "new patient" }, cancel = { "cancel" } }

function answers.policy(state, heard)
    for word, stems in pairs(SUBJECTS) do
        if heard.line:find(word, 1, true) then
            local value = facts_of.named(state.facts, stems) or facts_of.about(state.facts, stems)
            if value then return wording.capitalised(wording.spoken(value)) end
        end
    end
    return "I'm not sure about that, I'm afraid."
end

local function agent_name(state)
    local introduction = state.prompt:match("You are (%a+)[,.]")
    return introduction or "the receptionist"
end

function answers.who(state)
    return "This is " .. agent_name(state) .. " at " .. state.facts.business .. "."
end

function answers.person(state)
    return "I'm " .. agent_name(state) .. ", and I can help with questions and appointments."
end

function answers.there()
    return "Yes, I'm here."
end

function answers.more()
    return "Of course, what is it?"
end

function answers.pain(state)
    state.is_booking = true
    return "I'm sorry to hear that, let's find you a time."
end

-- ---- turns ----

local function goodbye(state)
    state.asked = nil
    return "Thanks for calling " .. state.facts.business .. ", goodbye!"
end

local function with_question(state, answer)
    if not state.is_booking then
        state.asked = nil
        return answer
    end
    if answer:sub(-1) == "?" then return answer end
    local question = state.asked == "confirm" and ask(state, "confirm", "Shall I book it?") or next_question(state)
    return answer .. " " .. question
end

local function schema_of(tools, name)
    for _, tool in ipairs(tools or {}) do
        local described = tool["function"] or tool
        if described.name == name then return described.parameters or {} end
    end
end

local NOTHING = { string = "", number = 0, integer = 0, boolean = false }

-- Only what the tool's schema asks for; a required field that nobody speaks of gets its first permitted or an empty value.
local function tool_call(tools, name, values)
    local schema = schema_of(tools, name)
    if not schema then return nil end
    local arguments, properties = {}, schema.properties or {}
    for key, value in pairs(values) do
        if properties[key] then arguments[key] = value end
    end
    for _, key in ipairs(schema.required or {}) do
        local field = properties[key] or {}
        if arguments[key] == nil then arguments[key] = field.enum and field.enum[1] or NOTHING[field.type] end
    end
    return { name = name, arguments = arguments }
end

local function values_of(state)
    local slots = state.slots
    return { name = slots.name, phone = slots.phone, service = slots.service,
        start = calendar.stamp(slots.date, slot_minutes(slots, state)) }
end

local function book_appointment(state)
    local call = tool_call(state.tools, "book_appointment", values_of(state))
    if call then return "", { call } end
    state.is_booking = false
    return ask(state, "else", "I'm sorry, I can't book appointments right now. Is there anything else?")
end

-- The contact first: the appointment points at it.
local function book(state)
    local call = tool_call(state.tools, "create_contact", values_of(state))
    if call then return "", { call } end
    return book_appointment(state)
end

local function forget_slot(state, what)
    local slots = state.slots
    local names = { number = "phone", name = "name", day = "date", time = "time", service = "service" }
    slots[names[what]] = nil
    if what == "number" then slots.part_phone = nil end
    if what == "name" then slots.first_name, slots.last_name = nil, nil end
end

local function unknown_service(state, heard)
    local text = "I'm sorry, we don't offer " .. heard.unknown_service .. (heard.unknown_service:find("ing$") and "." or "s.")
    if state.slots.service then return with_question(state, text) end
    return ask(state, "service", text .. " We do " .. wording.list(service_names(state), "and") .. ".")
end

local function on_confirm(state, heard)
    if heard.question == "hours" then return with_question(state, answers.hours(state, heard)) end
    if take(state, heard) then return next_question(state) end
    if heard.unknown_service then return unknown_service(state, heard) end
    if heard.wrong or heard.no and heard.subject then
        forget_slot(state, heard.wrong or heard.subject)
        return next_question(state)
    end
    if heard.no then return ask(state, "change", "Sorry about that. What should I change?") end
    if heard.again then return read_back(state) end
    if heard.question and answers[heard.question] then return with_question(state, answers[heard.question](state, heard)) end
    if heard.yes and state.was_heard then return book(state) end
    if heard.yes then return next_question(state) end
    if heard.hold then return ask(state, "change", "Of course. What should I change?") end
    return ask(state, "confirm", heard.bye and "Before you go, shall I book it?" or "Sorry, I didn't catch that. Shall I book it?")
end

local function choose_offer(state, heard)
    local offer = heard.pick and state.offers[math.min(heard.pick, #state.offers)] or heard.yes and state.offers[1]
    if heard.time and not heard.day then
        for _, each in ipairs(state.offers) do
            local date, minutes = calendar.read_stamp(each.start)
            if date and minutes_of(heard.time, hours_on(state, date)) == minutes then offer = each end
        end
    end
    return offer
end

local function on_offer(state, heard)
    local offer = choose_offer(state, heard)
    local date, minutes
    if offer then date, minutes = calendar.read_stamp(offer.start) end
    if date then
        state.slots.date = date
        state.slots.time = { hour = math.floor(minutes / 60), minute = minutes % 60, half = minutes < 720 and "am" or "pm" }
        if state.slots.time.hour > 12 then state.slots.time.hour = state.slots.time.hour - 12 end
        return next_question(state)
    end
    if take(state, heard) then return next_question(state) end
    state.slots.date, state.slots.time = nil, nil
    return next_question(state)
end

local function on_change(state, heard)
    if heard.wrong or (heard.subject and not (heard.day or heard.time or heard.name or heard.digits)) then
        forget_slot(state, heard.wrong or heard.subject)
    elseif heard.yes and not (heard.day or heard.time or heard.service or heard.name or heard.digits) then
        return book(state)
    else
        take(state, heard)
    end
    return next_question(state)
end

local function is_leaving(state, heard)
    if heard.bye then return true end
    return state.asked == "else" and (heard.no or heard.thanks) and not heard.wants
end

local function open_turn(state, heard)
    if heard.unknown_service and heard.question ~= "hours" then return unknown_service(state, heard) end
    local answer = heard.question and not (heard.wants and (heard.service or heard.day)) and answers[heard.question]
    if answer then return with_question(state, answer(state, heard)) end
    if heard.day and not state.is_booking and not heard.wants and not heard.time and not heard.service then
        return with_question(state, hours_of_day(state, heard)) -- "and what about Sunday?"
    end
    local is_relevant = state.is_booking or heard.wants or heard.service or heard.time or heard.day
    if heard.name and not is_relevant then
        take(state, heard)
        return "Hello" .. (state.slots.first_name and " " .. state.slots.first_name or "") .. ", how can I help?"
    end
    local is_new = is_relevant and take(state, heard)
    local is_open = state.slots.service and not (state.slots.date and state.slots.time)
    if heard.is_unsure and is_relevant and is_open then return proposal(state) end
    if is_new then return go_on(state, heard) end
    if heard.wants then return "Happy to help. " .. next_question(state) end
    if heard.hold and state.is_booking then return "Of course. " .. next_question(state) end
    if heard.hold then return "Of course, go ahead." end
    if state.is_booking then return "Sorry, I didn't catch that. " .. next_question(state) end
    if state.asked == "else" and heard.yes then return "Of course, how can I help?" end
    if heard.thanks then return ask(state, "else", "You're welcome. Is there anything else?") end
    if heard.greeting or heard.yes then return "Hello, how can I help?" end
    return "Sorry, I didn't catch that. How can I help?"
end

local function on_caller(state, text)
    local heard = listen.hear(text, state.asked, state.facts.services)
    if heard.is_silent then return "Sorry, I didn't catch that." end
    if is_leaving(state, heard) and state.asked ~= "confirm" then return goodbye(state) end
    if state.asked == "confirm" then return on_confirm(state, heard) end
    if heard.again and state.said then return state.said end
    if state.asked == "offer" then return on_offer(state, heard) end
    if state.asked == "change" then return on_change(state, heard) end
    return open_turn(state, heard)
end

-- ---- tools ----

local function failure_of(result)
    if type(result) ~= "table" then return "failed" end
    if result.ok == true then return nil end
    return result.reason or result.error or result.code or (result.ok == nil and nil or "failed")
end

local function offer_times(state, result, why)
    state.offers = type(result.next) == "table" and result.next or {}
    state.slots.time = nil
    if #state.offers == 0 then
        state.slots.date = nil
        return ask(state, "day", why .. " What other day works for you?")
    end
    local spoken = {}
    for i = 1, math.min(2, #state.offers) do
        local date, minutes = calendar.read_stamp(state.offers[i].start or "")
        spoken[i] = date and spoken_day(state, date) .. " at " .. wording.time(minutes) or state.offers[i].spoken
    end
    return ask(state, "offer", why .. " I could do " .. wording.list(spoken, "or") .. ", which would you like?")
end

local function after_failure(state, result, reason)
    if reason == "taken" then return offer_times(state, result, "I'm sorry, that time is taken.") end
    if reason == "closed" then return offer_times(state, result, "I'm sorry, we're not open then.") end
    if reason == "past" then return offer_times(state, {}, "I'm sorry, that time is over.") end
    if reason == "bad_phone" then
        forget_slot(state, "number")
        return ask(state, "phone", "I think I got the number wrong. Could you say it once more?")
    end
    if reason == "unknown_service" then
        forget_slot(state, "service")
        return next_question(state)
    end
    if reason == "cancelled" then return ask(state, "confirm", "I have not booked it yet. Shall I?") end
    return ask(state, "confirm", "I'm sorry, I couldn't save that just now. Shall I try again?")
end

local function is_complete(state)
    local slots = state.slots
    return slots.service and slots.date and slots.time and slots.name and slots.phone
end

local function after_tools(state)
    local contact, booking = state.results.create_contact, state.results.book_appointment
    local contact_reason = contact and not booking and failure_of(contact)
    if contact_reason == "bad_phone" or contact_reason == "cancelled" then
        return after_failure(state, contact, contact_reason)
    end
    if not booking and is_complete(state) then return book_appointment(state) end
    if not booking then return "All right." end
    local reason = failure_of(booking)
    if reason then return after_failure(state, booking, reason) end
    local slots = state.slots
    local date, minutes = calendar.read_stamp(booking.start or "")
    local day = date and state.facts.today and spoken_day(state, date) .. " at " .. wording.time(minutes) or "then"
    state.is_booking = false
    state.slots = { name = slots.name, first_name = slots.first_name, phone = slots.phone }
    return ask(state, "else", "You're all set for " .. day .. ". Is there anything else?")
end

-- ---- the conversation ----

local function content_of(message)
    if type(message.content) == "string" then return message.content end
    local parts = {}
    for _, part in ipairs(type(message.content) == "table" and message.content or {}) do parts[#parts + 1] = part.text or "" end
    return table.concat(parts, " ")
end

local function remember_calls(state, message)
    for _, call in ipairs(message.tool_calls or {}) do
        state.called[call.id or ""] = call["function"] and call["function"].name
    end
end

-- The caller's messages in a row are one: nothing was heard between them.
local function turns_of(messages)
    local turns = {}
    for _, message in ipairs(messages) do
        local last = turns[#turns]
        if message.role == "user" and last and last.role == "user" then
            last.content = last.content .. " " .. content_of(message)
        elseif message.role == "user" then
            turns[#turns + 1] = { role = "user", content = content_of(message) }
        else
            turns[#turns + 1] = message
        end
    end
    return turns
end

local function play(state, turns)
    local text, calls = "Hello, how can I help?", nil
    for at, turn in ipairs(turns) do
        if turn.role == "user" then
            state.results = {}
            text, calls = on_caller(state, turn.content)
            state.said = text ~= "" and text or state.said
            state.was_heard = false
        elseif turn.role == "assistant" then
            remember_calls(state, turn)
            state.was_heard = content_of(turn):match("%S") ~= nil
        elseif turn.role == "tool" then
            state.results[state.called[turn.tool_call_id or ""] or ""] = json_decode(content_of(turn)) or {}
            local following = turns[at + 1]
            if not (following and following.role == "tool") then text, calls = after_tools(state) end
            state.said = text ~= "" and text or state.said
        end
    end
    return text, calls
end

-- Orders of the prompt. A reply has two sentences at most, so what is added joins one that is there.
local function in_style(facts, text)
    if text == "" then return text end
    if facts.opening then
        local opening = wording.capitalised(facts.opening:gsub("[%s.!,]+$", ""))
        local is_name = text:match("^I[' ]") or text:match("^%u%l+day")
        text = opening .. ", " .. (is_name and text or text:gsub("^%u", string.lower))
    end
    if facts.ending then
        text = text:gsub("([^m])[.!] (%u)", function(before, letter)
            return before .. ", " .. letter:lower()
        end) .. " " .. wording.sentence(facts.ending)
    end
    return text
end

local function system_prompt(messages)
    local parts = {}
    for _, message in ipairs(messages) do
        if message.role == "system" or message.role == "developer" then parts[#parts + 1] = content_of(message) end
    end
    return table.concat(parts, "\n")
end

return function(messages, tools)
    local prompt = system_prompt(messages)
    local state = { prompt = prompt, facts = facts_of.read(prompt), tools = tools, slots = {}, called = {}, results = {} }
    local text, calls = play(state, turns_of(messages))
    return { text = in_style(state.facts, text), calls = calls }
end
