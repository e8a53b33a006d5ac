/* One call on its media thread: what it owns, and the functions its parts call across files. Private to live. */
#pragma once

#include <stdatomic.h>
#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "base/byte_queue.h"
#include "base/strbuf.h"
#include "callflow/heard.h"
#include "callflow/keypad.h"
#include "callflow/turn.h"
#include "live/asides.h"
#include "live/captured.h"
#include "live/conversation.h"
#include "live/filler.h"
#include "live/fixed.h"
#include "live/handover.h"
#include "live/live.h"
#include "live/quiet.h"
#include "live/recorder.h"
#include "live/sound_log.h"
#include "live/tally.h"
#include "live/tracing.h"
#include "live/typed.h"
#include "live/utterances.h"
#include "media/ear.h"
#include "media/framer.h"
#include "media/gain.h"
#include "media/marks.h"
#include "media/pacer.h"
#include "observe/span.h"
#include "observe/turn_parts.h"
#include "routing/desk.h"
#include "routing/usage.h"
#include "script/history.h"
#include "store/unsent.h"
#include "telephony/call_back_link.h"
#include "telephony/stream_codec.h"
#include "telephony/stream_token.h"
#include "text/pieces.h"
#include "text/room.h"

#define PREROLL_FRAMES 16 /* speech-to-text hears 320 ms from before the onset */
#define SEGMENTS_MAX 20
#define INTERJECTIONS_MAX 10 /* segments, then scripts add none: the rest is the model's */
#define SEGMENT_TEXT_BYTES (ASIDES_WORDS_MAX_BYTES + 256) /* with blanks between its pieces */
#define ULAW_BYTES_PER_MS (FRAME_BYTES / FRAME_MS)
#define VOICEMAIL "voicemail" /* the reason of an end after which the carrier records a message */
#define TRANSFERRED "transferred" /* of one whose caller somebody else has now, or is to have */
#define TOOL_CALLS_MAX 8          /* a turn */
#define TOOL_CALLS_TOLD_MAX                                                                        \
    16 /* calls past the line above have a result that says so, past this one nothing */
#define EVENTS_MAX 16         /* waiting inside one funnel run */
#define CALL_LEAD_MS 160      /* of a reply, sent ahead of its play-out */
#define AUDIO_QUEUE_FRAMES 10 /* 200 ms on the socket */

/* One stretch of speech of a reply: one text-to-speech context. */
struct segment {
    uint32_t context;
    struct strbuf text; /* as sent, pieces joined by blanks */
    struct heard_character *characters;
    size_t character_count;
    size_t character_capacity;
    size_t timed_bytes; /* of the text, whose character times came */
    struct byte_queue
        audio; /* came, and waits: the pacer is full, or an earlier segment is not through */
    struct call_sound *sound; /* instead of synthesis; NULL: none */
    struct phrase *phrase;    /* whose sound that is; held; NULL: nobody's */
    size_t sound_at;          /* of it, with the pacer */
    size_t audio_bytes;       /* came, all in all */
    uint32_t start_ms;        /* of its first audio, in audio of the reply */
    uint32_t audio_ms;
    bool has_audio;        /* its first frame is with the pacer */
    bool is_text_complete; /* text-to-speech was told the end */
    bool is_all_audio;     /* nothing more will come */
    bool is_put;           /* and all of it is with the pacer */
    bool is_protected;     /* must be heard to its end */
    bool is_tones;         /* keys for the other side */
    uint64_t span;         /* of its synthesis */
};

/* The moments of a turn, clock_ms; 0: not reached. */
struct turn_times {
    uint64_t speech_started;
    uint64_t speech_ended;
    uint64_t stt_committed;
    uint64_t first_partial;
    uint64_t stt_final;
    uint64_t prompt_asked; /* at the draft or the commit */
    uint64_t turn_committed;
    uint64_t prompt_ready;
    uint64_t first_model_started; /* of the first round */
    uint64_t model_started;       /* of the newest */
    uint64_t first_token;
    uint64_t model_done;
    uint64_t tts_started;
    uint64_t first_audio;
    uint64_t first_frame;
};

/* Of the newest item with words: how many, over which time. */
struct words_heard {
    uint32_t item;
    unsigned count;
    uint32_t from_ms; /* since the session's first frame */
    uint32_t to_ms;
    bool is_estimated;
};

