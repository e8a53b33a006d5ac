/* The turn engine: what should happen in a call, decided from events and time alone. No IO, no
   clock, no allocation, no pointers in the state: copy it, compare it, record and replay it. It
   knows ids and flags, not text.

   LISTENING ──end of turn──► THINKING ──first audio──► SPEAKING ──all played──► LISTENING
       ▲                       │    ▲                    │    ▲
       │   caller goes on      │    └──played, tools run─┤    │ stopped without words
       ├───────────────────────┘                         ▼    │
       ├───────────────────── words ◄──────────── INTERRUPTED
       │                                             │    ▲
       │                                     350 ms  ▼    │ (SPEAKING) nothing was said
       └────────── words, or 1 s of speech ◄────── PAUSED
   any state ──hang-up asked, stream gone, too many failures──► ENDING

   state        event, condition                                 next         actions
   LISTENING    STARTED: a greeting, or the model's first words   THINKING     GREET, or COMMIT_TURN
                LISTEN: the caller has the first word            -
                SPEECH_ENDED                                     -            COMMIT_SPEECH
                early_ms of silence, all final; a script's say   -            ASK_END_OF_TURN
                ask_ms before a turn whose final is awaited; so  -            ASK_END_OF_TURN
                END_OF_TURN within ask_ms: the turn is over      THINKING     COMMIT_TURN
                END_OF_TURN within ask_ms: more is to come       -            more_ms of silence are waited for
                early_ms of silence, all final, words whole      THINKING     DRAFT_TURN
                silence_ms over; final, or stall_ms no new words THINKING     COMMIT_TURN (where the words hang
                                                                              the final has transcript_ms, less 500)
                speech for max_utterance_ms                      -            COMMIT_SPEECH (forced)
                silence_ms over, no words                        -            DISCARD_SPEECH
                speech, but no transcript for transcript_ms      THINKING     APOLOGISE
                KEY_TYPED, the last; or none more for keys_ms    THINKING     COMMIT_TURN
                SAY_ASKED, no speech waits                       THINKING     SAY
                nobody spoke for idle_ms                         THINKING     NUDGE, or FAREWELL after idle_nudges
                so, a NUDGE would come, the script is asked      -            ASK_SILENCE
                SILENCE_ANSWERED within silence_answer_ms        THINKING     NUDGE; or none this time: counted, and on
   THINKING     draft: silence_ms over                           -            COMMIT_TURN, and what was held
                draft: the caller goes on, or a failure          LISTENING    CANCEL_REPLY, REOPEN_TURN
                SCRIPT_PASSED: it leaves the turn to the model   -            what it took is not held against the model
                SCRIPT_ANSWERED: it writes in the model's place  -            PIECE, MODEL_DONE follow
                PROMPT_READY, TOOLS_DONE                         -            START_MODEL
                TOOLS_DONE, late, with words for that            -            FAIL_OPEN
                PIECE, no draft, caller silent (or answer_ms)    -            SPEAK
                PIECE, its sentence the last one allowed         -            END_TEXT, FINISH_SEGMENT
                MODEL_DONE, no draft                             -            FINISH_SEGMENT (RUN_TOOLS)
                MODEL_RESTARTED                                  -            no piece waits, sentences count anew
                NO_WORDS of the reply are left to be said        LISTENING    CLOSE_REPLY (first HUSH, and PLAYED)
                AUDIO                                            SPEAKING     (HUSH)
                AUDIO, a voice is over it                        INTERRUPTED  (HUSH) DUCK
                insist_ms of speech, words, or KEY_TYPED, and    LISTENING    CANCEL_REPLY, REOPEN_TURN
                nothing to come is protected
                so, SCRIPT_ANSWERED came: words or KEY_TYPED     LISTENING    CANCEL_REPLY
                waited for fill_ms, both silent                  -            FILL
                PLAYED: the filler; fill_again_ms later          -            FILL, fills_max times in all
                nothing said for answer_ms, or a failure         THINKING     (HUSH) CANCEL_REPLY, APOLOGISE
   SPEAKING     SPEECH_STARTED, or a protected part ends in it   INTERRUPTED  DUCK
                words                                            LISTENING    CLEAR, CANCEL_REPLY
                PLAYED, reply complete                           LISTENING    CLOSE_REPLY
                PLAYED, text at its end, model still at it       LISTENING    END_MODEL, CLOSE_REPLY
                PLAYED, more of the reply is to come             THINKING
                KEY_TYPED; KEY_TAKEN, no hang-up is asked for;   LISTENING    CLEAR, CANCEL_REPLY
                alike in the next two
   INTERRUPTED  SPEECH_ENDED, no words                           SPEAKING     COMMIT_SPEECH, RESUME
                pause_ms of speech                               PAUSED       PAUSE
                words                                            LISTENING    CLEAR, CANCEL_REPLY
                something protected is to come; alike PAUSED     SPEAKING     RESUME
   PAUSED       silent; all final, or verdict_ms: no words       SPEAKING     RESUME
                cut_ms of speech, or words                       LISTENING    CLEAR, CANCEL_REPLY
   While something protected is to come, or where barge_in is off, no voice, word or key interrupts what is heard.
   ENDING       PLAYED                                           -            CLOSE_REPLY, END_CALL
                10 s                                             -            END_CALL
   any          RULES                                            -            hold from the next SPEECH_STARTED on
                STREAM_ENDED                                     ENDING       END_CALL
                STT_FAILED, another session may hear             THINKING     (CLEAR) CANCEL_REPLY, APOLOGISE
                so, in the middle of the caller's words          -            the same when they are over
                STT_FAILED for good, second failure in a row     ENDING       APOLOGISE */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum turn_state {
    TURN_LISTENING,
    TURN_THINKING,
    TURN_SPEAKING,
    TURN_INTERRUPTED, /* a voice is over the reply, which goes on at a lower level */
    TURN_PAUSED,      /* the voice lasts: the reply stands still until it is known what it was */
    TURN_ENDING,
};

