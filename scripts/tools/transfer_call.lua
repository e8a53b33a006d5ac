-- Puts the caller through to somebody of `profile.transfer_to`: { { name = "the front desk", number = "+15550100031" }, … }. The model
-- says a name, never a number; where calls may go is decided by the host.

local outcomes = require("tools.support.outcomes")
local shorten = require("tools.support.shorten")

local WHISPER_BYTES = 200

-- "the front desk", "Front Desk", "front desk please" mean the same.
local function find(people, wanted)
    wanted = wanted:lower():gsub("^the ", "")
    for _, person in ipairs(people) do
        local name = person.name:lower():gsub("^the ", "")
        if name == wanted or wanted:find(name, 1, true) then return person end
    end
end

local function names_of(people)
    local names = json.array()
    for i, person in ipairs(people) do names[i] = person.name end
    return names
end

local function whisper_of(call, args)
    local who = call.state.contact and call.state.contact.name or "a caller"
    return shorten("Call from " .. who .. ": " .. args.reason, WHISPER_BYTES)
end

---@param call Call
---@param args { to: string, reason: string }
local function run(call, args)
    local people = call.profile.transfer_to or {}
    local person = find(people, args.to)
    if not person then return { ok = false, reason = "nobody_of_that_name", people = names_of(people) } end
    local done, code, message = call:transfer(person.number, { whisper = person.warm and whisper_of(call, args) or nil,
        on_no_answer = "back" })
    if not done then
        log.warn("transfer_call: " .. code .. " " .. message)
        return { ok = false, reason = "cannot_transfer" }
    end
    return { ok = true, outcome = outcomes.transfer_call, to = person.name }
end

---@type Tool
return {
    name = "transfer_call",
    description = "Puts the caller through to a person of the business.",
    when = "the caller asks for a person, or needs one; say that you are putting them through in the same breath.",
    parameters = {
        type = "object",
        properties = {
            to = { type = "string", description = "To whom, by the names of the profile", minLength = 1, maxLength = 100 },
            reason = { type = "string", description = "What it is about, in a few words, for whoever picks up", minLength = 1, maxLength = 200 },
        },
        required = { "to", "reason" },
        additionalProperties = false,
    },
    timeout_ms = 2000,
    run = run,
}
