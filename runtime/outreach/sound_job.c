#include "outreach/sound_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/sound_sql.h"

#define TIMEOUT_MS 10000
#define HEARD_MAX_BYTES (8u << 20) /* a voicemail lasts two minutes: 2 MB */
#define PATH_SIZE 640

struct sound_job {
    const struct sound_work *work;
    struct sound_row row;
    void (*on_end)(void *owner, struct sound_job *job);
    void *owner;
    struct query *query; /* at most one of these three */
    struct recording_fetch *fetch;
    void *hearing;
    int fd; /* of the part that is written; -1: none */
    char path[PATH_SIZE];
    char part[PATH_SIZE + 8];
};

static void close_part(struct sound_job *job)
{
    if (job->fd >= 0)
        close(job->fd);
    job->fd = -1;
}

static void end(struct sound_job *job)
{
    job->on_end(job->owner, job);
    close_part(job);
    free(job);
}

static bool ask(
    struct sound_job *job, const char *sql, const struct slice *params, size_t count, query_fn *fn)
{
    return database_query(
               &job->query, job->work->database, sql, params, count, TIMEOUT_MS, fn, job) == ERR_OK;
}

/* ---- the end ---- */

/* Whether or not it was written: otherwise the lease runs out. */
static void on_written(void *owner, const struct query_answer *answer)
{
    struct sound_job *job = owner;
    job->query = NULL;
    if (answer->err)
        log_warn("sound.unwritten", "recording=%s err=%s why=%s", job->row.id,
            err_name(answer->err), answer->why);
    end(job);
}

static void put_off(struct sound_job *job, const char *why)
{
    const struct slice params[] = {slice_from(job->row.id), slice_from(why)};
    metric_add(METRIC_SOUND_FAILURES, 1);
    log_warn("sound.later", "recording=%s tenant=%s is_last=%d why=%s", job->row.id,
        job->row.tenant_id, job->row.is_last, why);
    if (!ask(job, SOUND_LATER, params, 2, on_written))
        end(job);
}

/* ---- heard ---- */

static void note(struct sound_job *job, struct slice text, const char *by, const char *why)
{
    char to[SOUND_NUMBER_SIZE] = "", from[SOUND_NUMBER_SIZE] = "";
    job->work->ops->whom_to_tell(job->row.tenant_id, to, from);
    const struct slice params[] = {slice_from(job->row.id), text.data ? text : SLICE(""),
        slice_from(by), slice_from(why), slice_from(to), slice_from(from)};
    log_info("voicemail.heard", "recording=%s tenant=%s by=%s bytes=%zu why=%s", job->row.id,
        job->row.tenant_id, by ? by : "", text.len, why ? why : "");
    if (!ask(job, SOUND_NOTE, params, 6, on_written))
        end(job);
}

/* Nobody can hear it, now or ever: the staff have its sound. */
static void on_heard(void *owner, enum err err, struct slice text, const char *by, const char *why)
{
    struct sound_job *job = owner;
    job->hearing = NULL;
    if (!err)
        note(job, text, by, NULL);
    else if (job->row.is_last)
        note(job, SLICE(""), NULL, why);
    else
        put_off(job, why);
}

/* False: it is not on this node's disk. */
static bool read_file(struct sound_job *job, struct strbuf *out)
{
    char part[16384];
    ssize_t got = 0;
    int fd = open(job->path, O_RDONLY | O_CLOEXEC);
    strbuf_init(out, HEARD_MAX_BYTES);
    while (fd >= 0 && (got = read(fd, part, sizeof part)) > 0)
        strbuf_add(out, part, (size_t)got);
    if (fd >= 0)
        close(fd);
    return fd >= 0 && got == 0;
}

static void hear(struct sound_job *job, const struct strbuf *wav)
{
    const struct sound_ops *ops = job->work->ops;
    enum err err = wav->failed ? ERR_FULL
                               : ops->hear(&job->hearing, job->work->loop, job->row.tenant_id,
                                     strbuf_slice(wav), on_heard, job);
    if (err == ERR_NOT_FOUND)
        note(job, SLICE(""), NULL, "no provider of MOONLINE_PROVIDERS hears files");
    else if (err == ERR_FULL)
        note(job, SLICE(""), NULL, "too long to be heard");
    else if (err)
        put_off(job, err_name(err));
}

/* ---- fetched ---- */

