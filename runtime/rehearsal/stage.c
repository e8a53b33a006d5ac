#include "rehearsal/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "live/policy.h"

#define NEVER UINT64_MAX
#define RESULTS_MAX 256

static const struct stage_latency usual_latency = {
    .transcript_ms = 150, .model_ms = 350, .voice_ms = 150, .stub_ms = 20};

/* ---- life ---- */

static void take_latency(struct stage_latency *latency, const json_t *wished)
{
    const struct {
        const char *name;
        uint32_t *value;
    } all[] = {{"transcript_ms", &latency->transcript_ms}, {"model_ms", &latency->model_ms},
        {"voice_ms", &latency->voice_ms}, {"outside_ms", &latency->stub_ms}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_t *value = json_object_get(wished, all[i].name);
        if (json_is_integer(value) && json_integer_value(value) >= 0)
            *all[i].value = (uint32_t)json_integer_value(value);
    }
}

static void take_facts(struct stage *stage)
{
    const struct agent *agent = stage->session->version->agent;
    struct script_call_facts *facts = &stage->call.facts;
    id_of(slice_from(stage->plan->name), facts->call_id);
    slice_copy(
        slice_from("CA00000000000000000000000000000000"), facts->call_sid, sizeof facts->call_sid);
    slice_copy(slice_from(agent->tenant_id), facts->tenant_id, sizeof facts->tenant_id);
    slice_copy(slice_from(stage->plan->caller), facts->caller, sizeof facts->caller);
    const char *called = stage->plan->called[0] ? stage->plan->called : agent->numbers[0];
    slice_copy(slice_from(called), facts->called, sizeof facts->called);
}

enum err stage_open(struct stage *stage, struct session *session, const struct plan *plan)
{
    *stage = (struct stage){.session = session,
        .plan = plan,
        .wall_ms = session->wall_ms,
        .latency = usual_latency,
        .now_ms = STAGE_START_MS};
    take_latency(&stage->latency, plan->latency);
    take_facts(stage);
    strbuf_init(&stage->happened.words, WORDS_MAX_BYTES);
    strbuf_init(&stage->transcript, TRANSCRIPT_MAX_BYTES);
    strbuf_init(&stage->aside, WORDS_MAX_BYTES);
    mailbox_init(&stage->results, RESULTS_MAX, NULL, NULL);
    stage->happened.tools = json_array();
    stage->happened.messages = json_array();
    stage->happened.since_ms = stage->now_ms;
    struct turn_settings settings = policy_settings(session->version->agent);
    turn_init(&stage->turn, &settings);
    caller_open(stage);
    model_open(stage);
    backstage_open(stage);
    lines_open(stage, 0);
    return conversation_init(&stage->conversation);
}

void stage_close(struct stage *stage)
{
    backstage_close(stage);
    playing_clear(stage);
    model_close(stage);
    lines_close(stage);
    caller_close(stage);
    stage_forget_all(stage);
    json_decref(stage->nothing.value);
    conversation_close(&stage->conversation);
    mailbox_destroy(&stage->results);
    json_decref(stage->happened.tools);
    json_decref(stage->happened.messages);
    json_decref(stage->happened.voicemail);
    strbuf_free(&stage->happened.words);
    strbuf_free(&stage->transcript);
    strbuf_free(&stage->aside);
    free(stage->system_prompt);
    free(stage->greeting);
    json_decref(stage->verdict);
    free(stage->nudge_words);
}

/* ---- what is to happen ---- */

struct happening *stage_later(
    struct stage *stage, uint64_t in_ms, void (*happen)(struct stage *, struct happening *))
{
    struct happening *it = stage->happening_count < HAPPENINGS_MAX ? calloc(1, sizeof *it) : NULL;
    if (!it) {
        stage_fail(stage, "too much is to happen at once");
        json_decref(stage->nothing.value);
        stage->nothing.value = NULL;
        return &stage->nothing;
    }
    it->at_ms = stage->now_ms + in_ms;
    it->happen = happen;
    struct happening **place = &stage->happenings;
    while (*place && (*place)->at_ms <= it->at_ms)
        place = &(*place)->next;
    it->next = *place;
    *place = it;
    stage->happening_count++;
    return it;
}

static void drop(struct stage *stage, struct happening *it)
{
    LL_DELETE(stage->happenings, it);
    stage->happening_count--;
    json_decref(it->value);
    free(it);
}

