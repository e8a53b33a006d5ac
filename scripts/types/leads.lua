---@meta

---What somebody wants of the business. Waits for the database, at most 5 s: tools, and hooks that may wait. May answer nil,
---"timeout"|"unavailable", message.
---@class leadslib
leads = {}

---@class LeadWish
---@field interest string          what they want, in a sentence: at most 2000 bytes
---@field phone string             whose it is: the contact of the number, made if need be
---@field name string|nil
---@field value_cents integer|nil  what it may be worth
---@field currency string|nil      "USD"
---@field details table|nil        plain data by name, at most 4 KiB

---@class Lead
---@field id string
---@field contact_id string
---@field conversation_id string|nil nil: the number has no area code
---@field interest string
---@field value_cents integer|nil
---@field stage string|nil         the pipeline's first; nil: the tenant has none

---Keeps a lead and its contact in one statement. The same interest again in one call is the same lead, with what was said last.
---@param wish LeadWish
---@return Lead|nil lead
---@return "bad_interest"|"bad_phone"|"not_saved"|string|nil code
---@return string|nil message
function leads.save(wish) end
