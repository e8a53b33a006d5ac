-- What a caller's sentence says about a reservation: how many, which day, what time, whose name. Plain rules, no model: what they
-- do not understand they leave alone, and the model is asked. In a correction ("for four, no, five people") the last word counts.

local numbers = require("numbers")

local M = {}

local DAY_S = 86400

local WEEKDAYS = { monday = 1, tuesday = 2, wednesday = 3, thursday = 4, friday = 5, saturday = 6, sunday = 7 }

local MONTHS = { january = 1, february = 2, march = 3, april = 4, may = 5, june = 6, july = 7, august = 8, september = 9,
    october = 10, november = 11, december = 12 }

local PEOPLE = { people = true, persons = true, person = true, guests = true, adults = true, children = true, kids = true }

local DURATIONS = { hour = true, hours = true, minutes = true }

local BEFORE_PARTY = { ["for"] = true, be = true, are = true, ["we're"] = true, ["us"] = true }

local BEFORE_CLOCK = { at = true, around = true, about = true, by = true }

local function set(text)
    local members = {}
    for word in text:gmatch("%S+") do members[word] = true end
    return members
end

local YES = set("yes yeah yep yup sure correct right perfect great okay ok absolutely exactly fine")
local NO = set("no nope not don't wrong wait")

-- ---- time of day ----

-- In the evening, or at lunch: nobody is served in the morning.
local function of_the_house(hour, half)
    if half == "am" then return hour % 12 end
    if half == "pm" or hour < 12 then return hour % 12 + 12 end
    return hour
end

local function clock(hour, minute, half)
    hour = of_the_house(hour, half)
    if hour > 23 or minute > 59 then return nil end
    return string.format("%02d:%02d", hour, minute)
end

-- "half past seven", "quarter to eight"
local function relative_clock_at(words, i)
    local minute = words[i] == "half" and 30 or words[i] == "quarter" and 15
    local way = words[i + 1]
    if not minute or (way ~= "past" and way ~= "to") then return nil, i end
    local hour, next = numbers.at(words, i + 2)
    if not hour then return nil, i end
    if way == "to" then return clock(hour - 1, 60 - minute), next end
    return clock(hour, minute), next
end

-- A time that is one beyond doubt: "7:30", "seven thirty", "eight o'clock", "7 pm", "noon". `bare` is "seven" alone, which may
-- as well be a number of people.
local function clock_at(words, i)
    if words[i] == "noon" then return "12:00", i + 1 end
    local written_hour, written_minute = (words[i] or ""):match("^(%d%d?):(%d%d)$")
    if written_hour then
        local half = words[i + 1]
        return clock(tonumber(written_hour), tonumber(written_minute), half), (half == "am" or half == "pm") and i + 2 or i + 1
    end
    local hour, next = numbers.at(words, i)
    if not hour or hour > 23 then return relative_clock_at(words, i) end
    local minute, after = numbers.at(words, next)
    local has_minutes = minute and minute >= 10 and minute < 60 and not PEOPLE[words[after]]
    if has_minutes then next = after end
    local half = words[next]
    local is_sure = has_minutes or half == "am" or half == "pm" or half == "oclock"
    if half == "am" or half == "pm" or half == "oclock" then next = next + 1 end
    local time = clock(hour, has_minutes and minute or 0, half)
    if is_sure then return time, next end
    return nil, i, time, next
end

-- ---- people ----

-- "four people", "two adults and three children", "the two of us"
local function counted_at(words, i)
    local sum = 0
    while true do
        local count, next = numbers.at(words, i)
        local is_us = words[next] == "of" and words[next + 1] == "us"
        if not count or not (PEOPLE[words[next]] or is_us) then break end
        sum, i = sum + count, next + (is_us and 2 or 1)
        if words[i] ~= "and" or not numbers.at(words, i + 1) then return sum, i end
        i = i + 1
    end
    return sum > 0 and sum or nil, i
end

-- ---- days ----

local function date_after(today, days)
    return time.at("UTC", time.parse(today.date .. "T12:00", "UTC") + days * DAY_S).date
end

-- The next day of that number, or of that month and number.
local function date_of(today, month, day)
    if day < 1 or day > 31 then return nil end
    local year = today.year
    if not month then month = day < today.day and today.month % 12 + 1 or today.month end
    if month < today.month or (month == today.month and day < today.day) then year = year + 1 end
    local date = string.format("%04d-%02d-%02d", year, month, day)
    return time.weekday(date) and date or nil
end

-- "november twenty eighth", "the fourth of july", "the twenty eighth"
local function calendar_date_at(words, i, today)
    if MONTHS[words[i]] then
        local day, next = numbers.at(words, words[i + 1] == "the" and i + 2 or i + 1)
        if day then return date_of(today, MONTHS[words[i]], day), next end
    elseif words[i] == "the" then
        local day, next = numbers.at(words, i + 1)
        local month = words[next] == "of" and MONTHS[words[next + 1]] or nil
        local is_ordinal = day and not PEOPLE[words[next]] and words[next - 1]:find("%a%a$") and
            (month or words[next - 1]:find("[snrt][tdh]$"))
        if is_ordinal then return date_of(today, month, day), month and next + 2 or next end
    end
    return nil, i
end

