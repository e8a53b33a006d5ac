/* Counters, gauges and histograms of the process, as Prometheus text. Updating one is an atomic
   add: any thread, no lock, no allocation. The tables of names are in metrics.c, histograms.c and
   thread_gauges.c; a metric with a label has one slot per value and the value's names stand there.
   Labels whose values come at run time: provider_metrics.h, tenant_metrics.h. docs/metrics.md has
   a row for each. */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"

enum metric {
    METRIC_CALLS_STARTED,
    METRIC_CALLS_ACTIVE, /* gauge */
    /* gauges: of them, by what goes on; from LISTENING on in the order of enum turn_state */
    METRIC_CALLS_OPENING, /* who has the first word, and what was said before, is being found out */
    METRIC_CALLS_LISTENING,
    METRIC_CALLS_THINKING,
    METRIC_CALLS_SPEAKING,
    METRIC_CALLS_INTERRUPTED,
    METRIC_CALLS_PAUSED,
    METRIC_CALLS_ENDING,
    /* streams that ended, by what the call came to as far as was known then */
    METRIC_CALLS_ENDED_BOOKED,
    METRIC_CALLS_ENDED_RESCHEDULED,
    METRIC_CALLS_ENDED_CANCELLED,
    METRIC_CALLS_ENDED_MESSAGE_TAKEN,
    METRIC_CALLS_ENDED_TRANSFERRED,
    METRIC_CALLS_ENDED_LEAD,
    METRIC_CALLS_ENDED_VOICEMAIL,
    METRIC_CALLS_ENDED_ANSWERED,
    METRIC_CALLS_ENDED_ABANDONED,
    METRIC_CALLS_ENDED_FAILED,
    /* voice webhooks answered with a refusal, by reason */
    METRIC_CALLS_REFUSED_UNKNOWN_NUMBER,
    METRIC_CALLS_REFUSED_FULL,
    METRIC_CALLS_REFUSED_LATE,     /* a media thread could not keep up */
    METRIC_CALLS_REFUSED_DRAINING, /* the process is being stopped */
    METRIC_CALLS_REFUSED_BUDGET,   /* the tenant's is spent */
    METRIC_CALLS_REFUSED_NO_CALL_SID,
    METRIC_CALLS_REFUSED_BAD_ATTEMPT,
    METRIC_CALLS_REFUSED_ATTEMPTS_SPENT, /* after its last attempt: the spoken way out */
    METRIC_CALLS_PASSED_ON,              /* while draining: the proxy asks another node */
    /* of on_incoming */
    METRIC_INCOMING_TAKEN,   /* an agent takes the call */
    METRIC_INCOMING_REFUSED, /* none does: rejected, redirected, … */
    METRIC_INCOMING_UNANSWERED, /* it failed or was late, or could not be asked: an agent takes the call */
    METRIC_OVERFLOW_ROWS_LOST, /* of callers turned away: no room to queue them */
    METRIC_CALL_RECORDINGS_STARTED,
    METRIC_CALL_RECORDINGS_FAILED, /* start, pause, stop: refused, or not answered; or nothing was recorded */
    METRIC_SOUND_FETCHED,         /* recordings that are on our disk */
    METRIC_SOUND_FAILURES,        /* steps of recordings that failed, for now or for good */
    METRIC_CALLS_REENTERED,       /* webhooks of callers whose stream broke */
    METRIC_CALLS_REENTERED_ENDED, /* of them, answered with a hang-up: the end was planned */
    METRIC_CALLS_RESUMED,         /* re-entered calls that knew what was said before */
    /* transfers by what they came to */
    METRIC_TRANSFERS_ASKED,    /* of the carrier */
    METRIC_TRANSFERS_BRIDGED,  /* somebody took the caller over */
    METRIC_TRANSFERS_DECLINED, /* somebody picked up, and pressed no key */
    METRIC_TRANSFERS_NO_ANSWER,
    METRIC_TRANSFERS_BUSY,
    METRIC_TRANSFERS_CANCELED, /* the caller hung up meanwhile */
    METRIC_TRANSFERS_FAILED,   /* refused, or the carrier could not */
    METRIC_ENDS_BY_REST,       /* planned ends that Postgres did not acknowledge in time */
    METRIC_ENDS_UNCOMMITTED,   /* neither Postgres nor the carrier took it */
    METRIC_ERRANDS_FAILED,     /* questions of calls that Postgres did not answer, or not in time */
    METRIC_FRAMES_IN,
    METRIC_FRAMES_OUT,
    METRIC_FRAMES_LATE,      /* sent more than 5 ms after their deadline */
    METRIC_FRAMES_DROPPED,   /* outbound, socket queue over 200 ms */
    METRIC_FRAMES_CONCEALED, /* inbound gaps filled */
    METRIC_FRAMES_LOST,      /* inbound, never came: not even late */
    METRIC_JITTER_LATE,
    METRIC_JITTER_DUPLICATE,
    METRIC_JITTER_REORDERED, /* in time all the same */
    METRIC_JITTER_GAPS,
    METRIC_JITTER_SKIPPED,
    METRIC_JITTER_RESYNCS,
    METRIC_OUTBOUND_UNDERRUNS,
    METRIC_STREAM_MESSAGES_BAD, /* malformed or oversized, dropped */
    METRIC_STREAM_MESSAGES_UNKNOWN,
    /* streams closed for what they sent, by reason */
    METRIC_STREAM_REFUSED_NO_START,
    METRIC_STREAM_REFUSED_SECOND_START,
    METRIC_STREAM_REFUSED_BEFORE_START, /* media, keys or marks without a start */
    METRIC_STREAM_REFUSED_FOREIGN,      /* another stream's streamSid */
    METRIC_STREAM_REFUSED_FORMAT,
    METRIC_STREAM_REFUSED_TOKEN_WRONG, /* missing, altered, or another call's */
    METRIC_STREAM_REFUSED_TOKEN_EXPIRED,
    METRIC_STREAM_REFUSED_TOKEN_USED, /* here or on another node */
    METRIC_STREAM_REFUSED_TENANT_GONE,
    METRIC_STREAM_REFUSED_FULL,
    METRIC_STREAM_REFUSED_FLOOD,
    METRIC_WEBHOOK_SIGNATURE_BAD,
    METRIC_TURNS,
    METRIC_DUCKS,
    METRIC_PAUSES,
    METRIC_FALSE_ALARMS,
    METRIC_CARRIER_LAGS,
    METRIC_BARGE_INS,
    /* voices over a reply, by what became of it */
    METRIC_INTERRUPTIONS_CUT,
    METRIC_INTERRUPTIONS_RESUMED,
    METRIC_INTERRUPTIONS_ENDED, /* it, or the call, was over before that was known */
    METRIC_REPLIES_CANCELLED,
    METRIC_APOLOGIES,
    METRIC_FILLERS,
    METRIC_FAILED_OPEN,
    METRIC_STT_FAILURES,
    METRIC_LLM_FAILURES,
    METRIC_TTS_FAILURES,
    /* of the providers they went to; by slot, in the order of enum provider_slot */
    METRIC_PROVIDER_FAILURES_HEAR,
    METRIC_PROVIDER_FAILURES_THINK,
    METRIC_PROVIDER_FAILURES_SPEAK,
    METRIC_PROVIDER_RETRIES_HEAR, /* the same provider was asked again */
    METRIC_PROVIDER_RETRIES_THINK,
    METRIC_PROVIDER_RETRIES_SPEAK,
    METRIC_PROVIDER_FALLBACKS_HEAR, /* the next one was asked */
    METRIC_PROVIDER_FALLBACKS_THINK,
    METRIC_PROVIDER_FALLBACKS_SPEAK,
    METRIC_CIRCUITS_OPENED_HEAR,
    METRIC_CIRCUITS_OPENED_THINK,
    METRIC_CIRCUITS_OPENED_SPEAK,
    METRIC_PERMIT_WAITS_HEAR, /* a key had as much under way as may be */
    METRIC_PERMIT_WAITS_THINK,
    METRIC_PERMIT_WAITS_SPEAK,
    METRIC_HEDGES_STARTED, /* a first token was late: another provider was asked as well */
    METRIC_HEDGES_WON,     /* and was first */
    /* what calls used of providers, in the order of enum provider_slot */
    METRIC_USAGE_HEAR_MS,
    METRIC_USAGE_CHARACTERS,
    METRIC_USAGE_TOKENS_INPUT, /* without those of the cache */
    METRIC_USAGE_TOKENS_CACHED,
    METRIC_USAGE_TOKENS_OUTPUT,
    METRIC_COST_HEAR, /* microdollars */
    METRIC_COST_THINK,
    METRIC_COST_SPEAK,
    METRIC_BUDGETS_NEARLY, /* gauges: of tenants, by state */
    METRIC_BUDGETS_SPENT,
    METRIC_CALLS_CUT_BUDGET, /* calls that went on and were ended, for the tenant's budget */
    METRIC_TEXTS_RECEIVED,   /* of people, told by the carrier: again when told again */
    METRIC_TEXTS_ANSWERED,   /* turns of an agent in texts, by how they ended */
    METRIC_TEXTS_LEFT,       /* to the staff */
    METRIC_TOOL_CALLS,
    METRIC_TOOL_FAILURES,
    /* what the model was told of tools it asked for, by what it was */
    METRIC_TOOL_RESULTS_OK,
    METRIC_TOOL_RESULTS_FAILED,
    METRIC_TOOL_RESULTS_LATE,
    METRIC_TOOL_RESULTS_REFUSED, /* not run: no such tool, wrong arguments, too many */
    /* Runs of hooks: errors, time, memory, answers that are none; in the order of enum script_hook. */
    METRIC_HOOK_FAILURES_ON_INCOMING,
    METRIC_HOOK_FAILURES_ON_CALL_START,
    METRIC_HOOK_FAILURES_ON_CALL_END,
    METRIC_HOOK_FAILURES_END_OF_TURN,
    METRIC_HOOK_FAILURES_ON_USER_TURN,
    METRIC_HOOK_FAILURES_ON_PARTIAL,
    METRIC_HOOK_FAILURES_ON_SILENCE,
    METRIC_HOOK_FAILURES_BEFORE_SAY,
    METRIC_HOOK_FAILURES_ON_TOOL_ERROR,
    METRIC_HOOK_FAILURES_ON_DTMF,
    METRIC_TURNS_BY_SCRIPT, /* that on_user_turn answered */
    /* end_of_turn's answers, by what they said */
    METRIC_END_OF_TURN_END,
    METRIC_END_OF_TURN_MORE,
    METRIC_END_OF_TURN_DEFAULT, /* nothing, or it failed */
    METRIC_END_OF_TURN_LATE,    /* after the engine's 20 ms, or about older words */
    METRIC_KEYS,                /* of callers' telephones, that counted */
    METRIC_KEYS_REFUSED,        /* too many */
    /* searches of what a tenant knows before a prompt, by what came of them */
    METRIC_KNOWLEDGE_FOUND,
    METRIC_KNOWLEDGE_NOTHING,
    METRIC_KNOWLEDGE_LATE, /* the prompt was built without */
    METRIC_KNOWLEDGE_FAILED,
    /* what became of changed scripts */
    METRIC_SCRIPT_RELOADS, /* current instead of another */
    METRIC_SCRIPT_RELOADS_REFUSED,
    METRIC_SCRIPT_RELOADS_CANARY,
    METRIC_SCRIPT_RELOADS_PROMOTED,
    METRIC_SCRIPT_RELOADS_ROLLED_BACK,
    METRIC_SCRIPT_RELOADS_MIGRATE_FAILED, /* of a call, which stays on its version */
    METRIC_SCRIPT_VMS,                    /* gauge */
    METRIC_SCRIPT_VM_BYTES,               /* gauge */
    METRIC_SCRIPT_RUNS,
    METRIC_SCRIPT_STOPPED, /* out of time or memory */
    /* runs that are over, by how */
    METRIC_SCRIPT_ENDED_DONE,
    METRIC_SCRIPT_ENDED_WAITING, /* dropped while it waited: its call is over, or it took too long */
    METRIC_SCRIPT_ENDED_OUT_OF_TIME,
    METRIC_SCRIPT_ENDED_OUT_OF_MEMORY,
    METRIC_SCRIPT_ENDED_ERROR,
    METRIC_SCRIPT_LIMITED,    /* asked for more than a tenant or a run may have */
    METRIC_QUEUE_SCRIPT_JOBS, /* refused or dropped by a full queue, here and below */
    METRIC_QUEUE_SCRIPT_RESULTS,
    METRIC_QUEUE_COMMANDS,
    METRIC_QUEUE_ERRANDS,
    METRIC_QUEUE_ERRAND_ANSWERS,
    METRIC_QUEUE_NOTES,
    METRIC_SPANS_EXPORTED,
    METRIC_SPANS_DROPPED_QUEUE,   /* for want of room, of ours */
    METRIC_SPANS_DROPPED_REFUSED, /* by the collector, or not taken by it in time */
    METRIC_SPAN_EXPORTS_OK,       /* requests to it, by outcome */
    METRIC_SPAN_EXPORTS_RETRIED,
    METRIC_SPAN_EXPORTS_FAILED,
    METRIC_RECORDS_WRITTEN,
    METRIC_RECORDS_WAITING, /* gauge */
    METRIC_RECORDS_DROPPED,
    METRIC_OUTBOX_QUEUED,      /* gauges of all nodes' rows */
    METRIC_OUTBOX_OLDEST_S,    /* how long the one due longest waits */
    METRIC_OUTBOX_UNKNOWN_NOW, /* neither sent nor not sent, for people to look at */
    /* what became of those that this process took */
    METRIC_OUTBOX_SENT,
    METRIC_OUTBOX_FAILED,
    METRIC_OUTBOX_UNKNOWN,
    METRIC_OUTBOX_CANCELLED,
    METRIC_OUTBOX_LATER,     /* to be asked for again */
    METRIC_OPT_OUTS,         /* told of by texts and callers */
    METRIC_JOURNAL_ROWS,     /* gauge, here and below */
    METRIC_JOURNAL_OLDEST_S, /* of all that is not in Postgres */
    METRIC_JOURNAL_BYTES,
    METRIC_JOURNAL_WRITING,  /* 0/1 */
    METRIC_JOURNAL_REFUSED,  /* rows set aside */
    METRIC_JOURNAL_BATCHES,  /* committed */
    METRIC_JOURNAL_FAILURES, /* of the disk, or of what a file holds */
    METRIC_JOURNAL_ADOPTED,  /* files of dead processes */
    METRIC_DATABASE_UP,      /* gauge 0/1 */
    /* captured calls, by what became of the file */
    METRIC_CAPTURES_COMPLETE,
    METRIC_CAPTURES_INCOMPLETE, /* records are missing, or its process died */
    METRIC_CAPTURES_DISCARDED,  /* nobody agreed to it */
    METRIC_CAPTURES_FAILED,     /* there is none */
    METRIC_CAPTURE_BYTES,       /* written */
    METRIC_CAPTURE_DISK_BYTES,  /* gauge: of all files */
    METRIC_LOG_LINES_DROPPED,
    METRIC_LOG_LINES_LIMITED, /* an event logged more than it may */
    METRIC_TLS_REFUSED,       /* connections given up for the certificate of the other side */
    METRIC_SOCKETS_REJECTED,  /* accepted WebSockets closed for what they sent */
    METRIC_REQUESTS_REFUSED,  /* HTTP that no handler saw: unreadable, too large, too slow */
    METRIC_ACCEPTS_POSTPONED, /* descriptors ran out: callers wait in the backlog */
    METRIC_COUNT
};

