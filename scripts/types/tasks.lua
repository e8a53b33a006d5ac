---@meta

---What people of the business are to do. Waits for the database, at most 5 s: tools, and hooks that may wait. May answer nil,
---"timeout"|"unavailable", message.
---@class taskslib
tasks = {}

---@class TaskWish
---@field title string              in one line, at most 200 bytes
---@field kind "to_do"|"message"|"call_back"|nil "to_do"
---@field details string|nil        the words, at most 4000 bytes
---@field name string|nil           whose message it is, whom to call back
---@field phone string|nil          their number: the contact of it, made if need be
---@field is_urgent boolean|nil
---@field assigned_to string|nil    a person of the business
---@field text_to string|nil        whose telephone is told by a text, once; of `profile.country`, or in `texts.to`
---@field text string|nil           its words; nil: the title

---@class Task
---@field id string
---@field kind string
---@field title string
---@field phone string|nil
---@field contact_id string|nil
---@field conversation_id string|nil
---@field status string

---Keeps a task, its contact and the text about it in one statement. The same words again in one call are the same task.
---@param wish TaskWish
---@return Task|nil task
---@return "bad_title"|"bad_phone"|"refused"|"not_saved"|string|nil code "refused": text_to is a number abroad, or one that costs more
---@return string|nil message
function tasks.add(wish) end
