/* moonline replay: captured calls again, held against this build. 0: nothing differs (of an incomplete one up to where it is);
   1: something differs; 2: a file cannot be read, or the command was not understood. With other settings or scripts they are
   simulated instead (command_replay_again.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/command_replay.h"
#include "main/commands.h"
#include "main/replay_sound.h"
#include "replay/artifacts.h"
#include "replay/story.h"
#include "replay/suite.h"

struct request {
    const char *path, *out, *key_file, *check, *tenant, *words_after, *model;
    struct replay_again again;
    bool wants_json;
};

static bool take_option(struct request *request, const char *name, const char *value)
{
    const struct {
        const char *name, **out;
    } options[] = {{"--out", &request->out}, {"--key-file", &request->key_file},
        {"--check", &request->check}, {"--tenant", &request->tenant},
        {"--words-after", &request->words_after}, {"--scripts", &request->again.scripts},
        {"--model", &request->model}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(name, options[i].name) == 0 && value) {
            *options[i].out = value;
            return true;
        }
    }
    return false;
}

/* Of simulations: what else may be said with them. */
static bool is_understood(const struct request *request)
{
    const struct replay_again *again = &request->again;
    const char *model = request->model;
    bool has_settings = again->what_if.count > 0, has_scripts = again->scripts != NULL;
    bool is_checked_only = request->check != NULL || request->out != NULL;
    if (model && (!has_scripts || (strcmp(model, "live") != 0 && strcmp(model, "recorded") != 0)))
        return false;
    return has_settings + has_scripts + is_checked_only <= 1;
}

static void take_again(struct request *request)
{
    struct replay_again *again = &request->again;
    again->path = request->path;
    again->key_file = request->key_file;
    again->tenant = request->tenant;
    again->wants_json = request->wants_json;
    again->is_live = request->model && strcmp(request->model, "live") == 0;
}

static bool read_arguments(struct request *request, int argc, char **argv)
{
    *request = (struct request){0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            request->wants_json = true;
        else if (strcmp(argv[i], "--set") == 0 && argv[i + 1])
            replay_again_set(&request->again, argv[++i]);
        else if (argv[i][0] == '-' && take_option(request, argv[i], argv[i + 1]))
            i++;
        else if (argv[i][0] != '-' && !request->path)
            request->path = argv[i];
        else
            return false;
    }
    take_again(request);
    if (!is_understood(request))
        return false;
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

/* `timeline` NULL: the checks say why there is none. */
static int print_json(const struct check_report *report, json_t *timeline)
{
    json_t *all = timeline ? json_incref(timeline) : json_object();
    json_object_set_new(all, "checks", report_json(report));
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
    return status_of(report);
}

static int replay(const struct request *request, const struct replay_file *file, json_t *timeline)
{
    char why[REPLAY_WHY_SIZE];
    struct check_report report;
    check_file(&report, file);
    if (request->out && timeline && artifacts_write(request->out, file, &report, timeline, why))
        return fail(why);
    if (request->wants_json)
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
    json_t *timeline = story_of(&file); /* NULL: nothing can be told */
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
        return command_misused("replay",
            "FILE [--json] [--out DIR] [--key-file FILE]\n"
            "       moonline replay --check DIR [--key-file FILE]\n"
            "       moonline replay FILE|DIR --set turn.NAME=VALUE|FROM..TO:STEP … [--json]\n"
            "       moonline replay FILE --scripts DIR [--tenant TENANT] [--model recorded|live] "
            "[--json]\n"
            "       moonline replay SOUND [--tenant TENANT] [--words-after MS] [--json]");
    if (request.again.why[0])
        return fail(request.again.why);
    if (request.again.what_if.count)
        return replay_with_settings(&request.again);
    if (request.again.scripts)
        return replay_with_scripts(settings, &request.again);
    return request.check ? check_all(&request) : replay_one(&request, settings);
}
