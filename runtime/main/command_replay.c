/* moonline replay: captured calls again, held against this build. 0: nothing differs (of an incomplete one up to where it is);
   1: something differs; 2: a file cannot be read, or the command was not understood. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/commands.h"
#include "main/replay_sound.h"
#include "replay/artifacts.h"
#include "replay/story.h"
#include "replay/suite.h"

struct request {
    const char *path, *out, *key_file, *check, *tenant, *words_after;
    bool wants_json;
};

static bool take_option(struct request *request, const char *name, const char *value)
{
    const struct {
        const char *name, **out;
    } options[] = {{"--out", &request->out}, {"--key-file", &request->key_file},
        {"--check", &request->check}, {"--tenant", &request->tenant},
        {"--words-after", &request->words_after}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(name, options[i].name) == 0 && value) {
            *options[i].out = value;
            return true;
        }
    }
    return false;
}

static bool read_arguments(struct request *request, int argc, char **argv)
{
    *request = (struct request){0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            request->wants_json = true;
        else if (argv[i][0] == '-' && take_option(request, argv[i], argv[i + 1]))
            i++;
        else if (argv[i][0] != '-' && !request->path)
            request->path = argv[i];
        else
            return false;
    }
    return request->check ? !request->path && !request->out && !request->wants_json
                          : request->path != NULL;
}

static int fail(const char *why)
{
    fprintf(stderr, "moonline: replay: %s\n", why);
    return 2;
}

static int status_of(const struct check_report *report)
{
    enum check_verdict verdict = check_verdict(report);
    return verdict == CHECK_BAD ? 2 : verdict == CHECK_DIFFERS;
}

static int print_json(const struct check_report *report, json_t *timeline)
{
    json_object_set_new(timeline, "checks", report_json(report));
    json_dumpf(timeline, stdout, JSON_INDENT(1));
    putchar('\n');
    return status_of(report);
}

static int replay(const struct request *request, const struct replay_file *file, json_t *timeline)
{
    char why[REPLAY_WHY_SIZE];
    struct check_report report;
    check_file(&report, file);
    if (request->out && timeline && artifacts_write(request->out, file, &report, timeline, why))
        return fail(why);
    if (request->wants_json && timeline)
        return print_json(&report, timeline);
    report_print(stdout, request->path, file, &report, timeline);
    return status_of(&report);
}

static int replay_one(const struct request *request, const struct settings *settings)
{
    char why[REPLAY_WHY_SIZE];
    struct replay_file file;
    if (replay_file_open(&file, request->path, request->key_file, why) != ERR_OK)
        return fail(why);
    if (replay_is_sound(request->path, &file)) {
        struct replay_sound sound = {
            request->path, request->tenant, request->words_after, request->wants_json};
        int heard = replay_sound(&sound, settings, &file);
        replay_file_close(&file);
        return heard;
    }
    json_t *timeline = story_of(&file);
    int status = replay(request, &file, timeline);
    json_decref(timeline);
    replay_file_close(&file);
    return status;
}

static int check_all(const struct request *request)
{
    char why[REPLAY_WHY_SIZE];
    struct suite_sums sums = {0};
    if (suite_check(stdout, request->check, request->key_file, &sums, why) != ERR_OK)
        return fail(why);
    suite_print(stdout, &sums);
    return sums.bad ? 2 : sums.differ > 0;
}

int command_replay(const struct settings *settings, int argc, char **argv)
{
    struct request request;
    if (!read_arguments(&request, argc, argv))
        return command_misused("replay", "FILE [--json] [--out DIR] [--key-file FILE], "
                                         "--check DIR [--key-file FILE], or "
                                         "SOUND [--tenant TENANT] [--words-after MS] [--json]");
    return request.check ? check_all(&request) : replay_one(&request, settings);
}
