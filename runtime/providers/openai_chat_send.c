#include "providers/openai_chat_send.h"

#include "providers/openai_chat_codec.h"
#include "providers/origin.h"

#define MOST_REQUEST_BYTES (1024 * 1024)
#define MOST_ANSWER_BYTES (8 * 1024 * 1024)

/* Servers next door may want no key at all. */
static enum err add_key(
    struct strbuf *value, struct http_header *header, const struct llm_settings *settings)
{
    const char *own = settings->quirks.key_header;
    bool has_own = own && own[0];
    strbuf_printf(value, "%s%s", has_own ? "" : "Bearer ", settings->api_key);
    *header = (struct http_header){has_own ? own : "Authorization", value->data};
    return value->failed ? ERR_BAD : ERR_OK;
}

/* Who listens knows what a token is; these deadlines only bound the connection. */
static struct http_options options_for(const struct llm_settings *settings)
{
    unsigned first_ms = settings->first_token_timeout_ms, idle_ms = settings->idle_timeout_ms;
    return (struct http_options){
        .method = "POST",
        .connect_timeout_ms = settings->connect_timeout_ms,
        .first_byte_timeout_ms = first_ms,
        .idle_timeout_ms = first_ms > idle_ms ? first_ms : idle_ms,
        .max_body_bytes = MOST_ANSWER_BYTES,
        .allow_private = true, /* the operator chose the address; models may run next door */
    };
}

static enum err post(struct http_call **out, struct net_loop *loop,
    const struct llm_settings *settings, const char *url, struct slice body,
    const struct http_listener *listener, void *owner)
{
    struct strbuf key;
    strbuf_init(&key, 4096);
    struct http_header headers[3] = {
        {"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    bool has_key = settings->api_key && settings->api_key[0];
    enum err err = has_key ? add_key(&key, &headers[2], settings) : ERR_OK;
    struct http_options options = options_for(settings);
    options.url = url;
    options.headers = headers;
    options.header_count = has_key ? 3 : 2;
    options.body = body;
    if (!err)
        err = http_start(out, loop, &options, listener, owner);
    strbuf_free(&key);
    return err;
}

enum err openai_chat_send(struct http_call **out, struct net_loop *loop,
    const struct llm_settings *settings, struct slice messages, struct slice tools,
    const struct http_listener *listener, void *owner)
{
    struct strbuf url, body;
    const char *own = settings->quirks.path;
    const char *path = own && own[0] ? own : "/v1/chat/completions";
    strbuf_init(&url, 2048);
    strbuf_init(&body, MOST_REQUEST_BYTES);
    enum err err = origin_http(&url, settings->base_url, path);
    if (!err)
        err = chat_request(&body, settings, messages, tools);
    if (!err)
        err = post(out, loop, settings, url.data, strbuf_slice(&body), listener, owner);
    strbuf_free(&body);
    strbuf_free(&url);
    return err;
}
