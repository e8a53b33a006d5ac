-- Keeps what somebody wants of the business, with who they are, in the first stage of its pipeline. The same wish again in one
-- call is the same lead.

local outcomes = require("tools.support.outcomes")
local read_back = require("tools.support.read_back")

local IS_ABOUT_WORDS = { bad_phone = true, bad_interest = true }

---@param call Call
---@param args { name: string, phone: string, interest: string, value: number|nil, details: string|nil }
local function run(call, args)
    local phone, bad, why = contacts.phone(args.phone)
    if not phone then return nil, bad, why end
    local missing = read_back.check(call, { name = args.name, phone = phone })
    if missing then return missing end
    local lead, code, message = leads.save({ name = args.name, phone = phone, interest = args.interest,
        value_cents = args.value and math.floor(args.value * 100 + 0.5) or nil,
        currency = args.value and (call.profile.currency or "USD") or nil,
        details = args.details and { said = args.details } or nil })
    if not lead and IS_ABOUT_WORDS[code] then return nil, code, message end
    if not lead then
        log.warn("log_lead: " .. code .. " " .. message)
        return nil, "not_saved", "the lead could not be saved"
    end
    call.state.lead = { id = lead.id, name = args.name, phone = phone, interest = lead.interest }
    return { ok = true, outcome = outcomes.log_lead, name = args.name, phone = phone, interest = lead.interest }
end

---@type Tool
return {
    name = "log_lead",
    description = "Keeps what the caller wants from the business, so that somebody gets back to them.",
    when = "the caller wants something that cannot be booked now, and name and number were read back; once for each wish.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name", minLength = 1, maxLength = 100 },
            phone = { type = "string", description = "Phone number, digits with area code", maxLength = 40 },
            interest = { type = "string", description = "What they want, in one sentence", minLength = 1, maxLength = 500 },
            value = { type = "number", description = "What they would spend, if they said it", minimum = 0, maximum = 10000000 },
            details = { type = "string", description = "What else is worth knowing, if anything", maxLength = 1000 },
        },
        required = { "name", "phone", "interest" },
        additionalProperties = false,
    },
    timeout_ms = 2500,
    failure_text = "I've noted your number, and somebody will get back to you.",
    run = run,
}
