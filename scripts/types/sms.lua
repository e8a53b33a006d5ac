---@meta

---@class smslib
sms = {}

---Waits until the carrier took the message. It comes from the number that was called.
---@param to string
---@param text string at most 1600 bytes
---@return string|nil sid
---@return string|nil code the carrier's, or "timeout", "unreachable", "unavailable", "limit"
---@return string|nil message
function sms.send(to, text) end
