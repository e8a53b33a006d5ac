-- Days and dates without a clock: today comes from the prompt.

local M = {}

local NAMES = { "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday" }

local function noon(date, days)
    return os.time({ year = date.year, month = date.month, day = date.day + (days or 0), hour = 12 })
end

local function date_at(moment)
    local parts = os.date("*t", moment)
    return { year = parts.year, month = parts.month, day = parts.day }
end

function M.add_days(date, days)
    return date_at(noon(date, days))
end

function M.weekday(date)
    return NAMES[os.date("*t", noon(date)).wday]
end

function M.days_between(from, to)
    return math.floor((noon(to) - noon(from)) / 86400 + 0.5)
end

-- The next date with that weekday, today included when `may_be_today`.
function M.next_weekday(today, name, may_be_today)
    for ahead = may_be_today and 0 or 1, 7 do
        local date = M.add_days(today, ahead)
        if M.weekday(date) == name then return date end
    end
end

-- "2026-11-28T10:00"
function M.stamp(date, minutes)
    return string.format("%04d-%02d-%02dT%02d:%02d", date.year, date.month, date.day, math.floor(minutes / 60), minutes % 60)
end

function M.read_stamp(stamp)
    local year, month, day, hour, minute = stamp:match("^(%d+)-(%d+)-(%d+)[T ](%d+):(%d+)")
    if not year then return nil end
    local date = { year = tonumber(year), month = tonumber(month), day = tonumber(day) }
    return date, tonumber(hour) * 60 + tonumber(minute)
end

return M
