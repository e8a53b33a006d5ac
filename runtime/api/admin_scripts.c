#include "api/admin_scripts.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/strbuf.h"
#include "script/shelf_index.h"
#include "script/sources.h"

#define TENANTS_PATH "/api/tenants/"
#define LOOK_MS 5000    /* for the script thread to say what is */
#define SETTLE_MS 45000 /* for a version to be built, and its tests to run */
#define AUTHOR "admin"

enum verb { VERB_VERSIONS, VERB_FILES, VERB_RELOAD, VERB_ROLLBACK, VERB_PROMOTE, VERB_COUNT };

/* One request that waits for the script thread, the database, or for both in that order. */
struct waiting {
    struct waiting *prev, *next;
    struct admin_scripts *scripts;
    struct exchange *exchange; /* NULL: the client is gone */
    enum verb verb;
    uint64_t ticket; /* of the desk; 0: asked the database */
    char *node_json; /* VERSIONS: what the script thread said */
    char tenant_id[TENANT_ID_SIZE];
    char version[VERSION_SIZE];
};

struct admin_scripts {
    struct script_desk *desk;
    struct publications *publications;
    struct waiting *waiting;
};

static const struct {
    const char *name; /* what follows the tenant */
    const char *method;
    enum script_job_kind job;
    unsigned timeout_ms;
} VERBS[VERB_COUNT] = {
    [VERB_VERSIONS] = {"versions", "GET", SCRIPT_VERSIONS, LOOK_MS},
    [VERB_FILES] = {"files", "GET", SCRIPT_SOURCES, LOOK_MS},
    [VERB_RELOAD] = {"reload", "POST", SCRIPT_RELOAD, SETTLE_MS},
    [VERB_ROLLBACK] = {"rollback", "POST", SCRIPT_ROLLBACK, SETTLE_MS},
    [VERB_PROMOTE] = {"promote", "POST", SCRIPT_PROMOTE, SETTLE_MS},
};

/* ---- answers ---- */

static void end(struct waiting *waiting)
{
    DL_DELETE(waiting->scripts->waiting, waiting);
    free(waiting->node_json);
    free(waiting);
}

static void answer_json(struct exchange *exchange, int status, const struct strbuf *text)
{
    exchange_answer(exchange, status, "application/json", strbuf_slice(text));
}

static void answer_error(struct exchange *exchange, int status, const char *why)
{
    struct strbuf text;
    strbuf_init(&text, 64 * 1024);
    strbuf_add_text(&text, "{\"error\":");
    strbuf_add_json(&text, slice_from(why));
    strbuf_add_text(&text, "}\n");
    answer_json(exchange, status, &text);
    strbuf_free(&text);
}

static void finish(struct waiting *waiting, int status, const char *json)
{
    if (waiting->exchange)
        exchange_answer(waiting->exchange, status, "application/json", slice_from(json));
    end(waiting);
}

static void fail(struct waiting *waiting, int status, const char *why)
{
    if (waiting->exchange)
        answer_error(waiting->exchange, status, why);
    end(waiting);
}

/* ---- the database ---- */

static const char *nothing_to_change(const struct waiting *waiting)
{
    if (waiting->version[0])
        return "no such version was published";
    switch (waiting->verb) {
    case VERB_ROLLBACK:
        return "no version was published before this one";
    case VERB_PROMOTE:
        return "there is no canary";
    case VERB_VERSIONS:
    case VERB_FILES:
    case VERB_RELOAD:
    case VERB_COUNT:
        break;
    }
    return "nothing was published";
}

static void on_changed(void *owner, enum err err, struct slice value, const char *why)
{
    struct waiting *waiting = owner;
    char text[300];
    if (err == ERR_NOT_FOUND) {
        fail(waiting, 409, nothing_to_change(waiting));
    } else if (err) {
        snprintf(text, sizeof text, "the database: %.200s (is it there, is moonline migrate done?)",
            why);
        fail(waiting, 503, text);
    } else {
        snprintf(text, sizeof text,
            "{\"tenants\":[{\"tenant\":\"%s\",\"outcome\":\"bound\",\"version\":\"%.*s\","
            "\"error\":null}]}\n",
            waiting->tenant_id, (int)value.len, value.data);
        finish(waiting, 200, text);
    }
}

