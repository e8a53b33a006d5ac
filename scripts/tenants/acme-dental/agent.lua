-- Acme Dental: a dentist's front desk. This folder is all there is to this tenant.

local receptionist = require("prompts.receptionist")

---@type Profile
local profile = {
    name = "Acme Dental",
    agent_name = "Ava",
    address = "12 Harbor Street, Springfield",
    time_zone = "America/New_York",
    hours = { -- a day that is missing is closed
        monday = { open = "08:00", close = "17:00" },
        tuesday = { open = "08:00", close = "17:00" },
        wednesday = { open = "08:00", close = "17:00" },
        thursday = { open = "08:00", close = "17:00" },
        friday = { open = "08:00", close = "17:00" },
        saturday = { open = "09:00", close = "13:00" },
    },
    services = {
        { name = "cleaning", minutes = 30 },
        { name = "checkup", minutes = 30 },
        { name = "filling", minutes = 60 },
    },
    collect_for = "book",
    collect = {
        { field = "name", confirm = true },
        { field = "phone", confirm = true },
        { field = "service", confirm = true },
        { field = "time", confirm = true },
    },
    policies = {
        "Appointments lie within the opening hours; offer the nearest open time when asked for another one.",
        "New patients are welcome and should come ten minutes early.",
        "Appointments can be cancelled free of charge up to 24 hours before.",
    },
    confirmations = { email = "never" }, -- nobody asks for it here; what is given by the way is kept as it was heard
    confirm_by = "text",
    transfer_to = { { name = "the front desk", number = "+15550100021", warm = true } },
    tone = "warm and unhurried",
    emergencies = {
        signs = { "bleeding that does not stop", "swelling that makes breathing hard" },
        say = "tell the caller to hang up and dial 911",
    },
}

local tools = {
    require("tools.create_contact"),
    require("tools.find_slots"),
    require("tools.book_appointment"),
    require("tools.reschedule_appointment"),
    require("tools.cancel_appointment"),
    require("tools.take_message"),
    require("tools.transfer_call"),
    require("tools.send_sms"),
}

---@type Agent
return {
    name = profile.name,
    numbers = { "+15550100002" },
    language = "en",

    greeting = "Thanks for calling Acme Dental, this is Ava. How can I help?",
    goodbye = "Thanks for calling Acme Dental. Goodbye!",
    failure_text = "That is taking longer than it should. I'll text you the details.",

    filler = { kind = "phrase", after_ms = 800, phrases = { "Let me have a look.", "One moment, please.", "Bear with me." } },

    voice = { speed = 1.0, stability = 0.5, similarity = 0.75 },
    turn = {
        silence_ms = 500,
        stall_ms = 600,
        min_utterance_ms = 350,
        max_utterance_ms = 8000,
        barge_in = true,
        max_sentences = 2,
    },

    profile = profile,
    faqs = {
        { "Do you take walk-ins?", "Yes, but callers with an appointment go first.", tags = "drop in, without appointment" },
        { "Which insurance do you accept?", "Delta Dental, Cigna, Aetna and MetLife.", tags = "plan, coverage, network" },
        { "Where can I park?", "Parking is free behind the building, entered from Mill Lane.", tags = "car, lot" },
        { "Do you treat children?", "From the first tooth on; under twelve a parent stays in the room.", tags = "kids, son, daughter" },
    },
    tools = tools,

    prompt = function(call)
        return receptionist.build(profile, {
            tools = tools,
            now = time.at(profile.time_zone),
            caller = call.caller,
            phase = call.phase,
            knowledge = call.knowledge,
            hints = call:hints(),
            business = call.business,
        })
    end,
}
