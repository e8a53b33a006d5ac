/* Faults: what may be asked, how often it applies, where the gate breaks. */
#include "unit/sandbox/cmocka_head.h"

#include <string.h>

#include "gate.h"

static enum err set(struct faults *faults, const char *text, char why[160])
{
    json_t *wish = json_loads(text, 0, NULL);
    assert_non_null(wish);
    enum service service;
    enum err err = faults_set(faults, wish, &service, why);
    json_decref(wish);
    return err;
}

static void a_fault_applies_as_often_as_asked(void **state)
{
    struct faults faults;
    char why[160];
    faults_clear(&faults);
    assert_int_equal(set(&faults, "{\"service\":\"llm\",\"status\":503,\"count\":2}", why), ERR_OK);
    assert_int_equal(faults_take(&faults, SERVICE_TTS).status, 0);
    assert_int_equal(faults_take(&faults, SERVICE_LLM).status, 503);
    assert_int_equal(faults_take(&faults, SERVICE_LLM).status, 503);
    assert_int_equal(faults_take(&faults, SERVICE_LLM).status, 0);
    assert_int_equal(set(&faults, "{\"service\":\"llm\",\"hang\":true}", why), ERR_OK);
    for (int i = 0; i < 10; i++)
        assert_true(faults_take(&faults, SERVICE_LLM).hang);
    faults_clear(&faults);
    assert_false(faults_take(&faults, SERVICE_LLM).hang);
}

static void wrong_wishes_are_refused(void **state)
{
    static const struct {
        const char *wish;
        const char *why;
    } cases[] = {
        {"{\"status\":500}", "service"},
        {"{\"service\":\"fax\"}", "service"},
        {"{\"service\":\"llm\",\"status\":200}", "status"},
        {"{\"service\":\"llm\",\"status\":\"503\"}", "status"},
        {"{\"service\":\"llm\",\"delay_ms\":-1}", "delay_ms"},
        {"{\"service\":\"llm\",\"hang\":1}", "hang"},
        {"{\"service\":\"llm\",\"count\":0}", "count"},
        {"{\"service\":\"llm\",\"cut\":1}", "cut"},
        {"{\"service\":\"llm\",\"cut_at_percent\":101}", "cut_at_percent"},
        {"{\"service\":\"llm\",\"web_page\":\"yes\"}", "web_page"},
    };
    struct faults faults;
    faults_clear(&faults);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[160] = "";
        assert_int_equal(set(&faults, cases[i].wish, why), ERR_BAD);
        assert_non_null(strstr(why, cases[i].why));
    }
    assert_int_equal(faults_take(&faults, SERVICE_LLM).status, 0);
}

static void faults_are_listed_as_they_were_asked(void **state)
{
    struct faults faults;
    char why[160];
    faults_clear(&faults);
    const char *wish = "{\"service\":\"stt\",\"delay_ms\":40,\"cut_after_events\":3,"
                       "\"close_code\":1001,\"code\":\"session_expired\",\"count\":1,"
                       "\"drip_bytes_per_s\":100,\"in_band\":true}";
    assert_int_equal(set(&faults, wish, why), ERR_OK);
    json_t *list = faults_list(&faults);
    json_t *expected = json_pack("[o]", json_loads(wish, 0, NULL));
    assert_true(json_equal(list, expected));
    json_decref(list);
    json_decref(expected);
}

struct step {
    size_t len;
    enum gate_verdict verdict;
    size_t allowed;
};

static void walk(const struct fault *fault, const struct step *steps, size_t count)
{
    struct gate gate;
    gate_init(&gate, fault);
    for (size_t i = 0; i < count; i++) {
        size_t allowed;
        assert_int_equal(gate_next(&gate, steps[i].len, &allowed), steps[i].verdict);
        assert_int_equal(allowed, steps[i].allowed);
    }
}

static void the_gate_breaks_where_asked(void **state)
{
    struct fault fault = fault_none;
    walk(&fault, (const struct step[]){{10, GATE_PASS, 10}, {0, GATE_PASS, 0}}, 2);
    fault.cut_after_messages = 2;
    walk(&fault, (const struct step[]){{10, GATE_PASS, 10}, {10, GATE_PASS, 10}, {10, GATE_CUT, 0}},
        3);
    fault = fault_none;
    fault.cut_after_bytes = 15;
    walk(&fault, (const struct step[]){{10, GATE_PASS, 10}, {10, GATE_CUT, 5}}, 2);
    fault = fault_none;
    fault.hang = true;
    walk(&fault, (const struct step[]){{10, GATE_SWALLOW, 0}}, 1);
    fault.cut_after_messages = 1;
    walk(&fault, (const struct step[]){{10, GATE_PASS, 10}, {10, GATE_SWALLOW, 0}}, 2);
    fault = fault_none;
    fault.garbage = true;
    walk(&fault, (const struct step[]){{10, GATE_GARBAGE, 0}, {10, GATE_GARBAGE, 0}}, 2);
}

static void a_flood_ends_and_what_waited_passes(void **state)
{
    struct fault fault = fault_none;
    struct gate gate;
    size_t allowed;
    fault.flood_bytes = 100;
    fault.cut_after_messages = 1;
    gate_init(&gate, &fault);
    assert_int_equal(gate_next(&gate, 10, &allowed), GATE_PASS);
    assert_int_equal(gate_next(&gate, 10, &allowed), GATE_FLOOD);
    gate_flooded(&gate, 60);
    assert_int_equal(gate_next(&gate, 10, &allowed), GATE_FLOOD);
    gate_flooded(&gate, 60);
    assert_int_equal(gate_next(&gate, 10, &allowed), GATE_PASS);
    assert_int_equal(allowed, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_applies_as_often_as_asked),
        cmocka_unit_test(wrong_wishes_are_refused),
        cmocka_unit_test(faults_are_listed_as_they_were_asked),
        cmocka_unit_test(the_gate_breaks_where_asked),
        cmocka_unit_test(a_flood_ends_and_what_waited_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