local function day_at(words, i, today)
    local word = words[i]
    if word == "today" or word == "tonight" then return today.date, i + 1 end
    if word == "tomorrow" then return date_after(today, 1), i + 1 end
    local weekday = WEEKDAYS[word]
    if weekday then
        local days = (weekday - today.weekday) % 7
        return date_after(today, days == 0 and words[i - 1] == "next" and 7 or days), i + 1
    end
    return calendar_date_at(words, i, today)
end

-- ---- names ----

local BEFORE_NAME = { "my name is ", "name is ", "name's ", "under the name of ", "under the name ", "under " }
local BEFORE_NAME_ALONE = { "it's ", "it is ", "i'm ", "i am ", "this is ", "that's ", "for " }
local NO_NAME = set([[a an and the for at on in of my our your please thanks thank table reservation people person today tonight
    tomorrow yes no yeah okay is it's i'm i we what when where how do does can could would will have want there here that this
    maybe sorry hello hi not about with to so um uh again wait nobody actually]])

-- Up to three words that may be a name, from `text` on; written as a name is.
local function name_from(text)
    local parts = {}
    for word, behind in text:gmatch("([^%s,.!?;]+)([^%s]*)") do
        local plain = word:lower()
        if NO_NAME[plain] or WEEKDAYS[plain] or word:find("%d") or #parts == 3 then break end
        parts[#parts + 1] = word:sub(1, 1):upper() .. word:sub(2)
        if behind ~= "" then break end
    end
    return #parts > 0 and table.concat(parts, " ") or nil
end

local function name_behind(text, openings)
    for _, opening in ipairs(openings) do
        local _, stop = text:lower():find("%f[%a]" .. opening)
        local name = stop and name_from(text:sub(stop + 1))
        if name then return name end
    end
end

-- The whole answer to "Under which name?"
local function name_alone(text, words)
    return name_behind(text, BEFORE_NAME_ALONE) or (#words <= 3 and name_from(text)) or nil
end

-- ---- all of it ----

local function take_clock(heard, words, i, awaits)
    local time, next, bare, bare_next = clock_at(words, i)
    local is_count = PEOPLE[words[bare_next]] or DURATIONS[words[bare_next]] or words[bare_next] == "of"
    if not time and bare and not is_count and (BEFORE_CLOCK[words[i - 1]] or (awaits == "clock" and not heard.clock)) then
        time, next = bare, bare_next
    end
    if time then heard.clock = time end
    return time and next
end

local function take_party(heard, words, i, awaits)
    local count, next = counted_at(words, i)
    if not count then
        local before = words[i - 1]
        local is_asked = BEFORE_PARTY[before] or (before == "of" and (words[i - 2] == "party" or words[i - 2] == "table")) or
            (before == "it" and words[i - 2] == "make") or (awaits == "party" and not heard.party)
        if is_asked then count, next = numbers.at(words, i) end
        if DURATIONS[words[next]] then count = nil end
    end
    if count then heard.party = count end
    return count and next
end

local function take_day(heard, words, i, today)
    local date, next = day_at(words, i, today)
    if date then heard.date = date end
    return date and next
end

---@class Heard
---@field party integer|nil
---@field date string|nil  "2026-11-28"
---@field clock string|nil "19:30"
---@field name string|nil

---@param text string
---@param today ZonedTime the restaurant's wall clock
---@param awaits string|nil what was asked for: then a number, or a name, may stand alone
---@return Heard heard what the sentence does not say is missing
function M.sentence(text, today, awaits)
    local words = numbers.words(text)
    local heard = {}
    local i = 1
    while i <= #words do
        i = take_day(heard, words, i, today) or take_clock(heard, words, i, awaits) or take_party(heard, words, i, awaits) or i + 1
    end
    if text:lower():find("just me", 1, true) then heard.party = 1 end
    heard.name = name_behind(text, BEFORE_NAME)
    if awaits == "name" and not next(heard) then heard.name = name_alone(text, words) end
    return heard
end

local function has_word(text, members)
    for _, word in ipairs(numbers.words(text)) do
        if members[word] then return true end
    end
    return false
end

---@param text string
---@return boolean
function M.is_no(text)
    return has_word(text, NO)
end

---@param text string
---@return boolean
function M.is_yes(text)
    return has_word(text, YES) and not M.is_no(text)
end

---@param text string
---@return boolean
function M.wants_table(text)
    local lower = text:lower()
    return (lower:find("%f[%a]table") or lower:find("reserv") or lower:find("%f[%a]book")) ~= nil and not M.is_about_another(text)
end

-- What they have already, and what becomes of it, is for the model and its tools.
---@param text string
---@return boolean
function M.is_about_another(text)
    local lower = text:lower()
    return (lower:find("my reservation") or lower:find("my booking") or lower:find("cancel") or lower:find("reschedul") or
        lower:find("i have a reserv") or lower:find("i booked")) ~= nil
end

---@param text string
---@return boolean
function M.gives_up(text)
    local lower = text:lower()
    return (lower:find("never ?mind") or lower:find("forget it") or lower:find("forget about it") or
        lower:find("changed my mind")) ~= nil
end

---@param text string
---@return boolean
function M.says_goodbye(text)
    local lower = text:lower()
    return (lower:find("bye") or lower:find("that's all") or lower:find("that is all") or lower:find("no,? thank") or
        lower:find("see you")) ~= nil
end

return M
