/* Which spans a call leaves: a tree, whatever becomes of its turns. */
#include "call_double.h"

#include <stdio.h>

#include "base/clock.h"
#include "observe/log.h"
#include "routing/incident.h"

static struct mailbox traces;
static struct trace_batch *batches[16];
static size_t batch_count;

static struct call *begin_call(void)
{
    struct call *call = make_call();
    mailbox_init(&traces, 16, NULL, NULL);
    live.options.traces = &traces;
    live.options.settings.trace_sample = 1;
    agent = (struct agent){.tools_json = "[]", .version = "v1", .trace_sample = -1};
    snprintf(call->facts.call_sid, sizeof call->facts.call_sid, "CA1");
    snprintf(call->facts.call_id, sizeof call->facts.call_id, "c1");
    call->started_ms = clock_ms() - 5000;
    speech_open(call);
    tracing_begin(call);
    return call;
}

static void collect(void)
{
    struct letter *letter = mailbox_take_all(&traces);
    while (letter) {
        batches[batch_count++] = (struct trace_batch *)letter;
        letter = letter->next;
    }
}

static void end_call(struct call *call)
{
    call->end_reason = "caller_hangup";
    tracing_end(call);
    collect();
    assert_int_equal(call->tracing.trace, NULL);
    free_call(call);
}

static void forget(void)
{
    while (batch_count)
        trace_batch_free(batches[--batch_count]);
    mailbox_destroy(&traces);
    live.options.traces = NULL;
}

static const struct trace_span *find_id(uint64_t id)
{
    for (size_t i = 0; i < batch_count; i++)
        for (size_t k = 0; k < batches[i]->span_count; k++)
            if (batches[i]->spans[k].id == id)
                return &batches[i]->spans[k];
    return NULL;
}

/* Number `nth` (from 0) of that name, in the order they ended up in. */
static const struct trace_span *find(const char *name, unsigned nth, const struct trace_batch **of)
{
    for (size_t i = 0; i < batch_count; i++)
        for (size_t k = 0; k < batches[i]->span_count; k++)
            if (strcmp(batches[i]->spans[k].name, name) == 0 && nth-- == 0) {
                *of = batches[i];
                return &batches[i]->spans[k];
            }
    fail_msg("no %s", name);
    return NULL;
}

static void word_of(const char *name, unsigned nth, const char *key, char out[64])
{
    const struct trace_batch *batch;
    const struct trace_span *span = find(name, nth, &batch);
    out[0] = 0;
    for (size_t i = 0; i < batch->attribute_count; i++) {
        const struct trace_attribute *attribute = &batch->attributes[i];
        if (&batch->spans[attribute->span] == span && strcmp(attribute->key, key) == 0)
            slice_copy(
                (struct slice){batch->texts.data + attribute->number, attribute->len}, out, 64);
    }
}

static void expect_word(const char *name, unsigned nth, const char *key, const char *expected)
{
    char word[64];
    word_of(name, nth, key, word);
    assert_string_equal(word, expected);
}

static const char *parent_of(const char *name, unsigned nth)
{
    const struct trace_batch *batch;
    const struct trace_span *parent = find_id(find(name, nth, &batch)->parent_id);
    return parent ? parent->name : "";
}

/* One root; everybody else's parent is there; nobody ends before he began. */
static void expect_tree(void)
{
    unsigned roots = 0;
    for (size_t i = 0; i < batch_count; i++) {
        assert_int_equal(batches[i]->part, i);
        assert_int_equal(batches[i]->is_last, i == batch_count - 1);
        for (size_t k = 0; k < batches[i]->span_count; k++) {
            const struct trace_span *span = &batches[i]->spans[k];
            roots += !span->parent_id;
            if (span->parent_id && !find_id(span->parent_id))
                fail_msg("%s is an orphan", span->name);
            assert_false(span->is_open);
            assert_true(span->end_ms >= span->start_ms);
        }
    }
    assert_int_equal(roots, 1);
}

/* ---- verbs ---- */

static void caller_speaks(struct call *call)
{
    call->hearing.speech_started = clock_ms() - 900;
    call_span(call, SPAN_MEDIA_IN, "speech started");
    tracing_partial(call);
    call_span(call, SPAN_STT_PARTIAL, "openai");
    call->hearing.speech_ended = clock_ms() - 200;
    call_span(call, SPAN_MEDIA_IN, "speech ended");
    tracing_committed(call);
    call_span(call, SPAN_STT_FINAL, "openai");
}

