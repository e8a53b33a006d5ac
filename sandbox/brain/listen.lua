-- What a caller's line says: days, times, digits, names, services, yes and no, questions. Works on lower-case words without
-- punctuation, as ears give them, and on ordinary text as well.

local M = {}

local DIGITS = { oh = "0", zero = "0", one = "1", two = "2", three = "3", four = "4", five = "5", six = "6", seven = "7",
    eight = "8", nine = "9" }
local HOURS = { one = 1, two = 2, three = 3, four = 4, five = 5, six = 6, seven = 7, eight = 8, nine = 9, ten = 10, eleven = 11,
    twelve = 12 }
local MINUTES = { five = 5, ten = 10, fifteen = 15, twenty = 20, thirty = 30, forty = 40, fifty = 50 }
local DAYS = { monday = true, tuesday = true, wednesday = true, thursday = true, friday = true, saturday = true, sunday = true }
-- Said before or after "one" when it is no hour.
local NO_HOUR_AFTER = { first = true, second = true, last = true, later = true, earlier = true, good = true, nice = true,
    great = true, another = true, that = true, which = true, this = true }
local NO_HOUR_BEFORE = { more = true, moment = true, second = true }

local NO_NAME = {}
for word in ([[a about again all alright am an and any anything appointment are around as at back be book booking but bye call
    calling can cell change checking could day do else everything exactly excuse fine fix for free get go good goodbye great had
    has have hello help here hey hi hold how i i'd i'll i'm if in interested is it it's just know later like look looking make
    may me mean morning afternoon evening much my name name's need new next no noon nope not now number of oh ok okay on one open
    or pardon patient perfect phone please right correct say schedule see so some sorry still sure talk thank thanks that that's
    the then there these they this time to today tomorrow too trying um wait want was we week weekend well what what's when where
    which who will with would wrong yeah yep yes you your first last moment monday tuesday wednesday thursday friday saturday
    sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays thirty fifteen twenty forty fifty o'clock pm actually
    speaking afraid already only also from by works tonight teeth toothache cost service services hours closed works quite second half past
    quarter really very hurting spell spelled earlier]]):gmatch("%S+") do
    NO_NAME[word] = true
end

local NAME_LEADS = { "my name is", "my name's", "the name is", "name is", "this is", "i am", "i'm", "it's", "it is", "for", "i said",
    "i meant" }

-- ---- words ----

