/* The ears' promises: one final for each commit, partials on the way, sessions that do not disturb each other. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmocka_head.h"
#include "ears.h"
#include "voice.h"

#define EARS SOURCE_DIR "/sandbox/ears/"
#define RESULTS_MAX 64

static const char question[] = "What are your hours on Saturday?";
static const char question_heard[] = "what are your hours on saturday";

struct desk { /* a pool, its mailbox and what came out of it */
    struct ears_pool *pool;
    struct mailbox box;
    struct ears_result *results[RESULTS_MAX];
    size_t count;
};

static const struct ears_options good = {.threads = 1,
    .model_path = "/usr/share/pocketsphinx/model/en-us/en-us",
    .dictionary_path = EARS "receptionist.dict",
    .grammar_path = EARS "receptionist.gram"};

static void desk_open(struct desk *desk, unsigned threads)
{
    char why[256] = "";
    struct ears_options options = good;
    options.threads = threads;
    memset(desk, 0, sizeof *desk);
    mailbox_init(&desk->box, RESULTS_MAX, NULL, NULL);
    if (ears_start(&desk->pool, &options, why))
        fail_msg("%s", why);
}

static void collect(struct desk *desk)
{
    struct letter *letter = mailbox_take_all(&desk->box);
    while (letter) {
        assert_true(desk->count < RESULTS_MAX);
        desk->results[desk->count++] = (struct ears_result *)letter;
        letter = letter->next;
    }
}

static void desk_close(struct desk *desk)
{
    ears_stop(desk->pool);
    collect(desk);
    for (size_t i = 0; i < desk->count; i++)
        ears_result_free(desk->results[i]);
    mailbox_destroy(&desk->box);
}

static struct ears *session(struct desk *desk, uint64_t number)
{
    struct ears *ears;
    assert_int_equal(ears_open(&ears, desk->pool, &desk->box, number), ERR_OK);
    return ears;
}

static void silence(struct ears *ears, unsigned ms)
{
    int16_t zeros[800] = {0};
    for (unsigned done = 0; done < ms; done += 100)
        assert_int_equal(ears_audio(ears, zeros, 800), ERR_OK);
}

static void say(struct ears *ears, const char *text, size_t portion)
{
    struct voice_audio audio;
    assert_int_equal(voice_speak(&audio, "en-us", slice_from(text), 1.0), ERR_OK);
    silence(ears, 400);
    for (size_t at = 0; at < audio.count_samples; at += portion) {
        size_t rest = audio.count_samples - at;
        assert_int_equal(ears_audio(ears, audio.pcm + at, rest < portion ? rest : portion), ERR_OK);
    }
    silence(ears, 300);
    voice_free(&audio);
}

static struct ears_result *find_final(struct desk *desk, uint64_t number, uint32_t item)
{
    for (size_t i = 0; i < desk->count; i++) {
        struct ears_result *result = desk->results[i];
        if (result->is_final && result->session == number && result->item == item)
            return result;
    }
    return NULL;
}

