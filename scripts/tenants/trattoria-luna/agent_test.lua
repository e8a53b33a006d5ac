-- Reservations that must hold. The caller's phone is +15550100188, it is Thursday at four, and where no `model` stands the model
-- must not be asked: those turns are answered by reservation.lua alone.

local NOW, CALLER = "2026-11-26T16:00", "+15550100188"

local FRIDAY_730 = { start = "2026-11-27T19:30", spoken = "Friday, November 27 at 7:30 PM", staff = "table 4" }
local FRIDAY_800 = { start = "2026-11-27T20:00", spoken = "Friday, November 27 at 8:00 PM", staff = "table 4" }
local FRIDAY_815 = { start = "2026-11-27T20:15", spoken = "Friday, November 27 at 8:15 PM", staff = "table 4" }
local TUESDAY_700 = { start = "2026-12-01T19:00", spoken = "Tuesday, December 1 at 7:00 PM", staff = "table 1" }

-- A calendar in which these times are free: asked from a time on, it offers them as of then.
local function free(...)
    local times = { ... }
    return function(wish)
        local slots = {}
        for _, slot in ipairs(times) do
            if slot.start >= wish.from then slots[#slots + 1] = slot end
        end
        return slots
    end
end

local function booked(wish)
    return { id = "31", service = wish.service, start = wish.start, spoken = wish.start == FRIDAY_730.start and
        FRIDAY_730.spoken or FRIDAY_800.spoken, name = wish.name, phone = CALLER, staff = "table 4", status = "booked" }
end

local function with(calendar)
    return { calendar = calendar, sms = "SM1" }
end

local OPEN = { answer = { { open = "17:00", close = "23:00" } } }

local function closed()
    return {}, "closed"
end

local function christmas()
    return {}, "Christmas"
end

---@type Conversation[]
local conversations = {
    {
        name = "books from one sentence", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_730), book = booked }),

        { expect_say = "buonasera" },
        { say = "A table for four tomorrow at seven thirty, under Miller, please." },
        { expect_words = "A table for four on Friday", within_ms = 1500 },
        { expect_words = "November 27 at 7:30 PM, under Miller. Shall I book it?" },
        { expect_phase = "confirm" },
        { say = "Yes, please." },
        { expect_words = "Your table is booked, Miller" },
        { expect_state = { booked = { party = 4, name = "Miller" } } },
        { say = "No, that's all, thank you." },
        { expect_words = "A presto!" },
        { expect_hangup = true },
        { expect_outcome = "booked" },
        { expect_sms = { to = CALLER, text = "a table for 4 on Friday, November 27 at 7:30 PM, under Miller" } },
    },

    {
        name = "asks for what is missing, one thing at a time", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_730), book = booked }),

        { say = "Hi, I'd like to book a table.", expect_words = "For how many people?" },
        { say = "Four.", expect_words = "For which day?" },
        { say = "On Friday.", expect_words = "At what time?" },
        { say = "Half past seven.", expect_words = "Under which name?" },
        { say = "Sarah Miller.", expect_words = "under Sarah Miller. Shall I book it?" },
        { say = "That's right.", expect_words = "is booked, Sarah Miller" },
        { expect_outcome = "booked" },
    },

    {
        name = "takes a corrected number of people", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_730), book = function(wish)
            return wish.service == "table for eight" and booked(wish) or nil, "wrong_table", wish.service
        end }),

        { say = "A table for four on Friday at seven thirty under Miller." },
        { expect_words = "table for four on Friday" },
        { say = "No, sorry, there will be six people.", expect_words = "A table for six on Friday" },
        { say = "Yes.", expect_words = "is booked" },
        { expect_state = { booked = { party = 6 } } },
    },

    {
        name = "offers the next times when one is taken, and takes the one that is named", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_800, FRIDAY_815), hours = OPEN, book = booked }),

        { say = "Do you have a table for two on Friday at seven thirty?" },
        { expect_words = "no table for two then. The next I have is Friday, November 27 at 8:00 PM, or Friday, November 27 at 8:15 PM" },
        { say = "The second one, please.", expect_words = "Under which name?" },
        { expect_state = { wish = { clock = "20:15" } } },
        { say = "Actually, at eight o'clock.", expect_words = "Under which name?" },
        { say = "Bianchi.", expect_words = "A table for two on Friday, November 27 at 8:00 PM, under Bianchi" },
    },

    {
        name = "says that it is closed on Mondays", now = NOW, caller = CALLER,
        stubs = with({ slots = free(TUESDAY_700), hours = closed }),

        { say = "I want to reserve for two people on Monday at seven." },
        { expect_words = "closed on Mondays. The next I have is Tuesday, December 1 at 7:00 PM" },
        { say = "No, that's too late.", expect_words = "Which day and time would you like?" },
        { say = "Oh, well. Yes, Tuesday at seven.", expect_words = "Under which name?" },
        { expect_state = { wish = { date = "2026-12-01", clock = "19:00" } } },
    },

    {
        name = "says why it is closed on a holiday", now = "2026-12-21T16:00", caller = CALLER,
        stubs = with({ slots = free(), hours = christmas }),

        { say = "A table for two on December twenty fifth at eight." },
        { expect_words = "closed that day for Christmas. And the week after it is full. For which day?" },
    },

    {
        name = "hears that somebody else was faster", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_730, FRIDAY_815), hours = OPEN,
            book = { fail = { "taken", "that time is taken", { FRIDAY_815 } } } }),

        { say = "A table for four tomorrow at seven thirty, under Miller.", expect_words = "Shall I book it?" },
        { say = "Yes.", expect_words = "no table for four then. The next I have is Friday, November 27 at 8:15 PM" },
        { absent = "is booked" },
        { expect_phase = "clock" },
        { expect_outcome = "answered" },
    },

    {
        name = "lets a caller change their mind", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_730) }),

        { say = "A table for four tomorrow at seven thirty." },
        { expect_words = "Under which name?" },
        { say = "Oh, never mind.", expect_words = "No problem at all" },
        { say = "What is your address?", model = "We are at 8 Mill Lane." },
        { expect_words = "8 Mill Lane" },
        { expect_outcome = "answered" },
    },

    {
        name = "puts large parties through to the host", now = NOW, caller = CALLER,

        { say = "A table for twelve people on Saturday, please." },
        { expect_words = "For more than eight the host arranges things himself" },
        { expect_transfer = "+15550100041" },
        { expect_tags = "large party" },
    },

    {
        name = "leaves questions to the model, and goes on", now = NOW, caller = CALLER,
        stubs = { knowledge = { { title = "Pasta", text = "Every pasta can be made gluten-free.", score = 1 } } },

        { say = "I'd like a table for two.", expect_words = "For which day?" },
        { say = "Is there anything without gluten?", model = "Yes, every pasta. Which day would you like to come?" },
        { expect_prompt = { "Every pasta can be made gluten-free.", "Conversation phase: date" } },
        { say = "Saturday.", expect_words = "At what time?" },
    },

    {
        name = "hears from the model what the rules do not understand", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_730) }),

        { say = "We want to eat at your place, my husband, me and our two girls.",
          model = { { tool = "note_reservation", args = { party = 4 } }, "For which day?" } },
        { expect_tool = "note_reservation", result = { ok = true, say = "For which day?" } },
        { expect_phase = "date" },
        { say = "Tomorrow at half past seven.", expect_words = "Under which name?" },
    },

    {
        name = "promises a call when the book cannot be read", now = NOW, caller = CALLER,
        stubs = with({ slots = { fail = { "unavailable", "the database is away" } } }),

        { say = "A table for four tomorrow at seven thirty." },
        { expect_words = "Somebody will call you back within the hour" },
        { expect_tags = "call back" },
        { hangup = true },
        { expect_sms = { to = "+15550100041", text = CALLER } },
    },

    {
        name = "repeats its question to a caller who is silent", now = NOW, caller = CALLER,

        { say = "A table for two, please.", expect_words = "For which day?" },
        { silence_ms = 9000 },
        { expect_words = "Take your time. For which day?" },
        { silence_ms = 9000 },
        { expect_words = "Are you still there?" },
    },

    {
        name = "can be interrupted while it reads back", now = NOW, caller = CALLER,
        stubs = with({ slots = free(FRIDAY_730, FRIDAY_800), book = booked }),

        { say = "A table for four tomorrow at seven thirty, under Miller." },
        { interrupt = "No, at eight o'clock.", after_ms = 1500 },
        { expect_words = "November 27 at 8:00 PM, under Miller" },
        { press = "1" }, -- as good as yes
        { expect_words = "is booked" },
    },

    {
        name = "asks who hides their number, and takes it typed", now = NOW, caller = "anonymous",
        stubs = with({ slots = free(FRIDAY_730), book = booked }),

        { say = "A table for four tomorrow at seven thirty, under Miller.", expect_words = "Which number" },
        { press = "5550100188#" },
        { expect_words = "Shall I book it?" },
        { expect_state = { wish = { phone = "+15550100188" } } },
    },

    {
        name = "leads to a person by the key 0", now = NOW, caller = CALLER,

        { press = "0" },
        { expect_transfer = "+15550100041" },
    },

    {
        name = "takes down who wants catering", now = NOW, caller = "+15550100188",
        stubs = { leads = { save = function(wish)
            return { id = "41", contact_id = "42", interest = wish.interest, stage = "New" }
        end } },

        { say = "Do you cater weddings? My name is Sam Hill.",
          model = { { tool = "log_lead", args = { name = "Sam Hill", phone = "+15550100188", interest = "Catering for a wedding" } },
              "I've noted it, Sam. Our host calls you back." } },
        { expect_tool = "log_lead", result = { ok = true, outcome = "lead" } },
        { expect_outcome = "lead" },
    },

    {
        name = "cancels a reservation by its tool, and says gnocchi right", now = NOW, caller = CALLER,
        stubs = { calendar = {
            appointments = { answer = { { id = "31", service = "table for four", start = "2026-11-27T19:30", name = "Sarah Miller",
                phone = CALLER, spoken = FRIDAY_730.spoken } } },
            cancel = { answer = { id = "31", service = "table for four", start = "2026-11-27T19:30", spoken = FRIDAY_730.spoken } },
        } },

        { say = "I have to cancel my reservation, Sarah Miller.",
          model = { { tool = "cancel_appointment", args = { phone = CALLER, name = "Sarah Miller" } },
              "It is cancelled. The gnocchi will miss you." } },
        { expect_tool = "cancel_appointment", result = { ok = true } },
        { expect_words = "The nyokky will miss you" },
        { expect_outcome = "cancelled" },
    },
}

