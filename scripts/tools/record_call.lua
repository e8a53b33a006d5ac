-- Whether the call may be recorded, as the caller answered. The caller's own words are kept, not the model's of them; a yes counts only
-- behind the question. Where agent.lua or the console says "never", nothing is recorded whatever the caller says.

local shorten = require("tools.support.shorten")

local QUESTION = "May we record this call?"

---@param call Call
local function was_asked(call, question)
    for _, line in ipairs(call.history) do
        if line.role == "agent" and (line.text:lower():find("record", 1, true) or line.text:find(question, 1, true)) then return true end
    end
    return false
end

---@param call Call
---@param args { agreed: boolean }
local function run(call, args)
    local question = call.profile.recording_question or QUESTION
    if args.agreed and not was_asked(call, question) then return { ok = false, reason = "ask_first", say = question } end
    local words = shorten(call.utterance or "", 1000)
    local done, code, message
    if args.agreed then
        done, code, message = call:record({ consent = words ~= "" and words or "(agreed)" })
    else
        done, code, message = call:record({ refused = true, said = words })
    end
    if done then return { ok = true, recorded = args.agreed } end
    log.warn("record_call: " .. code .. " " .. message)
    return { ok = false, reason = code == "not_allowed" and "never_recorded" or "cannot_record" }
end

---@type Tool
return {
    name = "record_call",
    description = "Keeps the caller's answer to whether the call may be recorded, and begins or ends the recording.",
    when = "the caller answered whether the call may be recorded, or does not want it any more.",
    parameters = {
        type = "object",
        properties = { agreed = { type = "boolean", description = "true: a clear yes to being recorded" } },
        required = { "agreed" },
        additionalProperties = false,
    },
    timeout_ms = 2000,
    run = run,
}
