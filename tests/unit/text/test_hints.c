/* What is read from spoken forms: a table of what each rule is for, and a larger set that was written without sight of the
   rules, whose accuracy is told and must not fall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "text/civil.h"
#include "text/hints.h"

/* 2026-11-26 is a Thursday. */
static struct hints_place place(const char *country)
{
    return (struct hints_place){civil_day((struct civil){2026, 11, 26}), slice_from(country)};
}

/* "date=2026-12-01; time?=15:30", "-" for nothing. */
static void print(struct strbuf *out, const char *said, const char *country)
{
    struct hints hints;
    struct hints_place where = place(country);
    hints_find(&hints, slice_from(said), &where);
    strbuf_clear(out);
    for (size_t i = 0; i < hints.count; i++)
        strbuf_printf(out, "%s%s%s=%s", i ? "; " : "", hint_kind_name(hints.list[i].kind),
            hints.list[i].is_uncertain ? "?" : "", hints.list[i].value);
    if (!hints.count)
        strbuf_add_text(out, "-");
}

struct row {
    const char *said, *expected;
};

static void expect_rows(const struct row *rows, size_t count, const char *country)
{
    struct strbuf found;
    strbuf_init(&found, 4096);
    for (size_t i = 0; i < count; i++) {
        print(&found, rows[i].said, country);
        if (strcmp(found.data, rows[i].expected) != 0)
            fail_msg("\"%s\": %s instead of %s", rows[i].said, found.data, rows[i].expected);
    }
    strbuf_free(&found);
}
#define EXPECT(rows, country) expect_rows(rows, sizeof rows / sizeof *rows, country)

static void digits_and_telephone_numbers(void **state)
{
    static const struct row rows[] = {
        {"my number is five five five oh one oh one two three four", "phone=+15550101234"},
        {"it's 555-010-0001.", "phone=+15550100001"},
        {"five five five, zero one zero, double zero one two", "phone=+15550100012"},
        {"eight hundred five five five oh one nine nine", "phone=+18005550199"},
        {"plus four four two oh seven nine four six oh nine five eight", "phone=+442079460958"},
        {"(555) 010 0001", "phone=+15550100001"},
        {"five five five oh one two three", "phone?=5550123"},
        {"five fifty five oh one oh twelve thirty four", "phone=+15550101234"},
        {"my zip is one double oh two three", "digits=10023"},
        {"room 204", "digits=204"},
        {"twenty five people", "-"},
        {"two hundred dollars", "-"},
        {"five to six people", "-"},
        {"", "-"},
    };
    static const struct row british[] = {
        {"oh two oh seven nine four six oh nine five eight", "phone=+442079460958"}};
    EXPECT(rows, "US");
    EXPECT(british, "GB");
}

static void addresses_and_letters(void **state)
{
    static const struct row rows[] = {
        {"jane dot doe at example dot com", "email=jane.doe@example.com"},
        {"it's j d o e four two at g mail dot com", "email=jdoe42@gmail.com"},
        {"you can reach me at sam underscore k at example dot co dot uk thanks",
            "email=sam_k@example.co.uk"},
        {"Jane.Doe@Example.com.", "email=jane.doe@example.com"},
        {"jane at example.com", "email=jane@example.com"},
        {"meet me at the station", "-"},
        {"it's spelled s m i t h", "letters=SMITH"},
        {"S-M-I-T-H", "letters=SMITH"},
        {"b as in boy o double t", "letters=BOTT"},
        {"sierra mike india tango hotel", "letters=SMITH"},
        {"at 3 p m", "time=15:00"},
    };
    EXPECT(rows, "US");
}

static void dates(void **state)
{
    static const struct row rows[] = {
        {"today", "date=2026-11-26"},
        {"the day after tomorrow", "date=2026-11-28"},
        {"tuesday", "date=2026-12-01"},
        {"thursday", "date?=2026-12-03"},
        {"this thursday", "date=2026-11-26"},
        {"next tuesday", "date=2026-12-01"},
        {"next friday", "date?=2026-12-04"},
        {"friday week", "date=2026-12-04"},
        {"a week from friday", "date=2026-12-04"},
        {"in two weeks", "date=2026-12-10"},
        {"in a couple of days", "date=2026-11-28"},
        {"three days from now", "date=2026-11-29"},
        {"december first", "date=2026-12-01"},
        {"the third of may", "date=2027-05-03"},
        {"march 5th 2028", "date=2028-03-05"},
        {"july fourth nineteen eighty five", "date=1985-07-04"},
        {"february twenty ninth", "date=2028-02-29"},
        {"tuesday december first", "date=2026-12-01"},
        {"friday the fourth", "date=2026-12-04"},
        {"monday the fourth", "date?=2026-12-04"},
        {"on the fifth please", "date?=2026-12-05"},
        {"for the first time", "-"},
        {"christmas eve", "date=2026-12-24"},
        {"2026-12-01", "date=2026-12-01"},
        {"12/1", "date=2026-12-01"},
        {"may i ask something", "-"},
        {"he may come", "-"},
    };
    static const struct row british[] = {{"1/12", "date=2026-12-01"}};
    EXPECT(rows, "US");
    EXPECT(british, "GB");
}

