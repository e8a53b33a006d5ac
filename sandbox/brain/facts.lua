-- The facts of a system prompt: lines "Name: value", the bullets of its policies, and orders about how replies sound.
-- Tolerant: a line that means nothing here is kept as prose and searched when a caller asks about its subject.

local M = {}

M.DAYS = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }

local function minutes_of(clock)
    local hour, minute = clock:match("^(%d%d?):(%d%d)$")
    return hour and tonumber(hour) * 60 + tonumber(minute)
end

-- "Monday 08:00-17:00", "Sunday closed" → hours.monday = { open, close } in minutes, false: closed.
local function read_hours(facts, value)
    local day, rest = value:match("^(%a+)%s+(.+)$")
    if not day then return end
    local open, close = rest:match("(%d%d?:%d%d)%s*[-–to]+%s*(%d%d?:%d%d)")
    if open then
        facts.hours[day:lower()] = { open = minutes_of(open), close = minutes_of(close) }
    elseif rest:lower():find("closed", 1, true) then
        facts.hours[day:lower()] = false
    end
end

-- "cleaning (30 min), check-up (30 min)" → names in order with their minutes.
local function read_services(facts, value)
    for item in (value .. ","):gmatch("%s*(.-)%s*,") do
        local name = item:gsub("%s*%b()", "")
        if name ~= "" then
            facts.services[#facts.services + 1] = { name = name, minutes = tonumber(item:match("%((%d+)")) }
        end
    end
end

local function read_today(facts, value)
    local year, month, day = value:match("(%d%d%d%d)-(%d%d)-(%d%d)")
    local clock = value:match("(%d%d:%d%d)")
    if not year then return end
    facts.today = { year = tonumber(year), month = tonumber(month), day = tonumber(day) }
    facts.now_minutes = clock and minutes_of(clock) or 0
end

local readers = { hours = read_hours, services = read_services, today = read_today }

-- Orders: what each reply begins and ends with.
local function read_order(facts, line)
    local plain = line:lower()
    local quoted = line:match('["“](.-)["”]') or line:match("%f['%w]'(.-)'")
    local ending = line:match("^[Ss]ign%-[Oo]ff:%s*(.+)$")
    local opening = line:match("^[Oo]pening:%s*(.+)$")
    local is_order = plain:find("repl") or plain:find("answer") or plain:find("sentence") or plain:find("always")
    if quoted and (plain:match('^say%s.*first') or (is_order and (plain:find("begin") or plain:find("start")))) then
        opening = quoted
    elseif quoted and is_order and plain:find("end ") then
        ending = quoted
    end
    facts.opening = opening or facts.opening
    facts.ending = ending or facts.ending
    return opening ~= nil or ending ~= nil
end

local function read_line(facts, line)
    line = line:gsub("^%s*[-*]%s*", ""):gsub("%s+$", "")
    if line == "" or line:sub(1, 1) == "#" then return end
    if read_order(facts, line) then return end
    local name, value = line:match("^([%a][%a ]-):%s*(.+)$")
    local read = name and readers[name:lower()]
    if read then
        read(facts, value)
    elseif name then
        facts.named[name:lower()] = value
    else
        facts.prose[#facts.prose + 1] = line
    end
end

---@param prompt string
function M.read(prompt)
    local facts = { hours = {}, services = {}, named = {}, prose = {}, now_minutes = 0 }
    for line in (prompt .. "\n"):gmatch("(.-)\r?\n") do read_line(facts, line) end
    facts.business = facts.named.business or "our office"
    return facts
end

-- A sentence of the prompt that speaks about one of the stems ("cancel"), nil when none does. Sentences that tell the
-- model what to do are no answer to a caller.
function M.about(facts, stems)
    for _, sentence in ipairs(facts.prose) do
        local plain = sentence:lower()
        for _, stem in ipairs(stems) do
            if plain:find(stem, 1, true) and not plain:find("caller") and not plain:find("you ") then return sentence end
        end
    end
end

-- A named fact whose name holds one of the stems.
function M.named(facts, stems)
    for name, value in pairs(facts.named) do
        for _, stem in ipairs(stems) do
            if name:find(stem, 1, true) then return value end
        end
    end
end

return M
