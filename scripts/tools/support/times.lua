-- Times as a model is told them: what to hand back to a tool, and what to say.

local spoken = require("tools.support.spoken")

local M = {}

local IS_ABOUT_TIME = { taken = true, closed = true, past = true }

---@param slots Slot[]|nil
---@return table[] times in a JSON array, also when there are none
function M.offers(slots)
    local found = json.array()
    for _, slot in ipairs(slots or {}) do
        found[#found + 1] = { start = slot.start, spoken = slot.spoken, staff = slot.staff ~= "any" and slot.staff or nil }
    end
    return found
end

-- "Saturday 09:00-13:00", "Sunday closed", "Friday closed (Christmas)"; nil when it is not known.
---@param start string "2026-11-28T10:00"
---@return string|nil
function M.hours_of_day(start)
    local date = start:sub(1, 10)
    local hours, reason = calendar.hours(date)
    local _, weekday = time.weekday(date)
    if not hours then return nil end
    local spans = {}
    for i, span in ipairs(hours) do spans[i] = span.open .. "-" .. span.close end
    local text = weekday .. " " .. (#spans > 0 and table.concat(spans, ", ") or "closed")
    return reason and reason ~= "closed" and text .. " (" .. reason .. ")" or text
end

-- The answer when `start` cannot be had, with the next times; nil: that is not why.
---@param start string
---@param code string
---@param others Slot[]|nil
---@return table|nil
function M.failure(start, code, others)
    if code == "no_such_time" then return { ok = false, reason = code, say = spoken.no_such_time(start) } end
    if not IS_ABOUT_TIME[code] then return nil end
    return { ok = false, reason = code, hours = code == "closed" and M.hours_of_day(start) or nil, next = M.offers(others) }
end

-- What became of the text about an appointment: "on_its_way", nil where there is none (or the person wants none).
---@param appointment Appointment
---@return string|nil
function M.text_of(appointment)
    local status = appointment.text_status
    return status and status ~= "" and status ~= "cancelled" and "on_its_way" or nil
end

return M
