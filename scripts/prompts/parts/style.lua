-- How it sounds, or reads.

local text = require("prompts.parts.lines")

local by_text = {
    "This is a conversation in text messages: one to three short sentences of plain text, no lists, no Markdown, no emoji.",
    "Write times, dates and numbers in digits. What you want confirmed goes into one question that a yes can answer.",
    "Ask one question at a time, and greet only once. They cannot be put through to anybody: offer that somebody calls them.",
}

local spoken = {
    "Speak as on the phone: one or two short sentences, plain words, no lists, no symbols, no emoji.",
    "Say times and numbers the way people say them; read phone numbers back digit by digit.",
    "Only when the caller asks for a list or the details, begin the answer with [long] and use as many sentences as it takes; "
        .. "otherwise what follows the second sentence is not spoken.",
    "Ask one question at a time. When the caller says goodbye, say goodbye in one sentence.",
}

---@param lines string[]
---@param profile Profile
---@param channel "phone"|"sms"|nil
return function(lines, profile, channel)
    text.section(lines, "Style")
    if profile.tone then text.list(lines, { "Sound " .. profile.tone .. "." }) end
    text.list(lines, channel == "sms" and by_text or spoken)
    if profile.languages and #profile.languages > 1 then
        text.list(lines, { "Answer in the language that the caller speaks, if it is one of yours." })
    end
    text.list(lines, profile.style)
end
