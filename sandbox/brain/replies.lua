-- What is said to a caller's line, by what was asked before it.

local answers = require("answers")
local appointment = require("appointment")
local booking = require("booking")
local calendar = require("calendar")
local listen = require("listen")
local questions = require("questions")
local wording = require("wording")

local ask, take = questions.ask, appointment.take

local M = {}

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
    local question = state.asked == "confirm" and ask(state, "confirm", "Shall I book it?") or questions.next(state)
    return answer .. " " .. question
end

local function unknown_service(state, heard)
    local text = "I'm sorry, we don't offer " .. heard.unknown_service .. (heard.unknown_service:find("ing$") and "." or "s.")
    if state.slots.service then return with_question(state, text) end
    return ask(state, "service", text .. " We do " .. wording.list(questions.service_names(state), "and") .. ".")
end

local function on_confirm(state, heard)
    if heard.question == "hours" then return with_question(state, answers.hours(state, heard)) end
    if take(state, heard) then return questions.next(state) end
    if heard.unknown_service then return unknown_service(state, heard) end
    if heard.wrong or heard.no and heard.subject then
        appointment.forget(state, heard.wrong or heard.subject)
        return questions.next(state)
    end
    if heard.no then return ask(state, "change", "Sorry about that. What should I change?") end
    if heard.again then return questions.read_back(state) end
    if heard.question and answers[heard.question] then return with_question(state, answers[heard.question](state, heard)) end
    if heard.yes and state.was_heard then return booking.book(state) end
    if heard.yes then return questions.next(state) end
    if heard.hold then return ask(state, "change", "Of course. What should I change?") end
    return ask(state, "confirm", heard.bye and "Before you go, shall I book it?" or "Sorry, I didn't catch that. Shall I book it?")
end

local function choose_offer(state, heard)
    local offer = heard.pick and state.offers[math.min(heard.pick, #state.offers)] or heard.yes and state.offers[1]
    if heard.time and not heard.day then
        for _, each in ipairs(state.offers) do
            local date, minutes = calendar.read_stamp(each.start)
            local span = date and appointment.hours_on(state, date)
            if date and appointment.minutes_of(heard.time, span) == minutes then offer = each end
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
        return questions.next(state)
    end
    if take(state, heard) then return questions.next(state) end
    state.slots.date, state.slots.time = nil, nil
    return questions.next(state)
end

local function on_change(state, heard)
    if heard.wrong or (heard.subject and not (heard.day or heard.time or heard.name or heard.digits)) then
        appointment.forget(state, heard.wrong or heard.subject)
    elseif heard.yes and not (heard.day or heard.time or heard.service or heard.name or heard.digits) then
        return booking.book(state)
    else
        take(state, heard)
    end
    return questions.next(state)
end

local function is_leaving(state, heard)
    if heard.bye then return true end
    return state.asked == "else" and (heard.no or heard.thanks) and not heard.wants
end

local function open_turn(state, heard)
    if heard.email and not state.is_booking then
        take(state, heard)
        local calls = booking.keep_email(state)
        if calls then return "", calls end
        return "Thank you. How can I help?"
    end
    if heard.unknown_service and heard.question ~= "hours" then return unknown_service(state, heard) end
    local answer = heard.question and not (heard.wants and (heard.service or heard.day)) and answers[heard.question]
    if answer then return with_question(state, answer(state, heard)) end
    if heard.day and not state.is_booking and not heard.wants and not heard.time and not heard.service then
        return with_question(state, answers.hours(state, heard)) -- "and what about Sunday?"
    end
    local is_relevant = state.is_booking or heard.wants or heard.service or heard.time or heard.day
    if heard.name and not is_relevant then
        take(state, heard)
        return "Hello" .. (state.slots.first_name and " " .. state.slots.first_name or "") .. ", how can I help?"
    end
    local is_new = is_relevant and take(state, heard)
    local is_open = state.slots.service and not (state.slots.date and state.slots.time)
    if heard.is_unsure and is_relevant and is_open then return questions.proposal(state) end
    if is_new then return questions.go_on(state, heard) end
    if heard.wants then return "Happy to help. " .. questions.next(state) end
    if heard.hold and state.is_booking then return "Of course. " .. questions.next(state) end
    if heard.hold then return "Of course, go ahead." end
    if state.is_booking then return "Sorry, I didn't catch that. " .. questions.next(state) end
    if state.asked == "else" and heard.yes then return "Of course, how can I help?" end
    if heard.thanks then return ask(state, "else", "You're welcome. Is there anything else?") end
    if heard.greeting or heard.yes then return "Hello, how can I help?" end
    return "Sorry, I didn't catch that. How can I help?"
end

---@param text string what the caller said
---@return string text, table|nil calls
function M.to_caller(state, text)
    local heard = listen.hear(text, state.asked, state.facts.services)
    if heard.is_silent then return "Sorry, I didn't catch that." end
    if is_leaving(state, heard) and state.asked ~= "confirm" then return goodbye(state) end
    if state.asked == "confirm" then return on_confirm(state, heard) end
    if heard.again and state.said then return state.said end
    if state.asked == "offer" then return on_offer(state, heard) end
    if state.asked == "change" then return on_change(state, heard) end
    return open_turn(state, heard)
end

return M
