/* What a test may put in line: texts by turn, by session and by sound, replies by turn and by rule. */
#include "unit/sandbox/cmocka_head.h"

#include <stdlib.h>
#include <string.h>

#include "known_audio.h"
#include "known_audio_wish.h"
#include "reply_template.h"
#include "scripted.h"
#include "voice.h"

static json_t *json(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    return object;
}

static enum err add(enum err (*fn)(struct scripted *scripted, const json_t *wish),
    struct scripted *scripted, const char *text)
{
    json_t *wish = json(text);
    enum err err = fn(scripted, wish);
    json_decref(wish);
    return err;
}

/* ---- sessions ---- */

static void expect_text(struct scripted *scripted, json_t *session, const char *expected)
{
    char *text = scripted_next_transcript(scripted, session);
    if (expected)
        assert_string_equal(text, expected);
    else
        assert_null(text);
    free(text);
}

static void every_session_has_its_own_texts(void **state)
{
    struct scripted scripted;
    assert_int_equal(scripted_init(&scripted), ERR_OK);
    assert_int_equal(add(scripted_add_transcripts, &scripted,
                         "{\"sessions\":[[\"a1\",\"a2\"]],\"each_session\":[\"e1\"],"
                         "\"texts\":[\"t1\",\"t2\"]}"),
        ERR_OK);
    json_t *first = scripted_session(&scripted);
    json_t *second = scripted_session(&scripted);
    json_t *third = scripted_session(&scripted);
    expect_text(&scripted, second, "e1");
    expect_text(&scripted, first, "a1");
    expect_text(&scripted, third, "e1");
    expect_text(&scripted, first, "a2");
    expect_text(&scripted, second, "t1");
    expect_text(&scripted, first, "t2");
    expect_text(&scripted, third, NULL);
    json_decref(first);
    json_decref(second);
    json_decref(third);
    scripted_free(&scripted);
}

static void texts_of_a_wrong_shape_are_refused(void **state)
{
    static const char *const wrong[] = {"{}", "{\"texts\":\"a\"}", "{\"texts\":[1]}",
        "{\"sessions\":[\"a\"]}", "{\"sessions\":[[1]]}", "{\"each_session\":[[]]}",
        "{\"texts\":[\"fine\"],\"sessions\":1}"};
    struct scripted scripted;
    assert_int_equal(scripted_init(&scripted), ERR_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(add(scripted_add_transcripts, &scripted, wrong[i]), ERR_BAD);
    assert_int_equal(json_array_size(scripted.transcripts), 0);
    scripted_free(&scripted);
}

/* ---- replies ---- */

static void expect_reply(struct scripted *scripted, const char *last, const char *expected)
{
    json_t *reply = scripted_reply(scripted, last);
    if (expected)
        assert_string_equal(json_string_value(json_object_get(reply, "text")), expected);
    else
        assert_null(reply);
    json_decref(reply);
}

static void rules_answer_when_nothing_waits(void **state)
{
    struct scripted scripted;
    assert_int_equal(scripted_init(&scripted), ERR_OK);
    assert_int_equal(
        add(scripted_add_replies, &scripted,
            "{\"replies\":[{\"when\":\"Hours\",\"text\":\"nine\"},{\"text\":\"once\"}]}"),
        ERR_OK);
    expect_reply(&scripted, "your hours?", "once");
    expect_reply(&scripted, "your hours?", "nine");
    expect_reply(&scripted, "your HOURS?", "nine");
    expect_reply(&scripted, "your name?", NULL);
    assert_int_equal(add(scripted_add_replies, &scripted,
                         "{\"replies\":[{\"text\":\"always\",\"repeat\":true}]}"),
        ERR_OK);
    expect_reply(&scripted, "your name?", "always");
    expect_reply(&scripted, "", "always");
    expect_reply(&scripted, "hours", "nine");
    assert_int_equal(
        add(scripted_add_replies, &scripted, "{\"replies\":[{\"when\":\"a\"}]}"), ERR_BAD);
    assert_int_equal(
        add(scripted_add_replies, &scripted, "{\"replies\":[{\"text\":\"a\",\"when\":1}]}"),
        ERR_BAD);
    assert_int_equal(
        add(scripted_add_replies, &scripted, "{\"replies\":[{\"text\":\"a\",\"repeat\":1}]}"),
        ERR_BAD);
    scripted_free(&scripted);
}

static void replies_repeat_what_the_model_was_told(void **state)
{
    static const struct {
        const char *text;
        const char *filled;
    } rows[] = {
        {"plain", "plain"},
        {"You said {{user}}!", "You said book me!"},
        {"{{last}}", "{\"ok\":true}"},
        {"{{system:version }}/{{messages}}", "7b/3"},
        {"{{system:nowhere}}.", "."},
        {"{{unknown}} {{user", "{{unknown}} {{user"},
        {"{{{{user}}", "{{book me"},
        {"{{system}}", "Be kind.\nPrompt version 7b \nEnd"},
        {"", ""},
    };
    json_t *messages =
        json("[{\"role\":\"system\",\"content\":\"Be kind.\\nPrompt version 7b \\nEnd\"},"
             "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"book me\"}]},"
             "{\"role\":\"tool\",\"content\":\"{\\\"ok\\\":true}\"}]");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *filled = reply_fill(rows[i].text, messages);
        assert_string_equal(filled, rows[i].filled);
        free(filled);
    }
    json_decref(messages);
}

