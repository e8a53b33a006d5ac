---@meta

---@class smslib
sms = {}

---@class SmsOptions
---@field once string|nil a name of the fact behind it, of the tenant: the second text of that name is the first one
---@field at number|nil   not before this instant (time.parse), at most 30 days ahead, and not in the quiet hours; without it now

---Puts a text in the outbox; it goes out within a second, from the number that was called. It may go to the caller, to
---contacts, and to the numbers of texts.to in agent.lua; the same words to the same number in one turn are one text.
---@param to string
---@param text string at most 10 segments (1530 plain letters, 670 of others)
---@param options SmsOptions|nil
---@return string|nil id      of the outbox
---@return string status      "queued", or what became of it by now; or the code: "bad_number", "premium", "foreign", "recipient", "bad_text", "too_long", "opted_out", "limit", "timeout", "unavailable"
---@return string|nil message
function sms.send(to, text, options) end
