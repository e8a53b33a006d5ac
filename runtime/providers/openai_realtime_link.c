#include "providers/openai_realtime_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "providers/origin.h"

#define MOST_MESSAGE_BYTES (1024 * 1024)
#define MOST_QUEUE_BYTES (512 * 1024)
#define CURRENT_PATH "/v1/realtime?intent=transcription"
#define FLAT_PATH "/v1/realtime?model={model}&intent=transcription"
#define MODEL_MARK "{model}"
#define TRY_AGAIN_LATER 1013
#define SERVICE_BROKE 1011

/* --- terms --- */

/* The path with the model in its place. */
static void build_path(struct strbuf *out, const struct stt_settings *settings)
{
    const char *path = settings->path      ? settings->path
                       : settings->is_beta ? FLAT_PATH
                                           : CURRENT_PATH;
    const char *mark = strstr(path, MODEL_MARK);
    size_t before = mark ? (size_t)(mark - path) : strlen(path);
    strbuf_add(out, path, before);
    if (!mark)
        return;
    origin_add_encoded(out, slice_from(settings->model));
    strbuf_add_text(out, mark + strlen(MODEL_MARK));
}

static enum err build_url(struct realtime_terms *terms, const char *base_url)
{
    struct strbuf path;
    strbuf_init(&path, 1024);
    build_path(&path, &terms->settings);
    enum err err = path.failed ? ERR_BAD : origin_ws(&terms->url, base_url, path.data);
    strbuf_free(&path);
    return err;
}

static void add_header(struct realtime_terms *terms, const char *name, const char *value)
{
    terms->headers[terms->header_count++] = (struct ws_header){name, value};
}

static enum err build_headers(struct realtime_terms *terms, const char *api_key)
{
    const char *own = terms->settings.key_header;
    if (api_key && *api_key) {
        strbuf_printf(&terms->key, "%s%s", own ? "" : "Bearer ", api_key);
        add_header(terms, own ? own : "authorization", terms->key.data);
    }
    if (terms->settings.is_beta)
        add_header(terms, "openai-beta", "realtime=v1");
    return terms->key.failed ? ERR_BAD : ERR_OK;
}

static bool copy_text(const char **out, const char *text)
{
    *out = text ? slice_dup(slice_from(text)) : NULL;
    return !text || *out;
}

enum err realtime_terms_init(struct realtime_terms *terms, const struct stt_settings *settings)
{
    struct stt_settings *own = &terms->settings;
    strbuf_init(&terms->url, 2048);
    strbuf_init(&terms->key, 4096);
    *own = *settings;
    own->base_url = own->api_key = NULL;
    bool has_texts = copy_text(&own->model, settings->model ? settings->model : "");
    has_texts = copy_text(&own->language, settings->language) && has_texts;
    has_texts = copy_text(&own->prompt, settings->prompt) && has_texts;
    has_texts = copy_text(&own->path, settings->path) && has_texts;
    has_texts = copy_text(&own->key_header, settings->key_header) && has_texts;
    if (!has_texts)
        return ERR_NOMEM;
    enum err err = build_url(terms, settings->base_url);
    return err ? err : build_headers(terms, settings->api_key);
}

void realtime_terms_free(struct realtime_terms *terms)
{
    strbuf_free(&terms->url);
    strbuf_free(&terms->key);
    free((char *)terms->settings.model);
    free((char *)terms->settings.language);
    free((char *)terms->settings.prompt);
    free((char *)terms->settings.path);
    free((char *)terms->settings.key_header);
}

/* --- the end --- */

static void drop_socket(struct realtime_link *link)
{
    if (link->ws)
        ws_close_now(link->ws);
    link->ws = NULL;
    net_timer_clear(link->timer);
}

static void lose(struct realtime_link *link, const struct failure *failure)
{
    drop_socket(link);
    link->state = LINK_LOST;
    link->listener->on_lost(link->owner, link, failure);
}

bool realtime_link_send(struct realtime_link *link, struct strbuf *message)
{
    enum err err = message->failed ? ERR_NOMEM : ws_send(link->ws, strbuf_slice(message));
    strbuf_free(message);
    if (!err)
        return true;
    link->state = LINK_LEAVING;
    if (err != ERR_CLOSED)
        ws_close(link->ws, SERVICE_BROKE, "");
    return false;
}

/* --- setting up --- */

static void send_setup(struct realtime_link *link)
{
    struct strbuf message;
    const struct stt_settings *settings = &link->terms->settings;
    strbuf_init(&message, 16 * 1024);
    realtime_session_update(&message, settings, link->shape, link->has_prompt);
    (void)realtime_link_send(link, &message);
}

static void learn(struct realtime_link *link, const struct realtime_session *session)
{
    struct realtime_lease lease =
        realtime_lease(session->expires_at_s, clock_wall_ms(), net_loop_now_ms(link->loop));
    if (lease.renew_ms)
        link->lease = lease;
}

static void on_created(struct realtime_link *link, const struct realtime_event *event)
{
    if (link->state != LINK_CONNECTING)
        return;
    if (link->terms->settings.is_beta)
        link->shape = event->session.is_flat ? REALTIME_FLAT_SESSION : REALTIME_FLAT;
    link->state = LINK_SETTING_UP;
    learn(link, &event->session);
    send_setup(link);
}

