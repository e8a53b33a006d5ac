/* Threads log for their calls while levels, flags and rules change and lines are written: for the thread sanitizer. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/log.h"
#include "observe/metrics.h"

#define THREADS 4
#define ROUNDS 3000

static atomic_uint at_work;

static void *work(void *owner)
{
    char caller[24], id[24];
    snprintf(caller, sizeof caller, "+1555010000%d", *(int *)owner);
    snprintf(id, sizeof id, "call-%d", *(int *)owner);
    for (int i = 0; i < ROUNDS; i++) {
        struct log_call *call = log_call_make();
        struct log_call *before = log_call_enter(call);
        log_call_name(call, &(struct log_call_facts){.call_id = id,
                                .call_sid = "",
                                .tenant_id = "acme",
                                .caller = caller,
                                .called = ""});
        struct log_call *kept = NULL;
        log_call_keep(&kept);
        log_debug("turn.state", "round=%d", i);
        log_info("call.x", "round=%d", i);
        if (log_shows(LOG_FLAG_STT))
            log_shown("stt.words", "round=%d", i);
        log_event(LOG_WARN, i % 2 ? "tts.odd" : "tts.even", "round=%d", i);
        log_call_leave(before);
        log_call_release(kept);
        log_call_release(call);
    }
    atomic_fetch_sub(&at_work, 1);
    return NULL;
}

static void change(unsigned round)
{
    static const char *const specs[] = {"info", "turn=debug", "warn,call=info", "turn="};
    char why[LOG_WHY_SIZE];
    assert_int_equal(log_levels_set(slice_from(specs[round % 4]), why), ERR_OK);
    log_flags_use(round % 3 ? LOG_FLAG_STT : 0);
    log_set_rate(round % 5 ? LOG_RATE_USUAL : 0);
    if (round % 7)
        assert_int_equal(
            log_rule_add(LOG_RULE_NUMBER, SLICE("+15550100002"), 1, LOG_FLAGS_CALL), ERR_OK);
    else
        log_rules_clear();
}

static void test_all_at_once(void **state)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    log_start(fd, LOG_INFO, NULL, NULL);
    atomic_store(&at_work, THREADS);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
    }
    for (unsigned round = 0; atomic_load(&at_work) || round < 16; round++) {
        struct strbuf text;
        strbuf_init(&text, 1 << 16);
        change(round);
        log_rules_json(&text);
        log_levels_json(&text);
        assert_false(text.failed);
        strbuf_free(&text);
        log_report();
        assert_true(log_flush());
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_stop();
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
