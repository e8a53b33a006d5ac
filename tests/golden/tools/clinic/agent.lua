-- The tenant of the golden examples: every tool of scripts/tools, and facts for them to work with. It is Friday 2099-11-20, ten in
-- the morning.

---@type Profile
local profile = {
    name = "Corner Clinic",
    agent_name = "Cleo",
    time_zone = "America/New_York",
    hours = {
        monday = { open = "08:00", close = "17:00" },
        tuesday = { open = "08:00", close = "17:00" },
        sunday = { open = "00:00", close = "06:00" },
    },
    services = { { name = "checkup", minutes = 30, price = "95 dollars" }, { name = "scan", minutes = 60 } },
    confirm_by = "text",
    messages_to = "+15550100090",
    transfer_to = { { name = "the front desk", number = "+15550100091", warm = true } },
}

---@type Agent
return {
    name = profile.name,
    numbers = { "+15550100066" },
    profile = profile,
    faqs = { { "Where can I park?", "Parking is free behind the house.", tags = "car, lot" } },
    recording = "with_consent",
    tools = {
        require("tools.create_contact"), require("tools.log_lead"), require("tools.find_slots"),
        require("tools.book_appointment"), require("tools.reschedule_appointment"), require("tools.cancel_appointment"),
        require("tools.send_sms"), require("tools.transfer_call"), require("tools.take_message"), require("tools.lookup_price"),
        require("tools.answer_from_knowledge"), require("tools.record_call"),
    },
    prompt = function() return "p" end,
}
