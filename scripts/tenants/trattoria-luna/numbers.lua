-- Numbers as people say them: "7", "seven", "twenty-five", "28th", "twenty eighth".

local M = {}

local ONES = { one = 1, two = 2, three = 3, four = 4, five = 5, six = 6, seven = 7, eight = 8, nine = 9, ten = 10, eleven = 11,
    twelve = 12, thirteen = 13, fourteen = 14, fifteen = 15, sixteen = 16, seventeen = 17, eighteen = 18, nineteen = 19 }

local TENS = { twenty = 20, thirty = 30, forty = 40, fifty = 50 }

local ORDINALS = { first = 1, second = 2, third = 3, fourth = 4, fifth = 5, sixth = 6, seventh = 7, eighth = 8, ninth = 9,
    tenth = 10, eleventh = 11, twelfth = 12, thirteenth = 13, fourteenth = 14, fifteenth = 15, sixteenth = 16, seventeenth = 17,
    eighteenth = 18, nineteenth = 19, twentieth = 20, thirtieth = 30 }

-- Lower case, without punctuation but for apostrophes and the colon of "7:30".
---@param text string
---@return string[]
function M.words(text)
    local plain = text:lower():gsub("o'clock", "oclock"):gsub("%f[%a]([ap])%.%s?m%.?", "%1m"):gsub("(%d)([ap]m)", "%1 %2")
    local words = {}
    for word in plain:gmatch("[^%s,.!?;%-]+") do words[#words + 1] = word end
    return words
end

-- The number that begins at the i-th word, and where the words go on behind it.
---@param words string[]
---@param i integer
---@return integer|nil number
---@return integer next
function M.at(words, i)
    local word = words[i] or ""
    local digits = word:match("^(%d%d?)$") or word:match("^(%d%d?)[snrt][tdh]$")
    if digits then return tonumber(digits), i + 1 end
    if TENS[word] then
        local one = ONES[words[i + 1]] or ORDINALS[words[i + 1]]
        if one and one < 10 then return TENS[word] + one, i + 2 end
        return TENS[word], i + 1
    end
    local number = ONES[word] or ORDINALS[word]
    return number, number and i + 1 or i
end

-- 4 → "four"; what has no short word stays in digits.
---@param number integer
---@return string
function M.spoken(number)
    for word, value in pairs(ONES) do
        if value == number then return word end
    end
    return tostring(number)
end

return M
