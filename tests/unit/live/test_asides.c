/* What hooks want heard waits in order, words together, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "live/asides.h"

static void expect(struct asides *asides, const char *words, bool is_protected)
{
    struct aside *aside = asides_take(asides);
    assert_non_null(aside);
    if (aside->sound)
        assert_true(slice_is(aside->sound->text, words));
    else
        assert_string_equal(aside->words.data, words);
    assert_int_equal(aside->is_protected, is_protected);
    aside_free(aside);
}

static struct call_sound *sound_of(size_t bytes, const char *text)
{
    char *ulaw = calloc(1, bytes);
    const struct call_sound sound = {.ulaw = {ulaw, bytes}, .text = slice_from(text)};
    struct call_sound *copy = sound_keep(&sound);
    free(ulaw);
    return copy;
}

static void they_come_in_order(void **state)
{
    struct asides asides = {0};
    assert_null(asides_take(&asides));
    assert_int_equal(asides_add_words(&asides, SLICE("One."), false), ERR_OK);
    assert_int_equal(asides_add_words(&asides, SLICE("Two."), true), ERR_OK);
    assert_int_equal(asides_add_sound_take(&asides, sound_of(160, "[a]"), false), ERR_OK);
    assert_int_equal(asides_add_sound_take(&asides, sound_of(160, "[b]"), true), ERR_OK);
    assert_int_equal(asides_add_words(&asides, SLICE("Three."), false), ERR_OK);
    expect(&asides, "One. Two.", true);
    expect(&asides, "[a]", false);
    expect(&asides, "[b]", true);
    expect(&asides, "Three.", false);
    assert_null(asides_take(&asides));
}

static void they_are_bounded(void **state)
{
    struct asides asides = {0};
    char text[1000];
    unsigned taken = 0, sounds = 0;
    memset(text, 'x', sizeof text);
    while (asides_add_words(&asides, (struct slice){text, sizeof text}, false) == ERR_OK)
        taken++;
    assert_int_equal(taken, ASIDES_WORDS_MAX_BYTES / 1001);
    while (asides_add_sound_take(&asides, sound_of(160, "s"), false) == ERR_OK)
        sounds++;
    assert_int_equal(sounds, ASIDES_SOUNDS_MAX);
    aside_free(asides_take(&asides)); /* the words, which were one */
    assert_int_equal(asides.words_bytes, 0);
    aside_free(asides_take(&asides));
    assert_int_equal(asides_add_sound_take(&asides, sound_of(160, "s"), false), ERR_OK);
    asides_clear(&asides);
    assert_int_equal(asides_add_words(&asides, SLICE("again"), false), ERR_OK);
    asides_clear(&asides);
}

/* A tenant's sound is not copied for each call: its version is kept as long as somebody plays it. */
static void a_tenants_sound_keeps_its_agent(void **state)
{
    struct agent *agent = calloc(1, sizeof *agent);
    atomic_init(&agent->references, 1);
    agent->sound_count = 1;
    agent->sounds[0].ulaw = calloc(1, 160);
    agent->sounds[0].len = 160;
    const struct call_sound sound = {.ulaw = {(const char *)agent->sounds[0].ulaw, 160},
        .agent = agent,
        .text = SLICE("[sound]")};
    struct call_sound *kept = sound_keep(&sound);
    assert_ptr_equal(kept->ulaw.data, agent->sounds[0].ulaw);
    agent_release(agent);
    assert_int_equal(kept->ulaw.data[159], 0);
    sound_release(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_come_in_order),
        cmocka_unit_test(they_are_bounded), cmocka_unit_test(a_tenants_sound_keeps_its_agent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
