#include "main/command_replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "main/thinker.h"
#include "observe/log.h"
#include "replay/ask_model.h"
#include "replay/recorded_call.h"
#include "replay/suite.h"
#include "replay/talk_diff.h"
#include "replay/today.h"

#define OUTPUT_MAX_BYTES (64u << 20)
#define LIVE_CLOCK_MS 600000 /* a real model takes its time */

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "moonline: replay: %s%s%s\n", what, what[0] ? ": " : "", why);
    return 2;
}

static int print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(json);
    return 0;
}

/* "" behind it: the file is whole. */
static enum err read_call(struct recorded_call *call, const char *path, const char *key_file)
{
    char why[REPLAY_WHY_SIZE];
    struct replay_file file;
    enum err err = replay_file_open(&file, path, key_file, why);
    if (!err) {
        err = recorded_call_read(call, &file, why);
        replay_file_close(&file);
    }
    if (err)
        fail(path, why);
    else if (call->incomplete[0])
        fprintf(stderr, "moonline: replay: %s: %s: what follows goes by what is there\n", path,
            call->incomplete);
    return err;
}

/* ---- other settings ---- */

void replay_again_set(struct replay_again *again, const char *text)
{
    if (!again->why[0] && what_if_add(&again->what_if, text, again->why) == ERR_OK)
        again->why[0] = 0;
}

struct trying {
    const struct replay_again *again;
    struct what_if_runs runs;
    unsigned unread;
};

static void try_one(void *owner, const char *path)
{
    struct trying *trying = owner;
    struct recorded_call call;
    char why[1024];
    if (read_call(&call, path, trying->again->key_file)) {
        trying->unread++;
        return;
    }
    if (what_if_take(&trying->runs, &call.steps, why)) {
        trying->unread++;
        fail(path, why);
    }
    recorded_call_close(&call);
}

static int report(struct trying *trying)
{
    struct strbuf out;
    if (what_if_finish(&trying->runs))
        return fail("", "no memory");
    if (trying->again->wants_json)
        return print_json(what_if_json(&trying->runs));
    strbuf_init(&out, OUTPUT_MAX_BYTES);
    what_if_print(&out, &trying->runs);
    fputs(out.data ? out.data : "", stdout);
    strbuf_free(&out);
    return 0;
}

int replay_with_settings(const struct replay_again *again)
{
    char why[REPLAY_WHY_SIZE];
    struct trying trying = {.again = again};
    if (what_if_begin(&trying.runs, &again->what_if))
        return fail("", "no memory");
    int status = suite_walk(again->path, try_one, &trying, why) ? fail("", why) : 0;
    if (!status && trying.runs.calls)
        status = report(&trying);
    what_if_end(&trying.runs);
    return trying.unread ? 2 : status;
}

/* ---- other scripts ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int compare(const struct replay_again *again, const json_t *was, const json_t *now)
{
    struct strbuf out;
    json_t *diff = talk_diff(was, now);
    int status = talk_diff_count(diff) > 0;
    if (again->wants_json) {
        json_object_set(diff, "now", (json_t *)now);
        print_json(diff);
        return status;
    }
    strbuf_init(&out, OUTPUT_MAX_BYTES);
    strbuf_printf(&out, "call %s of %s, version %s, against %s; the model's answers: %s\n\n",
        text_of(was, "call_id"), text_of(was, "tenant_id"), text_of(was, "version"), again->scripts,
        again->is_live ? "anew" : "as recorded");
    talk_diff_print(&out, diff);
    fputs(out.data ? out.data : "", stdout);
    strbuf_free(&out);
    json_decref(diff);
    return status;
}

static int hold(const struct replay_again *again, const json_t *was, struct ask_model *model)
{
    char why[512];
    json_t *now = NULL;
    struct today_options options = {.scripts_path = again->scripts,
        .tenant_id = again->tenant ? again->tenant : text_of(was, "tenant_id"),
        .ask_model = model ? ask_model_answer : NULL,
        .owner = model,
        .clock_ms = model ? LIVE_CLOCK_MS : 0};
    if (today_hold(&now, was, &options, why))
        return fail("", why);
    int status = compare(again, was, now);
    json_decref(now);
    return status;
}

static int hold_live(
    const struct settings *settings, const struct replay_again *again, const json_t *was)
{
    char why[CATALOG_WHY_SIZE];
    struct thinker thinker;
    struct ask_model *model = NULL;
    int status = 2;
    if (thinker_open(&thinker, settings, why))
        fail("", why);
    else if (ask_model_create(&model, thinker.ops, &thinker.settings, settings->ca_file))
        fail("", "the loop for the model cannot be made");
    else
        status = hold(again, was, model);
    ask_model_destroy(model);
    thinker_close(&thinker);
    return status;
}

int replay_with_scripts(const struct settings *settings, const struct replay_again *again)
{
    struct recorded_call call;
    log_set_level(LOG_ERROR);
    if (read_call(&call, again->path, again->key_file))
        return 2;
    int status =
        again->is_live ? hold_live(settings, again, call.talk) : hold(again, call.talk, NULL);
    recorded_call_close(&call);
    return status;
}
