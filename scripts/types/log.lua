---@meta

---Lines in the process's log, with tenant and call. At most 50 a second; phone and card numbers, e-mail addresses and days of birth are redacted.
---@class loglib
log = {}

---@param text string
function log.info(text) end

---@param text string
function log.warn(text) end
