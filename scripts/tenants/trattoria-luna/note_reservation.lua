-- For sentences that understand.lua has no rule for ("the day after my birthday, that's the ninth"): the model says what it
-- understood, and the reservation goes on in Lua.

local reservation = require("reservation")

---@param call Call
---@param args { party: integer|nil, date: string|nil, clock: string|nil, name: string|nil }
local function run(call, args)
    local answer = reservation.take(call, args)
    if type(answer) == "string" then return { ok = true, say = answer } end
    if answer and answer.transfer then
        call:transfer(answer.transfer, { say = answer.say })
        return { ok = true, outcome = "transferred" }
    end
    return nil, "nothing_new", "say what the caller told you: party, date, clock or name"
end

---@type Tool
return {
    name = "note_reservation",
    description = "Notes what the caller said about a new reservation: people, day, time, name.",
    when = "the caller says something about a new reservation; then say the words of `say` and nothing else.",
    parameters = {
        type = "object",
        properties = {
            party = { type = "integer", description = "How many people" },
            date = { type = "string", description = "For example 2026-11-28" },
            clock = { type = "string", description = "For example 19:30; they serve from noon on" },
            name = { type = "string", description = "The name of the reservation" },
        },
        required = {},
    },
    timeout_ms = 3000,
    run = run,
}