static void turn_begins(struct call *call, uint32_t epoch)
{
    tracing_take_turn(call);
    reply_begin(call, epoch);
    call->turn_number++;
    tracing_prompt_begins(call);
    call_span(call, SPAN_PROMPT, "done");
    call_span(call, SPAN_LLM_START, "");
}

static void model_writes(struct call *call)
{
    call_span(call, SPAN_LLM_TOKEN, "openai");
    call_span(call, SPAN_LLM_END, "");
    speech_text(call, SLICE("We open at nine."));
    speak(voice.newest, 'a', 3);
    voice.listener->on_end(voice.owner, voice.newest);
    call_span(call, SPAN_MEDIA_OUT, "first");
}

/* ---- stories ---- */

static void a_turn_is_heard(void **state)
{
    struct call *call = begin_call();
    reply_begin(call, 1); /* the greeting */
    tracing_turn_over(call, "heard");
    caller_speaks(call);
    turn_begins(call, 2);
    call->reply.turn_reason = "silence";
    call_span(call, SPAN_TURN_COMMIT, "");
    model_writes(call);
    tracing_turn_over(call, "heard");
    collect();
    assert_int_equal(batch_count, 2); /* before the call's end */
    end_call(call);
    expect_tree();
    static const char *const children[] = {"MEDIA_IN", "STT", "PROMPT", "LLM", "TTS", "MEDIA_OUT"};
    for (size_t i = 0; i < sizeof children / sizeof *children; i++)
        assert_string_equal(parent_of(children[i], 0), "TURN");
    assert_string_equal(parent_of("TURN", 0), "CALL");
    expect_word("TURN", 1, "outcome", "heard");
    expect_word("TURN", 1, "reason", "silence");
    expect_word("TURN", 1, "script_version", "v1");
    expect_word("CALL", 0, "end_reason", "caller_hangup");
    expect_word("CALL", 0, "call_sid", "CA1");
    forget();
}

static void a_draft_is_taken_back(void **state)
{
    struct call *call = begin_call();
    caller_speaks(call);
    turn_begins(call, 1);
    call->hearing.speech_started = clock_ms();
    call_span(call, SPAN_MEDIA_IN, "speech started"); /* the caller goes on */
    reply_stop(call);
    tracing_turn_over(call, "reopened");
    call->hearing.speech_ended = clock_ms();
    call_span(call, SPAN_MEDIA_IN, "speech ended");
    call_span(call, SPAN_STT_FINAL, "openai");
    turn_begins(call, 2);
    model_writes(call);
    tracing_turn_over(call, "heard");
    end_call(call);
    expect_tree();
    expect_word("TURN", 0, "outcome", "reopened");
    expect_word("TURN", 1, "outcome", "heard");
    forget();
}

static void noise_is_no_turn(void **state)
{
    struct call *call = begin_call();
    caller_speaks(call);
    tracing_discard(call);
    caller_speaks(call);
    turn_begins(call, 1);
    tracing_turn_over(call, "heard");
    end_call(call);
    expect_tree();
    expect_word("TURN", 0, "outcome", "noise");
    expect_word("TURN", 1, "outcome", "heard");
    forget();
}

static void much_noise_leaves_room_for_turns(void **state)
{
    struct call *call = begin_call();
    for (int i = 0; i < 200; i++) {
        caller_speaks(call);
        tracing_discard(call);
    }
    caller_speaks(call);
    turn_begins(call, 1);
    model_writes(call);
    tracing_turn_over(call, "heard");
    end_call(call);
    expect_tree();
    expect_word("TURN", 200, "outcome", "heard");
    for (size_t i = 0; i < batch_count; i++)
        assert_int_equal(batches[i]->dropped_spans + batches[i]->dropped, 0);
    forget();
}

static void a_tool_outlives_its_turn(void **state)
{
    struct call *call = begin_call();
    caller_speaks(call);
    turn_begins(call, 1);
    struct script_result result = {
        .ending = SCRIPT_TIMEOUT, .span = tracing_tool_begins(call, "slow_lookup")};
    tracing_tool_over(call, &result);
    tracing_turn_over(call, "heard");
    reply_begin(call, 2);
    result.ending = SCRIPT_DONE;
    result.is_late = true;
    tracing_tool_over(call, &result);
    end_call(call);
    expect_tree();
    expect_word("TOOL", 0, "tool", "slow_lookup");
    expect_word("TOOL", 0, "ending", "done");
    assert_string_equal(parent_of("TOOL", 0), "TURN");
    forget();
}

