-- Keeps who wants what: a contact with its address, a note with the problem, and what on_call_end texts to the plumber.

---@param call Call
---@param args { name: string, phone: string, address: string, problem: string, when: string|nil }
local function run(call, args)
    local contact, code, message = contacts.save({ name = args.name, phone = args.phone, details = { address = args.address } })
    if not contact and code == "bad_phone" then return nil, code, message end   -- the model asks for it again
    if not contact then error("take_lead: " .. code .. " " .. message) end      -- on_tool_error has the words for that
    local noted, why = contacts.note(contact.id, args.problem .. (args.when and ". Suits: " .. args.when or ""))
    if not noted then log.warn("take_lead: no note: " .. why) end
    call.state.lead = { name = contact.name, phone = contact.phone, address = args.address, problem = args.problem,
        when = args.when }
    call.tags.lead = true
    return { ok = true, outcome = "lead", name = contact.name, phone = contact.phone }
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
    },
    timeout_ms = 2500,
    failure_text = "That takes longer than it should. We have your number and call you back.",
    run = run,
}
