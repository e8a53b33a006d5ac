/* The steps of a conversation: what the caller does is begun when the agent has come to rest, what is expected is waited for
   as long as anything goes on. */
#include <stdio.h>
#include <string.h>

#include "rehearsal/stage.h"

#define REACTION_MS 400    /* a caller's, after the agent's last word */
#define INTERRUPT_MS 1000  /* of the agent's words that are heard first */
#define KEY_MS 150         /* from one key to the next */
#define REST_MAX_MS 600000 /* the agent comes to rest within that, or never */
#define WITHIN_MAX_MS 600000

/* ---- reading a step ---- */

static const char *text_of(const json_t *step, const char *name)
{
    return json_string_value(json_object_get(step, name));
}

static uint64_t ms_of(const json_t *step, const char *name, uint64_t otherwise)
{
    const json_t *value = json_object_get(step, name);
    return json_is_integer(value) && json_integer_value(value) >= 0
               ? (uint64_t)json_integer_value(value)
               : otherwise;
}

/* What a step's value must be. */
struct rule {
    const char *name;
    const char *
        kind; /* of its value: 't' text, 'n' milliseconds, 'o' table, 'b' true or false, in any mix */
    bool is_action;
};

static const struct rule rules[] = {
    {"say", "t", true},
    {"press", "t", true},
    {"interrupt", "tb", true},
    {"silence_ms", "n", true},
    {"noise_ms", "n", true},
    {"hangup", "b", true},
    {"model", "to", false},
    {"takes_ms", "n", false},
    {"after_ms", "n", false},
    {"within_ms", "n", false},
    {"args", "o", false},
    {"result", "o", false},
};
#define RULES (sizeof rules / sizeof *rules)

static bool is_of_kind(const json_t *value, const char *kind)
{
    char is = json_is_string(value)                           ? 't'
              : json_is_integer(value)                        ? 'n'
              : json_is_object(value) || json_is_array(value) ? 'o'
              : json_is_true(value) || json_is_false(value)   ? 'b'
                                                              : '?';
    return strchr(kind, is) != NULL && !(is == 'n' && json_integer_value(value) < 0);
}

static void check_step(struct stage *stage, const json_t *step)
{
    const char *name;
    json_t *value;
    if (!json_is_object(step) || json_object_size(step) == 0) {
        stage_fail(stage, "this step says nothing: { say = \"…\" }, { expect_words = \"…\" }, …");
        return;
    }
    json_object_foreach((json_t *)step, name, value)
    {
        const struct rule *rule = rules;
        while (rule < rules + RULES && strcmp(rule->name, name) != 0)
            rule++;
        const char *wanted = expect_wanted(name, value);
        if (wanted)
            stage_fail(stage, "%s must be %s", name, wanted);
        else if (rule == rules + RULES && !expect_knows(name))
            stage_fail(stage, "'%s' is nothing a step can have (docs/testing-scripts.md)", name);
        else if (rule < rules + RULES && !is_of_kind(value, rule->kind))
            stage_fail(stage, "%s must be %s", name,
                strchr(rule->kind, 'n')   ? "a number of milliseconds"
                : strchr(rule->kind, 'o') ? "a table"
                                          : "a text");
    }
}

static bool is_action(const json_t *step)
{
    for (size_t i = 0; i < RULES; i++)
        if (rules[i].is_action && json_object_get(step, rules[i].name))
            return true;
    return false;
}

/* ---- time ---- */

static void pass(struct stage *stage, uint64_t length_ms)
{
    uint64_t until_ms = stage->now_ms + length_ms;
    while (stage_step(stage, until_ms)) {
    }
}

static void come_to_rest(struct stage *stage)
{
    uint64_t until_ms = stage->now_ms + REST_MAX_MS;
    while (!stage_is_settled(stage))
        if (!stage_step(stage, until_ms))
            stage_fail(stage, "the agent does not come to rest");
}

/* ---- what the caller does ---- */

static void begin_window(struct stage *stage)
{
    struct happened *happened = &stage->happened;
    strbuf_clear(&happened->words);
    if (happened->words.data)
        happened->words.data[0] = 0;
    json_array_clear(happened->tools);
    json_array_clear(happened->messages);
    json_decref(happened->voicemail);
    happened->voicemail = NULL;
    happened->since_ms = stage->now_ms;
}