static void what_is_open_ends_with_the_call(void **state)
{
    struct call *call = begin_call();
    call->hearing.speech_started = clock_ms();
    turn_begins(call, 1);
    tracing_tool_begins(call, "slow_lookup");
    call_span(call, SPAN_MEDIA_IN, "speech started");
    end_call(call);
    expect_tree();
    expect_word("TURN", 0, "outcome", "call_ended");
    forget();
}

static void failures_name_the_culprit(void **state)
{
    struct call *call = begin_call();
    caller_speaks(call);
    turn_begins(call, 1);
    const struct failure failure = {.kind = FAILURE_REQUEST, .why = "HTTP 400"};
    tracing_failed(call, SLOT_THINK, &failure);
    tracing_turn_over(call, "cancelled");
    end_call(call);
    expect_tree();
    const struct trace_batch *batch;
    assert_true(find("LLM", 0, &batch)->is_failed);
    forget();
}

/* ---- what routing survives, or does not ---- */

static void befalls(struct call *call, enum incident_kind kind, enum provider_slot slot,
    const char *provider, const char *other)
{
    static const struct failure broken = {.kind = FAILURE_BROKEN, .status = 503, .why = "HTTP 503"};
    struct route_witness witness = tracing_witness(call);
    witness.told(witness.owner, &(struct route_incident){.kind = kind,
                                    .slot = slot,
                                    .provider = provider,
                                    .other = other,
                                    .failure = kind == INCIDENT_FAILED ? &broken : NULL});
}

/* "NAME key=value…" of the events of number `nth` of that name that tell of providers, a line each. */
static void expect_incidents(const char *name, unsigned nth, const char *expected)
{
    const struct trace_batch *batch;
    const struct trace_span *span = find(name, nth, &batch);
    struct strbuf told;
    strbuf_init(&told, 4096);
    for (size_t i = 0; i < batch->event_count; i++) {
        if (&batch->spans[batch->events[i].span] != span ||
            strncmp(batch->events[i].name, "PROVIDER_", 9) != 0)
            continue;
        strbuf_printf(&told, "%s", batch->events[i].name);
        for (size_t k = 0; k < batch->attribute_count; k++)
            if (batch->attributes[k].event == i + 1)
                strbuf_printf(&told, " %s=%.*s", batch->attributes[k].key,
                    (int)batch->attributes[k].len, batch->texts.data + batch->attributes[k].number);
        strbuf_add_char(&told, '\n');
    }
    assert_string_equal(told.data ? told.data : "", expected);
    strbuf_free(&told);
}

static bool is_failed(const char *name, unsigned nth)
{
    const struct trace_batch *batch;
    return find(name, nth, &batch)->is_failed;
}

static void another_provider_steps_in(void **state)
{
    struct call *call = begin_call();
    caller_speaks(call);
    turn_begins(call, 1);
    befalls(call, INCIDENT_FAILED, SLOT_THINK, "first", NULL);
    befalls(call, INCIDENT_RETRY, SLOT_THINK, "first", NULL);
    befalls(call, INCIDENT_FAILED, SLOT_THINK, "first", NULL);
    befalls(call, INCIDENT_LEFT_ALONE, SLOT_THINK, "first", NULL);
    befalls(call, INCIDENT_NEXT, SLOT_THINK, "second", "first");
    model_writes(call);
    tracing_turn_over(call, "heard");
    end_call(call);
    expect_tree();
    expect_incidents("LLM", 0,
        "PROVIDER_FAILED slot=think provider=first kind=broken why=HTTP 503\n"
        "PROVIDER_RETRY slot=think provider=first\n"
        "PROVIDER_FAILED slot=think provider=first kind=broken why=HTTP 503\n"
        "PROVIDER_LEFT_ALONE slot=think provider=first\n"
        "PROVIDER_NEXT slot=think provider=second other=first\n");
    expect_word("LLM", 0, "failed.provider", "first");
    assert_false(is_failed("LLM", 0));
    assert_false(is_failed("TURN", 0));
    forget();
}

