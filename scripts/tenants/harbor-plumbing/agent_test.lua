-- What must hold when water runs, and when it does not. On Thursdays at ten the office is open; at ten in the evening it is not.

local DAY, NIGHT, CALLER = "2026-11-26T10:00", "2026-11-26T22:00", "+15550100188"
local ON_CALL, THIS_WEEK = "+15550100031", "+15550100032"

local LEAD = { name = "Sam Hill", phone = "555-010-0188", address = "5 Elm Street, Springfield", problem = "the kitchen tap drips" }

local function saved(wish)
    return { id = "11", contact_id = "12", interest = wish.interest, stage = "New" }
end

-- The office is open; kv knows nothing of who is on call, so it is the profile's number.
local function open(more)
    local stubs = { calendar = { is_open = { answer = true } }, kv = { get = { fail = { "not_found", "no such key" } } }, sms = "SM1",
        leads = { save = saved } }
    for name, stub in pairs(more or {}) do stubs[name] = stub end
    return stubs
end

local function closed(more)
    local stubs = open({ calendar = { is_open = function()
        return false, { start = "2026-11-27T07:00", spoken = "Friday, November 27 at 7:00 AM" }
    end } })
    for name, stub in pairs(more or {}) do stubs[name] = stub end
    return stubs
end

---@type Conversation[]
return {
    {
        name = "takes a lead, and texts the plumber", now = DAY, caller = CALLER, stubs = open(),

        { expect_say = "Harbor Plumbing, this is Max" },
        { say = "My kitchen tap drips, can somebody come?", model = "Sure. What is your name and number?" },
        { expect_prompt = { "Never quote a price for a repair", "put_through: Puts the caller through" } },
        { say = "Sam Hill, 555-010-0188, 5 Elm Street.", model = "So Sam Hill, 555-010-0188, 5 Elm Street. Right?" },
        { say = "That's right.", model = { { tool = "take_lead", args = LEAD }, "A plumber calls you back within the hour." } },
        { expect_tool = "take_lead", args = { name = "Sam Hill" }, result = { ok = true, outcome = "lead" } },
        { expect_words = "calls you back" },
        { absent_tool = "put_through" },
        { expect_outcome = "lead" },
        { expect_tags = "lead" },
        { hangup = true },
        { expect_sms = { to = ON_CALL, text = "Lead: Sam Hill, +15550100188, 5 Elm Street, Springfield: the kitchen tap drips" } },
    },

    {
        name = "puts an emergency through, words first, without the model", now = DAY, caller = CALLER, stubs = open(),

        { say = "Help, a pipe has burst in my kitchen!" },
        { expect_words = "turn off the main water valve", within_ms = 2500 },
        { expect_words = "I'm putting you through to our plumber on call" },
        { expect_transfer = ON_CALL },
        { expect_tags = "emergency" },
        { expect_sms = { to = ON_CALL, text = "EMERGENCY from +15550100188: Help, a pipe has burst" } },
    },

    {
        name = "rings whoever is on call this week", now = NIGHT, caller = CALLER, stubs = closed({ kv = { get = { answer = THIS_WEEK } } }),

        { expect_say = "opens again on Friday, November 27 at 7:00 AM" },
        { say = "Yes, the basement is flooded." },
        { expect_transfer = THIS_WEEK },
    },

    {
        name = "lets a plumber take over by telephone", now = DAY, caller = THIS_WEEK,
        stubs = open({ kv = { get = { fail = { "not_found", "no such key" } }, set = { answer = true } } }),

        { say = "Hi, it's Pat. I'm on call now.", expect_words = "You are on call from now on" },
    },

    {
        name = "lets nobody else take over", now = DAY, caller = CALLER, stubs = open(),

        { say = "I'm on call now.", model = "How can I help you?" },
        { absent = "from now on" },
    },

    {
        name = "sends callers who smell gas out of the house first", now = DAY, caller = CALLER, stubs = open(),

        { say = "I can smell gas in the boiler room." },
        { expect_words = "leave the house now and call 911" },
        { expect_transfer = ON_CALL },
    },

    {
        name = "asks when it may be an emergency, and it is none", now = DAY, caller = CALLER, stubs = open(),

        { say = "There's a small leak under the sink." },
        { expect_words = "being damaged right now?" },
        { expect_phase = "emergency" },
        { say = "No, it only drips.", model = "Good. What is your name?" },
        { expect_words = "your name" },
        { say = "As I said, it leaks. Sam Hill.", model = "And your number?" },
        { expect_words = "your number" }, -- it was asked once
    },

    {
        name = "asks when it may be an emergency, and it is one", now = DAY, caller = CALLER, stubs = open(),

        { say = "It's urgent, my water heater overflows." },
        { expect_words = "being damaged right now?" },
        { say = "Yes, yes it is." },
        { expect_words = "main water valve" },
        { expect_transfer = ON_CALL },
    },

    {
        name = "takes no question about burst pipes for an emergency", now = DAY, caller = CALLER, stubs = open(),

        { say = "How much is it to repair a pipe that burst last year?", model = "A visit is 89 dollars." },
        { expect_words = "89 dollars" },
        { expect_outcome = "answered" },
    },

    {
        name = "takes a message at night", now = NIGHT, caller = CALLER, stubs = closed(),

        { expect_say = "would you like to leave a message" },
        { say = "I'd like to leave a message." },
        { expect_words = "Tell us your name" },
        { expect_voicemail = "after the tone" },
    },

    {
        name = "has words for a book that cannot be written", now = DAY, caller = CALLER,
        stubs = open({ leads = { save = { fail = { "unavailable", "the database is away" } } } }),

        { say = "Sam Hill, 555-010-0188, 5 Elm Street, the tap drips.", model = { { tool = "take_lead", args = LEAD } } },
        { expect_words = "a plumber calls you back within the hour" },
        { expect_tags = "call back" },
        { hangup = true },
        { expect_sms = { to = ON_CALL, text = "Call back +15550100188" } },
    },

    {
        name = "asks again for a number that is none", now = DAY, caller = CALLER,
        stubs = open(),

        { say = "Sam Hill, 12, 5 Elm Street, the tap drips.",
          model = { { tool = "take_lead", args = { name = "Sam Hill", phone = "12", address = LEAD.address, problem = LEAD.problem } },
              "What is your whole number?" } },
        { expect_words = "your whole number" },
        { expect_outcome = "answered" },
    },

    {
        name = "puts whoever presses 1 through", now = NIGHT, caller = CALLER, stubs = closed(),

        { press = "1", interrupt = true, after_ms = 1000 },
        { expect_transfer = ON_CALL },
        { expect_sms = { to = ON_CALL, text = "pressed 1" } },
    },

    {
        name = "can be interrupted by the word emergency", now = DAY, caller = CALLER, stubs = open(),

        { say = "What do you do?", model = "[long] We repair leaks. We clean drains. We install water heaters. We renovate bathrooms. Which is it?" },
        { interrupt = "Emergency! Water is pouring through the ceiling!", after_ms = 1500 },
        { expect_transfer = ON_CALL },
    },

    {
        name = "says goodbye to nobody", now = DAY, caller = CALLER, stubs = open(),

        { silence_ms = 40000 },
        { expect_words = "Goodbye" },
        { expect_hangup = true },
        { expect_outcome = "abandoned" },
    },
}
