/* What happened in recent calls, for people watching: the control thread's table, fed by notes from media threads.
   Keeps the newest 256 calls and 400 events each; older ones go. */
#pragma once

#include "base/mailbox.h"
#include "base/slice.h"
#include "base/strbuf.h"

struct call_notes;
/* `wake` tells the owner's loop to call call_notes_collect. */
struct call_notes *call_notes_create(void (*wake)(void *owner), void *owner); /* NULL: no memory */
struct mailbox *call_notes_mailbox(struct call_notes *notes);
void call_notes_collect(struct call_notes *notes);
/* {"events":[…],"next":N,"ended":…}: events after number `after` (one that was never given was a process's
   before this one: all of them), a first part when they are many; ask
   on with `next`. "ended" comes with the last one. False: no such call. */
bool call_notes_events(
    struct call_notes *notes, struct slice call_sid, unsigned after, struct strbuf *out);
void call_notes_list(struct call_notes *notes,
    struct strbuf *out); /* [{"call_sid","events","ended"}], newest first */
void call_notes_destroy(struct call_notes *notes);
