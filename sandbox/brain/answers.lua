-- Answers to questions, from the prompt's facts alone; what is not there is said to be unknown.

local facts_module = require("facts")
local numbers = require("numbers")
local spoken = require("spoken")

local M = {}

local function span(hours)
    return "from " .. spoken.time(hours.open) .. " to " .. spoken.time(hours.close)
end
M.span = span

local function same(a, b)
    return (not a and not b) or (a and b and a.open == b.open and a.close == b.close)
end

-- Consecutive days with the same hours: { first, last, hours }
local function groups(facts)
    local found = {}
    for day = 1, 7 do
        local hours, last = facts_module.hours_on(facts, day), found[#found]
        if last and same(last.hours, hours) then
            last.last = day
        else
            found[#found + 1] = { first = day, last = day, hours = hours }
        end
    end
    return found
end

local function group_name(group)
    local first, last = facts_module.DAYS[group.first], facts_module.DAYS[group.last]
    if group.first == group.last then return "on " .. first end
    return (group.last == group.first + 1 and "on " .. first .. " and " or first .. " through ") .. last
end

local function all_hours(facts)
    local open, closed = {}, {}
    for _, group in ipairs(groups(facts)) do
        if group.hours then
            open[#open + 1] = group_name(group) .. " " .. span(group.hours)
        else
            closed[#closed + 1] = group_name(group)
        end
    end
    if #open == 0 then return "I'm sorry, I don't have our opening hours here." end
    local text = "We're open " .. spoken.list(open)
    if #closed > 0 then text = text .. ", and we're closed " .. spoken.list(closed) end
    return text .. "."
end

local function day_label(facts, meaning, day)
    if meaning.relative_day then return meaning.relative_day:gsub("^%l", string.upper) end
    return "On " .. facts_module.DAYS[day]
end

local function is_within(hours, meaning)
    if not hours or #meaning.times == 0 then return hours ~= nil end
    local minutes = numbers.resolve(meaning.times[1], meaning.part, hours)
    return minutes >= hours.open and minutes < hours.close
end

local function day_hours(facts, meaning, day)
    local hours = facts_module.hours_on(facts, day)
    local wants_yes = meaning.text:find(" are you open ", 1, true) or meaning.text:find(" there ", 1, true)
    local start = not wants_yes and "" or is_within(hours, meaning) and "Yes, " or "No, "
    local label = day_label(facts, meaning, day)
    if start ~= "" then label = label:sub(1, 1):lower() .. label:sub(2) end
    if not hours then
        local when = meaning.relative_day or ("on " .. facts_module.DAYS[day])
        return (start == "" and "We're closed " or "No, we're closed ") .. when .. "."
    end
    return start .. label .. " we're open " .. span(hours) .. "."
end

function M.hours(facts, meaning)
    local days = meaning.days
    if #days == 0 and (meaning.text:find(" how late ", 1, true) or meaning.text:find(" until when ", 1, true)) then
        days, meaning.relative_day = { facts.today.weekday }, "today"
    end
    if #days == 0 or #days > 2 then return all_hours(facts) end
    local sentences = {}
    for _, day in ipairs(days) do sentences[#sentences + 1] = day_hours(facts, meaning, day) end
    return table.concat(sentences, " ")
end

function M.place(facts)
    local address = facts.named.address
    return address and "We're at " .. spoken.plain(address) .. "." or "I'm sorry, I don't have our address here."
end

-- The whole list with its lengths; long enough to be interrupted.
function M.services(facts)
    local items = {}
    for _, service in ipairs(facts.services) do
        items[#items + 1] = spoken.with_article(service.name) .. ", which takes " .. spoken.length(service.minutes)
    end
    if #items == 0 then return "I'm sorry, I don't have a list of our services here." end
    return "We offer " .. table.concat(items, "; ", 1, #items - 1) .. (#items > 1 and "; and " or "") .. items[#items]
        .. ". Which of these would you like to come in for?"
end

function M.service_names(facts, joint)
    local names = {}
    for _, service in ipairs(facts.services) do names[#names + 1] = spoken.with_article(service.name) end
    return spoken.list(names, joint)
end

function M.not_offered(facts, name)
    return "I'm sorry, we don't offer " .. spoken.with_article(name) .. " here. We do " .. M.service_names(facts, "and") .. "."
end

function M.offer(facts, meaning)
    if meaning.service then return "Yes, we do. " .. M.length(facts, meaning) end
    return M.not_offered(facts, meaning.unknown_service)
end

function M.length(facts, meaning)
    local service = meaning.service
    if service then
        return spoken.with_article(service.name):gsub("^%l", string.upper) .. " takes " .. spoken.length(service.minutes) .. "."
    end
    if meaning.unknown_service then return M.not_offered(facts, meaning.unknown_service) end
    return M.services(facts)
end

-- A sentence of the prompt if there is one, else that it is not known.
local function from_prompt(facts, words, unknown)
    local sentence = facts_module.sentence_with(facts, words)
    return sentence and spoken.plain(sentence) or unknown
end

local SIMPLE = {
    price = { { "price", "prices", "cost" }, "I'm sorry, I don't have our prices here." },
    insurance = { { "insurance" }, "I'm sorry, I don't know which insurance we take." },
    payment = { { "payment", "card", "cash" }, "I'm sorry, I don't know how you can pay." },
    parking = { { "parking", "park " }, "I'm sorry, I don't know about parking." },
    new_patient = { { "new patient" }, "New patients are no problem." },
    cancel = { { "cancel" }, "I'm sorry, I can't cancel an appointment from here." },
}

local function who(facts)
    if not facts.agent then return "You've reached the front desk." end
    return "This is " .. facts.agent .. (facts.business and " at " .. facts.business or "") .. "."
end

---@return string|nil
function M.answer(facts, meaning)
    local question = meaning.question
    local simple = SIMPLE[question]
    if simple then return from_prompt(facts, simple[1], simple[2]) end
    if question == "hours" then return M.hours(facts, meaning) end
    if question == "place" then return M.place(facts) end
    if question == "services" then return M.services(facts) end
    if question == "offer" then return M.offer(facts, meaning) end
    if question == "length" then return M.length(facts, meaning) end
    if question == "who" then return who(facts) end
    if question == "presence" then return "Yes, I'm here." end
    if question == "person" then return "I can't put you through, but I can help with hours, services and appointments." end
    if question == "pain" then return "I'm sorry to hear that. In an emergency, please hang up and dial nine one one." end
    if question == "more" then return "Of course, what is it?" end
end

return M