static void answer_versions(
    struct waiting *waiting, const char *source, struct slice published, const char *why)
{
    struct strbuf text;
    strbuf_init(&text, 4 * 1024 * 1024);
    strbuf_printf(&text, "{\"source\":\"%s\",\"node\":%s,\"published\":", source,
        waiting->node_json ? waiting->node_json : "null");
    strbuf_add_slice(&text, published);
    strbuf_add_text(&text, ",\"error\":");
    if (why)
        strbuf_add_json(&text, slice_from(why));
    else
        strbuf_add_text(&text, "null");
    strbuf_add_text(&text, "}\n");
    if (waiting->exchange)
        answer_json(waiting->exchange, text.failed ? 500 : 200, &text);
    strbuf_free(&text);
    end(waiting);
}

static void on_listed(void *owner, enum err err, struct slice value, const char *why)
{
    answer_versions(owner, "database", err ? SLICE("null") : value, err ? why : NULL);
}

static void on_fetched(void *owner, enum err err, struct slice value, const char *why)
{
    struct waiting *waiting = owner;
    char *bundle = err ? NULL : slice_dup(value);
    if (bundle)
        finish(waiting, 200, bundle);
    else
        fail(waiting, err == ERR_NOT_FOUND ? 404 : 503,
            err == ERR_NOT_FOUND ? "no such version" : why);
    free(bundle);
}

/* RELOAD, ROLLBACK and PROMOTE only. */
static enum publication_change change_of(enum verb verb)
{
    if (verb == VERB_ROLLBACK)
        return PUBLICATION_ROLLBACK;
    return verb == VERB_PROMOTE ? PUBLICATION_PROMOTE : PUBLICATION_RELOAD;
}

static void change(struct waiting *waiting)
{
    enum err err = publications_change(waiting->scripts->publications, change_of(waiting->verb),
        waiting->tenant_id, waiting->version, AUTHOR, on_changed, waiting);
    if (err)
        fail(waiting, 503, "too many questions wait for the database");
}

/* ---- the script thread ---- */

static void take_versions(struct waiting *waiting, const char *json)
{
    struct publications *publications = waiting->scripts->publications;
    waiting->node_json = slice_dup(slice_from(json));
    if (!publications)
        answer_versions(waiting, "files", SLICE("null"), NULL);
    else if (publications_list(publications, waiting->tenant_id, on_listed, waiting))
        answer_versions(waiting, "database", SLICE("null"), "too many questions wait for it");
}

/* What this node never had may be in the database all the same. */
static void look_elsewhere(struct waiting *waiting, const char *why)
{
    struct publications *publications = waiting->scripts->publications;
    bool is_asked = waiting->verb == VERB_FILES && waiting->version[0] && publications &&
                    publications_fetch(publications, waiting->tenant_id, waiting->version,
                        on_fetched, waiting) == ERR_OK;
    if (waiting->verb == VERB_VERSIONS && publications)
        take_versions(waiting, "null");
    else if (!is_asked)
        fail(waiting, waiting->verb <= VERB_FILES ? 404 : 409, why);
}

static void on_told(void *owner, enum err err, const char *json, const char *why)
{
    struct waiting *waiting = owner;
    waiting->ticket = 0;
    if (err == ERR_REFUSED)
        look_elsewhere(waiting, why);
    else if (err)
        fail(waiting, 503, why);
    else if (waiting->verb == VERB_VERSIONS)
        take_versions(waiting, json);
    else
        finish(waiting, 200, json);
}

static void ask(struct waiting *waiting)
{
    struct script_job *job = script_job_make(VERBS[waiting->verb].job);
    if (!job) {
        fail(waiting, 503, "no memory");
        return;
    }
    memcpy(job->facts.tenant_id, waiting->tenant_id, sizeof job->facts.tenant_id);
    memcpy(job->version, waiting->version, sizeof job->version);
    if (script_desk_ask_take(waiting->scripts->desk, &waiting->ticket, job,
            VERBS[waiting->verb].timeout_ms, on_told, waiting))
        fail(waiting, 503, "the scripts' thread is busy");
}

/* ---- requests ---- */

