-- The appointments that a caller may change: those of their number, once it is known to be theirs.

local M = {}

local function last_name(name)
    return name and name:lower():match("(%S+)%s*$")
end

-- Whoever rings from the number, or knows the name it was booked under; a number alone is no secret.
local function is_theirs(call, phone, name, appointment)
    if appointment.call_id == call.id then return true end
    if call.caller and contacts.phone(call.caller) == phone then return true end
    local said = last_name(name)
    return said ~= nil and said == last_name(appointment.name)
end

local function is_meant(appointment, current)
    return not current or appointment.start == current or appointment.start:sub(1, 10) == current
end

local function facts(appointments)
    local found = json.array()
    for i, appointment in ipairs(appointments) do
        found[i] = { service = appointment.service, start = appointment.start, spoken = appointment.spoken }
    end
    return found
end

---@param call Call
---@param args { phone: string, name: string|nil, current: string|nil }
---@return Appointment|nil appointment the one that is meant
---@return table|string answer for the model where there is not exactly one, or a code
---@return string|nil message
function M.find(call, args)
    local phone, code, message = contacts.phone(args.phone)
    if not phone then return nil, code, message end
    local appointments
    appointments, code, message = calendar.appointments({ phone = phone })
    if not appointments then
        log.warn("appointments: " .. code .. " " .. message)
        return nil, "unavailable", "the calendar cannot be read now"
    end
    local theirs, meant = {}, {}
    for _, appointment in ipairs(appointments) do
        if is_theirs(call, phone, args.name, appointment) then
            theirs[#theirs + 1] = appointment
            if is_meant(appointment, args.current) then meant[#meant + 1] = appointment end
        end
    end
    if #meant == 1 then return meant[1], {} end
    if #theirs == 0 then return nil, { ok = false, reason = "no_appointment" } end
    return nil, { ok = false, reason = "which_appointment", appointments = facts(theirs) }
end

return M
