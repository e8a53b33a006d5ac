/* The words of a text about an appointment: the tenant's own, or English ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "bindings/confirm_text.h"
#include "bindings/wall_text.h"

static struct zones zones;

static const struct {
    const char *words, *business;
    bool is_moved;
    const char *text;
} ROWS[] = {
    {"", "Acme", false, "Acme: Your cut is booked for Saturday, November 28 at 9:05 AM."},
    {"", "", true, "Your cut is now on Saturday, November 28 at 9:05 AM."},
    {"{business}: {service} am {day}.{month}.{year} um {time} Uhr.", "Salon {day}", false,
        "Salon {day}: cut am 28.11.2026 um 09:05 Uhr."},
    {"{{service}} {Service} {} {when", "", false, "{cut} {Service} {} {when"},
    {"}{", "", false, "}{"},
};

static struct confirm_facts facts_of(const char *business, bool is_moved)
{
    struct confirm_facts facts = {.business = business, .service = "cut", .is_moved = is_moved};
    assert_int_equal(zones_get(&facts.zone, &zones, SLICE("Europe/Berlin")), ERR_OK);
    assert_int_equal(wall_read_time("2026-11-28T09:05", facts.zone, &facts.at_s), ERR_OK);
    return facts;
}

static void words_are_filled_in(void **state)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char text[CONFIRM_TEXT_SIZE];
        struct confirm_facts facts = facts_of(ROWS[i].business, ROWS[i].is_moved);
        confirm_text_write(text, slice_from(ROWS[i].words), &facts);
        assert_string_equal(text, ROWS[i].text);
    }
}

static void what_is_too_long_is_cut_at_a_letter(void **state)
{
    char words[2000], text[CONFIRM_TEXT_SIZE];
    struct confirm_facts facts = facts_of("", false);
    words[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof words; i += 2)
        memcpy(words + i, "\u00fc", 2);
    confirm_text_write(text, (struct slice){words, sizeof words - 1}, &facts);
    assert_int_equal(strlen(text), CONFIRM_TEXT_SIZE - 1);
    confirm_text_write(text, (struct slice){words + 1, sizeof words - 2}, &facts);
    assert_int_equal(strlen(text), CONFIRM_TEXT_SIZE - 2);
    assert_true(utf8_is_valid(text, strlen(text)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_filled_in),
        cmocka_unit_test(what_is_too_long_is_cut_at_a_letter),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zones_clear(&zones);
    return failed;
}
