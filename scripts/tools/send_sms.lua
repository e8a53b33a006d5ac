-- Sends the caller a text: what they asked to have in writing. Whom texts may go to is decided by the host.

local read_back = require("tools.support.read_back")

local A_CALL = 3

-- What the host refuses, as the model is told it: a foreign or costly number, somebody the business does not know, or wants no texts.
local REASONS = { refused = "number_not_allowed", foreign = "number_not_allowed", premium = "number_not_allowed",
    recipient = "number_not_allowed", bad_number = "number_not_allowed", opted_out = "opted_out", limit = "enough_texts" }

---@param call Call
---@param args { text: string, phone: string|nil }
local function run(call, args)
    local phone, bad, why = contacts.phone(args.phone or call.caller or "")
    if not phone then return nil, bad, why end
    local missing = read_back.check(call, { phone = phone })
    if missing then return missing end
    local sent = call.state.texts or 0
    if sent >= A_CALL then return { ok = false, reason = "enough_texts" } end
    local id, code, message = sms.send(phone, args.text)
    if not id and REASONS[code] then return { ok = false, reason = REASONS[code] } end
    if not id then
        log.warn("send_sms: " .. code .. " " .. message)
        return nil, "not_sent", "the text could not be sent"
    end
    call.state.texts = sent + 1
    return { ok = true, phone = phone }
end

---@type Tool
return {
    name = "send_sms",
    description = "Sends the caller a text message.",
    when = "the caller asks to have something in writing, such as the address.",
    parameters = {
        type = "object",
        properties = {
            text = { type = "string", description = "The message, short and complete", minLength = 1, maxLength = 480 },
            phone = { type = "string", description = "Another number than the one the caller rings from, if they want that",
                maxLength = 40 },
        },
        required = { "text" },
        additionalProperties = false,
    },
    timeout_ms = 3000,
    run = run,
}
