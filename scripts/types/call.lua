---@meta

---What prompt(call) and a tool's run(call, args) are given.
---@class Call
---@field id string
---@field caller string|nil    as the carrier said it: may be no number
---@field called string
---@field turn integer
---@field utterance string|nil what the caller said last
---@field state table          plain data, at most 16 KiB as JSON; outlives reloads
---@field profile table        of agent.lua
local Call = {}

---@class SayOptions
---@field interruptible boolean|nil false: the caller hears it to its end, whatever is said over it (a legal notice)

---Speaks after what is being said. Tools only.
---@param text string
---@param options SayOptions|nil
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:say(text, options) end

---Hands the caller to another number, at once: say what there is to say before. Tools only.
---@param number string
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:transfer(number) end

---Ends the call after the last word. Tools only.
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:hangup() end