local function words_of(text)
    text = " " .. text:lower():gsub("’", "'") .. " "
    text = text:gsub("%f[%a]a%.m%.?", "am"):gsub("%f[%a]p%.m%.?", "pm"):gsub("(%d)%s*([ap]m)%f[%A]", "%1 %2")
    text = text:gsub("o'clock", " "):gsub("check[- ]ups?%f[%A]", "checkup"):gsub("[^%w':]", " ")
    local words = {}
    for word in text:gmatch("%S+") do words[#words + 1] = word end
    return words
end

local function has(heard, ...)
    for _, phrase in ipairs({ ... }) do
        if heard.line:find(" " .. phrase .. " ", 1, true) then return true end
    end
    return false
end

-- ---- digits ----

local function digits_of(word)
    return DIGITS[word] or (word:match("^%d+$") and word)
end

-- The longest run of digits and where it stands.
local function longest_run(words)
    local best, from, to = "", nil, nil
    local run, start = "", 1
    for at = 1, #words + 1 do
        local digits = words[at] and digits_of(words[at])
        if digits then
            if run == "" then start = at end
            run = run .. digits
        else
            if #run > #best then best, from, to = run, start, at - 1 end
            run = ""
        end
    end
    return best, from, to
end

local function find_phone(heard, asked)
    local run, from, to = longest_run(heard.words)
    local is_phone = #run >= 7
        or #run >= 3 and (asked == "phone" or has(heard, "number is", "number", "reach me", "call me", "ends in", "ends with"))
    if not is_phone then return end
    heard.digits = run
    for at = from, to do heard.words[at] = "#" end -- not to be read as a time
end

-- ---- e-mail ----

-- "maria@example.com", "maria at example dot com", "m a r i a at example dot com".
local function find_email(heard, text)
    heard.email = text:lower():match("[%w._%-]+@[%w.%-]+%.%a+")
    local before, domain, last = heard.line:match("^(.*) at ([%w ]+) dot (%a+) ")
    if heard.email or not before then return end
    local name, letters = before:match("(%w+)$"), ""
    for word in before:gmatch("%w+") do letters = #word == 1 and letters .. word or "" end
    domain = domain:gsub(" dot ", "."):gsub(" ", "")
    heard.email = (letters ~= "" and letters or name) .. "@" .. domain .. "." .. last
end

-- ---- times ----

local function hour_of(word)
    local value = HOURS[word] or (word and word:match("^%d%d?$") and tonumber(word))
    return value and value >= 1 and value <= 12 and value or nil
end

-- Minutes at `at`: value and the place after them.
local function minutes_at(words, at)
    local word = words[at]
    if word == "oh" and HOURS[words[at + 1]] and HOURS[words[at + 1]] < 10 then return HOURS[words[at + 1]], at + 2 end
    local value = MINUTES[word] or (word and word:match("^%d%d$") and tonumber(word))
    if not value or word == "five" then return 0, at end
    if value >= 20 and DIGITS[words[at + 1]] and words[at + 1] ~= "oh" then return value + HOURS[words[at + 1]], at + 2 end
    return value, at + 1
end

local function half_at(words, at)
    if words[at] == "am" or words[at] == "pm" then return words[at] end
    if words[at] == "in" and words[at + 1] == "the" then
        if words[at + 2] == "morning" then return "am" end
        if words[at + 2] == "afternoon" or words[at + 2] == "evening" then return "pm" end
    end
end

local function time_at(words, at)
    local word = words[at]
    if word == "noon" then return { hour = 12, minute = 0, half = "pm" }, at + 1 end
    local hour, minute = word:match("^(%d%d?):(%d%d)$")
    if hour then return { hour = tonumber(hour), minute = tonumber(minute), half = half_at(words, at + 1) }, at + 1 end
    if (word == "half" or word == "quarter") and (words[at + 1] == "past" or words[at + 1] == "to") and hour_of(words[at + 2]) then
        local shift = (word == "half" and 30 or 15) * (words[at + 1] == "to" and -1 or 1)
        local whole = hour_of(words[at + 2])
        if shift < 0 then return { hour = (whole + 10) % 12 + 1, minute = 60 + shift, half = half_at(words, at + 3) }, at + 3 end
        return { hour = whole, minute = shift, half = half_at(words, at + 3) }, at + 3
    end
    local value = hour_of(word)
    if not value or NO_HOUR_AFTER[words[at - 1]] or NO_HOUR_BEFORE[words[at + 1]] then return nil end
    local after
    minute, after = minutes_at(words, at + 1)
    return { hour = value, minute = minute, half = half_at(words, after) }, after
end

local function find_times(heard)
    local at = 1
    while at <= #heard.words do
        local time, after = time_at(heard.words, at)
        if time then
            heard.time = (has(heard, "or") and heard.time) or time
            for used = at, after - 1 do heard.words[used] = "#" end
        end
        at = after or at + 1
    end
end

-- ---- days ----

local function find_days(heard)
    for _, word in ipairs(heard.words) do
        local day = word:gsub("s$", "")
        if DAYS[day] or word == "today" or word == "tomorrow" then
            heard.day = (has(heard, "or") and heard.day) or day
        elseif word == "weekend" or word == "weekends" or word == "weekdays" then
            heard.day_group = word:gsub("s$", "")
        end
    end
    if has(heard, "morning") and not has(heard, "good morning") then heard.part = "am" end
    if has(heard, "afternoon", "evening") and not has(heard, "good afternoon", "good evening") then heard.part = "pm" end
end

-- ---- services ----

local KNOWN_ELSEWHERE = { "root canal", "crown", "whitening", "extraction", "consultation", "exam", "haircut", "massage", "filling",
    "cleaning", "checkup", "implant", "braces" }

local function mentions(heard, name)
    name = name:lower():gsub("check[- ]up", "checkup")
    return has(heard, name, name .. "s", name .. "es")
end

local function find_service(heard, services)
    for _, service in ipairs(services) do
        if mentions(heard, service.name) then heard.service = service.name end
    end
    if heard.service then return end
    for _, name in ipairs(KNOWN_ELSEWHERE) do
        if mentions(heard, name) then heard.unknown_service = name end
    end
end

-- ---- names ----

local function name_from(words, at)
    local found = {}
    while words[at] and #found < 3 and words[at]:match("^%a[%a']*$") and not NO_NAME[words[at]] and not DIGITS[words[at]]
        and not HOURS[words[at]] do
        found[#found + 1] = words[at]
        at = at + 1
    end
    return found
end

local function words_match(words, at, phrase)
    for word in phrase:gmatch("%S+") do
        if words[at] ~= word then return nil end
        at = at + 1
    end
    return at
end

local function is_word_of(name, word)
    for each in name:lower():gmatch("%S+") do
        if each == word or each .. "s" == word then return true end
    end
    return false
end

local function is_service_word(word, services)
    for _, service in ipairs(services) do
        if is_word_of(service.name, word) then return true end
    end
    for _, name in ipairs(KNOWN_ELSEWHERE) do
        if is_word_of(name, word) then return true end
    end
    return false
end

local function proper(found)
    local names = {}
    for i, word in ipairs(found) do names[i] = word:gsub("^%l", string.upper) end
    return names
end

local function find_name(heard, asked, services)
    local best = {}
    for at = 1, #heard.words do
        for _, lead in ipairs(NAME_LEADS) do
            local after = words_match(heard.words, at, lead)
            local found = after and name_from(heard.words, after) or {}
            if #found >= #best and #found > 0 and not is_service_word(found[1], services) then best = found end
        end
    end
    if #best == 0 and (asked == "name" or asked == "first_name" or asked == "last_name") then
        for at = 1, #heard.words do
            local found = name_from(heard.words, at)
            if #found > #best and not is_service_word(found[1], services) then best = found end
        end
    end
    if #best > 0 then heard.name = proper(best) end
    heard.is_last_name = has(heard, "last name is", "last name's")
    heard.is_first_name = has(heard, "first name is", "first name's")
end

-- ---- yes, no, questions ----

local function find_acts(heard)
    heard.no = has(heard, "no", "nope", "not quite", "wrong", "not right", "not correct")
    heard.yes = not heard.no and not has(heard, "not sure") and has(heard, "yes", "yeah", "yep", "sure", "correct", "right", "exactly", "okay", "ok", "fine",
        "perfect", "great", "sounds good", "that's good", "that is good", "is good", "works", "please do", "alright")
    heard.is_unsure = has(heard, "any day", "any time", "as soon as possible", "whatever works", "don't know", "not sure", "anything")
    heard.thanks = has(heard, "thanks", "thank you")
    heard.bye = has(heard, "goodbye", "bye", "have a nice", "have a good", "have a great", "that's all", "that is all", "that's everything",
        "that is everything", "nothing else")
    heard.hold = has(heard, "sorry", "wait", "hold on", "excuse me", "one moment", "actually", "never mind")
    heard.again = has(heard, "repeat", "say that again", "pardon", "what was that", "what did you say", "didn't catch", "didn't hear",
        "didn't get")
    heard.greeting = has(heard, "hello", "hi", "hey", "good morning", "good afternoon", "good evening")
    heard.wants = has(heard, "book", "appointment", "schedule", "i'd like", "i would like", "i need", "i want", "make an", "get a",
        "come in", "can i get", "can i have", "could i get", "could i have", "may i get", "may i have", "have anything", "have time")
    heard.pick = has(heard, "first one", "the first", "earlier one") and 1 or has(heard, "second one", "the second", "later one", "last one")
        and 2 or nil
    for _, what in ipairs({ "number", "name", "day", "time", "service" }) do
        if has(heard, what .. " is wrong", "change the " .. what, "fix the " .. what, "wrong " .. what) then heard.wrong = what end
    end
    if has(heard, "the " .. "number", "the name", "the day", "the time", "the service") and not heard.wrong then
        heard.subject = heard.line:match("the (%a+)")
    end
end

local function find_question(heard)
    if has(heard, "are you there", "hear me", "still there") then return "there" end
    if has(heard, "speaking to", "speaking with", "who is this", "who are you") then return "who" end
    if has(heard, "speak to", "talk to", "speak with", "talk with") then return "person" end
    if has(heard, "how much", "cost", "charge", "price", "prices") then return "price" end
    if has(heard, "how long") then return "duration" end
    if has(heard, "address", "located", "where are you", "where is", "get there", "get you", "find you",
        "find there", "get to you") then return "address" end
    if has(heard, "insurance", "cards", "card", "cash", "park", "parking", "new patient", "cancel") then return "policy" end
    if has(heard, "open", "close", "closed", "hours", "somebody there", "anybody there", "anyone there") then return "hours" end
    if has(heard, "what services", "which services", "kind of services", "what do you do", "what do you offer", "you offer",
        "kind of appointments") then return "services" end
    if has(heard, "hurts", "toothache", "pain") then return "pain" end
    if has(heard, "a question", "another question", "more question", "one more thing") then return "more" end
    local names_one = heard.service or heard.unknown_service
    if names_one and has(heard, "do you do", "do you offer", "do you have") then return "services" end
end

---@param text string      what the caller said
---@param asked string|nil what the receptionist asked for last
---@param services table   facts.services
function M.hear(text, asked, services)
    local heard = { words = words_of(text) }
    heard.line = " " .. table.concat(heard.words, " ") .. " "
    heard.is_silent = #heard.words == 0
    heard.count_words = #heard.words
    find_acts(heard)
    find_service(heard, services)
    find_email(heard, text)
    heard.question = not heard.email and find_question(heard) or nil
    find_phone(heard, asked)
    find_days(heard)
    find_times(heard)
    find_name(heard, asked, services)
    return heard
end

return M
