-- Moves one of the caller's own appointments to another time, once they heard it read back.

local outcomes = require("tools.support.outcomes")
local own_appointments = require("tools.support.own_appointments")
local read_back = require("tools.support.read_back")
local times = require("tools.support.times")

local IS_ABOUT_WORDS = { bad_time = true, unknown_appointment = true }

local function failure(args, code, message, others)
    local answer = times.failure(args.start, code, others)
    if answer then return answer end
    if IS_ABOUT_WORDS[code] then return nil, code, message end
    log.warn("reschedule_appointment: " .. code .. " " .. message)
    return nil, "not_saved", "the appointment could not be moved"
end

---@param call Call
---@param args { phone: string, name: string|nil, current: string|nil, start: string }
local function run(call, args)
    local appointment, answer, message = own_appointments.find(call, args)
    if not appointment and type(answer) == "table" then return answer end
    if not appointment then return nil, answer, message end
    local values = { time = time.parse(args.start, call.profile.time_zone) or nil, what = appointment.service }
    local missing = read_back.missing(call, values)
    local moved, code, why, others = calendar.reschedule(appointment.id, args.start,
        { only_check = #missing > 0, confirm = call.profile.confirm_by })
    if not moved then return failure(args, code, why, others) end
    if #missing > 0 then return read_back.ask(call, values, missing) end
    call.state.appointment = { id = moved.id, service = moved.service, start = moved.start, spoken = moved.spoken }
    return { ok = true, outcome = outcomes.reschedule_appointment, service = moved.service, start = moved.start,
        spoken = moved.spoken, before = appointment.spoken, text = times.text_of(moved) }
end

---@type Tool
return {
    name = "reschedule_appointment",
    description = "Moves an appointment the caller has to another time.",
    when = "only after the caller confirmed the new day and time; when it answers which_appointment, ask which one is meant.",
    parameters = {
        type = "object",
        properties = {
            phone = { type = "string", description = "The phone number it was booked with", maxLength = 40 },
            name = { type = "string", description = "The name it was booked under", minLength = 1, maxLength = 100 },
            current = { type = "string", description = "Date, or date and time, it has now; only where there are several",
                maxLength = 30 },
            start = { type = "string", description = "The new local date and time, for example 2026-11-28T10:00", maxLength = 30,
                pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}([+-][0-9]{2}:[0-9]{2})?$" },
        },
        required = { "phone", "name", "start" },
        additionalProperties = false,
    },
    timeout_ms = 3000,
    run = run,
}
