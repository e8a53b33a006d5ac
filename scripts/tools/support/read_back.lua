-- What a caller must have heard before a tool acts on it. A model is told to read things back; this holds it to that: by what the
-- caller heard of the agent (call.history), not by what the model says of itself.
--
--   profile.confirmations = "never", or { name = …, phone = …, email = …, time = … }, each of them
--     "always"       it was read back
--     "when_unsure"  it was read back, or needs not be: the number the caller rings from, what a contact is known to have
--     "never"
--
-- A first call with values that were not read back answers { ok = false, reason = "read_back_first", say = … } and does nothing; the
-- next one, after the caller's next words, acts when the caller heard them. Words that call:hints does not read (other languages) are
-- asked for twice at most: no caller is asked for ever.

local spoken = require("tools.support.spoken")

local M = {}

local USUAL = { name = "never", phone = "when_unsure", email = "always", time = "when_unsure" }
local KINDS = { "name", "time", "phone", "email" }
local LINES = 12 -- of the agent, the newest
local TIMES = 2

---@param profile Profile
---@param kind string
---@return "always"|"when_unsure"|"never"
function M.policy(profile, kind)
    local said = profile.confirmations
    if type(said) == "string" then return said end
    if said and said[kind] then return said[kind] end
    for _, item in ipairs(profile.collect or {}) do
        if item.field == kind and item.confirm and USUAL[kind] ~= "always" then return "when_unsure" end
    end
    return USUAL[kind] or "never"
end

-- ---- what the caller heard ----

-- The agent's newest lines: their words, and what call:hints finds in them by kind.
local function heard(call)
    local found = { words = "", phone = {}, email = {}, date = {}, time = {} }
    local history, lines = call.history, 0
    for i = #history, 1, -1 do
        local line = history[i]
        if line.role == "agent" and lines < LINES then
            lines = lines + 1
            found.words = found.words .. " " .. line.text:lower()
            for _, hint in ipairs(call:hints(line.text)) do
                local list = found[hint.kind]
                if list then list[#list + 1] = hint end
            end
        end
    end
    return found
end

local function has(hints, value)
    for _, hint in ipairs(hints) do
        if hint.value == value then return true end
    end
    return false
end

-- "At three" may be in the night, and "next Friday" in this week.
local function has_clock(hints, when)
    local other = string.format("%02d:%02d", (when.hour + 12) % 24, when.minute)
    for _, hint in ipairs(hints) do
        if hint.value == when.clock or (hint.is_uncertain and hint.value == other) then return true end
    end
    return false
end

local function has_day(hints, when)
    for _, hint in ipairs(hints) do
        if hint.value == when.date or (hint.is_uncertain and hint.weekday == when.weekday_name) then return true end
    end
    return false
end

local WAS_SAID = {
    name = function(said, value)
        for word in value:lower():gmatch("%S+") do
            if not said.words:find(word, 1, true) then return false end
        end
        return true
    end,
    phone = function(said, value) return has(said.phone, value) end,
    email = function(said, value) return has(said.email, value) end,
    time = function(said, value, zone)
        local when = time.at(zone, value)
        return has_day(said.date, when) and has_clock(said.time, when)
    end,
}

-- ---- what needs no reading back ----

local IS_SURE = {
    name = function(call, value) return call.state.contact and call.state.contact.name == value end,
    phone = function(call, value) return call.caller and contacts.phone(call.caller) == value end,
    email = function(call, value) return call.state.contact and call.state.contact.email == value end,
    time = function() return false end,
}

-- ---- what is asked ----

local function in_words(kind, value, values, zone)
    if kind == "time" then
        return spoken.time(zone, value) .. (values.what and ", for the " .. values.what or "")
    end
    if kind == "phone" then return "the number " .. spoken.phone(value) end
    if kind == "email" then return "the address " .. spoken.email(value) end
    return "the name " .. value
end

-- What was asked for in an earlier turn, so often that it must do.
local function was_asked_enough(call, kind, value)
    local asked = call.state.read_back and call.state.read_back[kind]
    return asked and asked.value == value and asked.turn < call.turn and asked.times >= TIMES
end

local function note(call, kind, value)
    local all = call.state.read_back or {}
    local asked = all[kind]
    if not asked or asked.value ~= value then asked = { value = value, turn = -1, times = 0 } end
    if asked.turn < call.turn then asked.times, asked.turn = asked.times + 1, call.turn end
    all[kind] = asked
    call.state.read_back = all
end

---@class ReadBackValues
---@field name string|nil
---@field phone string|nil  as contacts.phone writes it
---@field email string|nil
---@field time number|nil   seconds since 1970
---@field what string|nil   what is at that time: "cleaning"

-- The kinds of them that the caller has not heard yet and must.
---@param call Call
---@param values ReadBackValues
---@return string[] kinds in the order they are said
function M.missing(call, values)
    local missing, said = {}, nil
    for _, kind in ipairs(KINDS) do
        local value, policy = values[kind], M.policy(call.profile, kind)
        if value and policy ~= "never" and not (policy == "when_unsure" and IS_SURE[kind](call, value)) then
            said = said or heard(call)
            if not WAS_SAID[kind](said, value, call.profile.time_zone) and not was_asked_enough(call, kind, value) then
                missing[#missing + 1] = kind
            end
        end
    end
    return missing
end

-- The tool's answer that has them read back.
---@param call Call
---@param values ReadBackValues
---@param missing string[]
---@return table
function M.ask(call, values, missing)
    local said = {}
    for i, kind in ipairs(missing) do
        said[i] = in_words(kind, values[kind], values, call.profile.time_zone)
        note(call, kind, values[kind])
    end
    return { ok = false, reason = "read_back_first", say = "That's " .. table.concat(said, ", and ") .. ". Is that right?" }
end

-- Both: an answer for the model while something is missing, nil when the tool may act.
---@param call Call
---@param values ReadBackValues
---@return table|nil answer
function M.check(call, values)
    local missing = M.missing(call, values)
    if #missing > 0 then return M.ask(call, values, missing) end
end

return M
