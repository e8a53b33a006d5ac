-- Moves one of the caller's own appointments to another time.

local own_appointments = require("tools.support.own_appointments")
local times = require("tools.support.times")

local IS_ABOUT_TIME = { taken = true, closed = true, past = true }
local IS_ABOUT_WORDS = { bad_time = true, no_such_time = true, unknown_appointment = true }

---@param call Call
---@param args { phone: string, name: string|nil, current: string|nil, start: string }
local function run(call, args)
    local appointment, answer, message = own_appointments.find(call, args)
    if not appointment and type(answer) == "table" then return answer end
    if not appointment then return nil, answer, message end
    local moved, code, why, others = calendar.reschedule(appointment.id, args.start)
    if moved then
        call.state.appointment = { id = moved.id, service = moved.service, start = moved.start, spoken = moved.spoken }
        return { ok = true, outcome = "rescheduled", service = moved.service, start = moved.start, spoken = moved.spoken,
            before = appointment.spoken }
    end
    if IS_ABOUT_TIME[code] then
        local hours = code == "closed" and times.hours_of_day(args.start) or nil
        return { ok = false, reason = code, hours = hours, next = times.offers(others) }
    end
    if IS_ABOUT_WORDS[code] then return nil, code, why end
    log.warn("reschedule_appointment: " .. code .. " " .. why)
    return nil, "not_saved", "the appointment could not be moved"
end

---@type Tool
return {
    name = "reschedule_appointment",
    description = "Moves an appointment the caller has to another time.",
    when = "only after the caller confirmed the new day and time; when it answers which_appointment, ask which one is meant.",
    parameters = {
        type = "object",
        properties = {
            phone = { type = "string", description = "The phone number it was booked with" },
            name = { type = "string", description = "The name it was booked under" },
            current = { type = "string", description = "Date, or date and time, it has now; only where there are several" },
            start = { type = "string", description = "The new local date and time, for example 2026-11-28T10:00" },
        },
        required = { "phone", "name", "start" },
    },
    timeout_ms = 3000,
    run = run,
}
