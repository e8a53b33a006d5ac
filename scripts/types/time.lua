---@meta

---Instants are seconds since 1970 in UTC. Zones are IANA names; an unknown one is an error.
---@class timelib
time = {}

---@class ZonedTime
---@field year integer
---@field month integer
---@field day integer
---@field hour integer
---@field minute integer
---@field second integer
---@field weekday integer      1 is Monday
---@field weekday_name string  "Monday"
---@field date string          "2026-11-28"
---@field clock string         "10:05"
---@field iso string           "2026-11-28T10:05:00-05:00"
---@field zone_name string     "EST"
---@field offset_minutes integer east of UTC

---@return number seconds with milliseconds
function time.now() end

---The wall clock of a zone, now or at an instant.
---@param zone string
---@param instant number|nil
---@return ZonedTime
function time.at(zone, instant) end

---"2026-11-28T10:00" on the zone's wall clock; a text with an offset or Z is that instant. Of a time that comes twice, the first.
---@param text string
---@param zone string
---@return number|nil instant
---@return "bad_time"|"no_such_time"|nil code
---@return string|nil message
function time.parse(text, zone) end

---@param instant number
---@param zone string
---@param pattern string|nil strftime's a A b B d e F H I j m M p R S T y Y; default "%A, %B %-d at %-I:%M %p"
---@return string
function time.format(instant, zone, pattern) end

---@param date string "2026-11-28"
---@return integer|nil weekday 1 is Monday
---@return string name "Saturday", or "bad_date"
---@return string|nil message
function time.weekday(date) end
