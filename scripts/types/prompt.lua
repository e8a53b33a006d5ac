---@meta

---What prompts.receptionist makes a prompt of, and the calendar works by: the `profile` of agent.lua. All but the names may be missing.
---@class Profile
---@field name string                the business
---@field agent_name string          who answers
---@field role string|nil            "receptionist"; "dispatcher", "host", …
---@field address string|nil
---@field time_zone string           IANA name
---@field hours table<string, Span|Span[]>|nil by "monday" … "sunday"; a day that is missing is closed
---@field holidays table<string, string|false|Span|Span[]>|nil by "2026-12-25": closed (its name), or hours of its own
---@field services (string|Service)[]|nil
---@field staff (string|StaffMember)[]|nil who works there, each with a calendar of their own
---@field country string|nil         "US": how telephone numbers are read
---@field slot_minutes integer|nil   30: times offered are its multiples
---@field languages string[]|nil     "en", "es": what the agent may speak
---@field facts string[][]|nil       more facts, in order: { { "Parking", "behind the house" } }
---@field collect_for string|nil     what `collect` is asked for: "book", "send a plumber"
---@field collect Collected[]|nil    what to ask callers, in order
---@field confirmations "always"|"when_unsure"|"never"|Confirmations|nil what tools have read back before they act
---@field confirm_by "text"|nil      an appointment that is made or moved is told by a text
---@field confirm_texts ConfirmTexts|nil its words; English ones without
---@field messages_to string|nil     whose telephone take_message tells by a text
---@field transfer_to TransferTo[]|nil to whom transfer_call puts callers through
---@field recording_question string|nil what record_call has the caller asked: "May we record this call?"
---@field currency string|nil        "USD": of what log_lead notes
---@field policies string[]|nil      rules of the business, a sentence each
---@field emergencies Emergencies|nil
---@field donts string[]|nil         what never to do, after "Never ": "quote a price for a repair"
---@field tone string|nil            after "Sound ": "warm and unhurried"
---@field style string[]|nil         more about how it sounds, a sentence each

---@class Span
---@field open string  "08:00"
---@field close string "17:00"; not after `open`: on the next day
---@field name string|nil of the holiday

---@class Service
---@field name string
---@field minutes integer|nil        slot_minutes
---@field buffer_minutes integer|nil that its staff is busy afterwards
---@field staff string[]|nil         who does it; nil: everybody
---@field price string|number|nil as it is said: "95 dollars"

---@class StaffMember
---@field name string
---@field hours table<string, Span|Span[]>|nil their own, instead of the business's

---@class Collected
---@field field string         name, phone, email, address, service, time, party, problem, date_of_birth, or a word of your own
---@field say string|nil       what it is called to the model: "the kind of heater"
---@field confirm boolean|nil  it is read back, and waits for a yes
---@field optional boolean|nil it is asked for, and done without

---With {business}, {service}, {day}, {month}, {year}, {time} ("15:00") and {when} ("Saturday, November 28 at 3:00 PM").
---@class ConfirmTexts
---@field booked string|nil "{business}: {service} am {day}.{month}.{year} um {time} Uhr."
---@field moved string|nil

---What needs no reading back when it is sure: the number the caller rings from, what their contact is known to have.
---@class Confirmations
---@field name "always"|"when_unsure"|"never"|nil  "never"
---@field phone "always"|"when_unsure"|"never"|nil "when_unsure"
---@field email "always"|"when_unsure"|"never"|nil "always"
---@field time "always"|"when_unsure"|"never"|nil  "when_unsure"

---@class TransferTo
---@field name string      what callers call them: "the front desk"
---@field number string    "+15550100031"; `transfers` of agent.lua has it too
---@field warm boolean|nil whoever picks up hears first who it is

---@class Emergencies
---@field signs string[]|nil what makes one: "a burst pipe"
---@field say string         what to do: "tell the caller to hang up and dial 911"

---What a prompt is made of besides the profile. `tools` is the same all the time, the rest is this turn's.
---@class PromptFacts
---@field now ZonedTime                the business's wall clock
---@field tools Tool[]|nil             the agent's
---@field caller string|nil            the number the caller rings from, if it is one
---@field channel "phone"|"sms"|nil    call.channel: how it reads, where it is in texts
---@field phase string|nil             call.phase
---@field knowledge KnowledgePiece[]|nil call.knowledge
---@field hints Hint[]|nil             call:hints()
---@field business Business|nil        call.business

---What the database says of the business, where it has rows of it: they stand over the profile's fields of the same names.
---@class Business
---@field hours table<string, Span[]>|nil
---@field services Service[]|nil
---@field staff string[]|nil
---@field holidays table<string, string|false|Span[]>|nil of the next three weeks; date by date