/* Of each media thread. What is "worst" is so of the last five seconds. */
#define METRIC_THREADS_MAX 64
enum thread_gauge {
    THREAD_CALLS,       /* its sockets that are calls or may become one */
    THREAD_LOOP_LAG_MS, /* worst, here and below */
    THREAD_FRAME_LATENESS_MS,
    THREAD_LATE_PERMILLE,   /* of its loop's or its frames' 20 ms steps */
    THREAD_IS_LATE,         /* 0/1: it keeps new calls from being let in */
    THREAD_DRIFT_MS,        /* a caller's media timestamps against our clock, either way */
    THREAD_JITTER_DEPTH_MS, /* deepest */
    THREAD_LEAD_MS,         /* lowest while something plays */
    THREAD_STT_QUEUE_MS,    /* most audio that waits for a session */
    THREAD_TTS_BUFFER_MS,   /* most audio that waits to be played */
    THREAD_GAUGE_COUNT
};
/* Threads beside them whose loop lag is shown. */
enum side_thread { SIDE_SCRIPT, SIDE_CONTROL, SIDE_JOURNAL, SIDE_THREAD_COUNT };

enum histogram {
    HISTOGRAM_FRAME_LATENESS, /* seconds past a frame's deadline */
    HISTOGRAM_TURN_RESPONSE,  /* end of the caller's speech → first audio of the reply */
    /* of that, each part; together they are it */
    HISTOGRAM_PART_SILENCE_WAIT,
    HISTOGRAM_PART_HEARING,
    HISTOGRAM_PART_SCRIPT,
    HISTOGRAM_PART_MODEL,
    HISTOGRAM_PART_TOOLS,
    HISTOGRAM_PART_SYNTHESIS,
    HISTOGRAM_PART_PLAYOUT,
    HISTOGRAM_PART_OWN,
    HISTOGRAM_OWN_DELAY,       /* of it, what is neither a configured wait nor a provider */
    HISTOGRAM_STT_FINAL,       /* local commit → final transcript */
    HISTOGRAM_STT_LAG,         /* end of speech → final transcript */
    HISTOGRAM_STT_PARTIAL,     /* speech start → first partial */
    HISTOGRAM_PROMPT,          /* commit → prompt built by the script */
    HISTOGRAM_LLM_FIRST_TOKEN, /* LLM start → first token */
    HISTOGRAM_LLM_TOTAL,
    HISTOGRAM_LLM_TOKENS_PER_SECOND, /* of an answer, from its first token to its end */
    HISTOGRAM_TOOL,
    HISTOGRAM_TTS_FIRST_AUDIO, /* first text sent → first audio */
    HISTOGRAM_BARGE_IN,        /* onset of the caller's voice → the reply is lowered */
    HISTOGRAM_WEBHOOK,         /* request read → answered */
    HISTOGRAM_COUNT
};

