-- Answers from the facts: one function (state, heard) → text for each question that listen knows, under its name.

local appointment = require("appointment")
local calendar = require("calendar")
local facts_of = require("facts")
local wording = require("wording")

local M = {}

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
        spoken[i] = days .. " " .. wording.hours(group)
    end
    if #spoken == 0 then return "I'm sorry, I don't have our hours here." end
    local text = wording.sentence("We're open " .. wording.list(spoken))
    return #closed > 0 and text .. " We're closed on " .. wording.list(closed) .. "." or text
end

local function hours_of_day(state, heard)
    local name = heard.day
    if name == "today" or name == "tomorrow" then
        local date = appointment.date_of(state, name)
        name = date and calendar.weekday(date)
    end
    local span = name and state.facts.hours[name]
    if span == nil then return all_hours(state) end
    local spoken = wording.capitalised(name)
    if not span then return "We're closed on " .. spoken .. "." end
    local text = wording.sentence("on " .. spoken .. " we're open " .. wording.hours(span))
    if not heard.time then return wording.capitalised(text) end
    return (appointment.is_within(span, appointment.minutes_of(heard.time, span)) and "Yes, " or "No, ") .. text
end

function M.hours(state, heard)
    if heard.day then return hours_of_day(state, heard) end
    if heard.day_group == "weekend" then
        return hours_of_day(state, { day = "saturday" }) .. " " .. hours_of_day(state, { day = "sunday" })
    end
    return all_hours(state)
end

function M.address(state)
    local address = state.facts.named.address
    return address and "We're at " .. wording.spoken(address) .. "." or "I'm sorry, I don't have our address here."
end

function M.services(state, heard)
    if heard.service then return "Yes, we do." end
    local spoken = {}
    for i, service in ipairs(state.facts.services) do
        local minutes = service.minutes and wording.number(service.minutes)
        spoken[i] = service.name .. (minutes and ", which takes about " .. minutes .. " minutes" or "")
    end
    if #spoken == 0 then return "I'm sorry, I don't have the list here." end
    return "We offer " .. wording.list(spoken) .. "."
end

function M.price(state)
    local value = facts_of.named(state.facts, { "price", "cost", "fee" })
    if value then return "It's " .. wording.spoken(value) .. "." end
    local sentence = facts_of.about(state.facts, { "price", "cost", "fee", "$" })
    return sentence and wording.spoken(sentence) or "I'm sorry, I don't have prices here."
end

function M.duration(state, heard)
    for _, service in ipairs(state.facts.services) do
        if service.minutes and (service.name == heard.service or not heard.service) then
            local name = wording.capitalised(wording.with_article(service.name))
            return name .. " takes about " .. wording.number(service.minutes) .. " minutes."
        end
    end
    return "I'm not sure how long that takes."
end

local SUBJECTS = { insurance = { "insurance" }, park = { "park" }, card = { "card", "cash", "pay" },
    cash = { "card", "cash", "pay" }, ["new patient"] = { "new patient" }, cancel = { "cancel" } }

function M.policy(state, heard)
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

function M.who(state)
    return "This is " .. agent_name(state) .. " at " .. state.facts.business .. "."
end

function M.person(state)
    return "I'm " .. agent_name(state) .. ", and I can help with questions and appointments."
end

function M.there()
    return "Yes, I'm here."
end

function M.more()
    return "Of course, what is it?"
end

function M.pain(state)
    state.is_booking = true
    return "I'm sorry to hear that, let's find you a time."
end

return M
