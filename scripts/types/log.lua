---@meta

---Lines in the process's log, with tenant and call. At most 50 a second; phone numbers and e-mails are redacted.
---@class loglib
log = {}

---@param text string
function log.info(text) end

---@param text string
function log.warn(text) end
