---@meta

---What prompt(call), a tool's run(call, args) and the hooks of agent.lua are given.
---@class Call
---@field id string
---@field caller string|nil    as the carrier said it: may be no number
---@field called string
---@field channel "phone"|"sms" how the conversation goes: on the phone, or in texts (docs/texts.md)
---@field turn integer
---@field utterance string|nil what the caller said last
---@field knowledge KnowledgePiece[]|nil what is known of those words, best first; nil: nothing was looked for, or not in time
---@field business Business|nil what the database says of the business, half a minute old at most; nil: it has no such rows, or cannot be asked
---@field state table          plain data, at most 16 KiB as JSON; outlives reloads
---@field phase string|nil     what the conversation is about now, in your words: letters, digits, "_". Set it by assignment;
---                            `turn.phases` of agent.lua may have numbers for it, end_of_turn is told of it. Outlives reloads
---@field task CallTask|nil      of a call that we make because a task asked for it
---@field incoming Incoming      what the carrier told of the caller
---@field tags table<string, true> what the call was about, in your words: call.tags.vip = true; nil takes one away. At most 16 of
---                            40 bytes each. Outlives reloads, and is a column of the call's row
---@field outcome Outcome|nil   what the call came to. Outlives reloads, and is a column of the call's row
---@field history HistoryLine[] what was said so far, the newest 40 lines; made anew for each look, and only to be read
---@field profile table        of agent.lua
local Call = {}

---@alias Outcome
---| "booked" | "rescheduled" | "cancelled" | "message_taken" | "transferred"
---| "voicemail" | "answered" | "lead" | "abandoned" | "failed"

---Each may be missing.
---@class Incoming
---@field name string|nil           where the account looks names up
---@field city string|nil
---@field state string|nil
---@field zip string|nil
---@field country string|nil
---@field forwarded_from string|nil
---@field direction "outbound"|nil  we call: `caller` is who was called, `called` our number
---@field verification string|nil   STIR/SHAKEN: "TN-Validation-Passed-A", …

---@class CallTask
---@field id string
---@field title string
---@field details string|nil        at most 200 bytes

---@class HistoryLine
---@field role "caller"|"agent"|"tool"
---@field text string  the agent's: what was heard. A tool's: name(arguments) → result. At most 2000 bytes
---@field turn integer 0: before the caller's first words

--- The methods answer nil, "late" in a tool that passed its limit: the caller was told, and the conversation went on; and nil,
--- "unavailable" where call.channel is "sms": there is no line (call:hints is there all the same).

---@class SayOptions
---@field interruptible boolean|nil false: the caller hears it to its end, whatever is said over it (a legal notice)

---Speaks after what is being said; from a hook also when nothing is. Tools and hooks that may act (docs/scripting.md).
---@param text string
---@param options SayOptions|nil
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:say(text, options) end

---@class PlayOptions
---@field text string|nil           what the recording says, for the records and the model; without it "[sound name]"
---@field interruptible boolean|nil as of call:say

---Plays a recording, in order with what is said. Tools and hooks that may act.
---@param sound string a name of `sounds` in agent.lua
---@param options PlayOptions|nil
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:play(sound, options) end

---Sends tones of keys to whoever is on the line, in order with what is said: 100 ms each with 100 ms between. Nothing
---interrupts them. Tools and hooks that may act.
---@param keys string 1 to 32 of 0-9, A-D, *, # and "w" (half a second of silence)
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:send_dtmf(keys) end

---@class CarrierOptions
---@field say string|nil at most 512 bytes, by the carrier's voice, before what it does

---@class TransferOptions
---@field say string|nil          at most 512 bytes, by the carrier's voice, before it dials
---@field whisper string|nil      at most 300 bytes: what whoever picks up hears, and the caller does not, before `transfer_prompt` of
---                               agent.lua ("Press any key to take this call."). Only a key connects the two: a warm transfer. nil: blind
---@field timeout_s integer|nil   20; 5 to 120: rings so long
---@field on_no_answer "back"|"voicemail"|"hangup"|nil "back": the caller is with the agent again, who knows of it

---Hands the caller to another telephone after the last word. Tools and hooks that may act.
---@param number string one of `transfers` of agent.lua, else of those that its Lua files have: "+15550100099"
---@param options TransferOptions|nil
---@return true|nil done
---@return string|nil code "bad_number", "own_number", "not_allowed"; "limit": three transfers of this call failed; "refused": no account with
---                        the carrier is set
---@return string|nil message
function Call:transfer(number, options) end

