/* Speech-to-text: a partial every so many appends (of 100 ms), a transcript some time after each commit. */
#include "providers/providers.h"

#include <stdio.h>
#include <string.h>

static void say(struct peer *peer, const char *text, size_t len)
{
    peer_send(peer, (struct slice){"", 0}, (struct slice){text, len});
}

void ears_open(struct peer *peer)
{
    static const char created[] =
        "{\"type\":\"session.created\",\"event_id\":\"event_1\",\"session\":{\"type\":"
        "\"transcription\",\"id\":\"sess_1\",\"object\":\"realtime.transcription_session\"}}";
    peer->item = 1;
    say(peer, created, sizeof created - 1);
}

static void partial(struct peer *peer)
{
    static const char *const words[] = {"I", " would", " like", " to", " come", " in", " next",
        " week", " please", " if", " you", " can"};
    char text[256];
    const char *word = words[peer->partials++ % (sizeof words / sizeof *words)];
    int len = snprintf(text, sizeof text,
        "{\"type\":\"conversation.item.input_audio_transcription.delta\",\"event_id\":\"event_2\","
        "\"item_id\":\"item_%u\",\"content_index\":0,\"delta\":\"%s\"}",
        peer->item, word);
    struct providers *providers = peer->providers;
    if (peer->partials == 1)
        samples_add(&providers->taken.partial, providers->poller.now_us - peer->heard_us);
    say(peer, text, (size_t)len);
}

static void committed(struct peer *peer)
{
    char text[256];
    int len = snprintf(text, sizeof text,
        "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"event_3\","
        "\"previous_item_id\":null,\"item_id\":\"item_%u\"}",
        peer->item);
    say(peer, text, (size_t)len);
    if (peer->owed)
        ears_due(peer); /* the one before is not waited for any longer */
    peer->owed = peer->item++;
    peer->appends = peer->partials = 0;
    struct providers *providers = peer->providers;
    peer->asked_us = providers->poller.now_us;
    alarm_set(&providers->poller, &peer->alarm,
        providers->poller.now_us + providers->settings.final_ms * 1000ull);
}

void ears_due(struct peer *peer)
{
    char text[512];
    int len = snprintf(text, sizeof text,
        "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"event_id\":"
        "\"event_4\",\"item_id\":\"item_%u\",\"content_index\":0,\"transcript\":\"I would like to "
        "come in next week please.\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":23,"
        "\"output_tokens\":9,\"total_tokens\":32}}",
        peer->owed);
    samples_add(&peer->providers->taken.final, peer->providers->poller.now_us - peer->asked_us);
    say(peer, text, (size_t)len);
    peer->owed = 0;
}

void ears_message(struct peer *peer, struct slice payload, size_t full_len)
{
    static const char updated[] =
        "{\"type\":\"session.updated\",\"event_id\":\"event_5\",\"session\":{\"type\":"
        "\"transcription\",\"id\":\"sess_1\"}}";
    if (talk_has(payload, "input_audio_buffer.append")) {
        if (!peer->appends)
            peer->heard_us = peer->providers->poller.now_us;
        if (++peer->appends % peer->providers->settings.partial_appends == 0)
            partial(peer);
    } else if (talk_has(payload, "input_audio_buffer.commit")) {
        committed(peer);
    } else if (talk_has(payload, "session.update")) {
        say(peer, updated, sizeof updated - 1);
    }
}