void metric_add(enum metric metric, int64_t delta);
void metric_set(enum metric metric, int64_t value);
int64_t metric_get(enum metric metric);

void metrics_set_threads(unsigned count); /* how many are shown; at most METRIC_THREADS_MAX */
unsigned metrics_threads(void);
void metric_set_thread(enum thread_gauge gauge, unsigned thread, int64_t value);
int64_t metric_get_thread(enum thread_gauge gauge, unsigned thread);
/* The worst so far, and when its loop is to come by next, by clock_ms: one that does not come at all is as late as that is
   ago when somebody asks. 0: it stands still on purpose. */
void metric_set_side_lag(enum side_thread thread, unsigned worst_ms, uint64_t due_ms);
unsigned metric_get_side_lag_ms(enum side_thread thread, uint64_t now_ms);
const char *metric_side_name(enum side_thread thread);

void metric_observe_ms(enum histogram histogram, double ms);
void metric_observe_rate(enum histogram histogram, double per_second);
uint64_t metric_histogram_count(enum histogram histogram);
double metric_histogram_sum(enum histogram histogram); /* in milliseconds, or of rates */

const char *metrics_build(void); /* which build this is: "0.1.0+0123456789ab" */

struct process_figures {
    uint64_t started_wall_ms;
    double cpu_seconds; /* since then */
    uint64_t resident_bytes;
};
void metrics_process(struct process_figures *out); /* as they are now */

/* All of it in text exposition format 0.0.4. */
void metrics_text(struct strbuf *out);
