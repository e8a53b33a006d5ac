/* Drives the turn engine with sockets: one worker per media thread, each with its own loop and calls.

   Twilio's socket ─► inbound ─► VAD, jitter ─► speech-to-text ─┐
                                                                ├─► funnel ─► turn engine ─► actions
   script thread, model, text-to-speech, timers ────────────────┘                              │
   Twilio's socket ◄─ outbound ◄─ pacer ◄─ reply (pieces ─► text-to-speech) ◄──────────────────┘ */
#pragma once

#include "base/mailbox.h"
#include "bindings/call_ops.h"
#include "live/admission.h"
#include "net/loop.h"
#include "net/ws.h"
#include "providers/llm.h"
#include "providers/stt.h"
#include "providers/tts.h"
#include "script/host.h"
#include "store/errands.h"
#include "store/records.h"
#include "telephony/rest.h"

#define LIVE_WORKERS_MAX 64

struct live_settings {
    const struct stt_ops *
        stt_ops; /* who hears, thinks and speaks, of the providers in the catalog (routing/catalog.h) */
    const struct llm_ops *llm_ops;
    const struct tts_ops *tts_ops;
    struct rest_settings
        rest; /* transfers, voicemail, recordings, and hang-ups that Postgres did not take */
    const char
        *dial_done_url; /* whom the carrier asks when a transfer is over; NULL: there are none */
    const char *whisper_url; /* and what whoever picks up hears */
    const char *
        recording_url; /* whom the carrier tells of recordings, and asks when a message was; NULL: nobody */
    const char *token_key;        /* signs stream tokens */
    const char *second_token_key; /* also taken, while tokens are rotated; empty: none */
    unsigned jitter_min_ms;
    unsigned jitter_max_ms;
    unsigned start_timeout_ms; /* for `start` after the upgrade */
    unsigned silent_stream_ms; /* no media at all for so long: the stream is dead */
    unsigned max_calls;        /* of the process */
    double
        trace_sample; /* of calls whose agent does not say: the share that leaves a trace, 0 to 1 */
    unsigned call_max_minutes;           /* then a call ends with its turn; 0: never */
    struct admission_settings admission; /* when a thread is too late for new calls */
};
extern const struct live_settings live_defaults;

/* What people watching a call are told (GET /api/calls/…/events): one JSON object an event. */
struct live_note {
    struct letter letter;
    char call_sid[40];
    char *json;
    bool is_end;
};
void live_note_free(struct live_note *note);

struct captures;
struct phrases;

struct live_options {
    struct live_settings settings; /* strings must outlive it */
    struct records *records;
    struct errands *errands;   /* what a call asks Postgres while it waits */
    struct phrases *phrases;   /* what is said in the same words each time; NULL: nothing is kept */
    struct captures *captures; /* where calls are captured; NULL: nowhere */
    const char *node;          /* this process's name in calls.node; outlives it; NULL: none */
    struct mailbox
        *traces; /* of struct trace_batch; the control thread's; NULL: nobody wants them */
    struct mailbox *notes; /* of struct live_note; the control thread's; NULL: nobody watches */
};

struct live; /* shared by all workers, immutable once they run */
must_use enum err live_create(struct live **out, const struct live_options *options);
/* Scripts and calls know each other: before the first worker. */
void live_set_script(struct live *live, struct script_host *script);
void live_destroy(struct live *live);                    /* after the workers */
const struct call_ops *live_call_ops(struct live *live); /* owner: the live itself */
/* Any thread. There are calls, and a media thread is too late to be given more: the kernel spreads new ones, so nobody
   can keep them from that thread but by taking none. A process without calls is never late: nobody would be spared. */
bool live_is_late(const struct live *live);
unsigned live_calls(const struct live *live); /* of all workers; any thread */
unsigned live_max_calls(const struct live *live);
/* No call is left, and no on_call_end of one. */
bool live_is_idle(const struct live *live);

struct live_worker;
must_use enum err live_worker_create(
    struct live_worker **out, struct live *live, struct net_loop *loop, unsigned index);
void live_worker_accept(struct live_worker *worker, struct ws *ws); /* an upgraded stream socket */
bool live_worker_is_full(const struct live_worker *worker); /* no room in the whole process */
bool live_worker_is_late(
    struct live_worker *worker); /* live_is_late, this thread's last stall included */
size_t live_worker_calls(const struct live_worker *worker);
/* Ends every call, politely where that takes no time; the loop must run on for them to close. */
void live_worker_hang_up(struct live_worker *worker);
void live_worker_cut(struct live_worker *worker); /* drops every call now */
void live_worker_destroy(
    struct live_worker *worker); /* on its loop's thread; calls that are left are cut */
