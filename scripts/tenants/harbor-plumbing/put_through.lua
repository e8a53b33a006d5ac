-- For emergencies that emergency.lua has no words for.

local on_call = require("on_call")

---@param call Call
---@param args { emergency: string }
local function run(call, args)
    local done, code, message = call:transfer(on_call.for_emergency(call, args.emergency), { say = on_call.WORDS })
    if not done then return nil, code, message end
    return { ok = true, outcome = "transferred" }
end

---@type Tool
return {
    name = "put_through",
    description = "Puts the caller through to the plumber on call.",
    when = "something is being damaged or somebody is in danger right now, and only then.",
    parameters = {
        type = "object",
        properties = { emergency = { type = "string", description = "What is going on, in a few words" } },
        required = { "emergency" },
    },
    timeout_ms = 2000,
    run = run,
}