static void fetch(struct sound_job *job);

static void hear_file(struct sound_job *job)
{
    struct strbuf wav;
    if (read_file(job, &wav))
        hear(job, &wav);
    else
        fetch(job); /* another node had fetched it, and died */
    strbuf_free(&wav);
}

static void on_kept(void *owner, const struct query_answer *answer)
{
    struct sound_job *job = owner;
    job->query = NULL;
    if (answer->err) {
        put_off(job, "it is here, but Postgres did not take that");
        return;
    }
    if (!rows_count(answer->rows)) { /* erased meanwhile */
        unlink(job->path);
        end(job);
    } else if (job->row.is_voicemail) {
        hear_file(job);
    } else {
        end(job);
    }
}

/* Whole under its name, or not there. */
static bool keep_file(struct sound_job *job)
{
    bool is_kept = fsync(job->fd) == 0 && rename(job->part, job->path) == 0;
    close_part(job);
    return is_kept;
}

static void on_fetched(void *owner, enum err err, uint64_t bytes, const char *why)
{
    struct sound_job *job = owner;
    char digits[24];
    job->fetch = NULL;
    bool is_kept = !err && keep_file(job);
    if (!is_kept) {
        unlink(job->part);
        put_off(job, err ? why : strerror(errno));
        return;
    }
    metric_add(METRIC_SOUND_FETCHED, 1);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)bytes);
    log_info("sound.fetched", "recording=%s tenant=%s bytes=%s", job->row.id, job->row.tenant_id,
        digits);
    const struct slice params[] = {slice_from(job->row.id),
        slice_from(job->path + strlen(job->work->folder) + 1), slice_from(digits)};
    if (!ask(job, SOUND_KEEP, params, 3, on_kept))
        end(job);
}

static bool open_part(struct sound_job *job)
{
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s/%s", job->work->folder, job->row.tenant_id);
    if (mkdir(folder, 0700) && errno != EEXIST)
        return false;
    job->fd = open(job->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return job->fd >= 0;
}

static void fetch(struct sound_job *job)
{
    if (!open_part(job)) {
        char why[200];
        snprintf(why, sizeof why, "%.120s: %s", job->part, strerror(errno));
        put_off(job, why);
        return;
    }
    enum err err = recording_fetch_start(&job->fetch, job->work->loop, &job->work->rest,
        job->row.carrier_sid, job->fd, on_fetched, job);
    if (err)
        put_off(job, err_name(err));
}

/* ---- begin ---- */

static void proceed(struct sound_job *job)
{
    if (job->row.is_fetched)
        hear_file(job);
    else
        fetch(job);
}

static void on_filed(void *owner, const struct query_answer *answer)
{
    struct sound_job *job = owner;
    job->query = NULL;
    if (answer->err)
        put_off(job, answer->why);
    else
        proceed(job);
}

/* A name that is a folder's: it comes from a row. */
static bool is_folder_name(const char *text)
{
    return text[0] && text[0] != '.' &&
           !text[strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.")];
}

enum err sound_job_start(struct sound_job **out, const struct sound_work *work,
    const struct sound_row *row, void (*on_end)(void *owner, struct sound_job *job), void *owner)
{
    if (!is_folder_name(row->tenant_id))
        return ERR_BAD;
    struct sound_job *job = calloc(1, sizeof *job);
    if (!job)
        return ERR_NOMEM;
    *job =
        (struct sound_job){.work = work, .row = *row, .on_end = on_end, .owner = owner, .fd = -1};
    snprintf(job->path, sizeof job->path, "%s/%s/%s.wav", work->folder, row->tenant_id, row->id);
    snprintf(job->part, sizeof job->part, "%s.part", job->path);
    const struct slice id = slice_from(job->row.id);
    /* The first query makes the job wait, a voicemail's or not: nothing ends during the start. */
    if (!ask(job, SOUND_FILE, &id, 1, on_filed)) {
        free(job);
        return ERR_FULL;
    }
    *out = job;
    return ERR_OK;
}

void sound_job_cancel(struct sound_job *job)
{
    if (job->query)
        query_cancel(job->query);
    if (job->fetch)
        recording_fetch_cancel(job->fetch);
    if (job->hearing)
        job->work->ops->stop_hearing(job->hearing);
    if (job->fd >= 0)
        unlink(job->part);
    close_part(job);
    free(job);
}
