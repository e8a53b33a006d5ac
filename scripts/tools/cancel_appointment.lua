-- Cancels one of the caller's own appointments.

local outcomes = require("tools.support.outcomes")
local own_appointments = require("tools.support.own_appointments")

---@param call Call
---@param args { phone: string, name: string|nil, current: string|nil }
local function run(call, args)
    local appointment, answer, message = own_appointments.find(call, args)
    if not appointment and type(answer) == "table" then return answer end
    if not appointment then return nil, answer, message end
    local cancelled, code, why = calendar.cancel(appointment.id)
    if cancelled then
        call.state.appointment = nil
        return { ok = true, outcome = outcomes.cancel_appointment, service = cancelled.service, start = cancelled.start,
            spoken = cancelled.spoken }
    end
    if code == "unknown_appointment" then return { ok = false, reason = "no_appointment" } end
    log.warn("cancel_appointment: " .. code .. " " .. why)
    return nil, "not_saved", "the appointment could not be cancelled"
end

---@type Tool
return {
    name = "cancel_appointment",
    description = "Cancels an appointment the caller has.",
    when = "only after the caller confirmed which one; when it answers which_appointment, ask which one is meant.",
    parameters = {
        type = "object",
        properties = {
            phone = { type = "string", description = "The phone number it was booked with", maxLength = 40 },
            name = { type = "string", description = "The name it was booked under", minLength = 1, maxLength = 100 },
            current = { type = "string", description = "Date, or date and time, it has; only where there are several",
                maxLength = 30 },
        },
        required = { "phone", "name" },
        additionalProperties = false,
    },
    timeout_ms = 3000,
    run = run,
}
