-- Is it an emergency? By rules that can be read and tested, not by a model's mood: seconds count, and so does never waking the
-- plumber for a dripping tap.

local M = {}

-- All words of a line must be in the sentence, as beginnings of words. Water where it should not be, now; gas; sewage.
local CERTAIN = {
    { "pipe", "burst" }, { "pipe", "broke" }, { "flood" }, { "water", "everywhere" }, { "water", "pouring" }, { "water", "gushing" },
    { "water", "ceiling" }, { "can't", "water", "off" }, { "sewage" }, { "smell", "gas" }, { "gas", "leak" },
    { "water heater", "leak" },
}

-- These may be one: the caller is asked.
local POSSIBLE = { { "leak" }, { "emergency" }, { "urgent" }, { "no heat" }, { "no hot water" }, { "no water" }, { "overflow" } }

-- What takes it back.
local NOT_NOW = { "not an emergency", "no emergency", "isn't an emergency", "not urgent", "not flood", "last year", "last month",
    "years ago", "already fixed", "has stopped", "do you fix", "do you repair", "do you do", "how much" }

local function has(text, beginning)
    return text:find("%f[%w]" .. beginning:gsub("%p", "%%%0")) ~= nil
end

local function has_all(text, words)
    for _, word in ipairs(words) do
        if not has(text, word) then return false end
    end
    return true
end

local function fits_any(text, lines)
    for _, words in ipairs(lines) do
        if has_all(text, words) then return true end
    end
    return false
end

---@param text string the caller's words
---@return "certain"|"possible"|nil
function M.sign(text)
    text = text:lower()
    for _, words in ipairs(NOT_NOW) do
        if text:find(words, 1, true) then return nil end
    end
    return fits_any(text, CERTAIN) and "certain" or fits_any(text, POSSIBLE) and "possible" or nil
end

-- What to do until the plumber is on the line; a short sentence, for it is heard in a flooded kitchen.
---@param text string
---@return string
function M.advice(text)
    text = text:lower()
    if has(text, "gas") then return "Please leave the house now and call 911 from outside." end
    if has(text, "sewage") then return "Please use no water and stay away from it." end
    return "If you can reach it, turn off the main water valve."
end

return M
