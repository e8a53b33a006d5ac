#include "api/call_notes.h"

#include <stdlib.h>
#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "live/live.h"

#define CALLS_MAX 256
#define EVENTS_MAX 400
#define NOTES_WAITING_MAX 8192
#define ANSWER_BYTES (256 * 1024) /* past this the rest is for the next question */

struct noted_call {
    UT_hash_handle hh; /* uthash keeps insertion order: the first is the oldest */
    char call_sid[40];
    char *events[EVENTS_MAX]; /* a ring: event number n (from 1) stands at (n - 1) % EVENTS_MAX */
    unsigned count;           /* events so far, those that went included */
    bool is_ended;
};

struct call_notes {
    struct mailbox mailbox;
    struct noted_call *calls;
};

struct call_notes *call_notes_create(void (*wake)(void *owner), void *owner)
{
    struct call_notes *notes = calloc(1, sizeof *notes);
    if (notes)
        mailbox_init(&notes->mailbox, NOTES_WAITING_MAX, wake, owner);
    return notes;
}

struct mailbox *call_notes_mailbox(struct call_notes *notes)
{
    return &notes->mailbox;
}

static void forget(struct call_notes *notes, struct noted_call *call)
{
    HASH_DELETE(hh, notes->calls, call);
    for (unsigned i = 0; i < EVENTS_MAX; i++)
        free(call->events[i]);
    free(call);
}

static struct noted_call *find(struct call_notes *notes, struct slice call_sid)
{
    struct noted_call *call;
    HASH_FIND(hh, notes->calls, call_sid.data, call_sid.len, call);
    return call;
}

static struct noted_call *find_or_add(struct call_notes *notes, const char *call_sid)
{
    struct noted_call *call = find(notes, slice_from(call_sid));
    if (call)
        return call;
    if (HASH_COUNT(notes->calls) >= CALLS_MAX)
        forget(notes, notes->calls);
    call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    slice_copy(slice_from(call_sid), call->call_sid, sizeof call->call_sid);
    HASH_ADD_STR(notes->calls, call_sid, call);
    if (!call->hh.tbl) {
        free(call);
        return NULL;
    }
    return call;
}

static void take(struct call_notes *notes, struct live_note *note)
{
    struct noted_call *call = find_or_add(notes, note->call_sid);
    if (call) {
        char **place = &call->events[call->count++ % EVENTS_MAX];
        free(*place);
        *place = note->json;
        note->json = NULL;
        call->is_ended = note->is_end; /* a call that broke may go on */
    }
    live_note_free(note);
}

void call_notes_collect(struct call_notes *notes)
{
    struct letter *letter = mailbox_take_all(&notes->mailbox);
    while (letter) {
        struct live_note *note = (struct live_note *)letter;
        letter = letter->next;
        take(notes, note);
    }
}

bool call_notes_events(
    struct call_notes *notes, struct slice call_sid, unsigned after, struct strbuf *out)
{
    struct noted_call *call = find(notes, call_sid);
    if (!call)
        return false;
    if (after > call->count) /* told by a process before this one */
        after = 0;
    unsigned gone = call->count > EVENTS_MAX ? call->count - EVENTS_MAX : 0;
    unsigned first = after > gone ? after : gone;
    unsigned next = first;
    strbuf_add_text(out, "{\"events\":[");
    for (; next < call->count && out->len < ANSWER_BYTES; next++) {
        /* the event is an object: its number goes in behind the brace */
        strbuf_printf(out, "%s{\"n\":%u,%s", next > first ? "," : "", next + 1,
            call->events[next % EVENTS_MAX] + 1);
    }
    bool is_ended = call->is_ended && next >= call->count;
    strbuf_printf(out, "],\"next\":%u,\"ended\":%s}", next, is_ended ? "true" : "false");
    return true;
}

void call_notes_list(struct call_notes *notes, struct strbuf *out)
{
    struct noted_call *call =
        notes->calls ? ELMT_FROM_HH(notes->calls->hh.tbl, notes->calls->hh.tbl->tail) : NULL;
    strbuf_add_char(out, '[');
    while (call) {
        strbuf_add_text(out, "{\"call_sid\":");
        strbuf_add_json(out, slice_from(call->call_sid));
        strbuf_printf(
            out, ",\"events\":%u,\"ended\":%s}", call->count, call->is_ended ? "true" : "false");
        call = call->hh.prev;
        if (call)
            strbuf_add_char(out, ',');
    }
    strbuf_add_char(out, ']');
}

void call_notes_destroy(struct call_notes *notes)
{
    if (!notes)
        return;
    call_notes_collect(notes);
    struct noted_call *call, *next;
    HASH_ITER(hh, notes->calls, call, next)
    forget(notes, call);
    mailbox_destroy(&notes->mailbox);
    free(notes);
}
