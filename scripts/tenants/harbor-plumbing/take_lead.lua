-- Keeps who wants what: a lead with its contact, and what on_call_end texts to the plumber.

local outcomes = require("tools.support.outcomes")
local read_back = require("tools.support.read_back")

---@param call Call
---@param args { name: string, phone: string, address: string, problem: string, when: string|nil }
local function run(call, args)
    local phone, bad, why = contacts.phone(args.phone)
    if not phone then return nil, bad, why end                                  -- the model asks for it again
    local missing = read_back.check(call, { name = args.name, phone = phone })
    if missing then return missing end
    local lead, code, message = leads.save({ name = args.name, phone = phone, interest = args.problem,
        details = { address = args.address, suits = args.when } })
    if not lead then error("take_lead: " .. code .. " " .. message) end          -- on_tool_error has the words for that
    call.state.lead = { name = args.name, phone = phone, address = args.address, problem = args.problem, when = args.when }
    call.tags.lead = true
    return { ok = true, outcome = outcomes.log_lead, name = args.name, phone = phone }
end

---@type Tool
return {
    name = "take_lead",
    description = "Keeps what a plumber is wanted for, so that the office calls back.",
    when = "name, number, address and problem are known, and number and address were read back.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name" },
            phone = { type = "string", description = "Phone number, digits with area code" },
            address = { type = "string", description = "Street, house number and town" },
            problem = { type = "string", description = "What is wrong, in the caller's words" },
            when = { type = "string", description = "When it suits the caller, if they said so" },
        },
        required = { "name", "phone", "address", "problem" },
        additionalProperties = false,
    },
    timeout_ms = 2500,
    failure_text = "That takes longer than it should. We have your number and call you back.",
    run = run,
}
