#include "cmocka_head.h"

#include "providers/hallucination.h"

static void phrases_are_doubted_where_there_is_little_voice(void **state)
{
    static const struct {
        const char *text;
        unsigned voiced_ms, length_ms;
        bool is_likely;
    } cases[] = {
        {"Thanks for watching!", 200, 3000, true},
        {"Thanks for watching!", 900, 1500, false}, /* somebody did say that */
        {"Thank you.", 100, 400, true},             /* too short for two words */
        {"Thank you.", 500, 900, false},
        {"Thank you for calling.", 100, 3000, false}, /* no known phrase */
        {"Book me, thank you.", 100, 3000, false},    /* not alone */
        {"[BLANK_AUDIO]", 60, 800, true},
        {"you", 60, 1200, true},
        {"", 60, 1200, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(hallucination_is_likely(
                             slice_from(cases[i].text), cases[i].voiced_ms, cases[i].length_ms),
            cases[i].is_likely);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phrases_are_doubted_where_there_is_little_voice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
