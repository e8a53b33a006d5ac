#include "replay/artifacts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "replay/page.h"
#include "replay/sides.h"

#define PATH_SIZE 4096

struct job {
    const char *folder;
    const struct sides *sides;
    json_t *timeline;
    char *why;
};

static bool path_of(const struct job *job, const char *name, char path[PATH_SIZE])
{
    int len = snprintf(path, PATH_SIZE, "%s/%s", job->folder, name);
    if (len > 0 && len < PATH_SIZE)
        return true;
    snprintf(job->why, REPLAY_WHY_SIZE, "the folder's name is too long");
    return false;
}

static enum err failed(const struct job *job, const char *name)
{
    snprintf(job->why, REPLAY_WHY_SIZE, "%s/%s: %s", job->folder, name, strerror(errno));
    return ERR_SYSTEM;
}

static enum err write_wav(
    const struct job *job, const char *name, const uint8_t *left, const uint8_t *right)
{
    char path[PATH_SIZE];
    if (!path_of(job, name, path))
        return ERR_BAD;
    enum err err = sides_write_wav(path, left, right, job->sides->len);
    return err ? failed(job, name) : ERR_OK;
}

static enum err write_transcript(FILE *to, const struct job *job)
{
    size_t i;
    json_t *turn;
    json_array_foreach(json_object_get(job->timeline, "turns"), i, turn)
    {
        const char *ending = json_string_value(json_object_get(turn, "ending"));
        fprintf(to, "[%.1f] %s: %s%s%s%s\n",
            (double)json_integer_value(json_object_get(turn, "from_ms")) / 1000,
            json_string_value(json_object_get(turn, "who")),
            json_string_value(json_object_get(turn, "text")), ending ? " (" : "",
            ending ? ending : "", ending ? ")" : "");
    }
    return ERR_OK;
}

static enum err write_timeline(FILE *to, const struct job *job)
{
    return json_dumpf(job->timeline, to, JSON_INDENT(1)) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err write_page(FILE *to, const struct job *job)
{
    return page_write(to, job->timeline, job->sides);
}

static enum err write_file(
    const struct job *job, const char *name, enum err (*write)(FILE *, const struct job *))
{
    char path[PATH_SIZE];
    if (!path_of(job, name, path))
        return ERR_BAD;
    FILE *to = replay_file_make(path);
    if (!to)
        return failed(job, name);
    enum err err = write(to, job);
    return fclose(to) != 0 || err ? failed(job, name) : ERR_OK;
}

static enum err write_all(const struct job *job)
{
    const struct sides *sides = job->sides;
    enum err err = write_wav(job, "caller.wav", sides->caller, NULL);
    if (!err)
        err = write_wav(job, "agent.wav", sides->agent, NULL);
    if (!err)
        err = write_wav(job, "both.wav", sides->caller, sides->agent);
    if (!err)
        err = write_file(job, "transcript.txt", write_transcript);
    if (!err)
        err = write_file(job, "timeline.json", write_timeline);
    return err ? err : write_file(job, "call.html", write_page);
}

enum err artifacts_write(const char *folder, const struct replay_file *file,
    const struct check_report *report, json_t *timeline, char why[REPLAY_WHY_SIZE])
{
    struct sides sides;
    snprintf(why, REPLAY_WHY_SIZE, "no memory");
    json_object_set_new(timeline, "checks", report_json(report));
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        snprintf(why, REPLAY_WHY_SIZE, "%s: %s", folder, strerror(errno));
        return ERR_SYSTEM;
    }
    enum err err = sides_of(&sides, file);
    if (err)
        return err;
    err = write_all(&(struct job){folder, &sides, timeline, why});
    sides_free(&sides);
    return err;
}
