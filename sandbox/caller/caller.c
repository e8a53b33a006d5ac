#include "caller/caller.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "caller/conversation.h"
#include "caller/files.h"
#include "caller/options.h"
#include "caller/scenario.h"
#include "caller/speech.h"
#include "caller/switchboard.h"
#include "caller/watch.h"
#include "net/loop.h"

#define SCENARIO_MAX_BYTES 65536
#define WATCH_PATIENCE_MS 3000

struct caller {
    struct options options;
    struct scenario scenario;
    struct speeches speeches;
    struct report report;
    struct conversation conversation;
    struct switchboard switchboard;
    struct net_loop *loop;
    struct net_signals *signals;
    struct watch *watch;
    uint64_t duration_ms;
    char started_at[CLOCK_TEXT_SIZE];
};

/* One line on stderr; the exit status. */
static int complain(const char *what, const char *detail)
{
    fflush(stdout);
    fprintf(stderr, "moonline call: %s%s\n", what, detail);
    return 1;
}

/* ---- what the server tells ---- */

static void show_event(struct caller *caller, const json_t *event, const char *kind)
{
    static const struct {
        const char *kind;
        const char *shown;
    } names[] = {{"caller", "heard"}, {"agent", "agent"}, {"filler", "filler"}, {"tool", "tool"}};
    const char *text = json_string_value(json_object_get(event, "text"));
    json_int_t at_ms = json_integer_value(json_object_get(event, "t_ms"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(kind, names[i].kind) != 0 || !text)
            continue;
        char line[4096];
        bool is_cut = json_is_true(json_object_get(event, "interrupted"));
        snprintf(line, sizeof line, "%.4000s%s", text, is_cut ? " —(interrupted)" : "");
        report_say(&caller->report, at_ms > 0 ? (uint64_t)at_ms : 0, names[i].shown, line);
    }
}

static void on_event(void *owner, const json_t *event)
{
    struct caller *caller = owner;
    const char *kind = json_string_value(json_object_get(event, "kind"));
    if (!kind)
        return;
    json_int_t turn = json_integer_value(json_object_get(event, "turn"));
    if (strcmp(kind, "turn") == 0)
        latency_server(&caller->report.latency, (unsigned)turn, json_object_get(event, "hops"));
    if (strcmp(kind, "agent") == 0)
        director_heard(&caller->conversation.director,
            slice_from(json_string_value(json_object_get(event, "text"))));
    show_event(caller, event, kind);
}

/* ---- the end ---- */

static void stop(struct caller *caller)
{
    watch_destroy(caller->watch);
    caller->watch = NULL;
    if (caller->signals)
        net_signals_destroy(caller->signals);
    caller->signals = NULL;
    switchboard_close(&caller->switchboard);
    net_loop_stop(caller->loop);
}

static void on_watch_ended(void *owner)
{
    struct caller *caller = owner;
    if (caller->switchboard.has_document && !watch_has_answered(caller->watch))
        report_show(
            caller->duration_ms, "warning", "the admin listener told nothing about this call");
    stop(caller);
}

static void on_over(void *owner)
{
    struct caller *caller = owner;
    caller->duration_ms = switchboard_now_ms(&caller->switchboard);
    if (caller->watch)
        watch_finish(caller->watch, caller->switchboard.has_document ? WATCH_PATIENCE_MS : 0);
    else
        stop(caller);
}

static void on_signal(void *owner, int number)
{
    struct caller *caller = owner;
    switchboard_abort(&caller->switchboard, "interrupted");
}

/* ---- the beginning ---- */

static enum err read_scenario(struct caller *caller)
{
    struct strbuf text;
    char why[SCENARIO_WHY_SIZE];
    const char *path = caller->options.scenario;
    if (file_read(&text, path, SCENARIO_MAX_BYTES)) {
        snprintf(why, sizeof why, "%.200s: ", path);
        complain(why, strerror(errno));
        return ERR_BAD;
    }
    enum err err = scenario_read(&caller->scenario, strbuf_slice(&text), path, why);
    strbuf_free(&text);
    if (err)
        complain(why, "");
    return err;
}

