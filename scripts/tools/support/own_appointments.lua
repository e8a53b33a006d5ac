-- The appointments that a caller may know of and change: those made in this call, those of the number they ring from (unless the
-- carrier says that it is forged), and those of another number with the name they were booked under. Who guesses is through with it
-- after a few tries.

local M = {}

local TRIES = 3

local function last_name(name)
    return name and name:lower():match("(%S+)%s*$")
end

local function rings_from(call, phone)
    local verification = call.incoming and call.incoming.verification or ""
    return call.caller and contacts.phone(call.caller) == phone and not verification:find("Failed", 1, true)
end

-- A number alone is no secret.
local function is_theirs(call, phone, name, appointment)
    if appointment.call_id == call.id or rings_from(call, phone) then return true end
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
    local misses = call.state.appointment_misses or 0
    if misses >= TRIES then return nil, { ok = false, reason = "not_by_phone" } end
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
    if #theirs == 0 then
        call.state.appointment_misses = misses + 1
        return nil, { ok = false, reason = "no_appointment" }
    end
    return nil, { ok = false, reason = "which_appointment", appointments = facts(theirs) }
end

return M
