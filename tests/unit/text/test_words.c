#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "text/words.h"

enum { NOTHING = 0, BACKCHANNEL = 1, HANGING = 2, SPELLING = 4 };

struct row {
    const char *text;
    unsigned words;
    unsigned signals;
};

static void sees_what_the_engine_needs(void **state)
{
    static const struct row rows[] = {
        {"", 0, NOTHING},
        {"  ...  ", 0, NOTHING},
        {"\v\f yes\vplease \f", 2, NOTHING},
        {"Mm-hmm.", 1, BACKCHANNEL},
        {"Uh-huh", 1, BACKCHANNEL},
        {"yeah yeah, okay", 3, BACKCHANNEL},
        {"Right, I see.", 3, BACKCHANNEL},
        {"got it", 2, BACKCHANNEL},
        {"All right", 2, BACKCHANNEL},
        {"Of course", 2, BACKCHANNEL},
        {"no", 1, NOTHING},
        {"yeah but wait", 3, NOTHING},
        {"okay okay okay okay okay", 5, NOTHING},
        {"right now", 2, NOTHING},
        {"What time do you close on Saturday?", 7, NOTHING},
        {"I'd like to book a cleaning.", 6, NOTHING},
        {"I'd like to book a cleaning and", 7, HANGING},
        {"My number is", 3, HANGING},
        {"My number is.", 3, HANGING},
        {"On Monday,", 2, HANGING},
        {"let me see...", 3, HANGING},
        {"I was \xe2\x80\x94", 2, HANGING},
        {"um", 1, HANGING},
        {"could I", 2, HANGING},
        {"well I", 2, HANGING},
        {"I think so", 3, NOTHING},
        {"hold on", 2, NOTHING},
        {"who is it for?", 4, NOTHING},
        {"jane at gmail dot", 4, HANGING},
        {"S M I", 3, HANGING | SPELLING},
        {"S, M, I, T, H", 5, SPELLING},
        {"J-O-N", 1, SPELLING},
        {"it's five five five", 4, SPELLING},
        {"555", 1, SPELLING},
        {"my number is 555-01", 4, SPELLING},
        {"555 010 0001", 3, NOTHING},
        {"+1 555 010 0001", 4, NOTHING},
        {"five five five zero one zero zero zero zero one", 10, NOTHING},
        {"at 10:30", 2, NOTHING},
        {"for 2", 2, NOTHING},
        {"at three", 2, NOTHING},
        {"around 3 p m", 4, NOTHING},
        {"at 3 p.m.", 3, NOTHING},
        {"caf\xc3\xa9 \xc3\xa9t\xc3\xa9", 2, NOTHING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct words_signals got;
        words_look(&got, slice_from(rows[i].text));
        unsigned signals = (got.is_backchannel ? BACKCHANNEL : 0) | (got.is_hanging ? HANGING : 0) |
                           (got.is_spelling ? SPELLING : 0);
        if (got.word_count != rows[i].words || signals != rows[i].signals)
            fail_msg("\"%s\": %u words, signals %u", rows[i].text, got.word_count, signals);
        assert_int_equal(words_count(slice_from(rows[i].text)), rows[i].words);
    }
}

static void phrases_are_found_word_by_word(void **state)
{
    static const struct {
        const char *text, *phrase;
        bool are, contain;
    } rows[] = {
        {"Stop!", "stop", true, true},
        {"please stop it", "stop", false, true},
        {"Hold on, please.", "hold  on", false, true},
        {"hold the line on monday", "hold on", false, false},
        {"stopping", "stop", false, false},
        {"Sounds good.", "SOUNDS GOOD", true, true},
        {"sounds", "sounds good", false, false},
        {"", "stop", false, false},
        {"stop", "", false, false},
        {"stop", " ... ", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text = slice_from(rows[i].text), phrase = slice_from(rows[i].phrase);
        if (words_are(text, phrase) != rows[i].are ||
            words_contain(text, phrase) != rows[i].contain)
            fail_msg("\"%s\" and \"%s\"", rows[i].text, rows[i].phrase);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sees_what_the_engine_needs),
        cmocka_unit_test(phrases_are_found_word_by_word)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