static void times(void **state)
{
    static const struct row rows[] = {
        {"half past three", "time?=15:30"},
        {"quarter to five in the afternoon", "time=16:45"},
        {"ten past nine", "time?=09:10"},
        {"at three", "time?=15:00"},
        {"eight o'clock", "time?=08:00"},
        {"3:30 pm", "time=15:30"},
        {"15:30", "time=15:30"},
        {"three thirty p.m.", "time=15:30"},
        {"nine oh five in the morning", "time=09:05"},
        {"noon", "time=12:00"},
        {"twelve thirty", "time?=12:30"},
        {"12 am", "time=00:00"},
        {"tomorrow morning at ten", "date=2026-11-27; time=10:00"},
        {"three years", "-"},
        {"at three people", "-"},
    };
    EXPECT(rows, "US");
}

/* Ordinary sentences, of which nothing may be read. */
static void what_is_said_in_passing(void **state)
{
    static const struct row rows[] = {
        {"I'd like two tickets please", "-"},
        {"I would like one", "-"},
        {"tell me about two things", "-"},
        {"I paid by 3 cards", "-"},
        {"how about like three", "time?=15:00"},
        {"around two works", "time?=14:00"},
        {"at three tuesdays in a row", "time?=15:00"},
        {"I live at three thirty oak street", "-"},
        {"at three thirty, i live by the road", "time?=15:30"},
        {"half past three by the way", "time?=15:30"},
        {"which one may I take", "-"},
        {"no one may come in", "-"},
        {"the second may work better", "-"},
        {"you may one day see", "-"},
        {"may one of us come", "-"},
        {"the second may, if that is free", "date=2027-05-02"},
        {"1 may at ten in the morning", "date=2027-05-01; time=10:00"},
        {"june third sixty people", "date=2027-06-03"},
        {"june third eighty five", "date=1985-06-03"},
        {"my birthday is 3/4/85", "date=1985-03-04"},
        {"on the second try", "-"},
        {"my tooth hurts since monday", "date=2026-11-23"},
        {"last friday i called", "date=2026-11-20"},
        {"the last friday of the month", "-"},
        {"it's between five and ten people", "-"},
        {"off from three to four hours", "-"},
        {"between two and four", "time?=14:00"},
        {"I need a 1/2 hour slot", "-"},
        {"one hundred twenty five", "-"},
        {"since two thousand nineteen", "-"},
        {"find me at example.com", "-"},
        {"email me at jane dot doe at example dot com", "email=jane.doe@example.com"},
        {"jane dot doe at example dot com at three", "email=jane.doe@example.com; time?=15:00"},
    };
    static const struct row british[] = {{"do you answer 24/7", "-"}};
    EXPECT(rows, "US");
    EXPECT(british, "GB");
}

static void hints_stand_where_they_were_said(void **state)
{
    static const char text[] = "Could you do, um, next Tuesday at half past three? Thanks.";
    struct hints hints;
    struct hints_place where = place("US");
    hints_find(&hints, slice_from(text), &where);
    assert_int_equal(hints.count, 2);
    assert_true(slice_is(hints.list[0].said, "next Tuesday"));
    assert_true(slice_is(hints.list[1].said, "half past three"));
}

static void no_more_than_fit(void **state)
{
    struct strbuf text;
    struct hints hints;
    struct hints_place where = place("US");
    strbuf_init(&text, 10000);
    for (int i = 0; i < 100; i++)
        strbuf_add_text(&text, "noon and ");
    hints_find(&hints, strbuf_slice(&text), &where);
    assert_int_equal(hints.count, HINTS_MAX);
    strbuf_free(&text);
}

/* ---- the larger set: "said<TAB>expected", "#" begins a comment ---- */

#define ROWS_LEAST 300
#define RIGHT_LEAST_PERCENT 97

static void the_golden_set_is_read(void **state)
{
    FILE *file = fopen(SOURCE_DIR "/tests/golden/spoken_forms.tsv", "r");
    char line[1000];
    unsigned rows = 0, right = 0;
    struct strbuf found;
    assert_non_null(file);
    strbuf_init(&found, 4096);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *expected = strchr(line, '\t');
        if (line[0] == '#' || !expected)
            continue;
        *expected++ = 0;
        print(&found, line, "US");
        rows++;
        right += strcmp(found.data, expected) == 0;
        if (strcmp(found.data, expected) != 0)
            printf("\"%s\": %s instead of %s\n", line, found.data, expected);
    }
    fclose(file);
    strbuf_free(&found);
    printf("%u of %u spoken forms, %.1f %%\n", right, rows, 100.0 * right / (rows ? rows : 1));
    assert_true(rows >= ROWS_LEAST);
    assert_true(right * 100 >= rows * RIGHT_LEAST_PERCENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_and_telephone_numbers),
        cmocka_unit_test(addresses_and_letters),
        cmocka_unit_test(dates),
        cmocka_unit_test(times),
        cmocka_unit_test(what_is_said_in_passing),
        cmocka_unit_test(hints_stand_where_they_were_said),
        cmocka_unit_test(no_more_than_fit),
        cmocka_unit_test(the_golden_set_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
