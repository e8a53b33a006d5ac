-- Keeps a caller's name, number and e-mail address; a number that is known gets the new name, and the address if one is given.

local IS_ABOUT_WORDS = { bad_phone = true, bad_email = true }

---@param call Call
---@param args { name: string, phone: string, email: string|nil }
local function run(call, args)
    local contact, code, message = contacts.save({ name = args.name, phone = args.phone, email = args.email })
    if not contact and IS_ABOUT_WORDS[code] then return nil, code, message end
    if not contact and code == "no_key" then return nil, "bad_phone", "that is not a whole phone number" end
    if not contact then
        log.warn("create_contact: " .. code .. " " .. message)
        return nil, "not_saved", "the contact could not be saved"
    end
    call.state.contact = { id = contact.id, name = contact.name, phone = contact.phone, email = contact.email }
    return { ok = true, name = contact.name, phone = contact.phone, email = contact.email }
end

---@type Tool
return {
    name = "create_contact",
    description = "Keeps the caller's name, phone number and e-mail address.",
    when = "once name and number are known and read back, and again when the caller gives an e-mail address.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name as they said it" },
            phone = { type = "string", description = "Phone number, digits with area code" },
            email = { type = "string", description = "The caller's e-mail address, if they gave one" },
        },
        required = { "name", "phone" },
    },
    timeout_ms = 2000,
    run = run,
}
