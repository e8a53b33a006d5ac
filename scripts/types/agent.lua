---@meta

---What agent.lua returns. `---@type Agent` above the table makes an editor complete it. docs/scripting.md says more of each.
---@class Agent
---@field name string                    the business
---@field numbers string[]|nil           numbers that lead here: "+15550100002"
---@field language string|nil            "en"
---@field greeting string|nil            the first words; without it the model greets
---@field greeting_interruptible boolean|nil true; false: a notice that must be heard to its end
---@field resume_greeting string|nil     to a caller who is back after a break
---@field transfer_failed string|nil     to a caller who is back because nobody picked up
---@field transfer_prompt string|nil     to who picks up a warm transfer, behind its `whisper`
---@field call_back_greeting string|nil first words of a call that the agent makes; without it the model greets
---@field call_back_message string|nil   left where a machine answers; without it the call just ends
---@field recording "never"|"with_consent"|"always"|nil "never"; whether its calls are recorded, where the console says nothing (docs/outbound.md)
---@field recording_notice string|nil   "This call is recorded.": the first words where they always are
---@field capture "off"|"consented"|"on"|nil "off"; whether its calls are kept as files that can be run again: of callers who agreed to being recorded, or of all but those who refused (docs/capture.md)
---@field notify string|nil              a number of the staff's that gets a text of each voicemail: "+15550100099"
---@field still_there string|nil         asked of one who says nothing
---@field goodbye string|nil             said to one who still says nothing
---@field failure_text string|nil        when tools are late: "I'll text you the details."
---@field budget_text string|nil         the last words of a call whose tenant has spent its budget
---@field filler AgentFiller|nil         what is heard while the caller waits
---@field sounds table<string, string>|nil what call:play plays: { notice = "sounds/notice.wav" }; at most 16, 1 MiB together
---@field http AgentHttp|nil             where http may go
---@field texts boolean|AgentTexts|nil  whether it answers texts (true: it does), and whom sms.send may text (docs/texts.md)
---@field voice AgentVoice|nil
---@field models AgentModels|nil
---@field providers AgentProviders|nil  whom its calls ask, in order; without it everybody, in the operator's order
---@field turn AgentTurn|nil             whose turn it is, and when
---@field overflow AgentOverflow|nil     for callers whom no agent can take
---@field transfers string[]|nil          numbers that callers may be transferred to, at most 32; without it those in its Lua files
---@field trace_sample number|nil        0 to 1: of its calls, the share that leaves a trace; without it the operator's (docs/tracing.md)
---@field profile table|nil              plain data, at most 64 KiB: call.profile; a Profile for prompts.receptionist
---@field faqs AgentFaq[]|nil            questions with their answers, found by what callers say
---@field knowledge AgentKnowledge|nil   what prompts are given of what is known
---@field tools Tool[]|nil               at most 32
---@field reload "next_turn"|"next_call"|nil "next_turn"; "next_call": calls that run on this version end on it
---@field canary integer|nil            1 to 99: percent of new calls that try this version first
---@field migrate Migrate|nil           call.state of calls that come from another version
---@field prompt fun(call: Call): string asked before each turn: the system prompt
---@field on_incoming OnIncoming|nil    before the call is answered
---@field on_call_start OnCallStart|nil its first words
---@field on_call_end OnCallEnd|nil     after the last one
---@field end_of_turn EndOfTurn|nil     whether the caller's turn is over
---@field on_user_turn OnUserTurn|nil   a turn, before the model reads it
---@field on_partial OnPartial|nil      words, while the caller speaks
---@field on_silence OnSilence|nil      before still_there
---@field before_say BeforeSay|nil      a piece, before it is spoken
---@field on_tool_error OnToolError|nil
---@field on_dtmf OnDtmf|nil

---@alias Migrate fun(state: table, from: string): table|nil the new call.state, nil: as it is; 50 ms, cannot wait

---@class AgentFaq
---@field [1] string      the question
---@field [2] string      its answer
---@field tags string|nil other words that callers use for it

---@class AgentKnowledge
---@field limit integer|nil  3: pieces a prompt; 0 to 8
---@field files string[]|nil texts in the tenant's folder, a piece at each heading: { "knowledge/menu.md" }

---@class AgentFiller
---@field kind "phrase"|"typing"|"none"|nil "phrase"
---@field after_ms integer|nil 800: of waiting; 200 to 10000
---@field phrases string[]|nil at most 8
---@field level_db number|nil  -12: of the sound; -60 to 0
---@field wav string|nil       a sound in the tenant's folder

---@class AgentTexts
---@field answer boolean|nil       the agent answers what people write; otherwise that is the staff's [false]
---@field max_segments integer|nil 3: of an answer, 1 to 10; a longer one is cut behind a sentence
---@field failure_text string|nil  sent instead of an answer that could not be made; without it nothing is. The staff has a task
---@field to string[]|nil          numbers of staff ("+15550100041"), in any country; at most 32
---@field to_country boolean|nil   any number of the profile's country [false]

---@class AgentHttp
---@field allow string[]|nil only these hosts; "*.example.com" is every host below it. Without it any public host. At most 32

---@class AgentVoice
---@field id string|nil
---@field model string|nil
---@field stability number|nil  0 to 1
---@field similarity number|nil 0 to 1
---@field speed number|nil      0.5 to 2; whoever takes less (ElevenLabs: 0.7 to 1.2) speaks at the nearest it takes

---@class AgentModels
---@field chat string|nil
---@field stt string|nil

---@class AgentProviders
---@field hear (string|AgentProvider)[]|nil  1 to 4, here and below: as the operator called them
---@field think (string|AgentProvider)[]|nil
---@field speak (string|AgentSpeaker)[]|nil

---@class AgentProvider
---@field [1] string       the provider's name
---@field model string|nil instead of the operator's; of the first one also models.chat, models.stt, voice.model

---@class AgentSpeaker : AgentProvider
---@field voice string|nil instead of the operator's; of the first one also voice.id

---@class AgentTurnNumbers
---@field silence_ms integer|nil       500: that ends a turn; 100 to 5000
---@field stall_ms integer|nil         600: without new words; 0 to 5000
---@field patience_ms integer|nil      400: more while words hang; 0 to 5000
---@field min_utterance_ms integer|nil 350: shorter is noise; 0 to 2000
---@field max_utterance_ms integer|nil 8000; 1000 to 60000

---@class AgentTurn : AgentTurnNumbers
---@field phases table<string, AgentTurnNumbers>|nil by call.phase
---@field barge_in boolean|"off"|"low"|"normal"|"high"|nil "normal"
---@field never_interrupts string[]|nil  at most 24
---@field always_interrupts string[]|nil stop, wait, hold on
---@field early boolean|nil              true: the model may begin before the turn is certain
---@field idle_ms integer|nil            8000; 0: never
---@field idle_nudges integer|nil        2; 0 to 10
---@field max_sentences integer|nil      2; 0: no limit

---@class AgentOverflow
---@field say string
---@field voicemail boolean|nil then a message is recorded
---@field forward string|nil    or another telephone rings

---A file of scripts/tools returns one.
---@class Tool
---@field name string           letters, digits, _ and -
---@field description string    what it does
---@field when string|nil       when to use it, for the prompt and the model: "only after the caller said yes"
---@field parameters table      a JSON schema of type object
---@field timeout_ms integer|nil 2000; 100 to 10000
---@field failure_text string|nil said when it is late
---@field run fun(call: Call, args: table): any, string|nil, string|nil