struct reply {
    uint32_t epoch;
    struct turn_times times;
    struct turn_parts parts; /* what its answer waits for */
    bool is_draft;           /* its turn is not committed: nothing of it is in the records */
    struct llm *llm;
    char provider[PROVIDER_NAME_SIZE]; /* that answers, and its model; "": nobody did */
    char model[ROUTE_MODEL_SIZE];
    struct usage_amount used; /* of the model, in this turn's rounds */
    size_t beside_tokens;     /* of its prompt and tools, by estimate; 0: not counted yet */
    size_t asked_tokens;      /* of the newest question, by estimate; here and below */
    size_t written_tokens;    /* that came of its answer */
    bool was_shortened;       /* the model said that it was too long */
    struct pieces pieces;
    struct room room;
    struct strbuf unsaid; /* pieces that before_say has not let through, a line each (wording.c) */
    uint32_t wording_asked; /* about the first of them: the question's number; 0: not asked */
    uint64_t wording_by_ms; /* how long the answer is waited for */
    bool ends_with_wording; /* the round's end waits for them */
    struct strbuf backlog;  /* pieces that wait for credit, a line each */
    bool is_fixed;          /* this round's text was there before: the engine counts none of it */
    bool is_own;            /* and it is the script's own: before_say has no part in it */
    bool is_scripted;       /* the script answered in the model's place */
    bool is_wordless;       /* and the engine was told that nothing is left to be said */
    bool is_turn_asked;     /* on_user_turn was asked about its turn, and did not answer yet */
    bool was_turn_asked;    /* and began the turn on the script thread */
    bool has_text;          /* this round said something */
    bool is_text_over;      /* what the model still writes in this round is dropped */
    bool may_speak;         /* the engine let pieces go to text-to-speech */
    bool is_round_complete; /* no more model text in this round */
    struct segment segments[SEGMENTS_MAX];
    size_t segment_count;
    size_t first_segment;  /* of this round of the model */
    size_t told_segments;  /* of them, in the conversation already (rounds that asked for tools) */
    uint32_t audio_put_ms; /* audio of this reply handed to the pacer, filler included */
    uint32_t played_before_ms; /* of it, played in utterances that ended */
    bool is_protected;         /* segments that are begun now must be heard to their end */
    bool has_protected;        /* there is one */
    bool has_tones;            /* likewise */
    bool has_news; /* audio of a segment went to the pacer and the engine was not told */
    struct framer framer;
    json_t *
        tool_calls; /* of this round: {"id","name","arguments","result","is_given_up","is_asked"} */
    char *failure_text;     /* the tenant's words when one of them was late, or failed */
    bool is_failure_own;    /* they are on_tool_error's */
    unsigned tools_refused; /* the model asked for them wrongly */
    unsigned
        tools_asked; /* in all rounds: a model that only ever asks for tools must come to an end */
    size_t tools_waiting;
    char caller_message_id[ID_SIZE];
    char message_id[ID_SIZE]; /* its own */
    char turn_id[ID_SIZE];
    const char *turn_reason; /* why the turn it answers ended; NULL: it answers none */
    uint64_t tell_ms;        /* then the record is told how much of it was heard so far; 0: not */
    char *heard_words;       /* this turn's words as they came, in case the caller goes on */
    char *caller_text;       /* and as people write them */
    char *model_text;        /* what the model reads instead; NULL: those */
};

/* A planned end is committed before our socket closes (ending.c). */
enum ending_state {
    ENDING_NOT,
    ENDING_COMMITTING, /* Postgres is asked */
    ENDING_BY_CARRIER, /* it did not answer: the carrier is asked to end the call */
    ENDING_ELSEWHERE,  /* the carrier is asked to record a message, or to dial */
};

/* How far a call is on its way out for what it costs (spending.c). */
enum spending_state {
    SPENDING_ON,
    SPENDING_TOLD, /* the words before the end are said */
    SPENDING_OVER, /* they were, and what follows them was begun */
};

enum outbound_level {
    OUTBOUND_FULL,
    OUTBOUND_LOW,    /* a voice is over the reply */
    OUTBOUND_SILENT, /* it lasts: the reply stands still */
};