/* The engine gives up: the model never said that it failed. */
static void nobody_steps_in(void **state)
{
    struct call *call = begin_call();
    caller_speaks(call);
    turn_begins(call, 1);
    befalls(call, INCIDENT_FAILED, SLOT_THINK, "first", NULL);
    tracing_stop(call);
    tracing_turn_over(call, "cancelled");
    reply_apologise(call, 2);
    tracing_turn_over(call, "heard");
    end_call(call);
    expect_tree();
    assert_true(is_failed("LLM", 0));
    assert_false(is_failed("TURN", 0));
    assert_true(is_failed("TURN", 1)); /* the apology */
    forget();
}

static void each_slot_has_its_span(void **state)
{
    struct call *call = begin_call();
    befalls(call, INCIDENT_FAILED, SLOT_SPEAK, "voice", NULL); /* nothing is under way */
    call->hearing.speech_started = clock_ms() - 900;
    call_span(call, SPAN_MEDIA_IN, "speech started");
    befalls(call, INCIDENT_FAILED, SLOT_HEAR, "ears", NULL);
    call_span(call, SPAN_STT_FINAL, "other ears");
    turn_begins(call, 1);
    speech_text(call, SLICE("We open at nine."));
    befalls(call, INCIDENT_FAILED, SLOT_SPEAK, "voice", NULL);
    befalls(call, INCIDENT_NEXT, SLOT_SPEAK, "other voice", "voice");
    voice.listener->on_source(voice.owner, voice.newest, "other voice", "m");
    speak(voice.newest, 'a', 3);
    voice.listener->on_end(voice.owner, voice.newest);
    tracing_turn_over(call, "heard");
    end_call(call);
    expect_tree();
    expect_word("CALL", 0, "failed.provider", "voice");
    expect_word("STT", 0, "failed.provider", "ears");
    expect_word("TTS", 0, "failed.provider", "voice");
    expect_word("TTS", 0, "provider", "other voice");
    assert_false(is_failed("CALL", 0) || is_failed("STT", 0) || is_failed("TTS", 0));
    forget();
}

/* Speech that goes on gets a final of another session: the words before it were lost all the same. */
static void what_was_given_up_stays_failed(void **state)
{
    static const struct failure cut = {.kind = FAILURE_CUT, .why = "connection lost"};
    struct call *call = begin_call();
    call->hearing.speech_started = clock_ms() - 900;
    call_span(call, SPAN_MEDIA_IN, "speech started");
    tracing_failed(call, SLOT_HEAR, &cut);
    call_span(call, SPAN_STT_FINAL, "other ears");
    end_call(call);
    assert_true(is_failed("STT", 0));
    forget();
}

/* A call that is not sampled costs nothing, and no request names it. */
static void a_call_is_not_sampled(void **state)
{
    struct call *call = begin_call();
    tracing_drop(call);
    agent.trace_sample = 0;
    tracing_begin(call);
    assert_null(call->tracing.trace);
    caller_speaks(call);
    turn_begins(call, 1);
    model_writes(call);
    struct script_job job = {.kind = SCRIPT_TOOL};
    tracing_name_parent(call, &job, tracing_tool_begins(call, "x"));
    assert_string_equal(job.traceparent, "");
    end_call(call);
    assert_int_equal(batch_count, 0);
    forget();
}

static void a_full_mailbox_drops(void **state)
{
    struct call *call = begin_call();
    for (uint32_t epoch = 1; epoch < 30; epoch++) {
        reply_begin(call, epoch);
        tracing_turn_over(call, "heard");
    }
    end_call(call);
    assert_int_equal(batch_count, 16);
    forget();
}

int main(void)
{
    log_start(2, LOG_ERROR, NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_heard),
        cmocka_unit_test(a_draft_is_taken_back),
        cmocka_unit_test(noise_is_no_turn),
        cmocka_unit_test(much_noise_leaves_room_for_turns),
        cmocka_unit_test(a_tool_outlives_its_turn),
        cmocka_unit_test(what_is_open_ends_with_the_call),
        cmocka_unit_test(failures_name_the_culprit),
        cmocka_unit_test(another_provider_steps_in),
        cmocka_unit_test(nobody_steps_in),
        cmocka_unit_test(each_slot_has_its_span),
        cmocka_unit_test(what_was_given_up_stays_failed),
        cmocka_unit_test(a_call_is_not_sampled),
        cmocka_unit_test(a_full_mailbox_drops),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    log_stop();
    return failed;
}
