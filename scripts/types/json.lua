---@meta

---At most 256 KiB, 32 levels, 20000 values. Arrays stay arrays, also empty ones; integers past 2^53 become texts.
---@class jsonlib
json = {}

---@type userdata
json.null = nil

---@param value any plain data
---@return string|nil text
---@return "bad_value"|nil code
---@return string|nil message
function json.encode(value) end

---@param text string
---@return any value json.null for null; nil: bad
---@return "bad_json"|nil code
---@return string|nil message
function json.decode(text) end

---Marks a table as an array, so that it is written as [] while it is empty.
---@param items table|nil
---@return table
function json.array(items) end