/* ---- by sound ---- */

static const char *const lines[] = {"I would like to book an appointment for Tuesday",
    "what are your opening hours", "my name is Maria Lopez",
    "three o'clock in the afternoon is fine", "no thank you that is all", "yes please",
    "can I speak to somebody", "two thirty on Friday"};
#define LINES (sizeof lines / sizeof *lines)

static struct voice_audio spoken(const char *text, const char *voice)
{
    struct voice_audio audio;
    assert_int_equal(voice_speak(&audio, voice, slice_from(text), 1.0), ERR_OK);
    return audio;
}

/* What an ear makes of it: `lead` samples of silence before, at another level, cut. */
static const char *hear(const struct known_audio *known, const struct voice_audio *audio,
    size_t lead, double gain, size_t from, size_t to)
{
    static int16_t pcm[8000 * 20];
    memset(pcm, 0, sizeof pcm);
    for (size_t i = from; i < to; i++)
        pcm[lead + i - from] = (int16_t)(audio->pcm[i] * gain);
    struct envelope envelope = {0};
    envelope_add(&envelope, pcm, lead + (to - from) + 2000);
    const char *text = known_audio_find(known, &envelope);
    envelope_free(&envelope);
    return text;
}

static void known_recordings_are_told_apart(void **state)
{
    struct known_audio known = {0};
    char why[160];
    json_t *wish = json_array();
    for (size_t i = 0; i < LINES; i++)
        json_array_append_new(wish, json_pack("{s:s}", "text", lines[i]));
    assert_int_equal(known_audio_add_wish(&known, wish, "en-us", why), ERR_OK);
    json_decref(wish);
    static const size_t leads[] = {0, 160, 1600, 77, 2441};
    for (size_t i = 0; i < LINES; i++) {
        struct voice_audio audio = spoken(lines[i], "en-us");
        for (size_t k = 0; k < sizeof leads / sizeof *leads; k++) {
            const char *text =
                hear(&known, &audio, leads[k], k % 2 ? 0.5 : 1.0, 0, audio.count_samples);
            assert_non_null(text);
            assert_string_equal(text, lines[i]);
        }
        voice_free(&audio);
    }
    known_audio_clear(&known);
}

static void strangers_are_not_known(void **state)
{
    static const char *const others[] = {"the weather is lovely today", "please cancel my order",
        "how much does a haircut cost", "seven eight nine"};
    struct known_audio known = {0};
    for (size_t i = 0; i < LINES; i++) {
        struct voice_audio audio = spoken(lines[i], "en-us");
        assert_int_equal(known_audio_add(&known, audio.pcm, audio.count_samples, lines[i]), ERR_OK);
        voice_free(&audio);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct voice_audio audio = spoken(others[i], "en-us");
        assert_null(hear(&known, &audio, 0, 1.0, 0, audio.count_samples));
        voice_free(&audio);
    }
    int16_t silence[8000] = {0};
    struct envelope envelope = {0};
    envelope_add(&envelope, silence, 8000);
    assert_null(known_audio_find(&known, &envelope));
    assert_int_equal(known_audio_add(&known, silence, 8000, "silence"), ERR_BAD);
    known_audio_clear(&known);
}

static void parts_of_a_recording_are_heard_once(void **state)
{
    struct known_audio known = {0};
    struct voice_audio audio = spoken(lines[0], "en-us");
    assert_int_equal(known_audio_add(&known, audio.pcm, audio.count_samples, lines[0]), ERR_OK);
    size_t half = audio.count_samples / 2 / 160 * 160;
    assert_string_equal(hear(&known, &audio, 0, 1.0, 0, half), lines[0]);
    assert_string_equal(hear(&known, &audio, 0, 1.0, half, audio.count_samples), "");
    voice_free(&audio);
    known_audio_clear(&known);
}

static void wrong_wishes_say_which(void **state)
{
    static const char *const wrong[] = {"[{}]", "[{\"text\":\"hello\",\"voice\":\"no-such\"}]",
        "[{\"text\":\"a\",\"mulaw\":1}]", "[{\"text\":\"a\",\"mulaw\":\"!\"}]",
        "[{\"text\":\"a\",\"mulaw\":\"////\"}]"};
    struct known_audio known = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char why[160] = "";
        json_t *wish = json(wrong[i]);
        assert_int_equal(known_audio_add_wish(&known, wish, "en-us", why), ERR_BAD);
        assert_non_null(strstr(why, "by_audio[0]"));
        json_decref(wish);
    }
    assert_int_equal(known.count, 0);
    known_audio_clear(&known);
}

static int begin(void **state)
{
    return voice_start();
}

static int end(void **state)
{
    voice_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_session_has_its_own_texts),
        cmocka_unit_test(texts_of_a_wrong_shape_are_refused),
        cmocka_unit_test(rules_answer_when_nothing_waits),
        cmocka_unit_test(replies_repeat_what_the_model_was_told),
        cmocka_unit_test(known_recordings_are_told_apart),
        cmocka_unit_test(strangers_are_not_known),
        cmocka_unit_test(parts_of_a_recording_are_heard_once),
        cmocka_unit_test(wrong_wishes_say_which),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
