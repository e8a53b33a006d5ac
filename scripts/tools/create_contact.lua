-- Keeps a caller's name, number and e-mail address; a number that is known gets the new name, and the address if one is given.

local phone_numbers = require("tools.support.phone")

---@param call Call
---@param args { name: string, phone: string, email: string|nil }
local function run(call, args)
    local phone = phone_numbers.normal(args.phone)
    if not phone then return nil, "bad_phone", "that is not a whole phone number" end

    local email = args.email and args.email:lower()
    if email == "" then email = nil end
    if email and not email:match("^[^%s@]+@[^%s@]+%.[^%s@]+$") then return nil, "bad_email", "that is not a whole e-mail address" end

    local rows, code, message = db.query(
        [[INSERT INTO contacts (name, phone, email) VALUES ($1, $2, $3)
          ON CONFLICT (tenant_id, phone) DO UPDATE SET name = excluded.name, email = coalesce(excluded.email, contacts.email)
          RETURNING id]],
        args.name, phone, email)
    if not rows then
        log.warn("create_contact: " .. code .. " " .. message)
        return nil, "not_saved", "the contact could not be saved"
    end

    call.state.contact = { id = rows[1].id, name = args.name, phone = phone, email = email }
    return { ok = true, name = args.name, phone = phone, email = email }
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
