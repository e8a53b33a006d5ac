-- What is so in this turn only. It stands last: vendors keep the beginning of a prompt that they have seen before, up to
-- the first letter that differs.

local text = require("prompts.parts.lines")

-- A piece takes one line, whatever its text looks like.
local function known(lines, pieces)
    if not pieces or #pieces == 0 then return end
    lines[#lines + 1] = "What is known about the caller's words (use only what answers them):"
    for _, piece in ipairs(pieces) do
        text.list(lines, { piece.title:gsub("%s+", " ") .. " " .. piece.text:gsub("%s+", " ") })
    end
end

---@param lines string[]
---@param facts PromptFacts
return function(lines, facts)
    text.section(lines, "Now")
    text.fact(lines, "Today", string.format("%s %s %s", facts.now.weekday_name, facts.now.date, facts.now.clock))
    text.fact(lines, "Caller number", facts.caller)
    text.fact(lines, "Conversation phase", facts.phase)
    known(lines, facts.knowledge)
end
