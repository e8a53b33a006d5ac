/* One media thread: its loop, its public port, its calls. */
#pragma once

#include "api/public.h"
#include "live/live.h"

struct media_thread;
must_use enum err media_thread_create(struct media_thread **out, struct live *live,
    const struct public_settings *settings, const char *ca_file, unsigned index, char why[200]);
must_use enum err media_thread_start(struct media_thread *thread);
/* Any thread: new callers are turned away; calls that run may finish for `drain_ms`, then they are hung up. */
void media_thread_drain(struct media_thread *thread, unsigned drain_ms);
bool media_thread_is_done(const struct media_thread *thread); /* any thread: drained to the end */
void media_thread_join(struct media_thread *thread);
void media_thread_destroy(
    struct media_thread *thread); /* joined, and the script thread too; NULL is fine */