---After the last word the carrier records the caller's message, and the call ends with it. Tools and hooks that may act.
---@param options CarrierOptions|nil
---@return true|nil done
---@return string|nil code "refused": no account with the carrier is set
---@return string|nil message
function Call:voicemail(options) end

---@class RecordOptions
---@field consent string|nil  the caller's words, at most 1000 bytes: they agree
---@field refused true|nil    they do not, or not any more
---@field said string|nil     the words of that

---What the caller said to being recorded: kept in `consents`, and the recording begins, or ends. One of consent and refused. Tools and
---hooks that may act.
---@param options RecordOptions
---@return true|nil done asked of the carrier
---@return string|nil code "not_allowed": calls of this business are never recorded; "unavailable": no account with the carrier is set
---@return string|nil message
function Call:record(options) end

---Ends the recording, and keeps no word of the caller's. Tools and hooks that may act.
---@return true|nil done
---@return string|nil code as of call:record
---@return string|nil message
function Call:stop_recording() end

---Silence in the recording until call:resume_recording: for card numbers. Nothing when there is none. Tools and hooks that may act.
---@return true|nil done
---@return string|nil code as of call:record
---@return string|nil message
function Call:pause_recording() end

---@return true|nil done
---@return string|nil code as of call:record
---@return string|nil message
function Call:resume_recording() end

---What words hold besides words, in the form that tools want.
---@class Hint
---@field kind "phone"|"email"|"digits"|"date"|"time"|"letters"
---@field value string         "+15550100001", "jane@example.com", "10023", "2026-12-01", "15:30", "SMITH"
---@field said string          the words it was read from
---@field is_uncertain boolean it may mean something else: "at three" is taken for the afternoon
---@field weekday string|nil   of a date

---Finds telephone numbers, addresses, digits, dates, times and spelled letters. English. Waits for nothing: prompts may use it, and
---on_partial with its own words. Dates are reckoned by profile.time_zone, numbers by profile.country.
---@param text string|nil at most 8 KiB; nil: call.utterance
---@return Hint[] hints in the order they were said, at most 16
function Call:hints(text) end

---Ends the call after the last word. Tools and hooks that may act.
---@return true|nil done
---@return string|nil code
---@return string|nil message
function Call:hangup() end

---What on_incoming(call) makes of a call that rings; nothing or true: the agent takes it.
---@class Verdict
---@field reject "busy"|"rejected"|nil it is not answered
---@field redirect string|nil          another telephone rings: "+15550100099"
---@field voicemail string|nil         these words are said, then a message is recorded
---@field say string|nil               these words are said, then the call ends

---What on_call_end(call, summary) is told of the call that is over.
---@class Summary
---@field duration_ms integer
---@field turns integer         of the caller
---@field outcome Outcome       as recorded
---@field end_reason string     "caller_hangup", "agent_hangup", "transferred", …
---@field caller_talk_ms integer
---@field agent_talk_ms integer
---@field barge_ins integer     times the caller interrupted and the agent yielded

---@alias OnIncoming fun(call: Call): Verdict|true|nil one member of Verdict
---@alias OnCallStart fun(call: Call): string|false|nil a text: the greeting of this call; false: none; nil: the agent's
---@alias OnCallEnd fun(call: Call, summary: Summary)

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

---What on_user_turn(call, text) may answer beside a text. One of the three; `say` alone is as good as a text.
---@class TurnAnswer
---@field rewrite string|nil  what the model reads instead of the caller's words; the records keep those
---@field transfer string|nil the number that rings, once `say` was heard
---@field hangup true|nil     the call ends, once `say` was heard
---@field say string|nil      spoken; the model is not asked

---@alias OnUserTurn fun(call: Call, text: string): string|TurnAnswer|nil a text: said, and the model not asked; nil: the model answers
---@alias OnPartial fun(call: Call, text: string) the caller's words so far
---@alias OnSilence fun(call: Call, nudges: integer): string|false|nil a text: said; false: nothing is, this time; nil: still_there
---@alias BeforeSay fun(call: Call, text: string): string|false|nil a text: said instead; false: not said; nil: as it is
---@alias OnToolError fun(call: Call, name: string, problem: string): string|table|nil a text: said, and the model not asked; a table: the tool's result
