-- Keeps a caller's name and number; a number that is known gets the new name.

local phone_numbers = require("tools.support.phone")

---@param call Call
---@param args { name: string, phone: string }
local function run(call, args)
    local phone = phone_numbers.normal(args.phone)
    if not phone then return nil, "bad_phone", "that is not a whole phone number" end

    local rows, code, message = db.query(
        [[INSERT INTO contacts (name, phone) VALUES ($1, $2)
          ON CONFLICT (tenant_id, phone) DO UPDATE SET name = excluded.name
          RETURNING id]],
        args.name, phone)
    if not rows then
        log.warn("create_contact: " .. code .. " " .. message)
        return nil, "not_saved", "the contact could not be saved"
    end

    call.state.contact = { id = rows[1].id, name = args.name, phone = phone }
    return { ok = true, name = args.name, phone = phone }
end

return {
    name = "create_contact",
    description = "Keeps the caller's name and phone number. Call it once both are known and read back.",
    parameters = {
        type = "object",
        properties = {
            name = { type = "string", description = "The caller's full name as they said it" },
            phone = { type = "string", description = "Phone number, digits with area code" },
        },
        required = { "name", "phone" },
    },
    timeout_ms = 2000,
    run = run,
}
