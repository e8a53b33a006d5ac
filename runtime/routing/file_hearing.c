#include "routing/file_hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http.h"
#include "providers/openai_files_codec.h"
#include "providers/openai_files_request.h"
#include "routing/catalog.h"

#define ANSWER_MS 60000 /* a minute of speech takes some seconds */
#define ANSWER_MAX_BYTES (512u << 10)

struct file_hearing {
    struct net_loop *loop;
    struct catalog *catalog;
    size_t next; /* provider of the catalog to be asked next */
    struct http_call *http;
    struct files_target target;
    bool has_target;
    file_hearing_fn *fn;
    void *owner;
    int status;
    char content_type[64];
    char tenant_id[64];
    char language[8];
    char provider[PROVIDER_NAME_SIZE];
    char why[200];
    struct strbuf wav;
    struct strbuf body;
};

static void drop_target(struct file_hearing *hearing)
{
    if (hearing->has_target)
        files_target_free(&hearing->target);
    hearing->has_target = false;
}

static void destroy(struct file_hearing *hearing)
{
    drop_target(hearing);
    strbuf_free(&hearing->wav);
    strbuf_free(&hearing->body);
    catalog_release(hearing->catalog);
    free(hearing);
}

static void finish(struct file_hearing *hearing, enum err err, struct slice text)
{
    const struct file_heard heard = {
        .err = err, .text = text, .provider = hearing->provider, .why = hearing->why};
    hearing->fn(hearing->owner, &heard);
    destroy(hearing);
}

/* ---- whom to ask ---- */

static const struct provider *next_provider(struct file_hearing *hearing)
{
    while (hearing->next < catalog_count(hearing->catalog)) {
        const struct provider *provider = catalog_at(hearing->catalog, hearing->next++);
        if (provider->driver->stt == &openai_files_stt)
            return provider;
    }
    return NULL;
}

static void ask_next(struct file_hearing *hearing, enum err err);

/* ---- the answer ---- */

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct file_hearing *hearing = owner;
    hearing->status = status;
    slice_copy(content_type, hearing->content_type, sizeof hearing->content_type);
}

static void on_body(void *owner, struct slice data)
{
    strbuf_add_slice(&((struct file_hearing *)owner)->body, data);
}

static enum err read_answer(struct file_hearing *hearing, struct transcript *transcript)
{
    char code[CHAT_CODE_SIZE] = "";
    bool is_success = hearing->status >= 200 && hearing->status < 300;
    enum err err = is_success ? files_decode(transcript, hearing->target.format,
                                    slice_from(hearing->content_type), strbuf_slice(&hearing->body),
                                    hearing->target.settings.no_speech_max, code)
                              : ERR_REFUSED;
    if (!is_success)
        chat_error_code(strbuf_slice(&hearing->body), code);
    if (err)
        snprintf(hearing->why, sizeof hearing->why, "%s: http %d %s", hearing->provider,
            hearing->status, code);
    return err;
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct file_hearing *hearing = owner;
    struct transcript *transcript = calloc(1, sizeof *transcript);
    hearing->http = NULL;
    if (err)
        snprintf(hearing->why, sizeof hearing->why, "%s: %s", hearing->provider, why);
    else
        err = transcript ? read_answer(hearing, transcript) : ERR_NOMEM;
    if (err) {
        ask_next(hearing, err);
    } else {
        finish(hearing, ERR_OK, strbuf_slice(&transcript->text));
        transcript_free(transcript);
    }
    free(transcript);
}

/* ---- the question ---- */

static enum err post(struct file_hearing *hearing)
{
    static const struct http_listener listener = {on_status, on_body, on_done};
    const struct stt_settings *settings = &hearing->target.settings;
    struct strbuf form;
    char boundary[FILES_BOUNDARY_SIZE], type[FILES_BOUNDARY_SIZE + 64];
    strbuf_init(&form, FILE_HEARING_MAX_BYTES + (64u << 10));
    enum err err = files_request(
        &form, boundary, settings, hearing->target.format, strbuf_slice(&hearing->wav));
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    struct http_header headers[] = {{"Content-Type", type},
        {settings->key_header ? settings->key_header : "Authorization", hearing->target.key.data}};
    struct http_options options = {
        .method = "POST",
        .url = hearing->target.url.data,
        .headers = headers,
        .header_count = hearing->target.key.len ? 2 : 1,
        .body = strbuf_slice(&form),
        .connect_timeout_ms = settings->connect_timeout_ms,
        .first_byte_timeout_ms = ANSWER_MS,
        .idle_timeout_ms = ANSWER_MS,
        .total_timeout_ms = ANSWER_MS,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .allow_private = true, /* the operator chose the address */
    };
    hearing->status = 0;
    strbuf_clear(&hearing->body);
    if (!err)
        err = http_start(&hearing->http, hearing->loop, &options, &listener, hearing);
    strbuf_free(&form);
    return err;
}

static enum err ask(struct file_hearing *hearing, const struct provider *provider)
{
    struct stt_settings settings = provider->stt;
    settings.api_key = catalog_key(hearing->catalog, provider, hearing->tenant_id);
    if (hearing->language[0])
        settings.language = hearing->language;
    drop_target(hearing);
    slice_copy(slice_from(provider->name), hearing->provider, sizeof hearing->provider);
    enum err err = files_target_init(&hearing->target, &settings);
    hearing->has_target = true; /* freed after a failure too */
    if (!err)
        err = post(hearing);
    if (err)
        snprintf(hearing->why, sizeof hearing->why, "%s: %s", hearing->provider, err_name(err));
    return err;
}

/* `err`: of who was asked last. */
static enum err ask_some(struct file_hearing *hearing, enum err err)
{
    const struct provider *provider;
    while ((provider = next_provider(hearing)))
        if ((err = ask(hearing, provider)) == ERR_OK)
            return ERR_OK;
    return err;
}

static void ask_next(struct file_hearing *hearing, enum err err)
{
    err = ask_some(hearing, err);
    if (err)
        finish(hearing, err, (struct slice){0});
}

enum err file_hearing_start(struct file_hearing **out, struct net_loop *loop, const char *tenant_id,
    const char *language, struct slice wav, file_hearing_fn *fn, void *owner)
{
    struct file_hearing *hearing = calloc(1, sizeof *hearing);
    if (!hearing)
        return ERR_NOMEM;
    *hearing =
        (struct file_hearing){.loop = loop, .catalog = catalog_now(), .fn = fn, .owner = owner};
    slice_copy(slice_from(tenant_id), hearing->tenant_id, sizeof hearing->tenant_id);
    slice_copy(slice_from(language), hearing->language, sizeof hearing->language);
    strbuf_init(&hearing->wav, FILE_HEARING_MAX_BYTES);
    strbuf_init(&hearing->body, ANSWER_MAX_BYTES);
    strbuf_add_slice(&hearing->wav, wav);
    enum err err = hearing->wav.failed ? ERR_FULL : ask_some(hearing, ERR_NOT_FOUND);
    if (err)
        destroy(hearing);
    else
        *out = hearing;
    return err;
}

void file_hearing_cancel(struct file_hearing *hearing)
{
    if (hearing->http)
        http_cancel(hearing->http);
    destroy(hearing);
}
