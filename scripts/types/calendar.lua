---@meta

---When the business is open, what is free, and appointments. Where the tenant has rows of hours, staff or services (the
---console edits them) they win over the `profile` of agent.lua; holidays do so date by date. Times are the wall clock of
---`profile.time_zone`. Every function waits for the database, at most 5 s: tools, and hooks that may wait. All of
---them may answer nil, "timeout"|"unavailable"|"bad_profile", message.
---@class calendarlib
calendar = {}

---@class Opening
---@field start string "2026-11-28T08:00"
---@field at number    the same as seconds since 1970
---@field spoken string

---@class Slot: Opening
---@field staff string  who is free then; "any" where nobody is listed

---@class Appointment: Opening
---@field id string
---@field minutes integer
---@field service string|nil
---@field staff string
---@field name string|nil
---@field phone string|nil
---@field notes string|nil
---@field text_status string|nil of the text about it, when `confirm` asked for one: "queued", "cancelled"; "": none goes to that number
---@field status string    "booked", "cancelled", …
---@field contact_id string|nil
---@field call_id string|nil

---The opening hours of a day.
---@param date string|number|nil "2026-11-28" or seconds since 1970; nil: today
---@return Span[]|nil hours empty: closed
---@return string|nil reason the holiday's name, "closed" on a day without hours, else nil; or a code: "bad_date"
---@return string|nil message
function calendar.hours(date) end

---@param at string|number|nil "2026-11-28T10:00" or seconds since 1970; nil: now
---@return boolean|nil is_open
---@return Opening|string|nil next when it opens next, while it is closed and within 60 days; or a code: "bad_time"
---@return string|nil message
function calendar.is_open(at) end

---@class SlotsWish
---@field service string|nil     decides how long, and who; nil: one step of the calendar, anybody
---@field from string|number|nil a day or a time; nil: now
---@field days integer|nil       7; at most 60
---@field staff string|nil
---@field limit integer|nil      5; at most 50
---@field part_of_day "morning"|"afternoon"|"evening"|nil before noon, noon to five, from five on

---Free times in their order, on the multiples of `profile.slot_minutes` (30).
---@param wish SlotsWish
---@return Slot[]|nil slots
---@return "unknown_service"|"unknown_staff"|"wrong_staff"|"bad_date"|string|nil code
---@return string|nil message
---@return string[]|nil others the services or staff there are
function calendar.slots(wish) end

---@class BookingWish
---@field service string
---@field start string|number  "2026-11-28T10:00"
---@field name string
---@field phone string|nil     this or contact_id must be there
---@field contact_id string|nil nil: whoever has the number (or called, without one), a new contact if need be
---@field staff string|nil     nil: the first who is free
---@field notes string|nil
---@field call_id string|nil   nil: the call that goes on
---@field only_check boolean|nil true: answers as if, with an appointment without id, and writes nothing
---@field confirm "text"|nil   a text with service and time, written with the appointment or not at all; to numbers of
---                            `profile.country`, 20 a day to one. `text_status` tells whether there is one

---Books, once: the same time asked for again in the same call (also after its line broke) is the same appointment.
---@param wish BookingWish
---@return Appointment|nil appointment
---@return "taken"|"closed"|"past"|"unknown_service"|"unknown_staff"|"wrong_staff"|"unknown_contact"|"bad_name"|"bad_phone"|"bad_time"|"no_such_time"|"not_saved"|string|nil code
---@return string|nil message
---@return Slot[]|string[]|nil others the next free times (taken, closed, past), or the services or staff there are
function calendar.book(wish) end

---@class MoveOptions
---@field only_check boolean|nil as of calendar.book
---@field confirm "text"|nil     a text with the new time, to who calls from the number or had a text of it before

---Moves an appointment that is still to come. It keeps its length, and its staff while they work here.
---@param id string
---@param start string|number
---@param options MoveOptions|nil
---@return Appointment|nil appointment
---@return "taken"|"closed"|"past"|"unknown_appointment"|"bad_time"|"no_such_time"|"not_saved"|string|nil code
---@return string|nil message
---@return Slot[]|nil others the next free times (taken, closed, past)
function calendar.reschedule(id, start, options) end

---Cancels an appointment that is not over. Cancelling it again is fine.
---@param id string
---@return Appointment|nil appointment
---@return "unknown_appointment"|"not_saved"|string|nil code
---@return string|nil message
function calendar.cancel(id) end

---@class AppointmentsWish
---@field phone string|nil      this or contact_id must be there
---@field contact_id string|nil
---@field from string|number|nil nil: now

---What is booked and not over, in order of time, at most 50.
---@param wish AppointmentsWish
---@return Appointment[]|nil appointments
---@return "bad_phone"|"bad_date"|"unknown_contact"|string|nil code
---@return string|nil message
function calendar.appointments(wish) end
