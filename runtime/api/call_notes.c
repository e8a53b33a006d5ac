#include "api/call_notes.h"

#include <stdlib.h>
#include <uthash.h>

#include "live/live.h"

#define CALLS_MAX 256
#define EVENTS_MAX 400
#define NOTES_WAITING_MAX 8192

struct noted_call {
    UT_hash_handle hh; /* uthash keeps insertion order: the first is the oldest */
    char call_sid[40];
    char *events[EVENTS_MAX];
    unsigned count;
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
    for (unsigned i = 0; i < call->count; i++)
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
    return call;
}

static void take(struct call_notes *notes, struct live_note *note)
{
    struct noted_call *call = find_or_add(notes, note->call_sid);
    if (call && call->count < EVENTS_MAX) {
        call->events[call->count++] = note->json;
        note->json = NULL;
    }
    if (call)
        call->is_ended |= note->is_end;
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
    strbuf_add_text(out, "{\"events\":[");
    for (unsigned i = after; i < call->count; i++) {
        /* the event is an object: its number goes in behind the brace */
        strbuf_printf(out, "%s{\"n\":%u,%s", i > after ? "," : "", i + 1, call->events[i] + 1);
    }
    strbuf_printf(
        out, "],\"next\":%u,\"ended\":%s}", call->count, call->is_ended ? "true" : "false");
    return true;
}

void call_notes_list(struct call_notes *notes, struct strbuf *out)
{
    struct noted_call *call =
        notes->calls ? ELMT_FROM_HH(notes->calls->hh.tbl, notes->calls->hh.tbl->tail) : NULL;
    strbuf_add_char(out, '[');
    while (call) {
        strbuf_printf(out, "{\"call_sid\":\"%s\",\"events\":%u,\"ended\":%s}", call->call_sid,
            call->count, call->is_ended ? "true" : "false");
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
