#include "api/admin.h"

#include <stdlib.h>
#include <string.h>

#include "api/admin_logging.h"
#include "api/admin_providers.h"
#include "api/admin_scripts.h"
#include "api/admin_top.h"
#include "api/admin_usage.h"
#include "observe/metrics.h"
#include "script/agent_table.h"

#define ANSWER_MAX_BYTES (1024 * 1024)
#define CALLS_PATH "/api/calls/"
#define EVENTS_PATH "/events"
#define TRACE_PATH "/trace"

struct admin {
    struct admin_options options;
    struct server *server;
    struct admin_scripts *scripts;
    struct admin_usage *usage;
    struct admin_top *top;
};

static void answer(struct exchange *exchange, int status, const char *type, struct strbuf *body)
{
    if (body->failed)
        exchange_answer(exchange, 500, "text/plain", SLICE("answer too large\n"));
    else
        exchange_answer(exchange, status, type, strbuf_slice(body));
}

static const char *name_database(const struct records_state *records)
{
    if (!records->is_database_up)
        return "down";
    return records->needs_migration ? "behind" : "up";
}

/* A late node stays ready: who is sent away by a proxy hears no words of the tenant's. So does one without a database, as
   long as what calls leave behind is safe: they talk all the same. */
static void add_ready(const struct admin *admin, struct strbuf *out, int *status)
{
    struct records_state records;
    records_look(admin->options.records, &records);
    bool is_draining = atomic_load(admin->options.is_draining);
    bool is_kept = records.has_room && (records.is_journal_writing || records.is_database_up);
    size_t tenants = agent_table_count();
    *status = is_kept && !is_draining && tenants > 0 ? 200 : 503;
    strbuf_printf(out,
        "{\"ready\":%s,\"database\":\"%s\",\"records_waiting\":%zu,\"tenants\":%zu,\"draining\":%s,"
        "\"late\":%s,\"journal\":{\"writing\":%s,\"rows\":%zu,\"oldest_seconds\":%llu,\"bytes\":%"
        "llu,"
        "\"refused\":%zu}%s}\n",
        *status == 200 ? "true" : "false", name_database(&records), records.waiting, tenants,
        is_draining ? "true" : "false", live_is_late(admin->options.live) ? "true" : "false",
        records.is_journal_writing ? "true" : "false", records.journalled,
        (unsigned long long)records.oldest_s, (unsigned long long)records.bytes, records.refused,
        records.needs_migration ? ",\"do\":\"run moonline migrate\"" : "");
}

static unsigned number_in_query(struct slice query, const char *name)
{
    while (query.len) {
        struct slice value = slice_split(&query, '&');
        struct slice key = slice_split(&value, '=');
        char digits[16];
        if (slice_is(key, name) && slice_copy(value, digits, sizeof digits))
            return (unsigned)strtoul(digits, NULL, 10);
    }
    return 0;
}

/* "/api/calls/CA…" and `what` behind it → the CallSid. */
static bool call_sid_of(struct slice path, const char *what, struct slice *call_sid)
{
    size_t fixed = strlen(CALLS_PATH) + strlen(what);
    if (!slice_starts(path, CALLS_PATH) || path.len <= fixed)
        return false;
    *call_sid = (struct slice){path.data + strlen(CALLS_PATH), path.len - fixed};
    return memcmp(call_sid->data + call_sid->len, what, strlen(what)) == 0;
}

static bool add_call(
    const struct admin *admin, const struct http_request *request, struct strbuf *out)
{
    struct slice call_sid;
    if (call_sid_of(request->path, TRACE_PATH, &call_sid))
        return call_traces_write(admin->options.traces, call_sid, out);
    return call_sid_of(request->path, EVENTS_PATH, &call_sid) &&
           call_notes_events(
               admin->options.notes, call_sid, number_in_query(request->query, "after"), out);
}

static int write_answer(
    struct admin *admin, const struct http_request *request, struct strbuf *out, const char **type)
{
    int status = 200;
    *type = "application/json";
    if (slice_is(request->path, "/healthz")) {
        strbuf_add_text(out, "{\"ok\":true}\n");
    } else if (slice_is(request->path, "/readyz")) {
        add_ready(admin, out, &status);
    } else if (slice_is(request->path, "/metrics")) {
        *type = "text/plain; version=0.0.4; charset=utf-8";
        metrics_text(out);
        admin_providers_metrics(out);
    } else if (slice_is(request->path, "/api/tenants")) {
        agent_table_json(out);
    } else if (slice_is(request->path, "/api/providers")) {
        admin_providers_json(out);
    } else if (slice_is(request->path, "/api/calls")) {
        call_notes_list(admin->options.notes, out);
    } else if (!add_call(admin, request, out)) {
        status = 404;
        strbuf_add_text(out, "{\"error\":\"not found\"}\n");
    }
    return status;
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct admin *admin = owner;
    struct strbuf out;
    if (admin_scripts_answer(admin->scripts, exchange, request) ||
        admin_usage_answer(admin->usage, exchange, request) ||
        admin_top_answer(admin->top, exchange, request) ||
        admin_logging_answer(
            admin->options.log_levels, admin->options.log_flags, exchange, request))
        return;
    strbuf_init(&out, ANSWER_MAX_BYTES);
    const char *type;
    int status = 405;
    if (slice_is(request->method, "GET"))
        status = write_answer(owner, request, &out, &type);
    else
        type = "text/plain";
    answer(exchange, status, type, &out);
    strbuf_free(&out);
}

static int on_upgrade(void *owner, const struct http_request *request)
{
    return 404;
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    struct admin *admin = owner;
    admin_scripts_cancelled(admin->scripts, exchange);
    admin_usage_cancelled(admin->usage, exchange);
    admin_top_cancelled(admin->top, exchange);
}

static const struct server_handlers handlers = {
    .on_request = on_request, .on_cancelled = on_cancelled, .on_upgrade = on_upgrade};

enum err admin_start(
    struct admin **out, struct net_loop *loop, const struct admin_options *options, char why[200])
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin)
        return ERR_NOMEM;
    admin->options = *options;
    struct server_options server = {.listen = options->listen,
        .max_body_bytes = 1024 * 1024,
        .max_message_bytes = 4096,
        .max_queue_bytes = 4096,
        .request_timeout_ms = 5000,
        .max_connections = 256};
    enum err err = admin_scripts_create(&admin->scripts, options->desk, options->publications);
    if (err == ERR_OK)
        err = admin_usage_create(&admin->usage, options->database);
    struct admin_top_options top = {
        .live = options->live, .records = options->records, .is_draining = options->is_draining};
    if (err == ERR_OK)
        err = admin_top_create(&admin->top, loop, &top);
    if (err == ERR_OK)
        err = server_start(&admin->server, loop, &server, &handlers, admin, why);
    if (err != ERR_OK) {
        admin_top_destroy(admin->top);
        admin_usage_destroy(admin->usage);
        admin_scripts_destroy(admin->scripts);
        free(admin);
        return err;
    }
    *out = admin;
    return ERR_OK;
}

void admin_destroy(struct admin *admin)
{
    if (!admin)
        return;
    server_destroy(admin->server);
    admin_top_destroy(admin->top);
    admin_usage_destroy(admin->usage);
    admin_scripts_destroy(admin->scripts);
    free(admin);
}