/* Where the reply of the current epoch stands. */
enum reply_phase {
    REPLY_NONE,
    REPLY_PROMPT,   /* the script hears the turn, and builds the prompt */
    REPLY_MODEL,    /* the model streams, or the script answers in its place */
    REPLY_TOOLS,    /* tools run; the model is asked again with their results */
    REPLY_COMPLETE, /* all text is known; audio may still come and play */
    REPLY_APOLOGY,  /* the recorded apology plays instead */
};

enum turn_held { TURN_HELD_NOTHING, TURN_HELD_END, TURN_HELD_TOOLS };

/* What a script answers at the end of a turn. */
enum turn_opinion {
    OPINION_UNASKED,
    OPINION_ASKED,   /* its answer is waited for, ask_ms at most */
    OPINION_DEFAULT, /* it has none: the numbers decide */
    OPINION_END,     /* the turn is over */
    OPINION_MORE,    /* more is to come: new words, or more_ms of silence in all */
};

enum turn_end_reason {
    TURN_END_CALLER,  /* the stream stopped */
    TURN_END_AGENT,   /* the script asked for it */
    TURN_END_IDLE,    /* the caller said nothing, nudged or not */
    TURN_END_FAILURE, /* vendors failed; the apology was played */
};

enum turn_event_kind {
    TURN_EVENT_STARTED,        /* `flag`: there is a fixed greeting */
    TURN_EVENT_LISTEN,         /* instead of it: the caller has the first word */
    TURN_EVENT_SPEECH_STARTED, /* voice activity; `lag_ms`: how long ago the voice began */
    TURN_EVENT_SPEECH_ENDED,   /* `lag_ms`: how long ago it ended */
    TURN_EVENT_COMMITTED,      /* speech-to-text will finalise `item` */
    TURN_EVENT_PARTIAL,        /* `item`, `words` */
    TURN_EVENT_FINAL,          /* `item`, `words` */
    TURN_EVENT_STT_FAILED,     /* what was not final will not be; `flag`: nor will anything else */
    TURN_EVENT_RULES,          /* `rules`: a phase of the conversation begins */
    TURN_EVENT_END_OF_TURN,    /* `item`: the question's number; `opinion` */
    TURN_EVENT_SILENCE_ANSWERED, /* `item`: the question's number; `flag`: nothing is to be said this time */
    TURN_EVENT_KEY_TYPED,    /* a key that is words of the caller; `flag`: the last of them */
    TURN_EVENT_KEY_TAKEN,    /* a key that did something else */
    TURN_EVENT_PROMPT_READY, /* `epoch`, here and in all below up to PLAYED */
    TURN_EVENT_PROMPT_FAILED,
    TURN_EVENT_SCRIPT_PASSED, /* the script heard the turn, and leaves it to the model */
    TURN_EVENT_SCRIPT_ANSWERED, /* it answers the turn itself: its words follow as PIECE, and MODEL_DONE */
    TURN_EVENT_PIECE, /* text that can be spoken waits; `sentences` of the model's end with it; `flag`: this answer needs
                         more room than usual */
    TURN_EVENT_MODEL_DONE, /* `flag`: it asks for tools */
    TURN_EVENT_MODEL_RESTARTED, /* what it wrote in this round is void, and nobody heard of it: it begins anew */
    TURN_EVENT_MODEL_FAILED,
    TURN_EVENT_TOOLS_DONE, /* `flag`: none in time, and there are words for that */
    TURN_EVENT_AUDIO, /* audio of the reply (no filler) is there, after nothing was or only a filler */
    TURN_EVENT_TTS_FAILED,
    TURN_EVENT_NO_WORDS, /* all of the reply is known, and what is not with the pacer will never be: it was dropped */
    TURN_EVENT_PROTECTED, /* `flag`: something is to be heard to its end, and what comes before it; else it was */
    TURN_EVENT_PLAYED, /* everything handed to the pacer so far was played; `flag`: nothing more of
                          what was asked of synthesis is to come */
    TURN_EVENT_SAY_ASKED,    /* by the script: words of its own, which no reply carries */
    TURN_EVENT_HANGUP_ASKED, /* by the script: end after the last word */
    TURN_EVENT_STREAM_ENDED,
    TURN_EVENT_TIME, /* the deadline passed */
};

