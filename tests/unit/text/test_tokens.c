/* Estimates beside what the o200k vocabulary really counts for the same text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/tokens.h"

static const struct {
    const char *text;
    unsigned counted;
} KNOWN[] = {
    {"# Profile\n", 3},
    {"Hours: Monday 08:00-17:00\n", 12},
    {"You are Ava, the receptionist of Acme Dental. You are on the phone with a caller.", 20},
    {"Services: cleaning (30 min), checkup (30 min), filling (60 min)", 18},
    {"Today: Saturday 2026-11-28 10:05\n", 15},
    {"Caller number: +15550100001\n", 9},
    {"- Read the caller's full name, a phone number, a service and a day with a time back, and "
     "book only after the caller said yes.\n",
        31},
    {"- book_appointment: Books one appointment.", 9},
    {"Appointments can be cancelled free of charge up to 24 hours before.", 14},
    {"Give the caller no medical, legal or financial advice; for an emergency tell the caller to "
     "hang up and dial 911.",
        25},
    {"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"description\":\"The "
     "caller's full name\"}},\"required\":[\"name\"]}",
        27},
    {"Sie können Ihren Termin bis vierundzwanzig Stunden vorher kostenlos absagen.", 16},
    {"Puede cancelar su cita sin costo hasta veinticuatro horas antes.", 14},
    {"您可以在预约前二十四小时免费取消。", 11},
    {"The sauna opens at seven; breakfast is served downstairs.", 11},
    {"Delta Dental, Cigna, Aetna and MetLife.", 12},
};

static unsigned distance(size_t a, size_t b)
{
    return (unsigned)(a > b ? a - b : b - a);
}

/* A line of a prompt may be off by a quarter and one; together they are off by less than a tenth. */
static void estimates_are_near(void **state)
{
    size_t estimated = 0, counted = 0;
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        size_t estimate = tokens_estimate(slice_from(KNOWN[i].text));
        if (distance(estimate, KNOWN[i].counted) > KNOWN[i].counted / 4 + 1)
            fail_msg("%zu for %u: %s", estimate, KNOWN[i].counted, KNOWN[i].text);
        estimated += estimate;
        counted += KNOWN[i].counted;
    }
    assert_true(distance(estimated, counted) * 10 < counted);
}

static void anything_has_an_estimate(void **state)
{
    assert_int_equal(tokens_estimate(SLICE("")), 0);
    assert_int_equal(tokens_estimate(SLICE("\xff\xfe\0\x80")), 4);
    assert_true(tokens_estimate(SLICE("   \n\n\t ")) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_are_near), cmocka_unit_test(anything_has_an_estimate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
