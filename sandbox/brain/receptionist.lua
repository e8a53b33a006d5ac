-- The sandbox's receptionist: a pure function (messages, tools) → { text, calls }. It keeps nothing between requests:
-- the conversation so far is played through the same rules again, and what they say last is the reply.
--
--   system prompt ─► facts ┐
--   messages ─► replies: listen ─► appointment, what was asked ─► answers, questions, booking ─► wording

local booking = require("booking")
local facts_of = require("facts")
local replies = require("replies")
local wording = require("wording")

local function content_of(message)
    if type(message.content) == "string" then return message.content end
    local parts = {}
    for _, part in ipairs(type(message.content) == "table" and message.content or {}) do parts[#parts + 1] = part.text or "" end
    return table.concat(parts, " ")
end

local function remember_calls(state, message)
    for _, call in ipairs(message.tool_calls or {}) do
        state.called[call.id or ""] = call["function"] and call["function"].name
    end
end

-- The caller's messages in a row are one: nothing was heard between them.
local function turns_of(messages)
    local turns = {}
    for _, message in ipairs(messages) do
        local last = turns[#turns]
        if message.role == "user" and last and last.role == "user" then
            last.content = last.content .. " " .. content_of(message)
        elseif message.role == "user" then
            turns[#turns + 1] = { role = "user", content = content_of(message) }
        else
            turns[#turns + 1] = message
        end
    end
    return turns
end

local function play(state, turns)
    local text, calls = "Hello, how can I help?", nil
    for at, turn in ipairs(turns) do
        if turn.role == "user" then
            state.results = {}
            text, calls = replies.to_caller(state, turn.content)
            state.said = text ~= "" and text or state.said
            state.was_heard = false
        elseif turn.role == "assistant" then
            remember_calls(state, turn)
            state.was_heard = content_of(turn):match("%S") ~= nil
        elseif turn.role == "tool" then
            state.results[state.called[turn.tool_call_id or ""] or ""] = json_decode(content_of(turn)) or {}
            local following = turns[at + 1]
            if not (following and following.role == "tool") then text, calls = booking.after_tools(state) end
            state.said = text ~= "" and text or state.said
        end
    end
    return text, calls
end

-- Orders of the prompt. A reply has two sentences at most, so what is added joins one that is there.
local function in_style(facts, text)
    if text == "" then return text end
    if facts.opening then
        local opening = wording.capitalised(facts.opening:gsub("[%s.!,]+$", ""))
        local is_name = text:match("^I[' ]") or text:match("^%u%l+day")
        text = opening .. ", " .. (is_name and text or text:gsub("^%u", string.lower))
    end
    if facts.ending then
        text = text:gsub("([^m])[.!] (%u)", function(before, letter)
            return before .. ", " .. letter:lower()
        end) .. " " .. wording.sentence(facts.ending)
    end
    return text
end

local function system_prompt(messages)
    local parts = {}
    for _, message in ipairs(messages) do
        if message.role ~= "system" and message.role ~= "developer" then break end -- later ones are about the conversation
        parts[#parts + 1] = content_of(message)
    end
    return table.concat(parts, "\n")
end

return function(messages, tools)
    local prompt = system_prompt(messages)
    local state = { prompt = prompt, facts = facts_of.read(prompt), tools = tools, slots = {}, called = {}, results = {} }
    local text, calls = play(state, turns_of(messages))
    return { text = in_style(state.facts, text), calls = calls }
end