struct turn_words {
    uint16_t count;
    bool is_backchannel; /* "mm-hmm", or what the tenant says never interrupts */
    bool is_command;     /* holds what the tenant says always interrupts */
    bool is_hanging; /* ends in the middle of something, or in spelled letters or digits: be patient
                      */
};

/* When a caller's turn is over. A phase of the conversation may have rules of its own. */
struct turn_rules {
    uint32_t silence_ms;
    uint32_t stall_ms;
    uint32_t patience_ms;
    uint32_t min_utterance_ms;
    uint32_t max_utterance_ms;
    bool asks_script;     /* it is asked at the end of a turn, before the numbers decide */
    bool script_first;    /* it hears a turn before the model does: no draft */
    bool asks_on_silence; /* it is asked before a nudge */
};

struct turn_event {
    enum turn_event_kind kind;
    uint32_t epoch;
    uint32_t item;
    uint32_t lag_ms;
    uint32_t sentences;
    bool flag;
    enum turn_opinion opinion;
    struct turn_words words;
    struct turn_rules rules;
};

enum turn_action_kind {
    TURN_ACTION_COMMIT_SPEECH,  /* tell speech-to-text that an utterance ended */
    TURN_ACTION_DISCARD_SPEECH, /* forget what was heard since the last turn: noise */
    TURN_ACTION_ASK_END_OF_TURN, /* whether the words since the last turn are the whole of it: question number `question` */
    TURN_ACTION_ASK_SILENCE, /* what to say to a caller who says nothing: question number `question` */
    TURN_ACTION_DRAFT_TURN, /* the words since the last turn are probably the caller's turn: ask for the prompt, but
                                   nothing that leaves a trace */
    TURN_ACTION_COMMIT_TURN, /* they are the caller's turn; ask for the prompt unless it was drafted in this epoch */
    TURN_ACTION_REOPEN_TURN, /* the caller went on: the turn's words wait again */
    TURN_ACTION_GREET,       /* speak the fixed greeting */
    TURN_ACTION_NUDGE,       /* ask whether the caller is there, as a reply of this epoch */
    TURN_ACTION_FAREWELL, /* say goodbye to nobody, as a reply of this epoch; then the call ends */
    TURN_ACTION_SAY,      /* the script's own words, as a reply of this epoch */
    TURN_ACTION_START_MODEL,
    TURN_ACTION_SPEAK, /* hand waiting pieces to text-to-speech */
    TURN_ACTION_END_TEXT, /* enough was said: what else the model writes is dropped, tools it asks for are not */
    TURN_ACTION_END_MODEL,      /* nor are those waited for any longer */
    TURN_ACTION_FINISH_SEGMENT, /* no more text before the next model round: flush */
    TURN_ACTION_RUN_TOOLS,
    TURN_ACTION_FAIL_OPEN, /* speak the tenant's words for late tools: they are the reply's end */
    TURN_ACTION_DUCK,      /* a voice over the reply: it goes on at a lower level */
    TURN_ACTION_PAUSE,     /* it lasts: nothing more is played for now */
    TURN_ACTION_RESUME, /* it was nothing: on at full level from the frame that comes next, no word lost */
    TURN_ACTION_CLEAR,        /* drop audio that waits here and at the carrier */
    TURN_ACTION_CANCEL_REPLY, /* stop model, tools' waits and speech; history keeps what was heard
                               */
    TURN_ACTION_CLOSE_REPLY,  /* all was heard: history and records */
    TURN_ACTION_FILL,         /* a filler: "one moment", or the sound of typing */
    TURN_ACTION_HUSH,         /* the filler ends: a phrase after its last word, a sound at once */
    TURN_ACTION_APOLOGISE,    /* the recorded apology, as a reply of this epoch */
    TURN_ACTION_END_CALL,     /* `reason` */
};

