#include "live/live.h"

#include <stdlib.h>
#include <string.h>

#include "live/worker.h"
#include "observe/log.h"
#include "telephony/twiml.h"

#define KEY_BITS 48

const struct live_settings live_defaults = {
    .jitter_min_ms = 20,
    .jitter_max_ms = 200,
    .start_timeout_ms = 5000,
    .silent_stream_ms = 10000,
    .max_calls = 1000,
};

void live_note_free(struct live_note *note)
{
    if (note)
        free(note->json);
    free(note);
}

enum err live_create(struct live **out, const struct live_options *options)
{
    struct live *live = calloc(1, sizeof *live);
    if (!live)
        return ERR_NOMEM;
    live->options = *options;
    *out = live;
    return ERR_OK;
}

void live_set_script(struct live *live, struct script_host *script, struct net_loop *script_loop)
{
    live->script = script;
    live->script_loop = script_loop;
}

void live_destroy(struct live *live)
{
    free(live);
}

/* ---- what scripts may ask of their call (on the script thread) ---- */

static enum err post(
    struct live *live, enum call_command_kind kind, uint64_t call_key, struct slice text)
{
    struct live_worker *worker = live->workers[(call_key >> KEY_BITS) % LIVE_WORKERS_MAX];
    struct call_command *command = worker ? calloc(1, sizeof *command) : NULL;
    if (!command)
        return ERR_CLOSED;
    command->kind = kind;
    command->call_key = call_key;
    command->text = slice_dup(text);
    enum err err = command->text ? mailbox_put(&worker->commands, &command->letter) : ERR_NOMEM;
    if (err != ERR_OK)
        call_command_free(command);
    return err;
}

static enum err say(
    void *owner, const struct script_call_facts *facts, uint64_t call_key, struct slice text)
{
    return post(owner, CALL_SAY, call_key, text);
}

static enum err hang_up(void *owner, const struct script_call_facts *facts, uint64_t call_key)
{
    return post(owner, CALL_HANG_UP, call_key, (struct slice){"", 0});
}

static void on_transferred(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    if (err != ERR_OK)
        log_warn("transfer.failed", "err=%s code=%d why=%s", err_name(err), code, why);
}

static const struct rest_listener transfer_listener = {.on_done = on_transferred};

static enum err transfer(
    void *owner, const struct script_call_facts *facts, uint64_t call_key, struct slice number)
{
    struct live *live = owner;
    char to[32];
    if (!live->options.settings.rest.account_sid || !slice_copy(number, to, sizeof to))
        return ERR_REFUSED;
    struct strbuf twiml;
    strbuf_init(&twiml, 2048);
    twiml_dial(&twiml, to, facts->called, NULL);
    enum err err = twiml.failed ? ERR_NOMEM : post(live, CALL_END_TRANSFERRED, call_key, number);
    struct rest_call *rest;
    if (err == ERR_OK)
        err = rest_update_call(&rest, live->script_loop, &live->options.settings.rest,
            facts->call_sid, strbuf_slice(&twiml), &transfer_listener, live);
    strbuf_free(&twiml);
    return err;
}

static const struct call_ops call_ops = {.say = say, .hangup = hang_up, .transfer = transfer};

const struct call_ops *live_call_ops(struct live *live)
{
    return &call_ops;
}
