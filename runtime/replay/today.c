#include "replay/today.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/recorded_call.h"

#define TAKES_LEAST_MS 300
#define TAKES_MOST_MS 7500 /* as one utterance: longer ones had pauses */
#define GAP_LEAST_MS 100
#define CPU_MS 20000
#define AHEAD_MAX 3 /* turns that today's scripts may do without */

struct holding {
    const struct today_options *options;
    const json_t *was;
    json_t *now;
    unsigned newest_was; /* the recorded turn that the newest goes by */
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void add_to(json_t *turn, const char *name, json_t *value_take)
{
    json_t *list = json_object_get(turn, name);
    if (list) {
        json_array_append_new(list, value_take);
        return;
    }
    list = json_array();
    json_array_append_new(list, value_take);
    json_object_set_new(turn, name, list);
}

static void __attribute__((format(printf, 2, 3))) diverge(json_t *turn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_to(turn, "diverged", json_vsprintf(format, args));
    va_end(args);
}

/* ---- turns ---- */

/* One of the next recorded ones with these words, else the next. */
static unsigned find_was(const struct holding *holding, unsigned after, const char *words)
{
    const json_t *turns = json_object_get(holding->was, "turns");
    for (size_t i = after + 1; i <= after + AHEAD_MAX && i < json_array_size(turns); i++)
        if (strcmp(text_of(json_array_get(turns, i), "words"), words) == 0)
            return (unsigned)i;
    return after + 1;
}

static const json_t *was_of(const struct holding *holding, const json_t *turn)
{
    return json_array_get(json_object_get(holding->was, "turns"), (size_t)number_of(turn, "was"));
}

/* It may begin again under its number: what is behind the one before it never was. */
static void on_turn(void *owner, unsigned number, const char *words)
{
    struct holding *holding = owner;
    json_t *turns = json_object_get(holding->now, "turns");
    while (number && json_array_size(turns) > number)
        json_array_remove(turns, json_array_size(turns) - 1);
    json_t *before = number ? talk_turn(holding->now, number - 1) : NULL;
    json_t *turn = talk_turn(holding->now, number);
    if (!turn)
        return;
    unsigned was = find_was(holding, (unsigned)number_of(before, "was"), words);
    json_object_set_new(turn, "words", json_string(words));
    json_object_set_new(turn, "was", json_integer(was));
}

/* ---- the model ---- */

static void add_round(json_t *turn, const struct again_question *question, const json_t *answer)
{
    json_t *messages = json_loads(question->messages, 0, NULL);
    json_t *tools = json_loads(question->tools, 0, NULL);
    json_t *calls = json_object_get(answer, "tools");
    add_to(turn, "rounds",
        json_pack("{s:o, s:o, s:s, s:o}", "messages", messages ? messages : json_array(), "tools",
            tools ? tools : json_array(), "say", text_of(answer, "say"), "calls",
            calls ? json_incref(calls) : json_array()));
}

static json_t *recorded_answer(const struct holding *holding, json_t *turn, unsigned round)
{
    const json_t *it = json_array_get(json_object_get(was_of(holding, turn), "rounds"), round - 1);
    if (it)
        return json_pack(
            "{s:O, s:O}", "say", json_object_get(it, "say"), "tools", json_object_get(it, "calls"));
    diverge(turn, "the model is asked for round %u, which was not recorded", round);
    return json_pack("{s:s}", "say", TODAY_NO_ANSWER);
}

static json_t *answer_model(void *owner, const struct again_question *question)
{
    struct holding *holding = owner;
    json_t *turn = talk_turn(holding->now, question->turn);
    if (!turn)
        return NULL;
    json_t *answer = holding->options->ask_model
                         ? holding->options->ask_model(holding->options->owner, question)
                         : recorded_answer(holding, turn, question->round);
    if (!answer)
        diverge(turn, "the model gave no answer");
    add_round(turn, question, answer);
    return answer;
}

/* ---- tools ---- */

static bool is_same_json(const char *a, const char *b)
{
    json_t *left = json_loads(a, 0, NULL), *right = json_loads(b, 0, NULL);
    bool is_same = left && right ? json_equal(left, right) : strcmp(a, b) == 0;
    json_decref(left);
    json_decref(right);
    return is_same;
}

static bool is_call(const json_t *tool, const char *name, const char *arguments)
{
    return strcmp(text_of(tool, "name"), name) == 0 &&
           is_same_json(text_of(tool, "arguments"), arguments);
}

static size_t count_calls(const json_t *turn, const char *name, const char *arguments)
{
    size_t i, count = 0;
    json_t *tool;
    json_array_foreach(json_object_get(turn, "tools"), i, tool) count +=
        is_call(tool, name, arguments);
    return count;
}

/* The so many'th such call of the recorded turn, or the last one; NULL: none has an answer. */
static const json_t *find_in_turn(
    const json_t *turn, const char *name, const char *arguments, size_t skip)
{
    size_t i;
    json_t *tool;
    const json_t *found = NULL;
    json_array_foreach(json_object_get(turn, "tools"), i, tool)
    {
        if (!is_call(tool, name, arguments) || !json_object_get(tool, "result"))
            continue;
        found = tool;
        if (skip-- == 0)
            break;
    }
    return found;
}

static const json_t *find_answer(
    const struct holding *holding, const json_t *turn, const char *name, const char *arguments)
{
    size_t i;
    json_t *other;
    const json_t *found =
        find_in_turn(was_of(holding, turn), name, arguments, count_calls(turn, name, arguments));
    json_array_foreach(json_object_get(holding->was, "turns"), i, other) if (!found) found =
        find_in_turn(other, name, arguments, 0);
    return found;
}

static json_t *answer_tool(void *owner, unsigned number, const char *name, const char *arguments)
{
    struct holding *holding = owner;
    json_t *turn = talk_turn(holding->now, number);
    if (!turn)
        return NULL;
    const json_t *known = find_answer(holding, turn, name, arguments);
    add_to(turn, "tools",
        json_pack("{s:s, s:s, s:s*}", "name", name, "arguments", arguments, "result",
            known ? text_of(known, "result") : NULL));
    if (!known) {
        diverge(turn, "the tool %s is called otherwise than recorded: it has no answer", name);
        return NULL;
    }
    return json_pack("{s:O, s:O*, s:O*}", "result", json_object_get(known, "result"), "phase",
        json_object_get(known, "phase"), "state", json_object_get(known, "state"));
}

static void on_refused(
    void *owner, unsigned number, const char *name, const char *arguments, const char *result)
{
    struct holding *holding = owner;
    json_t *turn = talk_turn(holding->now, number);
    add_to(turn, "tools",
        json_pack("{s:s, s:s, s:s}", "name", name, "arguments", arguments, "result", result));
    diverge(turn, "today's scripts refuse the recorded call of %s", name);
}

/* ---- all else ---- */

/* What is known of the caller's words is looked for before every prompt, which shows what there was: no script asked. */
static json_t *answer_outside(
    void *owner, unsigned number, const char *module, const char *function, const json_t *arguments)
{
    struct holding *holding = owner;
    if (strcmp(module, "knowledge") != 0)
        diverge(talk_turn(holding->now, number),
            "a script asks %s.%s, whose answers are not recorded", module, function);
    return NULL;
}

static void on_said(void *owner, unsigned number, const char *words)
{
    struct holding *holding = owner;
    add_to(talk_turn(holding->now, number), "said", json_string(words));
}

static void on_hook(void *owner, unsigned number, const char *name, const char *answer)
{
    struct holding *holding = owner;
    json_t *value = json_loads(answer, JSON_DECODE_ANY, NULL);
    if (value)
        add_to(talk_turn(holding->now, number), "hooks",
            json_pack("{s:s, s:o}", "name", name, "answer", value));
}

static void on_state(void *owner, unsigned number, const char *phase, const char *state)
{
    struct holding *holding = owner;
    json_t *turn = talk_turn(holding->now, number);
    json_t *value = state ? json_loads(state, 0, NULL) : NULL;
    json_object_set_new(turn, "phase", json_string(phase));
    if (value)
        json_object_set_new(turn, "state", value);
}

static void on_trouble(void *owner, unsigned number, const char *what)
{
    struct holding *holding = owner;
    diverge(talk_turn(holding->now, number), "%s", what);
}

static void on_end(void *owner, unsigned number, const char *how)
{
    struct holding *holding = owner;
    json_object_set_new(holding->now, "end", json_string(how));
}

static const struct again_ops ops = {.on_turn = on_turn,
    .answer_model = answer_model,
    .answer_tool = answer_tool,
    .on_refused = on_refused,
    .answer_outside = answer_outside,
    .on_said = on_said,
    .on_hook = on_hook,
    .on_state = on_state,
    .on_trouble = on_trouble,
    .on_end = on_end};

/* ---- the caller ---- */

static json_int_t within(json_int_t value, json_int_t least, json_int_t most)
{
    return value < least ? least : value > most ? most : value;
}

static json_t *step_of(const json_t *turn)
{
    const char *words = text_of(turn, "words"), *keys = text_of(turn, "keys");
    json_int_t over_ms = number_of(turn, "over_ms");
    json_int_t gap_ms = within(number_of(turn, "gap_ms"), GAP_LEAST_MS, 600000);
    json_int_t takes_ms = within(
        number_of(turn, "ended_ms") - number_of(turn, "began_ms"), TAKES_LEAST_MS, TAKES_MOST_MS);
    if (!words[0])
        return keys[0] ? json_pack("{s:s, s:I}", "press", keys, "after_ms", gap_ms) : NULL;
    return json_pack("{s:s, s:I, s:I}", over_ms ? "interrupt" : "say", words, "after_ms",
        over_ms ? over_ms : gap_ms, "takes_ms", takes_ms);
}

static json_t *call_of(const json_t *was)
{
    size_t i;
    json_t *turn, *steps = json_array();
    json_array_foreach(json_object_get(was, "turns"), i, turn)
    {
        json_t *step = i ? step_of(turn) : NULL;
        if (step)
            json_array_append_new(steps, step);
    }
    return json_pack("{s:s, s:s, s:I, s:O*, s:o}", "caller", text_of(was, "caller"), "called",
        text_of(was, "called"), "now_ms", number_of(was, "now_ms"), "incoming",
        json_object_get(was, "incoming"), "steps", steps);
}

/* Says whose scripts they are, too. */
static enum err hold_scripts(const struct again_options *again, char why[512])
{
    char what[512];
    enum err err = rehearse_again(again, what);
    if (err)
        snprintf(
            why, 512, "%.120s/tenants/%.60s: %.300s", again->scripts_path, again->tenant_id, what);
    return err;
}

enum err today_hold(
    json_t **talk, const json_t *was, const struct today_options *options, char why[512])
{
    struct holding holding = {.options = options, .was = was, .now = json_object()};
    json_t *call = call_of(was);
    struct again_options again = {.scripts_path = options->scripts_path,
        .tenant_id = options->tenant_id,
        .call = call,
        .ops = &ops,
        .owner = &holding,
        .cpu_ms = CPU_MS,
        .clock_ms = options->clock_ms};
    enum err err = ERR_OK;
    snprintf(why, 512, "no memory");
    if (!call || !talk_turn(holding.now, 0))
        err = ERR_NOMEM;
    else if (!json_array_size(json_object_get(call, "steps"))) {
        snprintf(why, 512, "the call holds no words of a caller: was speech-to-text captured?");
        err = ERR_BAD;
    }
    if (!err)
        err = hold_scripts(&again, why);
    json_decref(call);
    if (err)
        json_decref(holding.now);
    else
        *talk = holding.now;
    return err;
}