static const char *final_of(struct desk *desk, uint64_t number, uint32_t item)
{
    struct ears_result *result = NULL;
    while (!result) {
        collect(desk);
        result = find_final(desk, number, item);
        if (!result)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return result->text;
}

static size_t count_finals(const struct desk *desk)
{
    size_t count = 0;
    for (size_t i = 0; i < desk->count; i++)
        count += desk->results[i]->is_final;
    return count;
}

static void partials_come_first_and_one_final_ends_an_item(void **state)
{
    struct desk desk;
    desk_open(&desk, 1);
    struct ears *ears = session(&desk, 3);
    say(ears, question, 160);
    assert_int_equal(ears_commit(ears, 1), ERR_OK);
    assert_string_equal(final_of(&desk, 3, 1), question_heard);
    assert_true(desk.count > 3);
    for (size_t i = 0; i < desk.count; i++) {
        assert_int_equal(desk.results[i]->item, 1);
        assert_int_equal(desk.results[i]->is_final, i == desk.count - 1);
    }
    ears_close(ears);
    desk_close(&desk);
}

static void items_are_numbered_as_they_are_committed(void **state)
{
    struct desk desk;
    desk_open(&desk, 1);
    struct ears *ears = session(&desk, 3);
    assert_int_equal(ears_commit(ears, 1), ERR_OK); /* nothing was said yet */
    say(ears, "Yes please.", 160);
    assert_int_equal(ears_commit(ears, 2), ERR_OK);
    assert_int_equal(ears_commit(ears, 3), ERR_OK);
    say(ears, "Goodbye.", 160);
    assert_int_equal(ears_commit(ears, 7), ERR_OK);
    assert_string_equal(final_of(&desk, 3, 7), "goodbye");
    assert_string_equal(final_of(&desk, 3, 1), "");
    assert_string_equal(final_of(&desk, 3, 2), "yes please");
    assert_string_equal(final_of(&desk, 3, 3), "");
    assert_int_equal(count_finals(&desk), 4);
    ears_close(ears);
    desk_close(&desk);
}

static void portions_of_audio_make_no_difference(void **state)
{
    static const size_t portions[] = {1000000, 801, 37};
    struct desk desk;
    desk_open(&desk, 1);
    struct ears *ears = session(&desk, 3);
    for (uint32_t i = 0; i < 3; i++) {
        say(ears, question, portions[i]);
        assert_int_equal(ears_commit(ears, i + 1), ERR_OK);
        assert_string_equal(final_of(&desk, 3, i + 1), question_heard);
    }
    ears_close(ears);
    desk_close(&desk);
}

static void a_long_pause_does_not_end_an_item(void **state)
{
    struct desk desk;
    desk_open(&desk, 1);
    struct ears *ears = session(&desk, 3);
    say(ears, "My number is five five five", 160);
    silence(ears, 1500);
    say(ears, "oh one two three", 160);
    assert_int_equal(ears_commit(ears, 1), ERR_OK);
    assert_string_equal(final_of(&desk, 3, 1), "my number is five five five oh one two three");
    ears_close(ears);
    desk_close(&desk);
}

/* One decoder, two callers at once: the second waits until the first has committed. */
static void sessions_share_a_decoder(void **state)
{
    struct desk desk;
    desk_open(&desk, 1);
    struct ears *first = session(&desk, 1);
    struct ears *second = session(&desk, 2);
    say(first, question, 160);
    say(second, "Yes please.", 160);
    assert_int_equal(ears_commit(second, 1), ERR_OK);
    assert_int_equal(ears_commit(first, 1), ERR_OK);
    assert_string_equal(final_of(&desk, 1, 1), question_heard);
    assert_string_equal(final_of(&desk, 2, 1), "yes please");
    ears_close(first);
    ears_close(second);
    desk_close(&desk);
}

static void a_session_that_closes_gives_its_decoder_back(void **state)
{
    struct desk desk;
    desk_open(&desk, 1);
    struct ears *first = session(&desk, 1);
    struct ears *second = session(&desk, 2);
    say(first, question, 160); /* never committed */
    say(second, "Yes please.", 160);
    assert_int_equal(ears_commit(second, 1), ERR_OK);
    ears_close(first);
    assert_string_equal(final_of(&desk, 2, 1), "yes please");
    ears_close(second);
    desk_close(&desk);
}

static void what_waits_is_bounded(void **state)
{
    struct desk desk;
    desk_open(&desk, 1);
    struct ears *ears = session(&desk, 3);
    size_t count = 30 * 8000 + 1;
    int16_t *pcm = calloc(count, sizeof *pcm);
    assert_int_equal(ears_audio(ears, pcm, count), ERR_FULL);
    assert_int_equal(ears_audio(ears, pcm, count - 1), ERR_OK);
    free(pcm);
    ears_close(ears);
    desk_close(&desk);
}

static void closing_in_the_middle_leaks_nothing(void **state)
{
    struct desk desk;
    desk_open(&desk, 2);
    struct ears *ears = session(&desk, 3);
    say(ears, question, 160);
    ears_close(ears);
    desk_close(&desk);
}

static void what_is_missing_is_named(void **state)
{
    struct ears_pool *pool;
    char why[256] = "";
    struct ears_options options = good;
    options.grammar_path = "/nowhere/receptionist.gram";
    assert_int_equal(ears_start(&pool, &options, why), ERR_BAD);
    assert_non_null(strstr(why, "/nowhere/receptionist.gram"));
    options.threads = 0;
    assert_int_equal(ears_start(&pool, &options, why), ERR_BAD);
}

static int start(void **state)
{
    return voice_start() ? 1 : 0;
}

static int stop(void **state)
{
    voice_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partials_come_first_and_one_final_ends_an_item),
        cmocka_unit_test(items_are_numbered_as_they_are_committed),
        cmocka_unit_test(portions_of_audio_make_no_difference),
        cmocka_unit_test(a_long_pause_does_not_end_an_item),
        cmocka_unit_test(sessions_share_a_decoder),
        cmocka_unit_test(a_session_that_closes_gives_its_decoder_back),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(closing_in_the_middle_leaks_nothing),
        cmocka_unit_test(what_is_missing_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