struct call {
    UT_hash_handle hh;
    uint64_t key; /* in the worker's table and in letters */
    struct live_worker *worker;
    struct log_call *log; /* what is logged for it (observe/log_call.h) */
    struct sound_log sound_log;
    struct ws *ws; /* NULL once closed */
    struct net_timer *timer;
    char stream_sid[STREAM_SID_SIZE];
    struct script_call_facts facts;
    struct agent *agent; /* the version that answered last */
    unsigned attempt;    /* counts from 0; a later one goes on with a call whose stream broke */
    bool is_outbound;    /* we called: facts.caller is who was called, facts.called is us */
    struct call_back_link call_back; /* then: which row and task asked for it */
    bool is_started;
    bool is_finished;       /* records closed; waits for its socket to close */
    bool is_resumed;        /* begins with "we got cut off" */
    bool is_broken;         /* the stream ended without a plan: the caller may come back */
    bool is_stopped;        /* the carrier said stop */
    uint64_t history_by_ms; /* what was said before is awaited until then; 0: not */
    unsigned history_asked; /* answers about it that have not come */
    json_t *history_found;  /* in Postgres; NULL: nothing yet */
    struct unsent_question *history_unsent; /* and on its way there; likewise */
    enum ending_state ending;
    uint64_t ending_by_ms;     /* while ending: how long the answer is waited for */
    struct rest_call *carrier; /* while BY_CARRIER and RECORDER */
    char *state_json;          /* call.state, the last known; NULL: none */
    char phase[PHASE_SIZE];    /* call.phase, the last known; empty: none */
    bool is_state_new;         /* one of the two, or a label, is not yet recorded */
    uint64_t opened_ms;
    uint64_t started_ms; /* zero of its spans */
    uint64_t last_media_ms;
    const char *end_reason;
    struct call_labels labels; /* call.tags and call.outcome, the last known */
    struct history history;    /* lines that no job took along yet */
    char *incoming_json;       /* for call.incoming; NULL: nothing, or a job took it along */
    uint64_t opening_by_ms;    /* on_call_start is awaited until then; 0: not */
    char *greeting;            /* that it gave; NULL: the agent's */
    bool is_mute;              /* it wants none */
    struct route routes[PROVIDER_SLOTS]; /* routes.c */
    uint64_t routes_generation;          /* of the catalog they were made of; 0: none were made */
    struct agent *routes_agent;          /* and the version; held */
    /* the caller */
    struct ear ear;
    struct keypad keypad;
    struct typed typed;          /* keys since the last turn */
    uint64_t own_tones_until_ms; /* keys we send may be heard again until then */
    unsigned hooks_held;         /* hooks that may act were asked, and did not answer yet */
    uint64_t hooks_held_by_ms;   /* what they want heard waits no longer */
    struct asides asides;        /* what hooks want heard and nothing carries yet */
    bool wants_hang_up;          /* a hook asked for it, after its words */
    char *voicemail; /* the carrier's words before it records a message; NULL: nobody wants that */
    bool is_partial_new;   /* on_partial was not told of the newest words */
    bool is_partial_asked; /* and has not answered about older ones */
    uint64_t partial_asked_ms;
    const char *nudge_words;    /* on_silence's, while the engine hears of them */
    uint32_t wording_number;    /* of before_say's newest question */
    struct handover_plan *plan; /* where the caller goes once the reply was heard; NULL: nowhere */
    bool wants_transfer;        /* a hook asked for that: it is not taken back with a reply */
    struct rest_call *handover; /* the carrier is asked for that; NULL: not */
    struct recorder recorder;
    struct captured captured;
    char left_for
        [HANDOVER_NUMBER_SIZE]; /* who was asked for last; here and below empty: nobody was */
    char came_back[HANDOVER_STATUS_SIZE]; /* from whom, and why, as this stream was told */
    struct stt *stt;
    uint32_t items_before;          /* of the call, before this session's first */
    char hears[PROVIDER_NAME_SIZE]; /* the provider; "": none yet */
    bool is_feeding;                /* speech-to-text gets frames */
    uint8_t preroll[PREROLL_FRAMES][FRAME_BYTES];
    unsigned preroll_next;
    unsigned preroll_count;
    struct utterances utterances; /* words since the last turn */
    uint32_t used_item;           /* items up to this one belong to committed turns */
    uint32_t newest_item;
    struct words_heard words_heard;
    struct turn_times hearing; /* of speech not yet committed as a turn */
    /* the engine */
    struct turn turn;
    struct turn_event events[EVENTS_MAX];
    unsigned event_count;
    bool is_stepping;
    enum turn_event_kind cause; /* of the actions that are performed */
    const char *
        turn_reason; /* why the caller's turn is over, if the event that is being handled ends it */
    uint64_t wished_silence_ms; /* before that event: so much of it was to end a turn, */
    bool is_all_final;          /* and speech-to-text was done */
    unsigned turn_number;
    char reopened_message_id[ID_SIZE]; /* of the caller's words that wait again; "": none */
    /* the reply */
    struct conversation conversation;
    char *system_prompt;
    struct tts *tts;
    uint64_t tts_generation; /* of the catalog, and the version, that its voices are of */
    char tts_version[VERSION_SIZE];
    char speaks[PROVIDER_NAME_SIZE]; /* the provider; "": none yet */
    uint32_t next_context;
    struct pacer pacer;
    struct reply reply;
    struct marks marks;
    unsigned unmarked_ms; /* sent since the last mark */
    bool owes_mark;       /* a segment's last frame is in the pacer: mark after it */
    struct filler filler;
    struct fixed fixed;
    struct gain gain;
    enum outbound_level level; /* from `splice_ms` on */
    uint64_t splice_ms;        /* then what the carrier holds is taken back; 0: no change waits */
    bool is_protected;         /* the engine was told that what plays must be heard to its end */
    struct tally tally;
    /* sums for the record */
    struct usage usage;
    uint64_t noted_micro_usd; /* of it, in the tenant's budget; and of the call's time */
    uint64_t noted_seconds;
    enum spending_state spending;
    const char *spending_reason;
    unsigned barge_ins;
    unsigned false_alarms; /* ducks that were taken back */
    uint64_t caller_talk_ms;
    uint64_t agent_talk_ms;
    struct tracing tracing;
    struct quiet quiet;
    unsigned told_false_alarms; /* of them, and of its silence, in rows of turns */
    uint64_t told_silence_ms;
    uint64_t rang_wall_ms;           /* the webhook's time; 0: it came back after its line broke */
    char thinks[PROVIDER_NAME_SIZE]; /* who wrote the newest reply of a model; "": none yet */
    char thinks_model[ROUTE_MODEL_SIZE];
    uint64_t seen_underruns;
};

