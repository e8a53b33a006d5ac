-- The appointment so far: what callers say fills its slots, and the business's days and hours say what the slots mean.
--
--   slots: service, date, is_weekday, time { hour, minute, half }, name, phone
--   half said: part of the day, first_name, last_name, part_phone; is_phone_odd after digits that are no number

local calendar = require("calendar")
local wording = require("wording")

local M = {}

-- ---- days and times ----

function M.hours_on(state, date)
    return state.facts.hours[calendar.weekday(date)]
end

function M.is_within(span, minutes)
    return span and minutes >= span.open and minutes < span.close
end

-- Minutes since midnight of what was said, by the day's hours where "ten" could be both.
function M.minutes_of(time, span)
    if time.hour > 12 or time.hour == 0 then return time.hour * 60 + time.minute end
    local morning = time.hour % 12 * 60 + time.minute
    if time.half == "am" then return morning end
    if time.half == "pm" then return morning + 12 * 60 end
    if M.is_within(span, morning) then return morning end
    if M.is_within(span, morning + 12 * 60) then return morning + 12 * 60 end
    return time.hour >= 8 and time.hour < 12 and morning or morning + 12 * 60
end

-- The date of "today", "tomorrow" or the next such weekday; nil when the prompt does not say what day it is.
function M.date_of(state, day)
    local today = state.facts.today
    if not today then return nil end
    if day == "today" then return today end
    if day == "tomorrow" then return calendar.add_days(today, 1) end
    local span = state.facts.hours[day]
    local is_done = not span or state.facts.now_minutes >= span.close
    return calendar.next_weekday(today, day, not is_done)
end

-- "Friday", and "Friday the fourth" from a week ahead on.
function M.spoken_day(state, date)
    local name = wording.capitalised(calendar.weekday(date))
    local ahead = calendar.days_between(state.facts.today, date)
    return ahead < 7 and name or name .. " the " .. wording.ordinal(date.day)
end

-- Minutes since midnight of the time that was chosen, nil while it or its day is missing.
function M.minutes(state)
    local slots = state.slots
    return slots.time and slots.date and M.minutes_of(slots.time, M.hours_on(state, slots.date))
end

function M.is_over(state, minutes)
    local ahead = calendar.days_between(state.facts.today, state.slots.date)
    return minutes ~= nil and ahead == 0 and minutes <= state.facts.now_minutes
end

function M.is_complete(state)
    local slots = state.slots
    return slots.service and slots.date and slots.time and slots.name and slots.phone
end

-- ---- taking what was said ----

local function take_day_and_time(state, heard)
    local slots, is_new = state.slots, false
    if heard.day and M.date_of(state, heard.day) then
        slots.date, is_new = M.date_of(state, heard.day), true
        slots.is_weekday = heard.day ~= "today" and heard.day ~= "tomorrow"
    end
    if heard.part then slots.part, is_new = heard.part, true end
    if heard.time then
        slots.time, is_new = heard.time, true
        slots.time.half = slots.time.half or slots.part
        slots.part = nil
    end
    return is_new
end

local function take_name(slots, heard)
    local found = table.concat(heard.name, " ")
    if heard.is_last_name and slots.first_name then
        slots.name = slots.first_name .. " " .. found
    elseif heard.is_last_name then
        slots.last_name = found
        return
    elseif slots.last_name and #heard.name == 1 then
        slots.name, slots.last_name = found .. " " .. slots.last_name, nil
    elseif #heard.name > 1 then
        slots.name = found
    elseif heard.is_first_name and slots.name then
        slots.name = found .. slots.name:match("(%s.*)$")
    elseif slots.first_name and not slots.name then
        slots.name = slots.first_name .. " " .. found
    else
        slots.first_name, slots.name = found, nil
        return
    end
    slots.first_name = slots.name:match("^%S+")
end

-- Digits come whole or in two or three portions.
local function take_digits(slots, digits)
    if slots.phone and #digits == 4 then digits = slots.phone:sub(1, -5) .. digits end -- "it ends in …"
    local joined = (slots.part_phone or "") .. digits
    if #digits == 7 or #digits == 10 then joined = digits end
    if #joined == 7 or #joined == 10 then
        slots.phone, slots.part_phone = joined, nil
    elseif #joined < 7 then
        slots.part_phone = joined
    else
        slots.phone, slots.part_phone = nil, nil
        slots.is_phone_odd = true
    end
end

-- Takes what was said into the slots; true when one of them is new.
function M.take(state, heard)
    local is_new = take_day_and_time(state, heard)
    if heard.service then state.slots.service, is_new = heard.service, true end
    if heard.name then
        take_name(state.slots, heard)
        is_new = true
    end
    if heard.email then
        state.slots.email, is_new = heard.email, true
    end
    if heard.digits then
        take_digits(state.slots, heard.digits)
        is_new = true
    end
    return is_new
end

---@param what string "number", "name", "day", "time" or "service"
function M.forget(state, what)
    local slots = state.slots
    local names = { number = "phone", name = "name", day = "date", time = "time", service = "service" }
    if not names[what] then return end -- no part of an appointment
    slots[names[what]] = nil
    if what == "number" then slots.part_phone = nil end
    if what == "name" then slots.first_name, slots.last_name = nil, nil end
end

return M
