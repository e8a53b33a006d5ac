#include "live/live.h"

#include <stdlib.h>
#include <string.h>

#include "live/worker.h"
#include "observe/metrics.h"

#define KEY_BITS 48
#define DUCK_DB (-12)

const struct live_settings live_defaults = {
    .jitter_min_ms = 20,
    .jitter_max_ms = 200,
    .start_timeout_ms = 5000,
    .silent_stream_ms = 10000,
    .max_calls = 1000,
    .trace_sample = 1,
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

void live_set_script(struct live *live, struct script_host *script)
{
    live->script = script;
}

bool live_is_late(const struct live *live)
{
    return atomic_load(&live->late_workers) > 0 && live_calls(live) > 0;
}

unsigned live_calls(const struct live *live)
{
    return atomic_load(&live->calls);
}

unsigned live_max_calls(const struct live *live)
{
    return live->options.settings.max_calls;
}

bool live_is_idle(const struct live *live)
{
    return live_calls(live) == 0 && atomic_load(&live->farewells) == 0;
}

void live_destroy(struct live *live)
{
    roster_drop_all(live);
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

static enum err transfer(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_transfer *transfer)
{
    struct live *live = owner;
    const struct live_settings *settings = &live->options.settings;
    if (!settings->rest.account_sid || !settings->dial_done_url)
        return ERR_REFUSED;
    struct call_command *command = calloc(1, sizeof *command);
    if (!command)
        return ERR_NOMEM;
    *command = (struct call_command){
        .kind = CALL_TRANSFER, .from = from, .call_key = call_key, .plan = handover_plan(transfer)};
    if (command->plan)
        return post_take(live, command);
    call_command_free(command);
    return ERR_NOMEM;
}

static enum err record(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, enum call_recording what, struct slice said,
    enum agent_recording by_agent)
{
    struct live *live = owner;
    const struct live_settings *settings = &live->options.settings;
    if (recorder_rule(facts->tenant_id, by_agent) == RECORDING_NEVER)
        return ERR_REFUSED;
    if (!settings->rest.account_sid || !settings->recording_url)
        return ERR_UNREACHABLE;
    struct call_command *command = calloc(1, sizeof *command);
    if (!command)
        return ERR_NOMEM;
    *command = (struct call_command){.kind = CALL_RECORD,
        .from = from,
        .call_key = call_key,
        .recording = what,
        .text = slice_dup(said)};
    if (command->text)
        return post_take(live, command);
    call_command_free(command);
    return ERR_NOMEM;
}

static const struct call_ops call_ops = {.say = say,
    .play = play,
    .hangup = hang_up,
    .voicemail = voicemail,
    .transfer = transfer,
    .record = record};

const struct call_ops *live_call_ops(struct live *live)
{
    return &call_ops;
}
