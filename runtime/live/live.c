#include "live/live.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "live/worker.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/twiml.h"

#define KEY_BITS 48
#define DUCK_DB (-12)

const struct live_settings live_defaults = {
    .jitter_min_ms = 20,
    .jitter_max_ms = 200,
    .start_timeout_ms = 5000,
    .silent_stream_ms = 10000,
    .max_calls = 1000,
    .admission = {.late_ms = 10, .late_percent = 10},
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
    gain_table_init(&live->duck, DUCK_DB);
    *out = live;
    return ERR_OK;
}

void live_set_script(struct live *live, struct script_host *script, struct net_loop *script_loop)
{
    live->script = script;
    live->script_loop = script_loop;
}

bool live_is_late(const struct live *live)
{
    return atomic_load(&live->late_workers) > 0 && live_calls(live) > 0;
}

unsigned live_calls(const struct live *live)
{
    return atomic_load(&live->calls);
}

bool live_is_idle(const struct live *live)
{
    return live_calls(live) == 0 && atomic_load(&live->farewells) == 0;
}

void live_destroy(struct live *live)
{
    free(live);
}

/* ---- what scripts may ask of their call (on the script thread) ---- */

/* Takes the command. */
static enum err post_take(struct live *live, struct call_command *command)
{
    struct live_worker *worker = live->workers[(command->call_key >> KEY_BITS) % LIVE_WORKERS_MAX];
    enum err err = worker ? mailbox_put(&worker->commands, &command->letter) : ERR_CLOSED;
    if (err == ERR_FULL)
        metric_add(METRIC_QUEUE_COMMANDS, 1);
    if (err != ERR_OK)
        call_command_free(command);
    return err;
}

static enum err post_words(struct live *live, enum call_command_kind kind, uint64_t call_key,
    struct call_asker from, struct slice text, bool is_protected)
{
    struct call_command *command = calloc(1, sizeof *command);
    if (!command)
        return ERR_NOMEM;
    *command = (struct call_command){.kind = kind,
        .from = from,
        .call_key = call_key,
        .is_protected = is_protected,
        .text = slice_dup(text)};
    if (command->text)
        return post_take(live, command);
    call_command_free(command);
    return ERR_NOMEM;
}

static enum err post(struct live *live, enum call_command_kind kind, uint64_t call_key,
    struct call_asker from, struct slice text)
{
    return post_words(live, kind, call_key, from, text, false);
}

static enum err say(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice text, bool is_protected)
{
    return post_words(owner, CALL_SAY, call_key, from, text, is_protected);
}

static enum err play(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_sound *sound, bool is_protected)
{
    struct call_command *command = calloc(1, sizeof *command);
    if (!command)
        return ERR_NOMEM;
    *command = (struct call_command){.kind = CALL_PLAY,
        .from = from,
        .call_key = call_key,
        .is_protected = is_protected,
        .sound = sound_keep(sound)};
    if (command->sound)
        return post_take(owner, command);
    call_command_free(command);
    return ERR_NOMEM;
}

static enum err hang_up(
    void *owner, const struct script_call_facts *facts, uint64_t call_key, struct call_asker from)
{
    return post(owner, CALL_HANG_UP, call_key, from, (struct slice){"", 0});
}

static enum err voicemail(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice words)
{
    struct live *live = owner;
    const struct live_settings *settings = &live->options.settings;
    if (!settings->rest.account_sid || !settings->recording_url)
        return ERR_REFUSED;
    return post(live, CALL_VOICEMAIL, call_key, from, words);
}

/* A transfer under way; the script thread's. */
struct transfer {
    struct transfer *prev, *next;
    struct live *live;
    uint64_t call_key;
    struct rest_call *rest;
};

static void transfer_free(struct transfer *transfer)
{
    DL_DELETE(transfer->live->transfers, transfer);
    free(transfer);
}

static void on_transferred(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct transfer *transfer = owner;
    if (err != ERR_OK) {
        log_warn("transfer.failed", "err=%s code=%d why=%s", err_name(err), code, why);
        if (post(transfer->live, CALL_NOT_TRANSFERRED, transfer->call_key, (struct call_asker){0},
                SLICE("")) != ERR_OK)
            log_warn("transfer.not_told", "code=%d", code);
    }
    transfer_free(transfer);
}

static const struct rest_listener transfer_listener = {.on_done = on_transferred};

static enum err start_transfer(
    struct live *live, const struct script_call_facts *facts, uint64_t call_key, struct slice twiml)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        return ERR_NOMEM;
    transfer->live = live;
    transfer->call_key = call_key;
    DL_APPEND(live->transfers, transfer);
    enum err err = rest_update_call(&transfer->rest, live->script_loop,
        &live->options.settings.rest, facts->call_sid, twiml, &transfer_listener, transfer);
    if (err != ERR_OK)
        transfer_free(transfer);
    return err;
}

/* The carrier ends the stream as soon as it dials: the call is told before that, and again when it did not dial. */
static enum err transfer(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct slice number, struct slice words)
{
    struct live *live = owner;
    char to[32];
    if (!live->options.settings.rest.account_sid || !slice_copy(number, to, sizeof to))
        return ERR_REFUSED;
    char *says = slice_dup(words);
    struct strbuf twiml;
    strbuf_init(&twiml, 4096);
    twiml_dial(&twiml, says ? says : "", to, facts->called, NULL);
    free(says);
    enum err err =
        twiml.failed ? ERR_NOMEM : start_transfer(live, facts, call_key, strbuf_slice(&twiml));
    if (err == ERR_OK &&
        post(live, CALL_TRANSFERRED, call_key, (struct call_asker){0}, number) != ERR_OK)
        log_warn("transfer.not_told", "call=%s", facts->call_id);
    strbuf_free(&twiml);
    return err;
}

void live_cancel_transfers(struct live *live)
{
    struct transfer *each, *next;
    DL_FOREACH_SAFE(live->transfers, each, next)
    {
        rest_cancel(each->rest);
        transfer_free(each);
    }
}

static const struct call_ops call_ops = {
    .say = say, .play = play, .hangup = hang_up, .voicemail = voicemail, .transfer = transfer};

const struct call_ops *live_call_ops(struct live *live)
{
    return &call_ops;
}