struct turn_action {
    enum turn_action_kind kind;
    uint32_t epoch;
    uint32_t question;
    enum turn_end_reason reason;
};

#define TURN_ACTIONS_MAX 8
struct turn_actions {
    struct turn_action list[TURN_ACTIONS_MAX];
    unsigned count;
};

struct turn_settings {
    uint32_t early_ms;         /* 250 of silence, all being final: the model may begin; 0: never */
    uint32_t silence_ms;       /* 500 */
    uint32_t stall_ms;         /* 600 */
    uint32_t patience_ms;      /* 400 more of silence when the words hang */
    uint32_t min_utterance_ms; /* 350; shorter without words is noise */
    uint32_t max_utterance_ms; /* 8000 */
    uint32_t insist_ms;        /* 350 of speech before a reply was heard: the turn goes on */
    uint32_t pause_ms;   /* 350 of speech over a reply stops it for now; 0: its length never does */
    uint32_t cut_ms;     /* 1000 of speech over a reply end it; until then only words do */
    uint32_t verdict_ms; /* 800 after such speech ended: no words have come, the reply goes on */
    uint32_t interrupt_words;   /* 1: so many words over a reply end it (a command always does) */
    uint32_t fill_ms;           /* 800 of waiting for us: a filler; 0: never */
    uint32_t fill_again_ms;     /* 4000 after a filler's end: another */
    uint32_t fills_max;         /* 3 a reply */
    uint32_t max_sentences;     /* 2 a model round, unless it asks for room; 0: no limit */
    uint32_t answer_ms;         /* 2800 without a sound: apologise */
    uint32_t tools_ms;          /* 10000 for tools to answer, beyond their own limits */
    uint32_t transcript_ms;     /* 2800 for speech-to-text to say anything about an utterance */
    uint32_t idle_ms;           /* 8000 of nobody speaking: a nudge; 0: never */
    uint32_t idle_nudges;       /* 2, then a farewell */
    uint32_t ask_ms;            /* 20 for a script's word on the end of a turn */
    uint32_t silence_answer_ms; /* 200 for its word on a silence */
    uint32_t more_ms;           /* 2000 of silence end a turn whatever the script expects */
    uint32_t keys_ms;           /* 2000 without another key: that was all */
    bool asks_script;           /* at the end of a turn */
    bool script_first;          /* the script hears a turn before the model does */
    bool asks_on_silence;       /* it is asked before a nudge */
    bool barge_in;              /* false: nothing interrupts a reply that is heard */
};
extern const struct turn_settings turn_defaults;

