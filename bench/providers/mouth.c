/* Text-to-speech: each context speaks its texts one after another, some times faster than real time. */
#include "providers/providers.h"

#include <stdio.h>
#include <string.h>

static void wait_on(struct speaking *speaking, uint64_t wait_us)
{
    struct poller *poller = &speaking->peer->providers->poller;
    if (!speaking->alarm.place)
        alarm_set(poller, &speaking->alarm, poller->now_us + wait_us);
}

static void end_context(struct speaking *speaking)
{
    char text[128];
    int len = snprintf(text, sizeof text, "{\"contextId\":\"%s\",\"isFinal\":true}", speaking->id);
    peer_send(speaking->peer, (struct slice){"", 0}, (struct slice){text, (size_t)len});
    speaking->is_taken = false;
}

static void say_next(struct speaking *speaking)
{
    char head[64];
    struct providers *providers = speaking->peer->providers;
    const struct clip *clip = speaking->clips[speaking->clip_first];
    if (speaking->asked_us)
        samples_add(&providers->taken.audio, providers->poller.now_us - speaking->asked_us);
    speaking->asked_us = 0;
    struct slice message = clip->messages[speaking->message++];
    int len = snprintf(head, sizeof head, "{\"contextId\":\"%s\",", speaking->id);
    if (speaking->message == clip->count) {
        speaking->message = 0;
        speaking->clip_first = (speaking->clip_first + 1) % CLIPS_QUEUED;
        speaking->clip_count--;
    }
    peer_send(speaking->peer, (struct slice){head, (size_t)len}, message);
}

static void on_due(struct alarm *alarm)
{
    struct speaking *speaking = alarm->owner;
    const struct settings *settings = &speaking->peer->providers->settings;
    if (speaking->clip_count)
        say_next(speaking);
    if (speaking->clip_count)
        wait_on(speaking, settings->chunk_ms * 1000ull / settings->speed);
    else if (speaking->is_closing)
        end_context(speaking);
}

static struct speaking *find(struct peer *peer, struct slice id)
{
    struct speaking *unused = NULL;
    for (unsigned i = 0; i < SPEAKING_MAX; i++) {
        if (peer->speaking[i].is_taken && slice_is(id, peer->speaking[i].id))
            return &peer->speaking[i];
        if (!peer->speaking[i].is_taken)
            unused = &peer->speaking[i];
    }
    if (!unused)
        return NULL;
    *unused = (struct speaking){.peer = peer,
        .is_taken = true,
        .asked_us = peer->providers->poller.now_us,
        .alarm = {.on_due = on_due, .owner = unused}};
    slice_copy(id, unused->id, sizeof unused->id);
    return unused;
}

static void add_text(struct speaking *speaking, struct slice text)
{
    struct providers *providers = speaking->peer->providers;
    const struct clip *clip = clip_find(providers, text);
    if (!clip || speaking->clip_count == CLIPS_QUEUED)
        return;
    speaking->clips[(speaking->clip_first + speaking->clip_count++) % CLIPS_QUEUED] = clip;
    wait_on(speaking, providers->settings.first_audio_ms * 1000ull);
}

void mouth_message(struct peer *peer, struct slice text)
{
    struct slice id = talk_field(text, "context_id");
    struct slice words = talk_field(text, "text");
    struct speaking *speaking = id.len ? find(peer, id) : NULL;
    if (!speaking)
        return;
    if (slice_trim(words).len)
        add_text(speaking, words);
    if (!talk_has(text, "\"close_context\":true"))
        return;
    speaking->is_closing = true;
    wait_on(speaking, 0);
}

void mouth_close(struct peer *peer)
{
    for (unsigned i = 0; i < SPEAKING_MAX; i++)
        if (peer->speaking[i].is_taken) {
            alarm_clear(&peer->providers->poller, &peer->speaking[i].alarm);
            peer->speaking[i].is_taken = false;
        }
}
