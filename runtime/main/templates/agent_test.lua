-- Conversations that must hold: `moonline test @SLUG@` holds them, and nothing goes live with which one of them fails.
-- `say` is the caller, `model` what the model answers, `expect_…` what must come of it. docs/testing-scripts.md has all of it.

return {
    {
        name = "greets", now = "2026-11-27T10:00",

        { expect_words = "@NAME@" },
    },

    {
        name = "knows when it is open", now = "2026-11-27T10:00",

        { say = "Are you open on Sunday?", model = "No, we are closed on Sundays." },
        { expect_prompt = { "Hours: Sunday closed", "Today: Friday 2026-11-27 10:00" } },
        { expect_words = "closed" },
    },

    {
        name = "takes a name and a number", now = "2026-11-27T10:00",
        stubs = { contacts = { save = { answer = { id = "1", name = "Sam Hill", phone = "+15550100188" } } } },

        { say = "Please call me back, Sam Hill, 555-010-0188.", model = "That's 555-010-0188, right?" },
        { say = "Yes.", model = {
            { tool = "create_contact", args = { name = "Sam Hill", phone = "555-010-0188", email = "" } },
            "Thank you, Sam. We call you back.",
        } },
        { expect_tool = "create_contact", result = { ok = true } },
        { expect_words = "call you back" },
    },

    {
        name = "asks whoever says nothing, and ends the call at last", now = "2026-11-27T10:00",

        { silence_ms = 10000 },
        { expect_words = "still there" },
        { silence_ms = 30000 },
        { expect_words = "Goodbye" },
        { expect_hangup = true },
    },
}