/* Cuts "<tenant>/<verb>" or "<tenant>/versions/<version>/files". */
static bool read_path(struct slice path, struct waiting *waiting)
{
    struct slice rest = {path.data + strlen(TENANTS_PATH), path.len - strlen(TENANTS_PATH)};
    struct slice tenant = slice_split(&rest, '/');
    struct slice word = slice_split(&rest, '/');
    bool is_deep = rest.len > 0;
    if (is_deep) {
        struct slice version = slice_split(&rest, '/');
        bool is_live = slice_is(version, "live");
        bool fits = slice_copy(version, waiting->version, sizeof waiting->version);
        if (!slice_is(word, "versions") ||
            !(is_live || (fits && shelf_is_version(waiting->version))))
            return false;
        if (is_live)
            waiting->version[0] = 0;
        word = rest;
    }
    for (waiting->verb = 0; waiting->verb < VERB_COUNT; waiting->verb++)
        if (slice_is(word, VERBS[waiting->verb].name))
            break;
    return waiting->verb < VERB_COUNT && is_deep == (waiting->verb == VERB_FILES) &&
           slice_copy(tenant, waiting->tenant_id, sizeof waiting->tenant_id) &&
           source_is_tenant(waiting->tenant_id);
}

/* A rollback's body: {"version":"…"}, or nothing. */
static bool read_body(struct slice body, struct waiting *waiting)
{
    if (waiting->verb != VERB_ROLLBACK || !slice_trim(body).len)
        return true;
    json_t *root = json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *version = json_object_get(root, "version");
    const char *text = json_string_value(version);
    bool is_good = json_is_object(root) && (!version || (text && shelf_is_version(text)));
    if (is_good && text)
        memcpy(waiting->version, text, VERSION_SIZE);
    json_decref(root);
    return is_good;
}

static bool is_json(struct slice content_type)
{
    struct slice rest = content_type;
    return slice_is_nocase(slice_trim(slice_split(&rest, ';')), "application/json");
}

static void begin(
    struct admin_scripts *scripts, struct exchange *exchange, const struct waiting *asked)
{
    struct waiting *waiting = malloc(sizeof *waiting);
    if (!waiting) {
        answer_error(exchange, 503, "no memory");
        return;
    }
    *waiting = *asked;
    waiting->scripts = scripts;
    waiting->exchange = exchange;
    DL_APPEND(scripts->waiting, waiting);
    if (scripts->publications && waiting->verb >= VERB_RELOAD)
        change(waiting);
    else
        ask(waiting);
}

bool admin_scripts_answer(
    struct admin_scripts *scripts, struct exchange *exchange, const struct http_request *request)
{
    struct waiting asked = {.verb = VERB_RELOAD};
    bool is_all = slice_is(request->path, "/api/reload");
    if (!is_all &&
        (!slice_starts(request->path, TENANTS_PATH) || !read_path(request->path, &asked)))
        return false;
    bool is_post = slice_is(request->method, "POST");
    if (!slice_is(request->method, VERBS[asked.verb].method))
        answer_error(exchange, 405, "another method is asked for");
    else if (is_post && !is_json(request->content_type))
        answer_error(exchange, 415, "Content-Type must be application/json");
    else if (!read_body(request->body, &asked))
        answer_error(
            exchange, 400, "the body must be {\"version\":\"…\"}, with 16 hexadecimal digits");
    else
        begin(scripts, exchange, &asked);
    return true;
}

void admin_scripts_cancelled(struct admin_scripts *scripts, struct exchange *exchange)
{
    struct waiting *waiting, *next;
    DL_FOREACH_SAFE(scripts->waiting, waiting, next)
    {
        if (waiting->exchange != exchange)
            continue;
        waiting->exchange = NULL;
        if (waiting->ticket) {
            script_desk_forget(scripts->desk, waiting->ticket);
            end(waiting);
        }
    }
}

enum err admin_scripts_create(
    struct admin_scripts **out, struct script_desk *desk, struct publications *publications)
{
    struct admin_scripts *scripts = calloc(1, sizeof *scripts);
    if (!scripts)
        return ERR_NOMEM;
    scripts->desk = desk;
    scripts->publications = publications;
    *out = scripts;
    return ERR_OK;
}

void admin_scripts_destroy(struct admin_scripts *scripts)
{
    struct waiting *waiting, *next;
    if (!scripts)
        return;
    DL_FOREACH_SAFE(scripts->waiting, waiting, next)
    {
        if (waiting->ticket)
            script_desk_forget(scripts->desk, waiting->ticket);
        end(waiting);
    }
    free(scripts);
}
