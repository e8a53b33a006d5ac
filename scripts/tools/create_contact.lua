-- Keeps a caller's name, number and e-mail address, once they heard what is kept; a number that is known gets the new name, and
-- the address if one is given.

local read_back = require("tools.support.read_back")

---@param call Call
---@param args { name: string, phone: string, email: string|nil }
local function run(call, args)
    local phone, bad, why = contacts.phone(args.phone)
    if not phone then return nil, bad, why end
    local email
    if args.email and args.email ~= "" then
        email, bad, why = contacts.email(args.email)
        if not email then return nil, bad, why end
    end
    local missing = read_back.check(call, { name = args.name, phone = phone, email = email })
    if missing then return missing end
    local contact, code, message = contacts.save({ name = args.name, phone = phone, email = email })
    if not contact then
        log.warn("create_contact: " .. code .. " " .. message)
        return nil, "not_saved", "the contact could not be saved"
    end
    -- The row's number may be the one they ring from, and this one a further one of theirs.
    call.state.contact = { id = contact.id, name = contact.name, phone = phone, email = contact.email }
    return { ok = true, name = contact.name, phone = phone, email = contact.email }
end

---@type Tool
return {
    name = "create_contact",
    description = "Keeps the caller's name, phone number and e-mail address.",
    when = "once name and number are known and read back, and again when the caller gives an e-mail address.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name as they said it", minLength = 1, maxLength = 100 },
            phone = { type = "string", description = "Phone number, digits with area code", maxLength = 40 },
            email = { type = "string", description = "The caller's e-mail address, if they gave one", maxLength = 254 },
        },
        required = { "name", "phone" },
        additionalProperties = false,
    },
    timeout_ms = 2000,
    run = run,
}