static void check_model(struct stage *stage)
{
    size_t left = model_left(stage);
    if (!left || stage->session->again)
        return;
    stage->step = stage->model.step;
    stage_fail(stage, "the model was asked %u time%s, and %zu of its answers %s left over",
        stage->model.asked, stage->model.asked == 1 ? "" : "s", left, left == 1 ? "is" : "are");
}

static void press_all(struct stage *stage, const char *keys)
{
    for (; *keys && !stage->fault[0]; keys++) {
        if (!strchr("0123456789*#", *keys)) {
            stage_fail(stage, "press: '%c' is no key", *keys);
            return;
        }
        caller_press(stage, *keys);
        if (keys[1])
            pass(stage, KEY_MS);
    }
}

static void hang_up(struct stage *stage)
{
    stage_note(stage, "caller", "(hangs up)");
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_STREAM_ENDED});
}

static void wait_for_words(struct stage *stage, uint64_t heard_ms)
{
    while (!playing_is_heard(stage) && !stage_is_settled(stage))
        stage_step(stage, stage->now_ms + REST_MAX_MS);
    if (playing_is_heard(stage))
        pass(stage, heard_ms);
    if (!playing_is_heard(stage) && !stage->session->again)
        stage_fail(stage, "the agent says nothing that could be interrupted %llu ms later",
            (unsigned long long)heard_ms);
}

static void act(struct stage *stage, const json_t *step)
{
    const json_t *interrupt = json_object_get(step, "interrupt");
    const char *words = json_string_value(interrupt);
    words = words ? words : text_of(step, "say");
    if (interrupt) {
        wait_for_words(stage, ms_of(step, "after_ms", INTERRUPT_MS));
    } else {
        come_to_rest(stage);
        check_model(stage);
        if (!json_object_get(step, "silence_ms"))
            pass(stage, ms_of(step, "after_ms", REACTION_MS));
    }
    if (stage_is_over(stage))
        stage_blame(stage, "the call is over");
    if (stage->fault[0] || stage_is_over(stage))
        return;
    begin_window(stage);
    model_load(stage, json_object_get(step, "model"));
    if (words)
        caller_say(stage, words, (uint32_t)ms_of(step, "takes_ms", 0));
    else if (text_of(step, "press"))
        press_all(stage, text_of(step, "press"));
    else if (json_is_true(json_object_get(step, "hangup")))
        hang_up(stage);
    else if (json_object_get(step, "noise_ms"))
        caller_make_noise(stage, (uint32_t)ms_of(step, "noise_ms", 0));
    else
        pass(stage, ms_of(step, "silence_ms", 0));
}

/* ---- what is expected ---- */

static void expect(struct stage *stage, const json_t *step)
{
    struct verdict verdict;
    uint64_t within_ms = ms_of(step, "within_ms", WITHIN_MAX_MS);
    uint64_t until_ms = stage->happened.since_ms + within_ms;
    bool is_last = false;
    expect_look(stage, step, stage_is_settled(stage), &verdict);
    while (!verdict.holds && !verdict.is_decided && !is_last && !stage->fault[0]) {
        is_last = stage_is_settled(stage) || stage->now_ms >= until_ms;
        if (!is_last)
            stage_step(stage, until_ms);
        expect_look(stage, step, is_last, &verdict);
    }
    char limit[48] = "";
    if (within_ms != WITHIN_MAX_MS)
        snprintf(limit, sizeof limit, " within %llu ms", (unsigned long long)within_ms);
    if (!verdict.holds)
        stage_fail(stage, "expected %s%s, got: %s", verdict.expected, limit, verdict.got);
}

static void play_step(struct stage *stage, const json_t *step)
{
    check_step(stage, step);
    if (stage->fault[0])
        return;
    if (is_action(step)) {
        stage->model.step = stage->step;
        act(stage, step);
    }
    if (!stage->fault[0] && expect_has(step))
        expect(stage, step);
}

void play(struct stage *stage)
{
    const json_t *first = json_array_get(stage->plan->steps, 0);
    if (first &&
        !is_action(first)) /* the agent that has no greeting asks the model for its first words */
        model_load(stage, json_object_get(first, "model"));
    ends_begin(stage);
    for (; stage->step < json_array_size(stage->plan->steps) && !stage->fault[0]; stage->step++) {
        play_step(stage, json_array_get(stage->plan->steps, stage->step));
        if (stage->fault[0])
            return;
    }
    stage->step--;
    come_to_rest(stage);
    check_model(stage);
    if (!stage_is_over(stage) && !stage->fault[0])
        hang_up(stage);
    come_to_rest(stage);
}
