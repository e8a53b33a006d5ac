#include "replay/what_if.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "turn."
#define ALIKE_MS 25 /* timers are late, sound comes in frames of 20 ms */
#define AS_IT_WAS 0
#define UNCHANGED 1

/* What agent.lua may say, where it may, and else what the engine can do with. What a script would have to answer is not here. */
static const struct range {
    const char *name;
    uint32_t least, most;
} ranges[] = {
    {"silence_ms", 100, 5000},
    {"early_ms", 0, 5000},
    {"stall_ms", 0, 5000},
    {"patience_ms", 0, 5000},
    {"min_utterance_ms", 0, 2000},
    {"max_utterance_ms", 1000, 60000},
    {"insist_ms", 0, 5000},
    {"pause_ms", 0, 5000},
    {"cut_ms", 0, 10000},
    {"verdict_ms", 0, 5000},
    {"interrupt_words", 1, 20},
    {"barge_in", 0, 1},
    {"fill_ms", 0, 10000},
    {"fill_again_ms", 500, 60000},
    {"fills_max", 0, 20},
    {"max_sentences", 0, 20},
    {"answer_ms", 500, 60000},
    {"tools_ms", 500, 60000},
    {"transcript_ms", 600, 20000},
    {"idle_ms", 0, 120000},
    {"idle_nudges", 0, 10},
    {"ask_ms", 1, 1000},
    {"silence_answer_ms", 1, 5000},
    {"more_ms", 100, 20000},
    {"keys_ms", 100, 20000},
};
#define RANGES (sizeof ranges / sizeof *ranges)

/* ---- what is asked for ---- */

static const struct range *find_range(struct slice name)
{
    for (size_t i = 0; i < RANGES; i++)
        if (slice_is(name, ranges[i].name))
            return &ranges[i];
    return NULL;
}

static void say_names(struct slice name, char why[1024])
{
    int len =
        snprintf(why, 1024, "there is no setting \"%.*s\"; there are", (int)name.len, name.data);
    for (size_t i = 0; i < RANGES && len < 1000; i++)
        len += snprintf(why + len, (size_t)(1024 - len), " " PREFIX "%s%s", ranges[i].name,
            i + 1 < RANGES ? "," : "");
}

static bool read_number(const char **text, uint32_t *value)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    unsigned long number = strtoul(*text, &end, 10);
    *text = end;
    *value = (uint32_t)number;
    return !errno && number <= UINT32_MAX;
}

/* 700, or 400..900:100. */
static bool read_values(const char *text, struct what_if_setting *setting)
{
    if (!read_number(&text, &setting->from))
        return false;
    setting->to = setting->from;
    setting->step = 1;
    if (!*text)
        return true;
    if (strncmp(text, "..", 2) != 0)
        return false;
    text += 2;
    return read_number(&text, &setting->to) && *text++ == ':' &&
           read_number(&text, &setting->step) && !*text && setting->step &&
           setting->from <= setting->to;
}

enum err what_if_add(struct what_if *what_if, const char *text, char why[1024])
{
    struct slice values = slice_from(text);
    struct slice name = slice_trim(slice_split(&values, '='));
    bool has_prefix = slice_starts(name, PREFIX);
    struct slice bare = {name.data + (has_prefix ? strlen(PREFIX) : 0),
        name.len - (has_prefix ? strlen(PREFIX) : 0)};
    const struct range *range = find_range(bare);
    struct what_if_setting setting = {.name = range ? range->name : NULL};
    if (!range || !has_prefix) {
        say_names(name, why);
        return ERR_BAD;
    }
    if (!read_values(values.data, &setting)) {
        snprintf(why, 1024,
            "--set %s: write " PREFIX "%s=700, or " PREFIX "%s=400..900:100 for a table", text,
            range->name, range->name);
        return ERR_BAD;
    }
    if (setting.from < range->least || setting.to > range->most) {
        snprintf(why, 1024, PREFIX "%s goes from %u to %u, and %u is out of that", range->name,
            range->least, range->most, setting.from < range->least ? setting.from : setting.to);
        return ERR_BAD;
    }
    if (what_if->count == WHAT_IF_SETTINGS_MAX) {
        snprintf(why, 1024, "--set: at most %d settings", WHAT_IF_SETTINGS_MAX);
        return ERR_BAD;
    }
    what_if->settings[what_if->count++] = setting;
    if (!what_if_combinations(what_if)) {
        snprintf(why, 1024,
            "--set: that is more than %d combinations: wider steps, or fewer settings",
            WHAT_IF_RUNS_MAX - 2);
        return ERR_BAD;
    }
    return ERR_OK;
}

static unsigned values_of(const struct what_if_setting *setting)
{
    return (setting->to - setting->from) / setting->step + 1;
}

unsigned what_if_combinations(const struct what_if *what_if)
{
    uint64_t all = 1;
    for (unsigned i = 0; i < what_if->count && all <= WHAT_IF_RUNS_MAX; i++)
        all *= values_of(&what_if->settings[i]);
    return all <= WHAT_IF_RUNS_MAX - 2 ? (unsigned)all : 0;
}

/* ---- the runs ---- */

