-- Who speaks, for which business, and what is so every day.

local text = require("prompts.parts.lines")

local DAYS = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }

local LANGUAGES = { en = "English", es = "Spanish", fr = "French", de = "German", it = "Italian", pt = "Portuguese",
    nl = "Dutch", pl = "Polish", zh = "Chinese", ko = "Korean", vi = "Vietnamese", ru = "Russian", ar = "Arabic",
    hi = "Hindi", tl = "Tagalog", ja = "Japanese" }

local function hours(lines, profile)
    for _, day in ipairs(profile.hours and DAYS or {}) do
        text.fact(lines, "Hours", text.capitalised(day) .. " " .. text.spans(profile.hours[day]))
    end
end

-- "cleaning (30 min; 95 dollars)": commas stand between services only.
local function service(item)
    if type(item) == "string" then return item end
    local details = {}
    if item.minutes then details[#details + 1] = item.minutes .. " min" end
    if item.price then details[#details + 1] = tostring(item.price) end
    return item.name .. (#details > 0 and " (" .. table.concat(details, "; ") .. ")" or "")
end

local function services(profile)
    local written = {}
    for _, item in ipairs(profile.services or {}) do written[#written + 1] = service(item) end
    return table.concat(written, ", ")
end

local function languages(profile)
    local names = {}
    for _, code in ipairs(profile.languages or {}) do names[#names + 1] = LANGUAGES[code] or code end
    return text.joined(names)
end

local function people(profile)
    local names = {}
    for i, person in ipairs(profile.transfer_to or {}) do names[i] = person.name end
    return text.joined(names)
end

---@param lines string[]
---@param profile Profile
return function(lines, profile)
    text.section(lines, "Profile")
    lines[#lines + 1] = string.format("You are %s, the %s of %s. You are on the phone with a caller.",
        profile.agent_name, profile.role or "receptionist", profile.name)
    text.fact(lines, "Business", profile.name)
    text.fact(lines, "Address", profile.address)
    text.fact(lines, "Time zone", profile.time_zone)
    hours(lines, profile)
    text.fact(lines, "Services", services(profile))
    text.fact(lines, "Languages", languages(profile))
    text.fact(lines, "Callers can be put through to", people(profile))
    for _, fact in ipairs(profile.facts or {}) do text.fact(lines, fact[1], fact[2]) end
end
