-- Booking with the tools a request offers, and what is said about their results.

local appointment = require("appointment")
local calendar = require("calendar")
local questions = require("questions")
local wording = require("wording")

local ask = questions.ask

local M = {}

-- ---- calls ----

local function schema_of(tools, name)
    for _, tool in ipairs(tools or {}) do
        local described = tool["function"] or tool
        if described.name == name then return described.parameters or {} end
    end
end

local NOTHING = { string = "", number = 0, integer = 0, boolean = false }

-- Only what the tool's schema asks for; a required field that nobody speaks of gets its first permitted or an empty value.
local function tool_call(tools, name, values)
    local schema = schema_of(tools, name)
    if not schema then return nil end
    local arguments, properties = {}, schema.properties or {}
    for key, value in pairs(values) do
        if properties[key] then arguments[key] = value end
    end
    for _, key in ipairs(schema.required or {}) do
        local field = properties[key] or {}
        if arguments[key] == nil then arguments[key] = field.enum and field.enum[1] or NOTHING[field.type] end
    end
    return { name = name, arguments = arguments }
end

local function values_of(state)
    local slots = state.slots
    return { name = slots.name, phone = slots.phone, email = slots.email, service = slots.service,
        start = slots.date and calendar.stamp(slots.date, appointment.minutes(state)) }
end

function M.book_appointment(state)
    local call = tool_call(state.tools, "book_appointment", values_of(state))
    if call then return "", { call } end
    state.is_booking = false
    return ask(state, "else", "I'm sorry, I can't book appointments right now. Is there anything else?")
end

-- An address alone; nil while it is not known whose.
function M.keep_email(state)
    if not (state.slots.name and state.slots.phone) then return nil end
    local call = tool_call(state.tools, "create_contact", values_of(state))
    return call and { call }
end

-- The contact first: the appointment points at it.
function M.book(state)
    local call = tool_call(state.tools, "create_contact", values_of(state))
    if call then return "", { call } end
    return M.book_appointment(state)
end

-- ---- results ----

local function failure_of(result)
    if type(result) ~= "table" then return "failed" end
    if result.ok == true then return nil end
    return result.reason or result.error or result.code or "failed"
end

local function offer_times(state, result, why)
    state.offers = type(result.next) == "table" and result.next or {}
    state.slots.time = nil
    if #state.offers == 0 then
        state.slots.date = nil
        return ask(state, "day", why .. " What other day works for you?")
    end
    local spoken = {}
    for i = 1, math.min(2, #state.offers) do
        local date, minutes = calendar.read_stamp(state.offers[i].start or "")
        spoken[i] = date and appointment.spoken_day(state, date) .. " at " .. wording.time(minutes) or state.offers[i].spoken
    end
    return ask(state, "offer", why .. " I could do " .. wording.list(spoken, "or") .. ", which would you like?")
end

local function after_failure(state, result, reason)
    if reason == "taken" then return offer_times(state, result, "I'm sorry, that time is taken.") end
    if reason == "closed" then return offer_times(state, result, "I'm sorry, we're not open then.") end
    if reason == "past" then return offer_times(state, {}, "I'm sorry, that time is over.") end
    if reason == "bad_phone" then
        appointment.forget(state, "number")
        return ask(state, "phone", "I think I got the number wrong. Could you say it once more?")
    end
    if reason == "unknown_service" then
        appointment.forget(state, "service")
        return questions.next(state)
    end
    if reason == "read_back_first" then return ask(state, "confirm", result.say) end
    if reason == "cancelled" then return ask(state, "confirm", "I have not booked it yet. Shall I?") end
    return ask(state, "confirm", "I'm sorry, I couldn't save that just now. Shall I try again?")
end

-- What is said, or called next, when the results of the last calls are there: text, calls.
function M.after_tools(state)
    local contact, booking = state.results.create_contact, state.results.book_appointment
    local contact_reason = contact and not booking and failure_of(contact)
    if contact_reason == "bad_phone" or contact_reason == "cancelled" then
        return after_failure(state, contact, contact_reason)
    end
    if not booking and appointment.is_complete(state) then return M.book_appointment(state) end
    if not booking then return ask(state, "else", "All right, I have that. Is there anything else?") end
    local reason = failure_of(booking)
    if reason then return after_failure(state, booking, reason) end
    local slots = state.slots
    local date, minutes = calendar.read_stamp(booking.start or "")
    local is_known = date and state.facts.today
    local day = is_known and appointment.spoken_day(state, date) .. " at " .. wording.time(minutes) or "then"
    state.is_booking = false
    state.slots = { name = slots.name, first_name = slots.first_name, phone = slots.phone, email = slots.email }
    return ask(state, "else", "You're all set for " .. day .. ". Is there anything else?")
end

return M