struct live {
    struct live_options options;
    atomic_uint calls; /* sockets of all workers that are calls or may become one */
    atomic_uint late_workers;
    atomic_uint farewells; /* on_call_end that have not answered */
    struct gain_table duck;
    struct script_host *script;
    struct live_worker *workers[LIVE_WORKERS_MAX];
    atomic_uint_fast64_t rosters_wanted_until_ms; /* by whoever watches, by clock_ms */
    _Atomic(struct roster *) rosters[LIVE_WORKERS_MAX]; /* each thread's newest; NULL: taken */
};

#define TOLD_VERSIONS 64

/* Versions whose unknown providers were logged; the oldest is forgotten, and logged again. */
struct told {
    char versions[TOLD_VERSIONS][VERSION_SIZE];
    unsigned next;
};

struct live_worker {
    struct live *live;
    struct net_loop *loop;
    unsigned index;
    struct call *calls;
    uint64_t next_key;
    struct desk *desk;
    struct told told;           /* routes.c */
    struct farewell *farewells; /* farewell.c */
    struct mailbox results;     /* struct script_result */
    struct mailbox commands;    /* struct call_command */
    struct mailbox errands;     /* struct errand, answered */
    struct mailbox unsent;      /* struct unsent_question, answered */
    struct net_wake *wake;
    struct line_worsts worsts;
    struct admission admission;
    struct net_timer *pulse;     /* at its deadlines */
    struct strbuf captured;      /* scratch for a record of a captured call */
    uint64_t roster_due_ms;      /* then the next is written, if somebody wants it */
    struct stream_event message; /* scratch for decoding */
};

/* call.c */
struct call *call_create(struct live_worker *worker, struct ws *ws);
void call_begin(struct call *call, const struct stream_start *start,
    const struct stream_token *token, struct agent *agent);
