/* What goes wrong on the line, into a call as Twilio's messages on virtual time: each fault is counted by its name, and by no
   other. */
#include "call_double.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "observe/metrics.h"

/* ---- the clock is the story's ---- */

static uint64_t now_ms;

uint64_t clock_ms(void)
{
    return now_ms;
}

uint64_t clock_us(void)
{
    return now_ms * 1000;
}

uint64_t clock_wall_ms(void)
{
    return now_ms;
}

uint64_t clock_thread_cpu_us(void)
{
    return 0;
}

void clock_wall_text(uint64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
    out[0] = 0;
}

/* ---- a caller ---- */

#define FRAMES 200
#define LOUD 0x10 /* a frame that is heard */
#define QUIET 0xfd

/* From frame `from` on, `count` of them, something happens. */
struct fault {
    const char *name;
    unsigned from, count;
    unsigned later_ms; /* they come later */
    unsigned held_ms;  /* they come together, so long after the first of them was due */
    int step_ms;       /* timestamps go ahead by so much, of all that follow too */
    bool is_dropped, is_doubled, is_broken;
    bool is_quiet; /* the caller is */
    int expected[9];
};

#define SOME (-1) /* how many is the buffer's business */
/*                       lost concealed gaps late twice reordered skipped resyncs bad */
static const enum metric watched[] = {METRIC_FRAMES_LOST, METRIC_FRAMES_CONCEALED,
    METRIC_JITTER_GAPS, METRIC_JITTER_LATE, METRIC_JITTER_DUPLICATE, METRIC_JITTER_REORDERED,
    METRIC_JITTER_SKIPPED, METRIC_JITTER_RESYNCS, METRIC_STREAM_MESSAGES_BAD};
#define WATCHED (sizeof watched / sizeof *watched)

static const struct fault faults[] = {
    {"an undisturbed line", .expected = {0}},
    {"one frame is dropped", 100, 1, .is_dropped = true, .expected = {1, 1, 1}},
    {"five are, in a row", 100, 5, .is_dropped = true, .expected = {5, 5, 1}},
    {"frames come twice", 100, 4, .is_doubled = true, .expected = {[4] = 4}},
    {"one comes behind the next", 100, 1, .later_ms = 25, .expected = {[5] = 1}},
    {"one comes after its turn", 100, 1, .later_ms = 150, .expected = {0, 1, 1, 1}},
    {"all come later from then on", 100, FRAMES, .later_ms = 100, .expected = {0, SOME, SOME}},
    {"the carrier stalls, and catches up", 100, 9, .held_ms = 180, .expected = {0, SOME, SOME}},
    {"so, and the caller is quiet", 100, 9, .held_ms = 180, .is_quiet = true,
        .expected = {0, SOME, SOME, [6] = SOME}},
    {"the sender's clock jumps", 100, 1, .step_ms = 5000, .expected = {[7] = 1}},
    {"a message is broken", 100, 1, .is_doubled = true, .is_broken = true, .expected = {[8] = 1}},
};

static void send(struct call *call, unsigned number, const struct fault *fault, bool is_broken)
{
    uint8_t ulaw[FRAME_BYTES];
    char payload[300], text[600];
    int step_ms = number >= fault->from ? fault->step_ms : 0;
    for (unsigned i = 0; i < FRAME_BYTES; i++)
        ulaw[i] = (uint8_t)((fault->is_quiet ? QUIET : LOUD) + (i * number) % 3);
    base64_encode(ulaw, sizeof ulaw, payload);
    snprintf(text, sizeof text,
        "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"track\":\"inbound\",\"timestamp\":"
        "\"%d\","
        "\"payload\":\"%s\"}%s",
        (int)(number * FRAME_MS) + step_ms, payload, is_broken ? "" : "}");
    inbound_message(call, slice_from(text));
}

static bool is_hit(const struct fault *fault, unsigned number)
{
    return fault->count && number >= fault->from && number < fault->from + fault->count;
}

static uint64_t arrival_ms(const struct fault *fault, unsigned number)
{
    if (!is_hit(fault, number))
        return number * FRAME_MS;
    return (fault->held_ms ? fault->from * FRAME_MS + fault->held_ms : number * FRAME_MS) +
           fault->later_ms;
}

static void arrive(struct call *call, const struct fault *fault, uint64_t at_ms)
{
    for (unsigned number = 0; number < FRAMES; number++) {
        bool is_one = is_hit(fault, number);
        if (arrival_ms(fault, number) != at_ms || (is_one && fault->is_dropped))
            continue;
        send(call, number, fault, false);
        if (is_one && fault->is_doubled)
            send(call, number, fault, fault->is_broken);
    }
}

static struct call *pick_up(void)
{
    static const struct ear_settings settings = {.jitter_min_ms = 60, .jitter_max_ms = 200};
    struct call *call = make_call();
    ear_init(&call->ear, &settings, now_ms);
    vad_close(&call->ear.vad); /* nobody listens: the story is about frames */
    call->ear.has_vad = false;
    strcpy(call->stream_sid, "MZ1");
    call->is_started = true;
    return call;
}

static void tell(struct call *call, const struct fault *fault)
{
    uint64_t began_ms = now_ms;
    for (; now_ms < began_ms + FRAMES * FRAME_MS + 100; now_ms++) {
        arrive(call, fault, now_ms - began_ms);
        if (inbound_deadline(call) && inbound_deadline(call) <= now_ms)
            inbound_tick(call, now_ms);
        if (now_ms == began_ms + (FRAMES - 1) * FRAME_MS)
            break; /* the silence behind it is no fault */
    }
    call->tally.tenant = tenant_metrics_of("acme");
    tally_end(call, "answered");
}

static void each_fault_is_counted_by_its_name(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        int64_t before[WATCHED];
        for (size_t k = 0; k < WATCHED; k++)
            before[k] = metric_get(watched[k]);
        now_ms += 10000;
        struct call *call = pick_up();
        tell(call, &faults[i]);
        for (size_t k = 0; k < WATCHED; k++) {
            int64_t fresh = metric_get(watched[k]) - before[k];
            int expected = faults[i].expected[k];
            if (expected == SOME ? fresh <= 0 : fresh != expected)
                fail_msg("%s: counter %u is %d", faults[i].name, (unsigned)k, (int)fresh);
        }
        ear_close(&call->ear);
        free_call(call);
    }
}

static void drift_and_depth_of_the_worst_call_are_kept(void **state)
{
    static const struct fault none = {0}, later = {"", 100, FRAMES, .later_ms = 100};
    now_ms += 60000;
    struct call *call = pick_up();
    tell(call, &none);
    assert_int_equal(worst_now(&worker.worsts.drift, now_ms), 0);
    assert_int_equal(worst_now(&worker.worsts.jitter_depth, now_ms), 60);
    ear_close(&call->ear);
    free_call(call);
    now_ms += 60000;
    call = pick_up();
    tell(call, &later);
    assert_in_range(worst_now(&worker.worsts.drift, now_ms), 50, 100);
    now_ms += 60000;
    assert_int_equal(worst_now(&worker.worsts.drift, now_ms), 0);
    ear_close(&call->ear);
    free_call(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_counted_by_its_name),
        cmocka_unit_test(drift_and_depth_of_the_worst_call_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
