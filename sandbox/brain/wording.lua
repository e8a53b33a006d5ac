-- Numbers, times, days and lists the way people say them on the phone.

local M = {}

local ONES = { [0] = "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen" }
local TENS = { "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety" }
local ORDINALS = { "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
    [30] = "thirtieth" }

-- 0 … 9999 in words; anything else stays as it is.
function M.number(value)
    if value < 0 or value > 9999 or value ~= math.floor(value) then return tostring(value) end
    if value < 20 then return ONES[value] end
    if value < 100 then
        local rest = value % 10
        return TENS[math.floor(value / 10)] .. (rest > 0 and " " .. ONES[rest] or "")
    end
    local unit, name = 100, " hundred"
    if value >= 1000 then unit, name = 1000, " thousand" end
    local rest = value % unit
    return M.number(math.floor(value / unit)) .. name .. (rest > 0 and " " .. M.number(rest) or "")
end

function M.ordinal(value)
    return ORDINALS[value] or TENS[math.floor(value / 10)] .. " " .. ORDINALS[value % 10]
end

-- Minutes since midnight: "ten thirty", "nine", "noon"; with_half adds "a.m." or "p.m.".
function M.time(minutes, with_half)
    if minutes == 12 * 60 then return "noon" end
    local hour, minute = math.floor(minutes / 60), minutes % 60
    local words = ONES[(hour + 11) % 12 + 1]
    if minute > 0 then words = words .. (minute < 10 and " oh " or " ") .. M.number(minute) end
    return with_half and words .. (hour < 12 and " a.m." or " p.m.") or words
end

-- A span of minutes: "from nine a.m. to one p.m."
function M.hours(span)
    return "from " .. M.time(span.open, true) .. " to " .. M.time(span.close, true)
end

-- "5550123" → "five five five, oh one two three".
function M.phone(digits)
    local groups = #digits == 10 and { 3, 3, 4 } or #digits == 7 and { 3, 4 } or { #digits }
    local spoken, at = {}, 1
    for _, size in ipairs(groups) do
        local words = {}
        for digit in digits:sub(at, at + size - 1):gmatch("%d") do
            words[#words + 1] = digit == "0" and "oh" or ONES[tonumber(digit)]
        end
        spoken[#spoken + 1] = table.concat(words, " ")
        at = at + size
    end
    return table.concat(spoken, ", ")
end

function M.capitalised(text)
    return (text:gsub("^%l", string.upper))
end

-- { "a", "b", "c" } → "a, b and c"
function M.list(items, word)
    if #items < 2 then return items[1] or "" end
    return table.concat(items, ", ", 1, #items - 1) .. " " .. (word or "and") .. " " .. items[#items]
end

function M.with_article(noun)
    return (noun:match("^[aeiouAEIOU]") and "an " or "a ") .. noun
end

-- A full stop where there is none ("p.m." brings its own).
function M.sentence(text)
    return text:match("[.!?]$") and text or text .. "."
end

-- Digits and money in a fact, as words: "$80" → "eighty dollars".
function M.spoken(text)
    text = text:gsub("%$(%d+)", function(digits) return M.number(tonumber(digits)) .. " dollars" end)
    return (text:gsub("%f[%d](%d%d?%d?%d?)%f[%D]", function(digits) return M.number(tonumber(digits)) end))
end

return M