const char *call_first_words(const struct call *call); /* the agent's; empty: the model's */
void call_speak_first(struct call *call); /* once all is known that the first words need */
void call_event(struct call *call, struct turn_event event); /* the funnel */
void call_arm(struct call *call);
void call_stream_gone(struct call *call, const char *reason);
void call_stream_broke(struct call *call, const char *reason); /* and nobody wanted it to */
void call_destroy(struct call *call);
const struct live_settings *call_settings(const struct call *call);
unsigned call_ms(const struct call *call, uint64_t at_ms); /* since the call began */
/* A moment is known: to the log, and to the call's trace. */
void call_span(struct call *call, enum span span, const char *detail);
/* A letter to the script thread about this call's reply; NULL: no memory. */
struct script_job *call_script_job(struct call *call, enum script_job_kind kind);
/* Takes the job (NULL is fine). False: it was not sent. */
bool call_send_script(struct call *call, struct script_job *job);

/* routes.c: whom this call asks, as its newest version and the newest catalog say; valid until the next question. */
const struct route *routes_of(struct call *call, enum provider_slot slot);
void routes_clear(struct call *call);

/* model_wait.c */
void model_warm(struct call *call); /* a connection to whom it will ask, ahead of need */
/* Of what is left until the engine apologises, without what speaking takes; 0: the caller hears something, or waits for nothing. */
unsigned model_answer_within_ms(const struct call *call);

/* tracing.c */
void tracing_begin(struct call *call);
void tracing_end(struct call *call); /* with all that is open */
void tracing_drop(struct call *call);
void tracing_moment(struct call *call, enum span span, const char *detail); /* of call_span */
void tracing_take_turn(struct call *call);                      /* before its reply begins */
void tracing_reply_begins(struct call *call);                   /* any reply */
void tracing_turn_over(struct call *call, const char *outcome); /* of the reply that is alive */
void tracing_stop(struct call *call);                           /* its parts; tools go on */
void tracing_discard(struct call *call);                        /* what was heard is no turn */
void tracing_partial(struct call *call);
void tracing_committed(struct call *call); /* speech-to-text is to finalise */
void tracing_prompt_begins(struct call *call);
void tracing_restarted(struct call *call); /* another provider goes on with the round */
void tracing_used(struct call *call, const struct usage_amount *amount); /* of the model */
uint64_t tracing_tool_begins(struct call *call, const char *name);
void tracing_tool_over(struct call *call, const struct script_result *result);
void tracing_segment_begins(struct call *call, struct segment *segment);
void tracing_segment_source(struct call *call, const struct segment *segment, const char *provider);
void tracing_segment_over(struct call *call, const struct segment *segment);
void tracing_name_parent(struct call *call, struct script_job *job, uint64_t id); /* 0: its turn */

/* tracing_providers.c */
struct route_witness tracing_witness(struct call *call); /* of its routes */
/* What the span waits for is there. */
void tracing_answered(struct call *call, enum provider_slot slot, uint64_t span);
void tracing_failed(
    struct call *call, enum provider_slot slot, const struct failure *failure); /* for good */
void tracing_apologised(struct call *call); /* the reply that is alive does */

/* opening.c */
bool opening_ask(struct call *call); /* on_call_start; false: nothing to wait for */
void opening_answer(struct call *call, const json_t *value);
void opening_tick(struct call *call, uint64_t now_ms);

/* farewell.c */
void farewell_ask(struct call *call); /* on_call_end, which may outlive the call */
void farewell_answer(struct live_worker *worker, struct script_result *result);
void farewell_drop_all(struct live_worker *worker);

/* ending.c */
void ending_begin(struct call *call); /* the call is over: commits that, then closes the socket */
void ending_answer(struct call *call, const struct errand *errand);
void ending_tick(struct call *call, uint64_t now_ms);
void ending_drop(struct call *call); /* before the call goes */

/* reentry.c */
void reentry_claim(struct call *call); /* the one use of its token, among all nodes */
void reentry_claim_answer(struct call *call, const struct errand *errand);
bool reentry_ask(struct call *call); /* what was said before; false: nothing to wait for */
void reentry_answer(struct call *call, const struct errand *errand);
void reentry_unsent_take(struct call *call, struct unsent_question *question);
void reentry_tick(struct call *call, uint64_t now_ms);
void reentry_drop(struct call *call);

