-- Books one appointment within the opening hours, once the caller heard it read back. Two callers who want the same time at the
-- same moment are told apart by the calendar: one has it, the other is offered the next ones.

local outcomes = require("tools.support.outcomes")
local read_back = require("tools.support.read_back")
local times = require("tools.support.times")

local IS_ABOUT_WORDS = { bad_phone = true, bad_time = true, bad_name = true }

local function failure(args, code, message, others)
    if code == "unknown_service" then return { ok = false, reason = code, services = others } end
    local answer = times.failure(args.start, code, others)
    if answer then return answer end
    if IS_ABOUT_WORDS[code] then return nil, code, message end
    log.warn("book_appointment: " .. code .. " " .. message)
    return nil, "not_saved", "the appointment could not be saved"
end

-- Without number or time where what was said is none: the calendar says so.
local function values_of(call, args)
    local at = time.parse(args.start, call.profile.time_zone)
    return { name = args.name, phone = contacts.phone(args.phone), time = at or nil, what = args.service }
end

---@param call Call
---@param args { name: string, phone: string, service: string, start: string }
local function run(call, args)
    local values = values_of(call, args)
    local missing = read_back.missing(call, values)
    local appointment, code, message, others = calendar.book({ name = args.name, phone = args.phone, service = args.service,
        start = args.start, only_check = #missing > 0, confirm = call.profile.confirm_by })
    if not appointment then return failure(args, code, message, others) end
    if #missing > 0 then return read_back.ask(call, values, missing) end
    call.state.appointment = { id = appointment.id, service = appointment.service, start = appointment.start,
        spoken = appointment.spoken }
    return { ok = true, outcome = outcomes.book_appointment, name = appointment.name, phone = appointment.phone,
        service = appointment.service, start = appointment.start, spoken = appointment.spoken, text = times.text_of(appointment) }
end

---@type Tool
return {
    name = "book_appointment",
    description = "Books one appointment.",
    when = "only after the caller confirmed name, number, service, day and time; start is local date and time such as 2026-11-28T10:00.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name", minLength = 1, maxLength = 100 },
            phone = { type = "string", description = "Phone number, digits with area code", maxLength = 40 },
            service = { type = "string", description = "One of the services of the profile", maxLength = 60 },
            start = { type = "string", description = "Local date and time, for example 2026-11-28T10:00", maxLength = 30,
                pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}([+-][0-9]{2}:[0-9]{2})?$" },
        },
        required = { "name", "phone", "service", "start" },
        additionalProperties = false,
    },
    timeout_ms = 3000,
    run = run,
}