struct turn {
    struct turn_settings settings;
    enum turn_state state;
    enum reply_phase phase;
    uint32_t epoch; /* of the newest reply; results of older ones are ignored */
    /* the caller */
    bool is_speech;
    uint64_t speech_started_ms;
    uint64_t speech_ended_ms;
    uint64_t speech_told_ms; /* when its end was heard of */
    uint32_t speech_ms;      /* voiced since the last turn */
    uint32_t open_items;     /* committed, not final */
    uint32_t last_item;      /* newest item heard of */
    uint32_t turn_item;      /* newest item that belongs to the last turn */
    uint32_t reopened_item;  /* turn_item before the last turn, for REOPEN_TURN */
    bool has_speech;         /* speech since the last turn */
    bool is_forced;          /* it went on for max_utterance_ms: silence is not waited for */
    bool is_over_reply;      /* it lay within a reply: a mere "mm-hmm" is no turn */
    uint64_t typed_ms;       /* keys since the last turn: when it is over for them; 0: none */
    uint64_t key_ms;         /* when the newest came */
    bool has_settled_words;  /* an item since the last turn is final and has words */
    uint32_t words_item;     /* the item `words` speaks of */
    struct turn_words words; /* of the newest item with words since the last turn */
    uint64_t words_ms;       /* when they last grew */
    uint64_t listening_ms;   /* LISTENING: since when; 0: the call has not begun */
    bool has_next_rules;     /* they hold from the next utterance on */
    struct turn_rules next_rules;
    uint32_t
        question; /* number of the newest put to the script; answers to older ones are ignored */
    enum turn_opinion opinion; /* on the words heard so far */
    uint64_t asked_ms;
    uint32_t asked_speech_ms;  /* speech_ms then */
    uint64_t silence_asked_ms; /* the script was asked about this silence; 0: not */
    uint32_t nudges;           /* since the caller's last turn, silent ones included */
    uint64_t paused_ms;        /* PAUSED: since when */
    /* the reply */
    uint64_t quiet_since_ms; /* THINKING: since when the caller has heard nothing but fillers */
    uint64_t turn_ms;        /* when the turn was committed */
    uint64_t tools_began_ms; /* the newest that ran */
    bool had_tools;          /* some came back since the caller heard something */
    uint64_t fill_due_ms;    /* the next filler; UINT64_MAX: none is due */
    uint32_t fills;          /* so far */
    bool is_filling;         /* one is heard */
    uint32_t sentences;      /* of this model round so far */
    bool has_room;           /* it asked for more than max_sentences */
    bool is_text_over;       /* it has had them: only its tools matter now */
    bool was_audible;        /* the caller heard some of this reply */
    bool has_acted;          /* tools of this reply ran, or the script answered the turn */
    bool is_scripted;        /* it did: the turn stands, and only words take its reply back */
    bool is_draft;           /* the turn is not committed: nothing is spoken, no tool runs */
    bool early_failed;       /* a draft of this utterance failed: the next try is the real one */
    enum turn_held held;     /* the model's end, kept until the commit */
    bool holds_pieces;       /* pieces wait for the caller to pause, or for the commit */
    bool hangup_asked;
    bool is_protected; /* what plays, or is to be played, must be heard to its end */
    bool is_unasked;   /* the reply is a nudge, a farewell or the script's own: it answers nobody */
    bool is_farewell;  /* the reply is one: it ends the call */
    bool owes_apology; /* nobody hears the caller, who is told when the words are over */
    bool is_deaf;      /* and nobody will */
    uint32_t failures; /* in a row */
    enum turn_end_reason end_reason;
    uint64_t ending_deadline_ms;
    bool is_ended; /* END_CALL was given */
};

void turn_init(struct turn *turn, const struct turn_settings *settings);
void turn_step(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out);
uint64_t turn_deadline(const struct turn *turn); /* when to send TURN_EVENT_TIME; 0: never */
/* While the caller waits for the reply's first sound: when that has lasted too long; 0: nobody waits. */
uint64_t turn_answer_due_ms(const struct turn *turn);

const char *turn_state_name(enum turn_state state);
const char *turn_event_name(enum turn_event_kind kind);
const char *turn_action_name(enum turn_action_kind kind);
const char *turn_end_reason_name(enum turn_end_reason reason);
