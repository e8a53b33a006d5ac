#include "main/sound_ears.h"

#include <stdlib.h>

#include "routing/file_hearing.h"
#include "script/agent_table.h"

struct ear {
    struct file_hearing *hearing;
    sound_heard_fn *fn;
    void *owner;
};

static void on_heard(void *owner, const struct file_heard *heard)
{
    struct ear *ear = owner;
    ear->fn(ear->owner, heard->err, heard->text, heard->provider, heard->why);
    free(ear);
}

static enum err hear(void **out, struct net_loop *loop, const char *tenant_id, struct slice wav,
    sound_heard_fn *fn, void *owner)
{
    struct ear *ear = calloc(1, sizeof *ear);
    if (!ear)
        return ERR_NOMEM;
    *ear = (struct ear){.fn = fn, .owner = owner};
    struct agent *agent = agent_table_find(slice_from(tenant_id));
    enum err err = file_hearing_start(
        &ear->hearing, loop, tenant_id, agent ? agent->language : NULL, wav, on_heard, ear);
    agent_release(agent);
    if (err)
        free(ear);
    else
        *out = ear;
    return err;
}

static void stop_hearing(void *hearing)
{
    struct ear *ear = hearing;
    file_hearing_cancel(ear->hearing);
    free(ear);
}

/* From the number that was called for the tenant; one without a number of its own tells nobody. */
static void whom_to_tell(
    const char *tenant_id, char to[SOUND_NUMBER_SIZE], char from[SOUND_NUMBER_SIZE])
{
    struct agent *agent = agent_table_find(slice_from(tenant_id));
    if (agent && agent->number_count) {
        slice_copy(slice_from(agent->notify), to, SOUND_NUMBER_SIZE);
        slice_copy(slice_from(agent->numbers[0]), from, SOUND_NUMBER_SIZE);
    }
    agent_release(agent);
}

const struct sound_ops sound_ears = {
    .hear = hear, .stop_hearing = stop_hearing, .whom_to_tell = whom_to_tell};