/* inbound.c */
void inbound_message(struct call *call, struct slice text);
void inbound_tick(struct call *call, uint64_t now_ms);
uint64_t inbound_deadline(const struct call *call);

/* hearing.c */
must_use enum err hearing_open(struct call *call);
void hearing_frame(struct call *call, const struct frame *frame);
void hearing_start(struct call *call); /* voice began: feed, pre-roll first */
void hearing_commit(struct call *call);
void hearing_discard(struct call *call);
char *hearing_take_turn(
    struct call *call); /* the words since the last turn; heap, NULL: no memory */
char *hearing_text(const struct call *call); /* the same, left where they are */
char *hearing_written(
    const struct call *call, const char *words); /* as people write; heap, NULL: no memory */
void hearing_give_back(struct call *call, const char *text);
void hearing_close(struct call *call);

/* commands.c */
struct call_command;
void commands_do(struct call *call, struct call_command *command); /* its text and sound may go */

/* hooks.c */
/* Asks; takes `values`, an array of what the hook is told. False: it cannot be asked. `number` comes back as the result's
   epoch. */
bool hooks_ask(struct call *call, enum script_hook hook, uint32_t number, json_t *values_take);
struct script_job *hooks_job(struct call *call, enum script_hook hook, json_t *values_take);
void hooks_result(struct call *call, struct script_result *result);
/* What hooks say and the hang-ups they ask for wait until one that was asked has answered. */
void hooks_hold(struct call *call, enum script_hook hook);
void hooks_let_go(struct call *call);
/* A hook's words, which wait for a silence. */
void hooks_say(struct call *call, struct slice text, bool is_protected);
void hooks_play_take(struct call *call, struct call_sound *sound, bool is_protected);
void hooks_hang_up(struct call *call);            /* after them */
void hooks_pump(struct call *call);               /* after each change of the engine's state */
uint64_t hooks_deadline(const struct call *call); /* for hooks_tick; 0: none */
void hooks_tick(struct call *call, uint64_t now_ms);

/* hooks_turn.c */
void hooks_ask_end_of_turn(struct call *call, uint32_t question);
void hooks_end_of_turn_result(
    struct call *call, const struct script_result *result, const json_t *value);
/* About the turn that was committed. False: nobody wants to know, and the prompt is next. */
bool hooks_ask_user_turn(struct call *call);
bool hooks_is_turn_asked(const struct call *call); /* and the answer is still wanted */
void hooks_user_turn_result(
    struct call *call, const struct script_result *result, const json_t *value);

/* hooks_caller.c */
void hooks_partial(struct call *call);                  /* the caller's words have grown */
uint64_t hooks_partial_due_ms(const struct call *call); /* 0: nothing is to be told */
void hooks_partial_tick(struct call *call, uint64_t now_ms);
void hooks_partial_result(struct call *call);
void hooks_ask_silence(struct call *call, uint32_t question);
void hooks_silence_result(
    struct call *call, const struct script_result *result, const json_t *value);

/* hooks_keys.c */
void hooks_key(struct call *call, char key, enum keypad_verdict verdict);
void hooks_dtmf_result(struct call *call, const struct script_result *result, const json_t *value);

/* wording.c */
void wording_add(struct call *call, struct slice piece, unsigned sentences); /* without line ends */
bool wording_is_open(const struct reply *reply);                             /* a piece waits */
void wording_clear(struct reply *reply); /* what waits is not said */
void wording_result(struct call *call, const struct script_result *result, const json_t *value);
uint64_t wording_deadline(const struct call *call); /* 0: none */
void wording_tick(struct call *call, uint64_t now_ms);

/* handover.c */
void handover_take(
    struct call *call, struct handover_plan *plan, bool is_hooks); /* once it is time */
void handover_forget(struct call *call);                           /* the caller has more to say */
void handover_begin(struct call *call);                            /* now, if there is a plan */
void handover_pump(struct call *call);                             /* a hook's, in a silence */
void handover_drop(struct call *call);                             /* before the call goes */
/* The caller is with us again: the model and the records are told. Nothing when there was no transfer. */
void handover_welcome(struct call *call);

/* spending.c */
void spending_put(struct call *call); /* to the records, the metrics and the budget: what is new */
/* After a reply was heard: whether the call may go on. */
void spending_look(struct call *call, bool was_interrupted);

