-- Numbers in a transcript: times of day and digits of phone numbers, told apart by how they are said.

local M = {}

local DIGITS = { oh = "0", o = "0", zero = "0", one = "1", two = "2", three = "3", four = "4", five = "5", six = "6",
    seven = "7", eight = "8", nine = "9" }
local VALUES = { oh = 0, zero = 0, one = 1, two = 2, three = 3, four = 4, five = 5, six = 6, seven = 7, eight = 8,
    nine = 9, ten = 10, eleven = 11, twelve = 12, thirteen = 13, fourteen = 14, fifteen = 15, sixteen = 16,
    seventeen = 17, eighteen = 18, nineteen = 19, twenty = 20, thirty = 30, forty = 40, fifty = 50 }
local WORDS = { [0] = "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve" }
local PARTS = { morning = "am", afternoon = "pm", evening = "pm", am = "am", pm = "pm" }

function M.is_number(word)
    return VALUES[word] ~= nil
end

-- Written figures as spoken words: "10:30" → "ten thirty", "555-0123" → digits one by one.
function M.spell(text)
    local function word_of(value)
        if WORDS[value] then return WORDS[value] end
        for word, number in pairs(VALUES) do
            if number == value then return word end
        end
        local tens = value - value % 10
        return (word_of(tens)) .. " " .. WORDS[value % 10]
    end
    text = text:gsub("(%d%d?):(%d%d)", function(hour, minute)
        minute = tonumber(minute)
        hour = tonumber(hour)
        local half = hour > 12 and " pm" or ""
        hour = hour > 12 and hour - 12 or hour
        local middle = minute == 0 and "" or (minute < 10 and " oh " or " ") .. word_of(minute)
        return " " .. WORDS[hour] .. middle .. half .. " "
    end)
    return (text:gsub("%d+", function(run)
        local value = tonumber(run)
        if #run <= 2 and value >= 10 and value < 60 and not run:find("^0") then return " " .. word_of(value) .. " " end
        return " " .. run:gsub("%d", function(digit) return WORDS[tonumber(digit)] .. " " end)
    end))
end

local function minute_of(run, first)
    local value = VALUES[run[first]]
    if not value then return 0 end
    if run[first] == "oh" or run[first] == "zero" then return run[first + 1] and VALUES[run[first + 1]] or 0 end
    if value >= 20 then
        local unit = run[first + 1] and VALUES[run[first + 1]] or 0
        return unit < 10 and value + unit or value
    end
    return value >= 10 and value or 0
end

-- "am", "pm" or nil for the words that follow a time.
local function half_after(words, at)
    if words[at] == "o'clock" then at = at + 1 end
    if words[at] == "in" and words[at + 1] == "the" then at = at + 2 end
    return PARTS[words[at]]
end

local function digits_of(run)
    local digits = {}
    for _, word in ipairs(run) do
        if not DIGITS[word] then return nil end
        digits[#digits + 1] = DIGITS[word]
    end
    return table.concat(digits)
end

local function is_time_with_oh(run)
    return #run == 3 and run[2] == "oh" and run[1] ~= "oh"
end

local function read_run(found, words, first, run, asked)
    local before = words[first - 1]
    local half = half_after(words, first + #run)
    local digits = digits_of(run)
    local is_time = half or words[first + #run] == "o'clock"
        or (asked ~= "phone" and (#run < 3 or is_time_with_oh(run)))
        or (#run < 3 and (before == "at" or before == "around"))
    if digits and not is_time then
        found.digits = (found.digits or "") .. digits
        return
    end
    local hour = VALUES[run[1]]
    if hour < 1 or hour > 12 or before == "not" then return end
    found.times[#found.times + 1] = { minutes = hour % 12 * 60 + minute_of(run, 2), half = half }
end

local function read_relative(found, words, at)
    local hour = VALUES[words[at + 2]]
    if not hour or hour < 1 or hour > 12 then return false end
    local shift = words[at] == "half" and 30 or words[at + 1] == "to" and -15 or 15
    found.times[#found.times + 1] = { minutes = (hour % 12 * 60 + shift) % 720, half = half_after(words, at + 3) }
    return true
end

---@param words string[]
---@param asked string|nil what the caller was asked for last
---@return table { times = { { minutes of a 12 hour clock, half } }, digits = string|nil }
function M.read(words, asked)
    local found, at = { times = {} }, 1
    while at <= #words do
        local word = words[at]
        if word == "noon" and words[at - 1] ~= "not" then
            found.times[#found.times + 1] = { minutes = 0, half = "pm" }
        end
        if (word == "half" or word == "quarter") and read_relative(found, words, at) then
            at = at + 2
        elseif VALUES[word] then
            local run, first = {}, at
            while VALUES[words[at]] do
                run[#run + 1] = words[at]
                at = at + 1
            end
            read_run(found, words, first, run, asked)
            at = at - 1
        end
        at = at + 1
    end
    return found
end

-- Minutes since midnight: as said, else the half of the day in which the business is open.
function M.resolve(time, part, hours)
    local half = time.half or part
    if half then return time.minutes + (half == "pm" and 720 or 0) end
    local function is_open(minutes) return hours and minutes >= hours.open and minutes < hours.close end
    if is_open(time.minutes) then return time.minutes end
    if is_open(time.minutes + 720) then return time.minutes + 720 end
    return (time.minutes < 7 * 60) and time.minutes + 720 or time.minutes
end

return M
