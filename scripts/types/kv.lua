---@meta

---Small values of this tenant, shared by its calls and by all nodes; they outlive both. For counters, "already told", opening
---hours that changed today. What belongs to one call is call.state. Each waits, 2 s at most.
---
---Keys: 1 to 128 letters, digits and `_-.:/+@`. Values: plain data, at most 16 KiB as JSON. At most 10000 keys.
---@class kvlib
kv = {}

---@class KvOptions
---@field ttl_s number|nil seconds until the key is gone, a year at most; nil: it stays

---@param key string
---@return any value json.null for a null that was kept; nil: see code
---@return string|nil code "not_found", or "timeout", "closed", "unavailable", "limit"
---@return string|nil message
function kv.get(key) end

---@param key string
---@param value any not nil: kv.delete takes a key away
---@param options KvOptions|nil
---@return true|nil done
---@return string|nil code "full": no room for another key; "bad_value"; or as kv.get
---@return string|nil message
function kv.set(key, value, options) end

---Adds to a number in one step, whoever else does so at the same time. A key that is not there begins at 0, and options count
---for it alone.
---@param key string
---@param by number|nil 1
---@param options KvOptions|nil
---@return number|nil sum
---@return string|nil code "not_a_number", "full", or as kv.get
---@return string|nil message
function kv.add(key, by, options) end

---@param key string
---@return boolean|nil was_there
---@return string|nil code as kv.get
---@return string|nil message
function kv.delete(key) end