/* rules.c */
void rules_tell(struct call *call); /* the engine, when version or phase changed */
void rules_take_phase(struct call *call, const struct script_result *result);

/* reply.c */
void reply_begin(struct call *call, uint32_t epoch);
/* Its answer, until something is being spoken: from then on that is waited for. */
void reply_wait_for(struct call *call, enum turn_part part);
void reply_say(struct call *call, struct slice text); /* fixed text as the whole of a round */
void reply_say_own(
    struct call *call, struct slice text); /* so, the script's: before_say has no part in it */
/* The script's words in the model's place: what SCRIPT_ANSWERED promised. */
void reply_write(struct call *call, struct slice text);
void reply_take_piece(
    struct call *call, struct slice piece, unsigned sentences); /* as it will be said */
void reply_end_pieces(struct call *call);                       /* no more of them in this round */
void reply_start_model(struct call *call);
void reply_pump(struct call *call);
void reply_finish_segment(struct call *call);
/* What the round said is asked for in full: before its tools run, and before the next one begins. */
void reply_drain_round(struct call *call);
void reply_end_text(struct call *call);  /* enough was said; tools that are asked for still count */
void reply_end_model(struct call *call); /* they do not any longer */
void reply_fail_open(struct call *call); /* the tenant's words for late tools */
void reply_apologise(struct call *call, uint32_t epoch); /* recorded */
void reply_stop(struct call *call); /* model and text-to-speech; audio that waits stays */
void reply_clear(struct reply *reply);

/* question.c */
void question_fit(struct call *call); /* before a turn's first: old exchanges go, in steps */
/* The model said that it is too long: a good part goes. False: nothing is left to go, or it was done in this turn already. */
bool question_shorten(struct call *call);
void question_begin(struct call *call); /* it is asked; */
/* and once for each, when its end is known. `told` NULL: there was none. */
void question_used(struct call *call, const struct llm_usage *told);

/* reply_script.c */
void reply_interject(struct call *call, struct slice text,
    bool is_protected); /* a script's words, while a reply is alive */
void reply_play_take(struct call *call, struct call_sound *sound, bool is_protected);
void reply_say_aside(
    struct call *call, struct aside *aside);     /* as the whole of a reply; its sound is taken */
bool reply_takes_words(const struct call *call); /* a script's may follow now */

/* reply_heard.c */
/* The text of the segments from number `first` on; what lies behind `*unheard_at` was not heard. Heap; NULL: no memory. */
char *reply_text(struct call *call, size_t first, size_t *unheard_at, bool *is_estimate);
bool reply_is_spoken(const struct reply *reply); /* every segment is with the pacer, to its end */
bool reply_was_heard(const struct call *call);   /* some of it, fillers aside */

/* speech.c */
/* How an agent wants to be spoken, whoever speaks. */
struct tts_settings speech_settings(const struct agent *agent);
void speech_open(struct call *call);
/* The open session speaks as the call's version and the catalog say now: a session keeps the voices it was opened with. */
bool speech_is_current(struct call *call);
void speech_text(struct call *call, struct slice piece);
void speech_finish(struct call *call);
void speech_add_sound_take(struct call *call, struct call_sound *sound); /* a segment of its own */
/* Likewise, with the times of its words. Takes it; false: there is no room. */
bool speech_add_phrase_take(struct call *call, struct phrase *phrase, struct slice text);
uint32_t speech_ask_phrase(
    struct call *call, struct slice text); /* its context, of no reply; 0: not now */
void speech_cancel(struct call *call);
/* Takes back the segments from this one on. False: some of that may have been heard. */
bool speech_take_back(struct call *call, size_t first);
void speech_close(struct call *call);
uint32_t speech_credit_ms(const struct call *call); /* audio asked for and not yet played */

/* segments.c */
void segments_put_frame(struct call *call, const uint8_t frame[FRAME_BYTES]);
void segments_move(
    struct call *call); /* audio that waits goes to the pacer, as far as it takes it */
void segments_feed(struct call *call); /* and the engine is told */
void segments_take_audio(
    struct call *call, struct segment *segment, const uint8_t *ulaw, size_t len);
