#include "outreach/sounds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "observe/log.h"
#include "outreach/sound_job.h"
#include "store/sound_sql.h"

#define JOBS_MAX 4
#define LOOK_MS 3000
#define TIMEOUT_MS 10000
#define QUERIES_MAX 16

struct sounds {
    struct sound_work work;
    char *folder;
    struct net_timer *timer;
    struct query *query; /* of the look that is under way */
    struct sound_job *jobs[JOBS_MAX];
    unsigned count;
};

static void on_end(void *owner, struct sound_job *job)
{
    struct sounds *sounds = owner;
    for (unsigned i = 0; i < JOBS_MAX; i++)
        if (sounds->jobs[i] == job)
            sounds->jobs[i] = NULL;
    sounds->count--;
    net_timer_set(sounds->timer, clock_ms()); /* there may be more */
}

static bool read_row(const struct rows *rows, size_t at, struct sound_row *row)
{
    row->is_voicemail = slice_is(rows_get(rows, at, 3), "t");
    row->is_fetched = slice_is(rows_get(rows, at, 4), "t");
    row->is_last = slice_is(rows_get(rows, at, 5), "t");
    return slice_copy(rows_get(rows, at, 0), row->id, sizeof row->id) &&
           slice_copy(rows_get(rows, at, 1), row->tenant_id, sizeof row->tenant_id) &&
           slice_copy(rows_get(rows, at, 2), row->carrier_sid, sizeof row->carrier_sid);
}

static void start(struct sounds *sounds, const struct rows *rows, size_t at)
{
    struct sound_row row = {0};
    unsigned slot = 0;
    while (slot < JOBS_MAX && sounds->jobs[slot])
        slot++;
    bool is_good = slot < JOBS_MAX && read_row(rows, at, &row);
    if (is_good &&
        sound_job_start(&sounds->jobs[slot], &sounds->work, &row, on_end, sounds) == ERR_OK)
        sounds->count++;
    else
        log_warn("sound.left", "recording=%s tenant=%s", row.id, row.tenant_id); /* to its lease */
}

static void on_taken(void *owner, const struct query_answer *answer)
{
    struct sounds *sounds = owner;
    sounds->query = NULL;
    if (answer->err)
        log_warn("sound.unread", "err=%s why=%s", err_name(answer->err), answer->why);
    for (size_t i = 0; !answer->err && i < rows_count(answer->rows); i++)
        start(sounds, answer->rows, i);
}

static void look(void *owner)
{
    struct sounds *sounds = owner;
    char room[8];
    snprintf(room, sizeof room, "%u", JOBS_MAX - sounds->count);
    const struct slice params[] = {slice_from(room)};
    bool may_ask = !sounds->query && sounds->count < JOBS_MAX && sounds->work.rest.account_sid &&
                   database_is_up(sounds->work.database);
    net_timer_set(sounds->timer, clock_ms() + LOOK_MS);
    if (may_ask && database_query(&sounds->query, sounds->work.database, SOUND_TAKE, params, 1,
                       TIMEOUT_MS, on_taken, sounds) != ERR_OK)
        sounds->query = NULL;
}

void sounds_look(struct sounds *sounds)
{
    look(sounds);
}

static void on_up(void *owner, bool is_up)
{
    struct sounds *sounds = owner;
    if (is_up && sounds->timer)
        net_timer_set(sounds->timer, clock_ms());
}

enum err sounds_open(
    struct sounds **out, struct net_loop *loop, const struct sounds_options *options)
{
    struct sounds *sounds = calloc(1, sizeof *sounds);
    if (!sounds)
        return ERR_NOMEM;
    struct database_options database = {.url = options->database_url,
        .name = "moonline sounds",
        .connections = 1,
        .max_waiting = QUERIES_MAX,
        .on_up = on_up,
        .owner = sounds};
    sounds->folder = strdup(options->folder);
    sounds->work = (struct sound_work){
        .loop = loop, .rest = options->rest, .ops = options->ops, .folder = sounds->folder};
    enum err err =
        sounds->folder ? net_timer_create(&sounds->timer, loop, look, sounds) : ERR_NOMEM;
    if (!err && mkdir(options->folder, 0700) && errno != EEXIST)
        log_warn("sound.folder", "path=%s why=%s do=%s", options->folder, strerror(errno),
            "make MOONLINE_DATA a folder that can be written");
    if (!err)
        err = database_open(&sounds->work.database, loop, &database);
    if (err) {
        sounds_close(sounds);
        return err;
    }
    net_timer_set(sounds->timer, clock_ms());
    *out = sounds;
    return ERR_OK;
}

void sounds_close(struct sounds *sounds)
{
    if (!sounds)
        return;
    for (unsigned i = 0; i < JOBS_MAX; i++)
        if (sounds->jobs[i])
            sound_job_cancel(sounds->jobs[i]);
    if (sounds->query)
        query_cancel(sounds->query);
    if (sounds->work.database)
        database_close(sounds->work.database);
    net_timer_destroy(sounds->timer);
    free(sounds->folder);
    free(sounds);
}