-- ---- what the rules understand of a sentence, and what they ask for then; it is Thursday, November 26 ----

local SENTENCES = {
    { "A table for two, please.", { party = 2 } },
    { "Can I book a table for 4 tomorrow at 7?", { party = 4, date = "2026-11-27", clock = "19:00" } },
    { "I'd like to reserve for this Saturday, quarter past eight, five people.", { party = 5, date = "2026-11-28", clock = "20:15" } },
    { "A table tonight at quarter to nine, there are three of us.", { party = 3, date = "2026-11-26", clock = "20:45" } },
    { "Could I book for two adults and three children on Sunday at noon?", { party = 5, date = "2026-11-29", clock = "12:00" } },
    { "Table of six on December fourth at eight o'clock under Rossi.", { party = 6, date = "2026-12-04", clock = "20:00", name = "Rossi" } },
    { "I want to book the twenty eighth at seven thirty p.m. for 2.", { party = 2, date = "2026-11-28", clock = "19:30" } },
    { "A table on the third of January, my name is Anna Maria Conti.", { date = "2027-01-03", name = "Anna Maria Conti" } },
    { "Book me a table next Thursday, 6:45 pm, party of 8.", { party = 8, date = "2026-12-03", clock = "18:45" } },
    { "A table for two, no sorry, for three at eight twenty.", { party = 3, clock = "20:20" } },
    { "Do you have a table for just me tomorrow?", { party = 1, date = "2026-11-27" } },
    { "A reservation for seven thirty, we are four.", { party = 4, clock = "19:30" } },
    { "I need a table tomorrow for two, for about two hours.", { party = 2, date = "2026-11-27" }, "clock" },
    { "A table tomorrow for about five people.", { party = 5 }, "clock" },
    { "A table at seven on Friday, please.", { date = "2026-11-27", clock = "19:00" }, "party" },
}

local function any_time(wish)
    return { { start = wish.from, spoken = "then", staff = "table 1" } }
end

for _, row in ipairs(SENTENCES) do
    conversations[#conversations + 1] = { name = "understands: " .. row[1], now = NOW, caller = CALLER,
        stubs = with({ slots = any_time }),

        { say = row[1] },
        { expect_state = { wish = row[2] } },
        row[3] and { expect_phase = row[3] } or nil,
    }
end

return conversations
