-- Books one appointment within the profile's opening hours. Two callers who want the same time at the same moment are
-- told apart by the database's own constraint: one insert wins, the other reads sqlstate 23P01.

local phone_numbers = require("tools.support.phone")

local OVERLAP = "23P01"
local STEP_MINUTES = 30
local OFFERS = 3

local function find_service(profile, name)
    local wanted = name:lower()
    for _, service in ipairs(profile.services) do
        if service.name:lower() == wanted then return service end
    end
end

local function service_names(profile)
    local names = json.array()
    for _, service in ipairs(profile.services) do names[#names + 1] = service.name end
    return names
end

-- "HH:MM" → minutes since midnight.
local function minutes_of(clock)
    local hour, minute = clock:match("^(%d%d):(%d%d)")
    return tonumber(hour) * 60 + tonumber(minute)
end

-- The day's opening hours as it would be said in a fact, and as minutes (nil: closed).
local function hours_on(profile, local_time)
    local span = profile.hours[local_time.weekday_name:lower()]
    if not span then return local_time.weekday_name .. " closed" end
    return local_time.weekday_name .. " " .. span.open .. "-" .. span.close, minutes_of(span.open), minutes_of(span.close)
end

local function is_open(profile, local_time, minutes)
    local _, open, close = hours_on(profile, local_time)
    local at = local_time.hour * 60 + local_time.minute
    return open ~= nil and at >= open and at + minutes <= close
end

local function is_free(taken, start, stop)
    for _, other in ipairs(taken) do
        if start < other.stops and stop > other.starts then return false end
    end
    return true
end

-- Up to three free times from `start` on, within a week.
local function offers(profile, start, minutes)
    local zone, last = profile.time_zone, start + 7 * 24 * 3600
    local taken = db.query(
        [[SELECT extract(epoch FROM starts_at)::float8 AS starts, extract(epoch FROM ends_at)::float8 AS stops
          FROM appointments WHERE status = 'booked' AND ends_at > to_timestamp($1) AND starts_at < to_timestamp($2)
          ORDER BY starts_at LIMIT 500]],
        start, last)
    local found = json.array()
    local at = math.max(start, math.ceil(time.now() / (STEP_MINUTES * 60)) * STEP_MINUTES * 60)
    while taken and at < last and #found < OFFERS do
        local local_time = time.at(zone, at)
        if is_open(profile, local_time, minutes) and is_free(taken, at, at + minutes * 60) then
            found[#found + 1] = { start = local_time.date .. "T" .. local_time.clock, spoken = time.format(at, zone) }
        end
        at = at + STEP_MINUTES * 60
    end
    return found
end

-- A model that asks twice in one call must not hear that the caller is in their own way.
local function is_own(call, start)
    local rows = db.query(
        [[SELECT id FROM appointments WHERE call_id = $1 AND status = 'booked' AND starts_at = to_timestamp($2)]], call.id, start)
    return rows ~= nil and rows[1] ~= nil
end

local function insert(call, args, phone, start, stop)
    return db.query(
        [[INSERT INTO appointments (contact_id, call_id, name, phone, service, starts_at, ends_at)
          SELECT (SELECT id FROM contacts WHERE phone = $3), $1, $2, $3, $4, to_timestamp($5), to_timestamp($6)
          RETURNING id]],
        call.id, args.name, phone, args.service, start, stop)
end

local function booked(call, profile, args, phone, start)
    local spoken = time.format(start, profile.time_zone)
    call.state.appointment = { service = args.service, start = args.start, spoken = spoken }
    return { ok = true, outcome = "booked", name = args.name, phone = phone, service = args.service, start = args.start,
        spoken = spoken }
end

---@param call Call
---@param args { name: string, phone: string, service: string, start: string }
local function run(call, args)
    local profile = call.profile
    local service = find_service(profile, args.service)
    if not service then return { ok = false, reason = "unknown_service", services = service_names(profile) } end
    local phone = phone_numbers.normal(args.phone)
    if not phone then return nil, "bad_phone", "that is not a whole phone number" end
    local start, code, message = time.parse(args.start, profile.time_zone)
    if not start then return nil, code, message end
    if start <= time.now() then return nil, "past", "that time is over" end

    local local_time = time.at(profile.time_zone, start)
    local stop = start + service.minutes * 60
    if not is_open(profile, local_time, service.minutes) then
        local hours = hours_on(profile, local_time)
        return { ok = false, reason = "closed", hours = hours, next = offers(profile, start, service.minutes) }
    end

    args.service = service.name
    local rows
    rows, code, message = insert(call, args, phone, start, stop)
    if rows then return booked(call, profile, args, phone, start) end
    if code ~= OVERLAP then
        log.warn("book_appointment: " .. code .. " " .. message)
        return nil, "not_saved", "the appointment could not be saved"
    end
    if is_own(call, start) then return booked(call, profile, args, phone, start) end
    return { ok = false, reason = "taken", next = offers(profile, start, service.minutes) }
end

---@type Tool
return {
    name = "book_appointment",
    description = "Books one appointment.",
    when = "only after the caller confirmed name, number, service, day and time; start is local date and time such as 2026-11-28T10:00.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name" },
            phone = { type = "string", description = "Phone number, digits with area code" },
            service = { type = "string", description = "One of the services of the profile" },
            start = { type = "string", description = "Local date and time, for example 2026-11-28T10:00" },
        },
        required = { "name", "phone", "service", "start" },
    },
    timeout_ms = 3000,
    run = run,
}
