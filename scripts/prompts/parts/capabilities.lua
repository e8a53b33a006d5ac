-- What the agent can do, from the tools themselves: no list of its own that could say something else.

local text = require("prompts.parts.lines")

local function ability(tool)
    return tool.name .. ": " .. tool.description .. (tool.when and " When: " .. text.sentence(tool.when) or "")
end

---@param lines string[]
---@param tools Tool[]
return function(lines, tools)
    text.section(lines, "Capabilities")
    if #tools == 0 then
        text.list(lines, { "You have no tools: answer the caller, and promise nothing that somebody would have to do." })
        return
    end
    for _, tool in ipairs(tools) do text.list(lines, { ability(tool) }) end
    text.list(lines, {
        "When a tool answers ok false, tell the caller why in your own words and offer one of its `next` choices if there are any.",
        "When it answers read_back_first, say what its `say` says; after the caller's yes use it again with the same values.",
        "You can do nothing else. What a caller wants beyond it, take down as a message or say that it cannot be done by phone.",
    })
end
