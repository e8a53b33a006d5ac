-- What a transcript means: a pure function from words, and what was asked, to a table of what is in them.
-- Understands what ears/receptionist.gram can produce, and the same with punctuation and figures.

local facts_module = require("facts")
local numbers = require("numbers")

local M = {}

local function set(text)
    local words = {}
    for word in text:gmatch("%S+") do words[word] = true end
    return words
end

-- Words that are never part of a name.
local VOCABULARY = set([[
a about actually afternoon again agreement all alright am an and another any anybody anyone anything appointment
appointments are around as at bad be bit book bye but by call called calling can cancel card cards cash cell change charge
check checkup checkups circumstances cleaning cleanings close closed come consultation consultations correct correction
cost could credit crown crowns currently day days dentist didn't do doctor does doing don't done earlier else ends
evening everything exactly exam exams excuse extraction extractions filling fillings find fine first fix for free friday
fridays from get go good goodbye great half have hear hello here hers hey hi his hold how hours hurts i i'd i'll i'm i've
if in insurance is it it's its just kind know last late later let's like located look lot make may maybe me mean meant
mine minute mistake moment monday mondays more morning move much my name name's need never new next nice no noon nope not
nothing now number o'clock of off offer office oh ok okay on one open opening or our out pardon park parking past patient
patients perfect person phone please pm possible prefer price prices problem quarter question quite reach really repeat
right root canal canals said saturday saturdays say schedule second service services set should sir so some somebody
someone something soon sorry sounds speak speaking spell still sunday sundays sure take talk teeth tell thank thanks that
that's the their them then there they thing think this thursday thursdays time to today tomorrow tonight too toothache
tuesday tuesdays uh um until us very wait want wanted was we weekdays weekend weekends wednesday wednesdays well what
what're what's whatever when where which whitening who whole will with works would wrong yeah yep yes yet you your
understand called oclock moving works available hang somehow weekday
]])

local DAY_SETS = { weekdays = { 1, 2, 3, 4, 5 }, weekday = { 1, 2, 3, 4, 5 }, weekend = { 6, 7 }, weekends = { 6, 7 } }
-- What dentists and others do; those not in the prompt's facts are not offered.
local OTHER_SERVICES = { "whitening", "crown", "root canal", "extraction", "consultation", "exam", "cleaning", "checkup",
    "filling" }
local NOT_A_TIME = { "first one", "second one", "last one", "earlier one", "later one", "that one", "this one", "good one",
    "great one", "nice one", "one moment", "one more", "one second", "one minute" }

-- ---- words ----

function M.normal(text)
    text = " " .. text:lower():gsub("\226\128\153", "'") .. " "
    text = text:gsub("a%.m%.?", "am"):gsub("p%.m%.?", "pm"):gsub("(%d)([ap]m)", "%1 %2")
    text = text:gsub("(%d)[%-%. ]+(%d%d%d+)", "%1%2"):gsub("(%d)[%-%. ]+(%d%d%d+)", "%1%2")
    text = numbers.spell(text)
    text = text:gsub("[^%w']", " "):gsub("%s+", " ")
    return (text:gsub(" check up", " checkup"):gsub(" teeth cleaning", " cleaning"):gsub(" check ups ", " checkups "))
end

local function has(text, ...)
    for _, phrase in ipairs({ ... }) do
        if text:find(" " .. phrase .. " ", 1, true) then return true end
    end
    return false
end