bool segments_are_awaited(const struct call *call); /* one is not yet with the pacer to its end */
size_t segment_waiting_bytes(const struct segment *segment);
void segment_drop_waiting(struct segment *segment, size_t len);
void segment_free(struct segment *segment); /* what it holds */

/* filler.c */
void filler_start(struct call *call);
/* Goes on with the filler. False: there is one, and what comes after it must wait. */
bool filler_feed(struct call *call);
void filler_hush(struct call *call); /* a phrase is finished, a sound fades at once */
void filler_drop(struct call *call); /* after the pacer was cleared */
void filler_free(struct call *call);

/* fixed.c */
struct phrase *fixed_find(struct call *call, const char *text); /* held; NULL: not known */
/* As the whole of a reply; false: it is not known, and nothing was said. */
bool fixed_say(struct call *call, const char *text);
void fixed_prepare(
    struct call *call); /* synthesis has nothing to do: what it was never asked for */
/* Synthesis of a phrase that is to be kept; false: the context is none. */
void fixed_source(struct call *call, uint32_t context, const char *provider);
bool fixed_audio(struct call *call, uint32_t context, const uint8_t *ulaw, size_t len);
bool fixed_timings(
    struct call *call, uint32_t context, const struct tts_timing *timings, size_t count);
bool fixed_end(struct call *call, uint32_t context);
void fixed_lost(struct call *call); /* its session is gone */

/* tools.c */
void tools_run(struct call *call);
void tools_result(struct call *call, struct script_result *result);
void tools_error_result(struct call *call, const struct script_result *result, const json_t *value);
void tools_cancel(struct call *call);

/* outbound.c */
void outbound_tick(struct call *call, uint64_t now_ms);
void outbound_clear(struct call *call);
void outbound_fade(struct call *call); /* what plays ends within a frame, and does not click */
/* The reply goes on at another level, or stands still: from the next frame's edge on, no sample lost or doubled as far as
   our clock and the carrier's marks know. */
void outbound_set_level(struct call *call, enum outbound_level level);
void outbound_mark(struct call *call, const char *name); /* the carrier's echo */
/* Tells the engine whether something is to be heard to its end: when that was put in, and as play-out moves on. */
void outbound_tell_protection(struct call *call, uint64_t now_ms);
uint64_t outbound_deadline(const struct call *call);
uint64_t outbound_played_ms(
    const struct call *call, uint64_t now_ms); /* by the caller, of this reply */

/* actions.c */
void actions_perform(struct call *call, const struct turn_actions *actions);
void actions_ask_prompt(struct call *call);
/* The version the run was on is what answers from now on. */
void actions_take_version(struct call *call, const struct script_result *result);
void actions_prompt_result(struct call *call, struct script_result *result);

/* journal.c */
void journal_call_started(struct call *call);
void journal_call_ended(struct call *call);
void journal_caller_turn(struct call *call);
/* While it is spoken: whoever goes on with the call after a crash knows what was being said. */
void journal_reply_so_far(struct call *call);
void journal_agent_turn(struct call *call, bool was_interrupted);
void journal_planned_end(struct call *call);
void journal_tool(struct call *call, const struct script_result *result);
void journal_usage(struct call *call, const struct usage_line *line);
void journal_filler(struct call *call, struct slice text);
/* "dialing", or why it came to nothing; to the row, and to who watches. */
void journal_transfer(
    struct call *call, const char *to, const char *status, const char *kind); /* NULL: as before */
void journal_note_transfer(struct call *call, const char *status);
void journal_consent(struct call *call, bool is_given, struct slice said); /* to being recorded */
void journal_recording_consent(
    struct call *call, const char *word);                          /* of calls.recording_consent */
void journal_recording_failed(struct call *call, const char *why); /* there is none */
/* The tool's line of call.history. */
void journal_tool_line(
    struct call *call, const char *name, const char *arguments, const char *result, unsigned turn);
const char *journal_outcome(const struct call *call); /* what the call came to, at its end */
const char *journal_outcome_so_far(
    const struct call *call); /* should nobody take the caller over */
void journal_take_labels(struct call *call, struct script_result *result);
/* What was learnt of a call that is gone: further columns of its row. */
void journal_amend(
    struct live *live, const struct script_call_facts *facts, const struct script_result *result);
void journal_take_state(
    struct call *call, struct script_result *result); /* written with the turn */
