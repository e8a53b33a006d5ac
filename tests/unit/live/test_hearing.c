/* What a call does when its hearing fails: the next words are heard by another session, and the engine sees one row of items. */
#include "call_double.h"

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    uint32_t items;
};

static struct stt ear;
static unsigned opened;
static bool is_deaf;
static const struct stt_ops ear_ops;

static enum err open_ear(struct stt **out, struct net_loop *loop,
    const struct stt_settings *settings, const struct stt_listener *listener, void *owner)
{
    opened++;
    if (is_deaf)
        return ERR_UNREACHABLE;
    ear = (struct stt){.ops = &ear_ops, .listener = listener, .owner = owner};
    *out = &ear;
    return ERR_OK;
}

static void hear(struct stt *stt, const uint8_t ulaw[FRAME_BYTES])
{
}

static uint32_t end_item(struct stt *stt)
{
    return ++stt->items;
}

static void close_ear(struct stt *stt)
{
}

static const struct stt_ops ear_ops = {"ear", open_ear, hear, end_item, close_ear};

/* A call whose events wait where a test sees them. */
static struct call *listening(void)
{
    struct call *call = make_call();
    live.options.settings.stt_ops = &ear_ops;
    opened = 0;
    is_deaf = false;
    call->is_stepping = true;
    assert_int_equal(hearing_open(call), ERR_OK);
    return call;
}

static void end(struct call *call)
{
    hearing_close(call);
    utterances_clear(&call->utterances);
    free_call(call);
}

static void fails(enum failure_kind kind)
{
    ear.listener->on_failed(ear.owner, &(struct failure){.kind = kind, .why = "test"});
}

static struct turn_event newest(struct call *call)
{
    assert_true(call->event_count > 0);
    return call->events[call->event_count - 1];
}

static void expect_item(struct call *call, enum turn_event_kind kind, uint32_t item)
{
    assert_int_equal(newest(call).kind, kind);
    assert_int_equal(newest(call).item, item);
}

static void items_of_the_next_session_follow_those_of_the_last(void **state)
{
    struct call *call = listening();
    hearing_start(call);
    hearing_commit(call);
    expect_item(call, TURN_EVENT_COMMITTED, 1);
    ear.listener->on_final(ear.owner, 1, SLICE("hello"));
    expect_item(call, TURN_EVENT_FINAL, 1);
    fails(FAILURE_CUT);
    assert_int_equal(newest(call).kind, TURN_EVENT_STT_FAILED);
    assert_false(newest(call).flag);
    assert_null(call->stt);
    assert_int_equal(opened, 1);
    hearing_start(call);
    assert_int_equal(opened, 2);
    assert_true(call->is_feeding);
    ear.listener->on_partial(ear.owner, 1, SLICE("and"));
    expect_item(call, TURN_EVENT_PARTIAL, 2);
    hearing_commit(call);
    expect_item(call, TURN_EVENT_COMMITTED, 2);
    ear.listener->on_final(ear.owner, 1, SLICE("and you"));
    expect_item(call, TURN_EVENT_FINAL, 2);
    end(call);
}

static void what_fails_for_good_says_so(void **state)
{
    struct call *call = listening();
    fails(FAILURE_KEY);
    assert_int_equal(newest(call).kind, TURN_EVENT_STT_FAILED);
    assert_true(newest(call).flag);
    call->turn.state = TURN_ENDING;
    hearing_start(call);
    assert_int_equal(opened, 1);
    end(call);
}

static void a_session_that_cannot_be_opened_again_is_a_failure(void **state)
{
    struct call *call = listening();
    fails(FAILURE_LATE);
    is_deaf = true;
    unsigned before = call->event_count;
    hearing_start(call);
    assert_int_equal(call->event_count, before + 1);
    assert_int_equal(newest(call).kind, TURN_EVENT_STT_FAILED);
    assert_null(call->stt);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_of_the_next_session_follow_those_of_the_last),
        cmocka_unit_test(what_fails_for_good_says_so),
        cmocka_unit_test(a_session_that_cannot_be_opened_again_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