static enum err make_speeches(struct caller *caller)
{
    char folder[1024] = ".";
    char why[SPEECH_WHY_SIZE];
    const char *path = caller->options.scenario;
    const char *slash = strrchr(path, '/');
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (slash == path)
        strcpy(folder, "/");
    enum err err = speeches_make(&caller->speeches, &caller->scenario, folder, why);
    if (err)
        fprintf(stderr, "moonline call: %s, %s\n", path, why);
    return err;
}

static enum err start_watch(struct caller *caller)
{
    static const struct watch_listener listener = {on_event, on_watch_ended};
    caller->report.shows_agent_audio = caller->options.admin == NULL;
    if (!caller->options.admin)
        return ERR_OK;
    return watch_start(&caller->watch, caller->loop, caller->options.admin,
        caller->switchboard.ids.call_sid, &listener, caller);
}

static enum err start_call(struct caller *caller)
{
    enum err err = net_signals_create(&caller->signals, caller->loop, on_signal, caller);
    if (err)
        return err;
    conversation_init(&caller->conversation, &caller->scenario, &caller->speeches, &caller->report);
    caller->switchboard.options = &caller->options;
    caller->switchboard.loop = caller->loop;
    caller->switchboard.report = &caller->report;
    caller->switchboard.conversation = &caller->conversation;
    caller->switchboard.on_over = on_over;
    caller->switchboard.owner = caller;
    err = switchboard_start(&caller->switchboard);
    if (err)
        return err;
    printf("Call %s: %s calls %s\n", caller->switchboard.ids.call_sid, caller->options.from,
        caller->options.to);
    fflush(stdout);
    return start_watch(caller);
}

static enum err run_call(struct caller *caller)
{
    enum err err = net_loop_create(&caller->loop, "caller", caller->options.ca);
    if (err)
        return err;
    err = start_call(caller);
    if (err)
        stop(caller);
    net_loop_run(caller->loop);
    net_loop_destroy(caller->loop);
    return err;
}

/* ---- afterwards ---- */

static int conclude(struct caller *caller)
{
    const struct switchboard *board = &caller->switchboard;
    char folder[300];
    snprintf(folder, sizeof folder, "%s%s",
        caller->options.out ? caller->options.out : "var/calls/",
        caller->options.out ? "" : board->ids.call_sid);
    struct report_summary summary = {
        .call_sid = board->ids.call_sid,
        .from = caller->options.from,
        .to = caller->options.to,
        .scenario = caller->options.scenario,
        .started_at = caller->started_at,
        .duration_ms = caller->duration_ms,
        .is_completed = board->why[0] == 0,
        .why = board->why,
    };
    enum err err = ERR_OK;
    if (board->streams) {
        report_print(&caller->report);
        err = report_write(&caller->report, &summary, folder);
        if (!err)
            printf("Recordings and timeline: %s\n", folder);
    }
    if (board->why[0])
        return complain(board->why, "");
    if (caller->report.protocol_errors)
        return complain("the server broke Twilio's protocol (see above)", "");
    return err ? 1 : 0;
}

static int play(struct caller *caller)
{
    if (report_init(&caller->report))
        return complain("out of memory", "");
    clock_wall_text(clock_wall_ms(), caller->started_at);
    enum err err = run_call(caller);
    int status = err ? complain("cannot start: ", err_name(err)) : conclude(caller);
    report_free(&caller->report);
    return status;
}

int caller_main(int argc, char **argv)
{
    bool wants_help;
    struct caller *caller = calloc(1, sizeof *caller);
    if (!caller)
        return complain("out of memory", "");
    int status = 1;
    if (options_read(&caller->options, argc, argv, &wants_help)) {
        status = 2;
    } else if (wants_help) {
        status = 0;
    } else if (read_scenario(caller) == ERR_OK) {
        if (make_speeches(caller) == ERR_OK)
            status = play(caller);
        speeches_free(&caller->speeches);
        scenario_free(&caller->scenario);
    }
    free(caller);
    return status;
}
