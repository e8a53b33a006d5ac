-- Books one appointment within the opening hours. Two callers who want the same time at the same moment are told apart by
-- the calendar: one has it, the other is offered the next ones.

local times = require("tools.support.times")

local IS_ABOUT_TIME = { taken = true, closed = true }
local IS_ABOUT_WORDS = { past = true, bad_phone = true, bad_time = true, no_such_time = true, bad_name = true }

---@param call Call
---@param args { name: string, phone: string, service: string, start: string }
local function run(call, args)
    local appointment, code, message, others = calendar.book({ name = args.name, phone = args.phone, service = args.service,
        start = args.start, call_id = call.id })
    if appointment then
        call.state.appointment = { id = appointment.id, service = appointment.service, start = appointment.start,
            spoken = appointment.spoken }
        return { ok = true, outcome = "booked", name = appointment.name, phone = appointment.phone,
            service = appointment.service, start = appointment.start, spoken = appointment.spoken }
    end
    if code == "unknown_service" then return { ok = false, reason = code, services = others } end
    if IS_ABOUT_TIME[code] then
        local hours = code == "closed" and times.hours_of_day(args.start) or nil
        return { ok = false, reason = code, hours = hours, next = times.offers(others) }
    end
    if IS_ABOUT_WORDS[code] then return nil, code, message end
    log.warn("book_appointment: " .. code .. " " .. message)
    return nil, "not_saved", "the appointment could not be saved"
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
