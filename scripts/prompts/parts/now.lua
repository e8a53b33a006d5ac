-- What is so in this turn only. It stands last: vendors keep the beginning of a prompt that they have seen before, up to
-- the first letter that differs.

local text = require("prompts.parts.lines")

local SAID_MAX = 120 -- bytes of a quotation

-- A piece takes one line, whatever its text looks like.
local function known(lines, pieces)
    if not pieces or #pieces == 0 then return end
    lines[#lines + 1] = "What is known about the caller's words (use only what answers them):"
    for _, piece in ipairs(pieces) do
        text.list(lines, { piece.title:gsub("%s+", " ") .. " " .. piece.text:gsub("%s+", " ") })
    end
end

-- As a quotation of one line: what stands between a hint's words is not counted and may hold marks, in a typed text any number.
local function quoted(said)
    said = said:gsub('[%s%c"]+', " ")
    return '"' .. (#said > SAID_MAX and text.start(said, SAID_MAX) .. "…" or said) .. '"'
end

-- "next tuesday" is the date 2026-12-01, Tuesday: so that a model need not reckon, and asks where it might be wrong.
local function heard(lines, hints)
    if not hints or #hints == 0 then return end
    lines[#lines + 1] = "Read from the caller's last words (as a tool wants it):"
    for _, hint in ipairs(hints) do
        local value = hint.weekday and hint.value .. ", " .. hint.weekday or hint.value
        local doubt = hint.is_uncertain and " (may be meant otherwise: ask)" or ""
        text.list(lines, { string.format("%s is the %s %s%s", quoted(hint.said), hint.kind, value, doubt) })
    end
end

local DAYS_AHEAD = 14 -- and today
local DAYS_OF_MONTH = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function date_after(date)
    local year, month, day = tonumber(date:sub(1, 4)), tonumber(date:sub(6, 7)), tonumber(date:sub(9, 10))
    local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
    day = day + 1
    if day > DAYS_OF_MONTH[month] + (month == 2 and is_leap and 1 or 0) then day, month = 1, month + 1 end
    if month > 12 then month, year = 1, year + 1 end
    return string.format("%04d-%02d-%02d", year, month, day)
end

-- "Christmas", or hours that may have a name.
local function name_of(day)
    if type(day) ~= "table" then return day or nil end
    return day.name or day[1] and day[1].name
end

-- The days to come that have hours of their own.
local function special_days(lines, today, holidays)
    local date = today
    for _ = 0, holidays and DAYS_AHEAD or -1 do
        local day = holidays[date]
        if day ~= nil then
            local name = name_of(day)
            text.fact(lines, "Special hours", date .. " " .. text.spans(day) .. (name and " (" .. name .. ")" or ""))
        end
        date = date_after(date)
    end
end

---@param lines string[]
---@param facts PromptFacts
---@param profile Profile
return function(lines, facts, profile)
    text.section(lines, "Now")
    text.fact(lines, "Today", string.format("%s %s %s", facts.now.weekday_name, facts.now.date, facts.now.clock))
    special_days(lines, facts.now.date, profile and profile.holidays)
    text.fact(lines, "Caller number", facts.caller)
    text.fact(lines, "Conversation phase", facts.phase)
    known(lines, facts.knowledge)
    heard(lines, facts.hints)
end