/* The last setting changes first, as digits do. */
static void set_combination(struct what_if_run *run, const struct what_if *what_if, unsigned number)
{
    size_t len = 0;
    run->change.count = what_if->count;
    for (unsigned i = what_if->count; i-- > 0;) {
        const struct what_if_setting *setting = &what_if->settings[i];
        unsigned values = values_of(setting);
        run->change.list[i].name = setting->name;
        run->change.list[i].value = setting->from + (number % values) * setting->step;
        number /= values;
    }
    for (unsigned i = 0; i < what_if->count && len < sizeof run->label; i++)
        len += (size_t)snprintf(run->label + len, sizeof run->label - len, "%s" PREFIX "%s=%u",
            i ? " " : "", run->change.list[i].name, run->change.list[i].value);
}

enum err what_if_begin(struct what_if_runs *runs, const struct what_if *what_if)
{
    unsigned combinations = what_if->count ? what_if_combinations(what_if) : 0;
    *runs = (struct what_if_runs){.count = combinations + 2};
    runs->list = calloc(runs->count, sizeof *runs->list);
    if (!runs->list)
        return ERR_NOMEM;
    snprintf(runs->list[AS_IT_WAS].label, sizeof runs->list->label, "as it was");
    snprintf(runs->list[UNCHANGED].label, sizeof runs->list->label, "nothing changed");
    for (unsigned i = 0; i < combinations; i++)
        set_combination(&runs->list[i + 2], what_if, i);
    return ERR_OK;
}

static void compare(
    struct what_if_runs *runs, const struct seen_turns *was, const struct seen_turns *is)
{
    size_t most = was->count > is->count ? was->count : is->count;
    runs->turns_compared += (unsigned)most;
    for (size_t i = 0; i < was->count; i++) {
        const struct seen_turn *a = &was->list[i], *b = seen_turn_after(is, a->speech);
        if (!b)
            continue;
        uint32_t apart_ms = (uint32_t)llabs((long long)a->commit_ms - (long long)b->commit_ms);
        if (apart_ms > ALIKE_MS || a->words != b->words)
            continue;
        runs->turns_alike++;
        if (apart_ms > runs->most_apart_ms)
            runs->most_apart_ms = apart_ms;
    }
}

static enum err keep(struct what_if_runs *runs, unsigned number, struct seen_turns *turns_take)
{
    enum err err = seen_turns_join(&runs->list[number].turns, turns_take);
    if (number < 3 && !runs->calls) {
        runs->first_call[number] = *turns_take;
        *turns_take = (struct seen_turns){0};
    }
    return err;
}

static enum err run_one(struct what_if_runs *runs, unsigned number,
    const struct simulation_plan *plan, const struct seen_turns *was)
{
    struct call_steps steps;
    struct seen_turns turns = {0};
    enum err err = simulate(&steps, plan, &runs->list[number].change);
    bool is_endless = err == ERR_FULL;
    runs->list[number].endless += is_endless;
    if (!err || is_endless)
        err = seen_turns_of(&turns, &steps);
    if (!err && number == UNCHANGED)
        compare(runs, was, &turns);
    if (!err)
        err = keep(runs, number, &turns);
    seen_turns_free(&turns);
    call_steps_free(&steps);
    return err;
}

static bool has_caller(const struct call_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->list[i].step.event.kind == TURN_EVENT_FINAL ||
            steps->list[i].step.event.kind == TURN_EVENT_KEY_TYPED)
            return true;
    return false;
}

enum err what_if_take(struct what_if_runs *runs, const struct call_steps *steps, char why[1024])
{
    struct simulation_plan plan;
    struct seen_turns was = {0}, copy = {0};
    snprintf(why, 1024, "no memory");
    if (!has_caller(steps)) {
        snprintf(why, 1024, "%s",
            steps->count ? "the caller says no word in it that speech-to-text made final: there is "
                           "nothing to take turns of"
                         : "it has no steps of the turn engine");
        return ERR_BAD;
    }
    enum err err = simulation_plan_init(&plan, steps);
    if (!err)
        err = seen_turns_of(&was, steps);
    if (!err)
        err = seen_turns_join(&copy, &was);
    for (unsigned i = UNCHANGED; i < runs->count && !err; i++)
        err = run_one(runs, i, &plan, &was);
    if (!err)
        err = keep(runs, AS_IT_WAS, &copy);
    runs->calls += !err;
    seen_turns_free(&was);
    seen_turns_free(&copy);
    simulation_plan_free(&plan);
    return err;
}

enum err what_if_finish(struct what_if_runs *runs)
{
    enum err err = ERR_OK;
    for (unsigned i = 0; i < runs->count && !err; i++)
        err = seen_turns_sum(&runs->list[i].sums, &runs->list[i].turns);
    return err;
}

void what_if_end(struct what_if_runs *runs)
{
    for (unsigned i = 0; i < runs->count && runs->list; i++)
        seen_turns_free(&runs->list[i].turns);
    for (unsigned i = 0; i < 3; i++)
        seen_turns_free(&runs->first_call[i]);
    free(runs->list);
    *runs = (struct what_if_runs){0};
}
