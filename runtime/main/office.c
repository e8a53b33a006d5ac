#include "main/office.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "main/caretaker.h"
#include "main/script_thread.h"
#include "main/sound_ears.h"
#include "outreach/call_backs.h"
#include "outreach/outbox.h"
#include "routing/routed.h"
#include "script/agent_table.h"
#include "texting/texting.h"

#define OUTBOX_DRAIN_MS 10000

struct office {
    struct office_options options;
    struct caretaker *caretaker;
    struct texting *texting;
    struct sounds *sounds;         /* recordings on their way here */
    struct outbox *outbox;         /* texts and calls on their way out */
    struct call_backs *call_backs; /* tasks that become calls */
};

/* ---- what the parts ask ---- */

static unsigned room_for_calls(void *owner)
{
    const struct office_options *options = &((const struct office *)owner)->options;
    unsigned calls = live_calls(options->live), most = options->settings->max_calls;
    bool may_call =
        calls < most && !live_is_late(options->live) && !atomic_load(options->is_draining);
    return may_call ? most - calls : 0;
}

static void number_of(const char *tenant_id, char out[CALL_BACK_NUMBER_SIZE])
{
    struct agent *agent = agent_table_find(slice_from(tenant_id));
    if (agent && agent->number_count)
        slice_copy(slice_from(agent->numbers[0]), out, CALL_BACK_NUMBER_SIZE);
    agent_release(agent);
}

/* ---- start ---- */

static enum err open_texting(struct office *office)
{
    const struct office_options *options = &office->options;
    struct texting_options texting = {.database_url = options->settings->database_url,
        .node = options->node,
        .script = options->script,
        .records = options->records,
        .llm_ops = &routed_llm,
        .settle_ms = options->settings->texts_settle_ms,
        .answers_a_day = options->settings->texts_a_day};
    return texting_open(&office->texting, options->loop, &texting);
}

static enum err open_sounds(struct office *office)
{
    const struct settings *settings = office->options.settings;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/recordings", settings->data);
    struct sounds_options sounds = {.database_url = settings->database_url,
        .rest = script_thread_rest(settings),
        .folder = folder,
        .ops = &sound_ears};
    return sounds_open(&office->sounds, office->options.loop, &sounds);
}

static enum err open_outbox(struct office *office)
{
    const struct settings *settings = office->options.settings;
    struct outbox_options outbox = {.database_url = settings->database_url,
        .rest = script_thread_rest(settings),
        .public_url = settings->public_url,
        .node = office->options.node,
        .records = office->options.records};
    return outbox_open(&office->outbox, office->options.loop, &outbox);
}

static enum err open_call_backs(struct office *office)
{
    static const struct call_backs_ops ops = {.room = room_for_calls, .number_of = number_of};
    const struct settings *settings = office->options.settings;
    struct call_backs_options call_backs = {.database_url = settings->database_url,
        .can_call = script_thread_rest(settings).account_sid != NULL,
        .ops = &ops,
        .owner = office};
    return call_backs_open(&office->call_backs, office->options.loop, &call_backs);
}

enum err office_open(struct office **out, const struct office_options *options)
{
    const struct settings *settings = options->settings;
    struct office *office = calloc(1, sizeof *office);
    if (!office)
        return ERR_NOMEM;
    office->options = *options;
    enum err err = caretaker_start(
        &office->caretaker, options->loop, settings->database_url, options->node, settings->data);
    if (err == ERR_OK)
        err = open_texting(office);
    if (err == ERR_OK)
        err = open_sounds(office);
    if (err == ERR_OK)
        err = open_outbox(office);
    if (err == ERR_OK)
        err = open_call_backs(office);
    if (err != ERR_OK)
        office_close(office);
    else
        *out = office;
    return err;
}

/* ---- end ---- */

void office_drain(struct office *office)
{
    texting_drain(office->texting);
}

bool office_is_answering(const struct office *office)
{
    return texting_turns(office->texting) > 0;
}

static void on_outbox_drained(void *owner)
{
    const struct office *office = owner;
    net_loop_stop(office->options.loop);
}

void office_close(struct office *office)
{
    if (!office)
        return;
    sounds_close(office->sounds);
    call_backs_close(office->call_backs);
    if (office->outbox) {
        outbox_drain(office->outbox, clock_ms() + OUTBOX_DRAIN_MS, on_outbox_drained, office);
        net_loop_run(office->options.loop);
        outbox_close(office->outbox);
    }
    caretaker_stop(office->caretaker);
    texting_close(office->texting);
    free(office);
}
