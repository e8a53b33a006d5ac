---@meta

---People who call, one row each. All but contacts.phone and contacts.email wait for the database, at most 5 s: tools, and hooks that may wait. They may
---answer nil, "timeout"|"unavailable", message.
---@class contactslib
contacts = {}

---@class Contact
---@field id string
---@field name string|nil
---@field phone string|nil  as contacts.phone writes it
---@field email string|nil  lower case
---@field details table     what scripts keep of them

---@class ContactKey
---@field phone string|nil
---@field email string|nil

---By phone number, else by e-mail address (the oldest who has it).
---@param key ContactKey
---@return Contact|nil contact
---@return "not_found"|"bad_phone"|"bad_email"|"no_key"|string|nil code
---@return string|nil message
function contacts.find(key) end

---@class ContactWords: ContactKey
---@field name string|nil
---@field details table|nil  plain data by name, at most 4 KiB, put over what is kept, 16 KiB in all

---Keeps what was said; what was not said stays. The row of the number is theirs, and rows that have only the same address
---become part of it, with appointments and notes. A row with the address and another number is somebody else.
---@param words ContactWords phone or email must be there
---@return Contact|nil contact
---@return "bad_phone"|"bad_email"|"no_key"|"full"|"not_saved"|string|nil code
---@return string|nil message
function contacts.save(words) end

---@param id string
---@param text string at most 4 KiB
---@return true|nil done
---@return "unknown_contact"|"bad_note"|"not_saved"|string|nil code
---@return string|nil message
function contacts.note(id, text) end

---One form of a telephone number: "+15550100001" where its country is known (it says so, or it is a national number of
---`profile.country`, "US" by default), bare digits where it has no area code.
---@param text string
---@return string|nil number
---@return "bad_phone"|nil code
---@return string|nil message
function contacts.phone(text) end

---One form of an e-mail address: trimmed, in lower case.
---@param text string
---@return string|nil address
---@return "bad_email"|nil code
---@return string|nil message
function contacts.email(text) end
