-- What the business wants done: its rules, and what is to be asked of a caller and read back.

local text = require("prompts.parts.lines")

-- What a field is called when the profile does not say it.
local NAMES = { name = "the caller's full name", phone = "a phone number", email = "an e-mail address",
    address = "the street address", service = "a service", time = "a day with a time", party = "the number of people",
    problem = "what is wrong", date_of_birth = "the date of birth" }

local function name_of(item)
    return item.say or NAMES[item.field] or item.field
end

local function names_of(items, wanted)
    local names = {}
    for _, item in ipairs(items) do
        if wanted(item) then names[#names + 1] = name_of(item) end
    end
    return names
end

local function is_confirmed(profile, item)
    local said = profile.confirmations
    if type(said) == "string" then return said ~= "never" end
    if said and said[item.field] then return said[item.field] ~= "never" end
    return item.confirm
end

local function collecting(lines, profile)
    local items = profile.collect or {}
    local purpose = profile.collect_for or "help the caller"
    local needed = names_of(items, function(item) return not item.optional end)
    local extras = names_of(items, function(item) return item.optional end)
    local confirmed = names_of(items, function(item) return is_confirmed(profile, item) end)
    if #needed > 0 then
        text.list(lines, { string.format("To %s you need %s. Ask for what is missing, one thing at a time.", purpose,
            text.joined(needed)) })
    end
    if #extras > 0 then
        text.list(lines, { string.format("Ask the caller for %s too, but go on without when they would rather not.",
            text.joined(extras)) })
    end
    if #confirmed > 0 then
        text.list(lines, { string.format("Read %s back, and %s only after the caller said yes.", text.joined(confirmed),
            purpose) })
    end
end

---@param lines string[]
---@param profile Profile
return function(lines, profile)
    text.section(lines, "Policies")
    text.list(lines, {
        "Answer the caller from the facts above and from what is known below; never guess what is not there. Say that you do "
            .. "not know and offer to take a message.",
    })
    collecting(lines, profile)
    text.list(lines, profile.policies)
end
