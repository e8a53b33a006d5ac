/* The model: all of the first sentence comes with the first token, the rest word by word. */
#include "providers/providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_US 10000

/* One event as a chunk of the body. */
static void add_event(struct strbuf *out, const char *json)
{
    strbuf_printf(out, "%zx\r\ndata: %s\n\n\r\n", strlen(json) + 8, json);
}

static void add_delta(struct strbuf *out, struct slice content, const char *finish)
{
    struct strbuf json;
    strbuf_init(&json, 4096);
    strbuf_add_text(&json, "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
                           "\"created\":1790000000,\"model\":\"bench\",\"choices\":[{\"index\":0,"
                           "\"delta\":{");
    if (content.len) {
        strbuf_add_text(&json, "\"content\":");
        strbuf_add_json(&json, content);
    }
    strbuf_printf(&json, "},\"finish_reason\":%s}],\"usage\":null}", finish);
    add_event(out, json.data);
    strbuf_free(&json);
}

static void add_end(struct strbuf *out)
{
    add_delta(out, (struct slice){"", 0}, "\"stop\"");
    add_event(out, "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":"
                   "1790000000,\"model\":\"bench\",\"choices\":[],\"usage\":{\"prompt_tokens\":400,"
                   "\"completion_tokens\":14,\"total_tokens\":414}}");
    add_event(out, "[DONE]");
    strbuf_add_text(out, "0\r\n\r\n");
}

/* A word with the blank before it. */
static struct slice next_word(struct slice *rest)
{
    size_t len = rest->len ? 1 : 0;
    while (len < rest->len && rest->data[len] != ' ')
        len++;
    struct slice word = {rest->data, len};
    *rest = (struct slice){rest->data + len, rest->len - len};
    return word;
}

bool chat_make(struct providers *providers)
{
    struct slice rest = slice_from(providers->settings.reply);
    bool is_first = true;
    strbuf_init(&providers->head_events, 65536);
    strbuf_add_text(&providers->head_events,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    providers->events = calloc(rest.len + 1, sizeof *providers->events);
    if (!providers->events)
        return false;
    while (rest.len) {
        struct slice word = next_word(&rest);
        struct strbuf *events = &providers->events[providers->event_count];
        if (!is_first && !events->limit)
            strbuf_init(events, 65536);
        add_delta(is_first ? &providers->head_events : events, word, "null");
        providers->event_count += !is_first;
        /* The word behind the sentence's end shows that it is one. */
        char before = word.data > providers->settings.reply + 1 ? word.data[-1] : 0;
        if (is_first && (before == '.' || before == '?' || before == '!'))
            is_first = false;
    }
    strbuf_init(&providers->events[providers->event_count], 65536);
    add_end(&providers->events[providers->event_count++]);
    return !providers->head_events.failed;
}

void chat_request(struct peer *peer)
{
    struct providers *providers = peer->providers;
    peer->has_begun = false;
    peer->event = 0;
    peer->asked_us = providers->poller.now_us;
    alarm_set(&providers->poller, &peer->alarm,
        providers->poller.now_us + providers->settings.token_ms * 1000ull);
}

void chat_due(struct peer *peer)
{
    struct providers *providers = peer->providers;
    const struct strbuf *text =
        peer->has_begun ? &providers->events[peer->event++] : &providers->head_events;
    if (!peer->has_begun)
        samples_add(&providers->taken.token, providers->poller.now_us - peer->asked_us);
    peer->has_begun = true;
    channel_write(&peer->channel, text->data, text->len);
    if (peer->is_taken && peer->event < providers->event_count)
        alarm_set(&providers->poller, &peer->alarm, providers->poller.now_us + WORD_US);
}