void stage_forget(struct stage *stage, const void *thing)
{
    struct happening *it, *next;
    LL_FOREACH_SAFE(stage->happenings, it, next)
    {
        if (it->thing == thing)
            drop(stage, it);
    }
}

void stage_forget_all(struct stage *stage)
{
    while (stage->happenings)
        drop(stage, stage->happenings);
}

static void happen(struct stage *stage)
{
    struct happening *it = stage->happenings;
    LL_DELETE(stage->happenings, it);
    stage->happening_count--;
    it->happen(stage, it);
    json_decref(it->value);
    free(it);
}

/* ---- the funnel ---- */

void stage_event(struct stage *stage, struct turn_event event)
{
    struct turn_actions actions;
    if (stage->event_count == EVENTS_MAX) {
        stage_fail(stage, "too many events at once");
        return;
    }
    stage->events[stage->event_count++] = event;
    if (stage->is_stepping)
        return;
    stage->is_stepping = true;
    for (unsigned i = 0; i < stage->event_count; i++) {
        turn_step(&stage->turn, stage->events[i], stage->now_ms, &actions);
        for (unsigned n = 0; n < actions.count; n++)
            stage_perform(stage, &actions.list[n]);
    }
    stage->event_count = 0;
    stage->is_stepping = false;
    stage_pump(stage);
}

bool stage_step(struct stage *stage, uint64_t until_ms)
{
    if (session_is_over(stage->session))
        stage_fail(stage, "the tests took too much time");
    if (stage->fault[0])
        return false;
    if (backstage_has_work(stage)) {
        backstage_go(stage);
        return true;
    }
    uint64_t engine_ms = turn_deadline(&stage->turn);
    uint64_t voice_ms = playing_deadline(stage);
    uint64_t thing_ms = stage->happenings ? stage->happenings->at_ms : NEVER;
    uint64_t next_ms = engine_ms ? engine_ms : NEVER;
    next_ms = voice_ms < next_ms ? voice_ms : next_ms;
    next_ms = thing_ms < next_ms ? thing_ms : next_ms;
    if (next_ms > until_ms) {
        stage->now_ms = until_ms > stage->now_ms && until_ms != NEVER ? until_ms : stage->now_ms;
        return false;
    }
    stage->now_ms = next_ms > stage->now_ms ? next_ms : stage->now_ms;
    if (next_ms == thing_ms)
        happen(stage);
    else if (next_ms == voice_ms)
        playing_tick(stage);
    else
        stage_event(stage, (struct turn_event){.kind = TURN_EVENT_TIME});
    return true;
}

bool stage_is_over(const struct stage *stage)
{
    return stage->turn.is_ended || stage->verdict;
}

bool stage_is_settled(const struct stage *stage)
{
    bool is_under_way = stage->happenings || backstage_has_work(stage);
    if (stage->fault[0] || stage_is_over(stage))
        return stage->fault[0] || !is_under_way;
    return !is_under_way && stage->turn.state == TURN_LISTENING && stage->turn.listening_ms &&
           !stage->turn.has_speech && !stage->playing.pieces && !stage->aside.len &&
           !stage->wants_hang_up;
}

/* ---- what is told of it ---- */

uint64_t stage_wall_ms(const struct stage *stage)
{
    return stage->wall_ms + (stage->now_ms - STAGE_START_MS);
}

void stage_note(struct stage *stage, const char *who, const char *format, ...)
{
    va_list args;
    strbuf_printf(
        &stage->transcript, "%7.2f  %-9s", (double)(stage->now_ms - STAGE_START_MS) / 1000, who);
    va_start(args, format);
    strbuf_vprintf(&stage->transcript, format, args);
    va_end(args);
    strbuf_add_char(&stage->transcript, '\n');
}

void stage_fail(struct stage *stage, const char *format, ...)
{
    va_list args;
    if (stage->fault[0])
        return;
    va_start(args, format);
    vsnprintf(stage->fault, sizeof stage->fault, format, args);
    va_end(args);
}

void stage_blame(struct stage *stage, const char *format, ...)
{
    const struct session *session = stage->session;
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (session->again)
        session->again->on_trouble(session->again_owner, stage->turn_number, what);
    else
        stage_fail(stage, "%s", what);
}
