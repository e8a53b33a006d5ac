-- Numbers, times and lists the way people say them.

local M = {}

local UNITS = { [0] = "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen" }
local TENS = { [2] = "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety" }
local ORDINALS = { one = "first", two = "second", three = "third", five = "fifth", eight = "eighth", nine = "ninth",
    twelve = "twelfth" }
local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December" }
M.MONTHS = MONTHS

function M.number(value)
    if value < 20 then return UNITS[value] end
    if value < 100 then
        local rest = value % 10
        return TENS[math.floor(value / 10)] .. (rest > 0 and " " .. UNITS[rest] or "")
    end
    local rest = value % 100
    local middle = rest > 0 and rest < 10 and " oh " or " "
    return M.number(math.floor(value / 100)) .. (rest > 0 and middle .. M.number(rest) or " hundred")
end

function M.ordinal(value)
    local words = M.number(value)
    local last = words:match("%a+$")
    local ending = ORDINALS[last] or (last:sub(-1) == "y" and last:sub(1, -2) .. "ieth") or last .. "th"
    return words:sub(1, #words - #last) .. ending
end

local function digit(character)
    return character == "0" and "oh" or UNITS[tonumber(character)]
end

function M.digits(text)
    local words = {}
    for character in text:gmatch("%d") do words[#words + 1] = digit(character) end
    return table.concat(words, " ")
end

-- "5550123" → "five five five, oh one two three"
function M.phone(digits)
    local groups, last = {}, #digits - 4
    for first = 1, last, 3 do
        groups[#groups + 1] = M.digits(digits:sub(first, math.min(first + 2, last)))
    end
    groups[#groups + 1] = M.digits(digits:sub(math.max(1, last + 1)))
    return table.concat(groups, ", ")
end

-- Minutes since midnight: "ten", "ten thirty", "noon", "three oh five"
function M.time(minutes)
    if minutes == 720 then return "noon" end
    local hour, minute = math.floor(minutes / 60) % 12, minutes % 60
    local words = UNITS[hour == 0 and 12 or hour]
    if minute == 0 then return words end
    return words .. (minute < 10 and " oh " or " ") .. M.number(minute)
end

function M.length(minutes)
    if minutes == 60 then return "one hour" end
    if minutes % 60 == 0 then return M.number(minutes / 60) .. " hours" end
    return M.number(minutes) .. " minutes"
end

function M.list(words, last_joint)
    if #words < 2 then return words[1] or "" end
    return table.concat(words, ", ", 1, #words - 1) .. " " .. (last_joint or "and") .. " " .. words[#words]
end

-- Numbers inside a text: "12 Harbor Street" → "twelve Harbor Street"; five digits and more one by one.
function M.plain(text)
    return (text:gsub("%d+", function(run)
        if #run > 4 or run:sub(1, 1) == "0" then return M.digits(run) end
        return M.number(tonumber(run))
    end))
end

function M.with_article(noun)
    return (noun:find("^[aeiou]") and "an " or "a ") .. noun
end

return M
