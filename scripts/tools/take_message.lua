-- Takes a message for a person of the business: a task with the caller's words, and a text to `profile.messages_to` if the
-- business wants one.

local outcomes = require("tools.support.outcomes")
local read_back = require("tools.support.read_back")
local spoken = require("tools.support.spoken")

-- For the telephone of whoever reads it.
local function text_of(args, phone)
    return (args.urgent and "URGENT: " or "") .. "Message from " .. args.name .. ", " .. spoken.phone(phone) .. ": " .. args.message
end

---@param call Call
---@param args { name: string, phone: string, message: string, person: string|nil, urgent: boolean|nil }
local function run(call, args)
    local phone, bad, why = contacts.phone(args.phone)
    if not phone then return nil, bad, why end
    local missing = read_back.check(call, { name = args.name, phone = phone })
    if missing then return missing end
    local task, code, message = tasks.add({ kind = "message", title = "Message from " .. args.name, details = args.message,
        name = args.name, phone = phone, is_urgent = args.urgent, assigned_to = args.person,
        text_to = call.profile.messages_to, text = text_of(args, phone) })
    if not task then
        log.warn("take_message: " .. code .. " " .. message)
        return nil, "not_saved", "the message could not be saved"
    end
    return { ok = true, outcome = outcomes.take_message, name = args.name, phone = phone }
end

---@type Tool
return {
    name = "take_message",
    description = "Takes a message for somebody of the business.",
    when = "the caller wants something that you cannot do, or somebody who cannot be reached, and name and number were read back.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name", minLength = 1, maxLength = 100 },
            phone = { type = "string", description = "Phone number to call back, digits with area code", maxLength = 40 },
            message = { type = "string", description = "The message in the caller's words", minLength = 1, maxLength = 1000 },
            person = { type = "string", description = "For whom, if the caller said so", maxLength = 100 },
            urgent = { type = "boolean", description = "Whether the caller said that it cannot wait" },
        },
        required = { "name", "phone", "message" },
        additionalProperties = false,
    },
    timeout_ms = 2500,
    failure_text = "I've noted that, and somebody will call you back.",
    run = run,
}
