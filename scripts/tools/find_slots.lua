-- Tells which times are free, so that the model offers none that is not.

local times = require("tools.support.times")

local LIMIT = 4
local DAYS = 14

---@param args { service: string|nil, from: string|nil, part_of_day: string|nil, staff: string|nil }
local function run(_, args)
    local slots, code, message, others = calendar.slots({ service = args.service, from = args.from, days = DAYS, limit = LIMIT,
        part_of_day = args.part_of_day, staff = args.staff })
    if slots then return { ok = true, slots = times.offers(slots) } end
    if code == "unknown_service" then return { ok = false, reason = code, services = others } end
    if code == "unknown_staff" then return { ok = false, reason = code, staff = others } end
    return nil, code, message
end

---@type Tool
return {
    name = "find_slots",
    description = "Finds free appointment times.",
    when = "the caller asks what is free, or has no time of their own in mind.",
    parameters = {
        type = "object",
        properties = {
            service = { type = "string", description = "One of the services of the profile", maxLength = 60 },
            from = { type = "string", description = "The first day that suits the caller, for example 2026-11-28; none: today",
                maxLength = 30 },
            part_of_day = { type = "string", enum = { "morning", "afternoon", "evening" }, description = "If the caller said one" },
            staff = { type = "string", description = "With whom, if the caller said so", maxLength = 60 },
        },
        required = { "service" },
        additionalProperties = false,
    },
    timeout_ms = 2000,
    run = run,
}
