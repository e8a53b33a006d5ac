-- Numbers, addresses and times as an agent says them, so that callers notice what was misheard. call:hints reads all of it back.

local M = {}

-- ---- telephone numbers ----

-- "+15550100123" is "555-010-0123", "5550123" is "555-0123", others go by threes behind their "+".
---@param phone string as contacts.phone writes it
---@return string
function M.phone(phone)
    local area, exchange, line = phone:match("^%+1(%d%d%d)(%d%d%d)(%d%d%d%d)$")
    if area then return area .. "-" .. exchange .. "-" .. line end
    local sign, digits = phone:match("^(%+?)(%d+)$")
    if not digits then return phone end
    if #digits == 7 then return digits:sub(1, 3) .. "-" .. digits:sub(4) end
    local groups = {}
    while #digits > 4 do
        groups[#groups + 1], digits = digits:sub(1, 3), digits:sub(4)
    end
    groups[#groups + 1] = digits
    return sign .. table.concat(groups, " ")
end

-- ---- e-mail addresses ----

local SIGNS = { ["."] = "dot", ["-"] = "dash", ["_"] = "underscore", ["+"] = "plus" }

-- Whether somebody who hears it could write it: letters with vowels among them, none too many at once.
local function is_plain(word)
    return #word > 1 and #word <= 12 and word:find("^%l+$") and word:find("[aeiouy]")
        and not word:find("[^aeiouy][^aeiouy][^aeiouy][^aeiouy]") and not word:find("[aeiou][aeiou][aeiou]")
end

local function in_words(text, may_spell)
    local said = {}
    for word, sign in text:gmatch("([^%.%-_%+]*)([%.%-_%+]?)") do
        if word ~= "" then said[#said + 1] = (may_spell and not is_plain(word)) and word:gsub(".", "%0 "):sub(1, -2) or word end
        if sign ~= "" then said[#said + 1] = SIGNS[sign] end
    end
    return table.concat(said, " ")
end

-- "jane.doe@example.com" is "jane dot doe at example dot com", "jx7@example.com" begins with "j x 7".
---@param email string
---@return string
function M.email(email)
    local name, domain = email:match("^(.-)@(.+)$")
    if not name then return email end
    return in_words(name, true) .. " at " .. in_words(domain, false)
end

-- ---- times ----

local HOURS = { "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve" }
local DAY_S = 86400

local function part_of_day(hour)
    return hour < 12 and "in the morning" or hour < 18 and "in the afternoon" or "in the evening"
end

---@param hour integer
---@param minute integer
---@return string "half past three in the afternoon", "noon", "12:10 AM"
function M.clock(hour, minute)
    if minute == 0 and hour % 12 == 0 then return hour == 0 and "midnight" or "noon" end
    if hour % 12 == 0 or minute % 15 ~= 0 then
        return string.format("%d:%02d %s", (hour - 1) % 12 + 1, minute, hour < 12 and "AM" or "PM")
    end
    local name, after = HOURS[(hour - 1) % 12 + 1], HOURS[hour % 12 + 1]
    local said = minute == 0 and name .. " o'clock" or minute == 15 and "a quarter past " .. name
        or minute == 30 and "half past " .. name or "a quarter to " .. after
    return said .. " " .. part_of_day(hour)
end

-- Noon, so that no change of clocks makes a day of another one.
local function days_between(zone, from, to)
    local a, b = time.parse(from .. "T12:00", zone), time.parse(to .. "T12:00", zone)
    return math.floor((b - a) / DAY_S + 0.5)
end

-- "tomorrow", "Friday, December 4", "next Tuesday, December 1", "Monday, November 23, 2099".
local function day(zone, when, now)
    local days = days_between(zone, now.date, when.date)
    local date = time.format(time.parse(when.date .. "T12:00", zone), zone, "%B %-d")
    local name = when.weekday_name
    if days == 0 then return "today" end
    if days == 1 then return "tomorrow" end
    if days > 1 and days + now.weekday > 7 and days + now.weekday <= 14 then name = "next " .. name end
    return name .. ", " .. date .. (days > 300 and ", " .. when.year or "")
end

-- Of an hour that comes twice, which one: "" of others.
local function which_hour(zone, at, when)
    local later, earlier = time.at(zone, at + 3600), time.at(zone, at - 3600)
    if later.clock == when.clock then return ", before the clocks go back" end
    if earlier.clock == when.clock then return ", after the clocks go back" end
    return ""
end

---@param zone string
---@param at number seconds since 1970
---@return string "next Tuesday, December 1, at half past three in the afternoon"
function M.time(zone, at)
    local when = time.at(zone, at)
    return day(zone, when, time.at(zone)) .. ", at " .. M.clock(when.hour, when.minute) .. which_hour(zone, at, when)
end

-- What to say about a time that no clock shows.
---@param start string "2027-03-14T02:30"
---@return string
function M.no_such_time(start)
    local year, month, day_of, hour, minute = start:match("^(%d+)%-(%d+)%-(%d+)T(%d+):(%d+)")
    if not year then return "That time does not exist." end
    local noon = time.parse(string.format("%s-%s-%sT12:00", year, month, day_of), "UTC")
    local name = noon and time.format(noon, "UTC", "%A, %B %-d") or "that day"
    return "The clocks go forward on " .. name .. ", so " .. M.clock(tonumber(hour), tonumber(minute))
        .. " does not exist that day."
end

return M