local function split(text)
    local words = {}
    for word in text:gmatch("%S+") do words[#words + 1] = word end
    return words
end

-- ---- things ----

local function mentions(text, name)
    return has(text, name, name .. "s")
end

local function find_service(meaning, text, facts)
    for _, service in ipairs(facts.services) do
        local name = service.name:lower()
        if mentions(text, name) and not has(text, "not " .. name, "not a " .. name) then meaning.service = service end
    end
    if meaning.service then return end
    for _, name in ipairs(OTHER_SERVICES) do
        if mentions(text, name) then meaning.unknown_service = name end
    end
end

local function find_days(meaning, words, facts)
    meaning.days = {}
    for at, word in ipairs(words) do
        local is_denied = words[at - 1] == "not"
        local number = facts_module.day_number[word] or facts_module.day_number[word:match("^(%a+day)s$") or ""]
        if word == "today" or word == "tonight" then number = facts.today.weekday end
        if word == "tomorrow" then number = facts.today.weekday % 7 + 1 end
        if number and not is_denied then
            meaning.days[#meaning.days + 1] = number
            meaning.relative_day = (word == "today" or word == "tomorrow") and word or nil
        end
        for _, each in ipairs(DAY_SETS[word] or {}) do meaning.days[#meaning.days + 1] = each end
    end
    meaning.is_day_set = has(table.concat({ " ", table.concat(words, " "), " " }), "weekdays", "weekend", "weekends")
end

local function find_part(meaning, text)
    if has(text, "morning") and not has(text, "good morning") then meaning.part = "am" end
    if has(text, "afternoon", "evening") and not has(text, "good afternoon", "good evening") then meaning.part = "pm" end
end

-- ---- names ----

local function is_name_word(word)
    return word and not VOCABULARY[word] and not numbers.is_number(word) and not word:find("%d")
        and not facts_module.day_number[word]
end

-- Up to three name words from `at` on.
local function name_at(words, at)
    local found = {}
    while is_name_word(words[at]) and #found < 3 do
        found[#found + 1] = words[at]:sub(1, 1):upper() .. words[at]:sub(2)
        at = at + 1
    end
    return #found > 0 and found or nil
end

local INTRODUCTIONS = { { "name", "is" }, { "name's" }, { "this", "is" }, { "it's" }, { "it", "is" }, { "i'm" },
    { "i", "am" }, { "for" } }

local function after(words, at, phrase)
    for offset, word in ipairs(phrase) do
        if words[at + offset - 1] ~= word then return nil end
    end
    return at + #phrase
end

local function find_introduced(meaning, words)
    for at = 1, #words do
        for _, phrase in ipairs(INTRODUCTIONS) do
            local next_at = after(words, at, phrase)
            local name = next_at and name_at(words, next_at)
            if name then
                local which = words[at - 1]
                meaning.name = name
                meaning.name_part = phrase[1]:find("^name") and (which == "first" or which == "last") and which or nil
                return
            end
        end
    end
end

-- Without an introduction a name is only heard where one was asked for, or where a read-back is put right.
local function find_bare(meaning, words, asked)
    local least = (asked == "name" or asked == "last_name") and 1 or (asked == "confirm" or asked == "change") and 2
    if not least then return end
    for at = 1, #words do
        local name = name_at(words, at)
        if name and #name >= least then
            meaning.name = name
            return
        end
    end
end

local function is_service_word(facts, name)
    for _, service in ipairs(facts.services) do
        for word in service.name:lower():gmatch("%S+") do
            if name[1]:lower() == word or name[1]:lower() == word .. "s" then return true end
        end
    end
    return false
end

local function find_name(meaning, words, asked, facts)
    find_introduced(meaning, words)
    if not meaning.name then find_bare(meaning, words, asked) end
    if meaning.name and is_service_word(facts, meaning.name) then meaning.name = nil end
end

-- ---- questions ----

local QUESTIONS = {
    { "again", "repeat", "say that again", "what did you say", "pardon", "what was that", "didn't catch", "didn't hear",
        "didn't get" },
    { "presence", "are you there", "you still there", "hear me" },
    { "hours", "hours", "are you open", "you open", "you close", "you closed", "how late", "until when", "anyone there",
        "anybody there", "somebody there", "someone there" },
    { "parking", "park", "parking" },
    { "place", "where are you", "where is", "where's", "address", "get there", "find you", "find there", "get to you",
        "located" },
    { "insurance", "insurance" },
    { "payment", "cards", "credit cards", "card", "cash" },
    { "price", "how much", "cost", "charge", "prices", "price" },
    { "length", "how long" },
    { "who", "who am i", "who is this", "who are you" },
    { "services", "services", "what do you do", "what do you offer", "kind of appointments", "what can you do" },
    { "person", "speak to", "speak with", "talk to", "talk with" },
    { "new_patient", "new patient" },
    { "cancel", "cancel" },
    { "pain", "toothache", "hurts", "emergency" },
    { "more", "a question", "another question", "one more thing" },
}

local function find_question(meaning, text)
    for _, question in ipairs(QUESTIONS) do
        for at = 2, #question do
            if has(text, question[at]) then
                meaning.question = question[1]
                return
            end
        end
    end
    local is_offer = has(text, "do you do", "do you offer", "do you have")
    if is_offer and (meaning.service or meaning.unknown_service) then meaning.question = "offer" end
end

-- ---- yes, no, goodbye ----

local function find_answers(meaning, text)
    meaning.is_unsure = has(text, "don't know", "not sure", "any day", "any time", "whatever works", "as soon as possible")
    meaning.is_no = has(text, "no", "nope", "wrong", "not right", "not quite", "never mind")
        or has(text, "change the", "fix the")
    meaning.is_yes = not meaning.is_no and not meaning.is_unsure and has(text, "yes", "yeah", "yep", "yup", "sure", "okay",
        "ok", "correct", "right", "exactly", "perfect", "works", "sounds good", "please do", "that's fine", "that's good",
        "that's great", "that is fine", "that is good", "that is great", "great", "alright", "fine", "please", "good",
        "take that", "take it", "have that", "have it")
    meaning.is_bye = has(text, "goodbye", "bye") or text:find(" have a %a+ %a+ ") ~= nil
    meaning.is_thanks = has(text, "thanks", "thank you")
    meaning.is_done = has(text, "no thanks", "no thank you", "nope thanks", "that's all", "that is all", "that's everything",
        "that is everything", "nothing else")
    meaning.is_greeting = has(text, "hello", "hi", "hey", "good morning", "good afternoon", "good evening")
    meaning.is_interruption = has(text, "sorry", "wait", "hold on", "excuse me", "actually", "one moment", "i mean")
end

local function find_choice(meaning, text)
    meaning.wants = has(text, "i'd like", "i would like", "i want", "i need", "book", "schedule", "appointment",
        "appointments", "i'm calling for", "i'm calling to", "can i get", "can i have", "could i get", "could i have",
        "may i have", "may i get", "can i make", "could i make")
    meaning.asks_for_time = has(text, "have anything", "have time", "any time", "as soon as possible", "whatever works",
        "any day", "anything free")
    if has(text, "first one", "earlier one", "take it", "take that") then meaning.choice = 1 end
    if has(text, "second one", "later one", "last one") then meaning.choice = 2 end
    for _, field in ipairs({ "number", "name", "day", "time", "service" }) do
        if has(text, field .. " is wrong", "change the " .. field, "fix the " .. field) then meaning.wrong = field end
    end
    meaning.field = text:match("^ the (%a+) $") or text:match("^ my (%a+) $")
    meaning.is_ending = has(text, "ends in", "ends with")
    meaning.asks_about_day = has(text, "what about", "how about")
end

-- ---- all ----

---@param text string
---@param asked string|nil
function M.read(text, asked, facts)
    local normal = M.normal(text)
    local words = split(normal)
    local meaning = { text = normal, is_empty = #words == 0 }
    find_service(meaning, normal, facts)
    find_days(meaning, words, facts)
    find_part(meaning, normal)
    local without = normal
    for _, phrase in ipairs(NOT_A_TIME) do without = without:gsub(" " .. phrase .. " ", " , ") end
    local found = numbers.read(split(without), asked)
    meaning.times, meaning.digits = found.times, found.digits
    find_answers(meaning, normal)
    find_choice(meaning, normal)
    find_question(meaning, normal)
    find_name(meaning, words, asked, facts)
    return meaning
end

return M
