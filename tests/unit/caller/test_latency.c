#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "caller/latency.h"

static struct latency latency;

static void only_audio_after_the_line_answers_it(void **state)
{
    memset(&latency, 0, sizeof latency);
    latency_first(&latency, 100); /* a greeting: no line yet */
    latency_line_start(&latency, 1000, "one");
    latency_first(&latency, 1500); /* over the line */
    latency_line_end(&latency, 2000);
    latency_audible(&latency, 2020); /* the tail of it */
    latency_first(&latency, 2600);
    latency_audible(&latency, 2640);
    latency_first(&latency, 3000);
    latency_audible(&latency, 3040);
    assert_int_equal(latency.turn_count, 1);
    assert_int_equal(latency.turns[0].first_ms, 2600);
    assert_int_equal(latency.turns[0].audible_ms, 2640);
}

static void long_lines_are_cut_between_characters(void **state)
{
    memset(&latency, 0, sizeof latency);
    char text[200] = "";
    while (strlen(text) < 120)
        strcat(text, "\xc3\xbc");
    latency_line_start(&latency, 0, text);
    size_t len = strlen(latency.turns[0].text);
    assert_true(len < sizeof latency.turns[0].text);
    assert_string_equal(latency.turns[0].text + len - 3, "…");
    assert_int_equal((len - 3) % 2, 0);
}

static void the_table_tells_turns_hops_and_medians(void **state)
{
    memset(&latency, 0, sizeof latency);
    static const uint64_t waits_ms[] = {300, 900, 500};
    for (size_t i = 0; i < 3; i++) {
        latency_line_start(&latency, 10000 * i, "line");
        latency_line_end(&latency, 10000 * i + 1000);
        latency_first(&latency, 10000 * i + 1000 + waits_ms[i]);
        latency_audible(&latency, 10000 * i + 1040 + waits_ms[i]);
    }
    latency_line_start(&latency, 40000, "unanswered");
    json_t *hops = json_pack("{s:i, s:f}", "response_ms", 480, "stt_ms", 120.4);
    latency_server(&latency, 1, hops);
    json_decref(hops);
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    latency_print(&latency, file);
    fclose(file);
    assert_non_null(strstr(text, "\n     1        300        340  line\n"));
    assert_non_null(strstr(text, "\n     4          -          -  unanswered\n"));
    assert_non_null(strstr(text, "\n   p50        500        540\n"));
    assert_non_null(
        strstr(text, "\n     1        480        120          -          -          -\n"));
    free(text);
    json_t *json = latency_json(&latency);
    assert_int_equal(json_array_size(json_object_get(json, "turns")), 4);
    assert_int_equal(json_array_size(json_object_get(json, "server")), 1);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_audio_after_the_line_answers_it),
        cmocka_unit_test(long_lines_are_cut_between_characters),
        cmocka_unit_test(the_table_tells_turns_hops_and_medians),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
