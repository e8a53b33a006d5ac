---@meta

---What prompt(call), a tool's run(call, args) and the hooks of agent.lua are given.
---@class Call
---@field id string
---@field caller string|nil    as the carrier said it: may be no number
---@field called string
---@field turn integer
---@field utterance string|nil what the caller said last
---@field state table          plain data, at most 16 KiB as JSON; outlives reloads
---@field phase string|nil     what the conversation is about now, in your words: letters, digits, "_". Set it by assignment;
---                            `turn.phases` of agent.lua may have numbers for it, end_of_turn is told of it. Outlives reloads
---@field profile table        of agent.lua
local Call = {}

--- The methods answer nil, "late" in a tool that passed its limit: the caller was told, and the conversation went on.

---@class SayOptions
---@field interruptible boolean|nil false: the caller hears it to its end, whatever is said over it (a legal notice)

---Speaks after what is being said; from on_dtmf also when nothing is. Tools and on_dtmf only.
---@param text string
---@param options SayOptions|nil
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:say(text, options) end

---Hands the caller to another number, at once: say what there is to say before. Tools and on_dtmf only.
---@param number string
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:transfer(number) end

---Ends the call after the last word. Tools and on_dtmf only.
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:hangup() end

---What end_of_turn(call, signals) is told of the caller's words so far.
---@class Signals
---@field text string         the words since the last turn
---@field words integer       how many
---@field silence_ms integer  since the caller stopped
---@field speech_ms integer   that the caller spoke
---@field is_final boolean    speech-to-text will not change them any more
---@field is_hanging boolean  they end in the middle: "and", "my number is", a comma
---@field is_spelling boolean they end in single letters or digits, and no whole number yet
---@field phase string|nil    call.phase

---@alias EndOfTurn fun(call: Call, signals: Signals): boolean|nil true: the turn is over; false: more is to come; nil: as usual
---@alias OnDtmf fun(call: Call, digit: string): boolean|string|nil true: done with it; a text: the caller's words; nil: a key as usual