static void on_updated(struct realtime_link *link, const struct realtime_event *event)
{
    learn(link, &event->session);
    link->is_detecting = event->session.is_detecting;
    link->silence_ms = event->session.silence_ms;
    if (link->is_detecting)
        log_debug("stt.detecting", "silence_ms=%u", link->silence_ms);
    if (link->state != LINK_SETTING_UP)
        return;
    net_timer_clear(link->timer);
    link->state = LINK_READY;
    link->ready_ms = net_loop_now_ms(link->loop);
    link->listener->on_ready(link->owner, link);
}

/* What is said against the set-up decides, but for the older shape, whose servers complain about single fields and go on. */
static bool is_setup_refused(struct realtime_link *link, const struct realtime_event *event)
{
    if (link->state != LINK_SETTING_UP)
        return false;
    if (link->has_prompt && event->is_about_prompt) {
        log_warn("stt.no_prompt", "why=%s", "the model takes no words to expect");
        link->has_prompt = false;
        send_setup(link);
        return false;
    }
    return link->shape == REALTIME_CURRENT;
}

static bool is_end(struct realtime_link *link, const struct realtime_event *event)
{
    switch (event->severity) {
    case REALTIME_FATAL:
    case REALTIME_LATER:
    case REALTIME_EXPIRED:
        return true;
    case REALTIME_USABLE:
    case REALTIME_EMPTY:
        return event->kind == REALTIME_ERROR && is_setup_refused(link, event);
    }
    return false;
}

static void end_by_error(struct realtime_link *link, const struct realtime_event *event)
{
    char why[REALTIME_CODE_SIZE + 16];
    snprintf(why, sizeof(why), "error %s", event->code);
    lose(link, &(struct failure){.kind = event->failure,
                   .err = event->severity == REALTIME_EXPIRED ? ERR_CLOSED : ERR_REFUSED,
                   .why = why});
}

/* --- events --- */

static void take(struct realtime_link *link, const struct realtime_event *event)
{
    bool is_bad = event->kind == REALTIME_ERROR || event->kind == REALTIME_FAILED;
    if (is_bad && is_end(link, event))
        end_by_error(link, event);
    else if (event->kind == REALTIME_CREATED)
        on_created(link, event);
    else if (event->kind == REALTIME_UPDATED)
        on_updated(link, event);
    else if (link->state == LINK_READY)
        link->listener->on_event(link->owner, link, event);
}

static void on_text(void *owner, struct slice message)
{
    struct realtime_link *link = owner;
    struct realtime_event event;
    if (realtime_decode(&event, message)) { /* it may have been a final */
        log_warn("stt.bad_message", "len=%zu", message.len);
        lose(link,
            &(struct failure){
                .kind = FAILURE_GARBLED, .err = ERR_BAD, .why = "a message that cannot be read"});
        return;
    }
    take(link, &event);
    realtime_event_free(&event);
}

/* A refused upgrade comes with its HTTP status, a closed socket with the code it was closed with. */
static enum failure_kind kind_of_end(enum err err, int code)
{
    if (err == ERR_REFUSED && code >= 300)
        return failure_of_status(code, "");
    if (code == TRY_AGAIN_LATER)
        return FAILURE_BUSY;
    if (code == SERVICE_BROKE)
        return FAILURE_BROKEN;
    return failure_of_err(err ? err : ERR_CLOSED);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct realtime_link *link = owner;
    char text[160];
    snprintf(text, sizeof(text), "socket closed: code %d %s", code, why ? why : "");
    link->ws = NULL;
    lose(link, &(struct failure){.kind = kind_of_end(err, code),
                   .err = err ? err : ERR_CLOSED,
                   .status = err == ERR_REFUSED ? code : 0,
                   .why = text});
}

static void on_timer(void *owner)
{
    lose(owner,
        &(struct failure){
            .kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "the session was not ready in time"});
}

static const struct ws_listener ws_listener = {.on_text = on_text, .on_closed = on_closed};

/* --- life --- */

static enum err connect_socket(struct realtime_link *link)
{
    const struct realtime_terms *terms = link->terms;
    struct ws_options options = {
        .url = terms->url.data,
        .headers = terms->headers,
        .header_count = terms->header_count,
        .connect_timeout_ms = terms->settings.connect_timeout_ms,
        .max_message_bytes = MOST_MESSAGE_BYTES,
        .max_queue_bytes = MOST_QUEUE_BYTES,
    };
    enum err err = ws_connect(&link->ws, link->loop, &options, &ws_listener, link);
    if (!err)
        net_timer_set(link->timer, net_loop_now_ms(link->loop) + options.connect_timeout_ms);
    return err;
}

enum err realtime_link_open(struct realtime_link **out, struct net_loop *loop,
    const struct realtime_terms *terms, const struct realtime_link_listener *listener, void *owner)
{
    struct realtime_link *link = calloc(1, sizeof(*link));
    if (!link)
        return ERR_NOMEM;
    const char *prompt = terms->settings.prompt;
    link->loop = loop;
    link->terms = terms;
    link->listener = listener;
    link->owner = owner;
    link->has_prompt = prompt && *prompt;
    enum err err = net_timer_create(&link->timer, loop, on_timer, link);
    if (!err)
        err = connect_socket(link);
    if (err) {
        realtime_link_close(link);
        return err;
    }
    *out = link;
    return ERR_OK;
}

void realtime_link_close(struct realtime_link *link)
{
    if (!link)
        return;
    if (link->ws)
        ws_close_now(link->ws);
    net_timer_destroy(link->timer);
    free(link);
}
