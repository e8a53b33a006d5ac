/* Speech: options, client messages, the text buffer's schedule, and pieces of real audio. */
#include "unit/sandbox/cmocka_head.h"

#include <string.h>

#include "base/crypto.h"
#include "elevenlabs/speech_buffer.h"
#include "elevenlabs/speech_input.h"
#include "elevenlabs/speech_options.h"
#include "elevenlabs/speech_render.h"
#include "openai/speech_request.h"

static const struct {
    const char *voice_id;
    const char *query;
    const char *code; /* NULL: accepted */
} sockets[] = {
    {"sbxAvaReceptionist01", "model_id=eleven_flash_v2_5&output_format=ulaw_8000", NULL},
    {"abcdefghij0123456789", "output_format=pcm_24000&inactivity_timeout=180&auto_mode=true", NULL},
    {"short", "output_format=ulaw_8000", "voice_not_found"},
    {"sbxAvaReceptionist01", "", "invalid_output_format"},
    {"sbxAvaReceptionist01", "output_format=mp3_44100_128", "invalid_output_format"},
    {"sbxAvaReceptionist01", "output_format=ulaw_8000&model_id=eleven_v3", "unsupported_model"},
    {"sbxAvaReceptionist01", "output_format=ulaw_8000&model_id=x", "model_not_found"},
    {"sbxAvaReceptionist01", "output_format=ulaw_8000&inactivity_timeout=181",
        "invalid_inactivity_timeout"},
    {"sbxAvaReceptionist01", "output_format=ulaw_8000&language_code=en", "unsupported_language"},
    {"sbxAvaReceptionist01", "output_format=ulaw_8000&outputformat=x", "unknown_parameter"},
};

static void options_are_held_to_the_letter(void **state)
{
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        struct speech_options options;
        struct api_error error = {0};
        enum err err = speech_options_read(
            &options, slice_from(sockets[i].voice_id), slice_from(sockets[i].query), true, &error);
        assert_int_equal(err, sockets[i].code ? ERR_BAD : ERR_OK);
        if (err)
            assert_string_equal(error.code, sockets[i].code);
    }
}

static const struct {
    const char *message;
    const char *code; /* NULL: accepted */
} messages[] = {
    {"{\"text\":\" \",\"context_id\":\"t7\",\"voice_settings\":{\"stability\":0.5,\"speed\":1.2},"
     "\"generation_config\":{\"chunk_length_schedule\":[50,120]}}",
        NULL},
    {"{\"context_id\":\"t7\",\"flush\":true}", NULL},
    {"{\"context_id\":\"t7\",\"close_context\":true}", NULL},
    {"{\"close_socket\":true}", NULL},
    {"[]", "invalid_message"},
    {"{\"contextId\":\"t7\"}", "invalid_message"},
    {"{\"text\":1}", "invalid_message"},
    {"{\"context_id\":7}", "invalid_message"},
    {"{\"flush\":\"yes\"}", "invalid_message"},
    {"{\"text\":\" \",\"voice_settings\":{\"speed\":2}}", "invalid_voice_settings"},
    {"{\"text\":\" \",\"voice_settings\":{\"pitch\":1}}", "invalid_voice_settings"},
    {"{\"text\":\" \",\"generation_config\":{\"chunk_length_schedule\":[49]}}", "invalid_message"},
};

#define HELLO "\"model\":\"gpt-4o-mini-tts\",\"input\":\"Hello.\",\"voice\":\"coral\""

static const struct {
    const char *body;
    const char *code; /* NULL: accepted */
} wishes[] = {
    {"{" HELLO ",\"response_format\":\"pcm\"}", NULL},
    {"{" HELLO ",\"response_format\":\"wav\",\"speed\":0.25,\"instructions\":\"Calm.\"}", NULL},
    {"{" HELLO ",\"response_format\":\"pcm\",\"stream_format\":\"sse\",\"speed\":4}", NULL},
    {"{" HELLO "}", "unsupported_format"},
    {"{" HELLO ",\"response_format\":\"mp3\"}", "unsupported_format"},
    {"{" HELLO ",\"response_format\":\"pcm16\"}", "invalid_value"},
    {"{" HELLO ",\"response_format\":\"pcm\",\"stream_format\":\"x\"}", "invalid_value"},
    {"{" HELLO ",\"response_format\":\"pcm\",\"speed\":4.1}", "invalid_value"},
    {"{" HELLO ",\"response_format\":\"pcm\",\"speed\":\"1\"}", "invalid_value"},
    {"{" HELLO ",\"response_format\":7}", "invalid_type"},
    {"{" HELLO ",\"pitch\":1}", "unknown_parameter"},
    {"{\"input\":\"Hello.\",\"voice\":\"coral\"}", "missing_required_parameter"},
    {"{\"model\":\"tts-1\",\"input\":\"\",\"voice\":\"coral\"}", "missing_required_parameter"},
    {"{\"model\":\"tts-1\",\"input\":\"Hello.\"}", "missing_required_parameter"},
    {"{\"model\":\"x\",\"input\":\"Hello.\",\"voice\":\"coral\"}", "model_not_found"},
    {"{\"model\":\"tts-1\",\"input\":\"Hello.\",\"voice\":\"x\"}", "invalid_value"},
    {"{\"model\":\"tts-1\",\"input\":\"Hi.\",\"voice\":\"coral\",\"instructions\":\"Calm.\"}",
        "unsupported_parameter"},
    {"[]", ""},
    {"{", ""},
};

static void wishes_are_held_to_the_letter(void **state)
{
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct speech_wish wish;
        struct api_error error = {0};
        json_t *body = json_loads(wishes[i].body, 0, NULL);
        enum err err = speech_wish_read(&wish, body, &error);
        assert_int_equal(err, wishes[i].code ? ERR_BAD : ERR_OK);
        if (err)
            assert_string_equal(error.code, wishes[i].code);
        json_decref(body);
    }
}

static void messages_are_held_to_the_letter(void **state)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct speech_input input;
        struct api_error error = {0};
        json_t *message = json_loads(messages[i].message, 0, NULL);
        enum err err = speech_input_read(&input, message, &error);
        assert_int_equal(err, messages[i].code ? ERR_BAD : ERR_OK);
        if (err)
            assert_string_equal(error.code, messages[i].code);
        else
            speech_input_free(&input);
        json_decref(message);
    }
}

static void expect_due(struct speech_buffer *buffer, bool is_flushed, const char *expected)
{
    struct slice due = speech_buffer_due(buffer, is_flushed);
    assert_true(slice_is(due, expected));
    if (due.len)
        speech_buffer_spoken(buffer, due.len);
}

static void text_waits_for_the_schedule_or_a_flush(void **state)
{
    struct speech_input first = {.schedule = {10, 12}, .schedule_count = 2};
    struct speech_buffer buffer;
    speech_buffer_init(&buffer, &first, false, 40);
    assert_true(speech_buffer_add(&buffer, SLICE(" ")));
    expect_due(&buffer, true, "");
    assert_true(speech_buffer_add(&buffer, SLICE("Sure, ")));
    expect_due(&buffer, false, "");
    assert_true(speech_buffer_add(&buffer, SLICE("Tuesd")));
    expect_due(&buffer, false, " Sure, ");
    assert_true(speech_buffer_add(&buffer, SLICE("ay it ")));
    expect_due(&buffer, false, "");
    expect_due(&buffer, true, "Tuesday it ");
    assert_false(speech_buffer_add(
        &buffer, SLICE("a text that is far too long for this small model to take")));
    speech_buffer_free(&buffer);
    speech_buffer_init(&buffer, &first, true, 40);
    assert_true(speech_buffer_add(&buffer, SLICE("Sure.")));
    expect_due(&buffer, false, "Sure.");
    speech_buffer_free(&buffer);
}

static struct known_speech known;

struct heard {
    size_t pieces;
    size_t bytes;
    uint8_t codes[256]; /* the first bytes of audio */
    uint32_t next_ms;
    char text[256];
};

static void on_piece(void *owner, const struct speech_piece *piece)
{
    struct heard *heard = owner;
    assert_int_equal(piece->start_ms, heard->next_ms);
    assert_in_range(piece->duration_ms, 0, 500);
    heard->next_ms += piece->duration_ms;
    heard->pieces++;
    for (size_t i = 0; i < piece->audio.len && heard->bytes + i < sizeof heard->codes; i++)
        heard->codes[heard->bytes + i] = (uint8_t)piece->audio.data[i];
    heard->bytes += piece->audio.len;
    json_t *alignment = speech_alignment(piece, false);
    json_t *chars = json_object_get(alignment, "chars");
    json_t *starts = json_object_get(alignment, "charStartTimesMs");
    assert_int_equal(json_array_size(chars), json_array_size(starts));
    assert_int_equal(
        json_array_size(chars), json_array_size(json_object_get(alignment, "charDurationsMs")));
    for (size_t i = 0; i < json_array_size(chars); i++) {
        strcat(heard->text, json_string_value(json_array_get(chars, i)));
        assert_in_range(json_integer_value(json_array_get(starts, i)), 0, piece->duration_ms);
    }
    json_decref(alignment);
}

static void speak(struct heard *heard, const char *format, const char *text)
{
    struct speech_options options;
    struct api_error error;
    char query[64];
    uint32_t audio_ms;
    snprintf(query, sizeof query, "output_format=%s", format);
    *heard = (struct heard){0};
    assert_int_equal(speech_options_read(
                         &options, SLICE("sbxAvaReceptionist01"), slice_from(query), true, &error),
        ERR_OK);
    assert_int_equal(
        speech_render(&options, "en-us", &known, slice_from(text), 1.0, on_piece, heard, &audio_ms),
        ERR_OK);
    assert_in_range(heard->next_ms, audio_ms - (audio_ms ? 1 : 0), audio_ms);
}

static void pieces_carry_all_characters_and_all_audio(void **state)
{
    struct heard heard;
    const char *text = "Sure, a caf\xc3\xa9 on Tuesday at three works.";
    speak(&heard, "ulaw_8000", text);
    assert_string_equal(heard.text, text);
    assert_true(heard.pieces > 3);
    size_t ulaw_bytes = heard.bytes;
    assert_in_range(ulaw_bytes / 8, 1500, 5000);
    speak(&heard, "pcm_8000", text);
    assert_in_range(heard.bytes, 2 * ulaw_bytes - 100, 2 * ulaw_bytes + 100);
    speak(&heard, "pcm_24000", text);
    assert_in_range(heard.bytes, 6 * ulaw_bytes - 1000, 6 * ulaw_bytes + 1000);
    speak(&heard, "ulaw_8000", "  ");
    assert_int_equal(heard.pieces, 0);
}

static void a_known_text_sounds_like_its_recording(void **state)
{
    uint8_t codes[256];
    char base64[BASE64_SIZE(sizeof codes)];
    for (unsigned i = 0; i < sizeof codes; i++)
        codes[i] = (uint8_t)i;
    base64_encode(codes, sizeof codes, base64);
    json_t *wish = json_pack("{s:[{s:s s:s}]}", "by_text", "text", "One moment.", "mulaw", base64);
    assert_int_equal(known_speech_add(&known, wish), ERR_OK);
    json_decref(wish);
    struct heard heard;
    speak(&heard, "ulaw_8000", "One moment. ");
    assert_int_equal(heard.bytes, sizeof codes);
    assert_memory_equal(heard.codes, codes, sizeof codes);
    assert_string_equal(heard.text, "One moment. ");
    speak(&heard, "ulaw_8000", "One moment please.");
    assert_true(heard.bytes > sizeof codes);
    wish = json_pack("{s:[{s:s}]}", "by_text", "text", "without a recording");
    assert_int_equal(known_speech_add(&known, wish), ERR_BAD);
    json_decref(wish);
    known_speech_clear(&known);
}

static void words_sound_the_same_wherever_they_stand(void **state)
{
    struct heard alone, among;
    json_t *wish = json_pack("{s:i}", "word_ms", 20);
    assert_int_equal(known_speech_add(&known, wish), ERR_OK);
    json_decref(wish);
    speak(&alone, "ulaw_8000", "It's");
    assert_int_equal(alone.bytes, 160);
    speak(&among, "ulaw_8000", "it's, well: noon!");
    assert_int_equal(among.bytes, 3 * 160);
    assert_string_equal(among.text, "it's, well: noon!");
    assert_memory_equal(alone.codes, among.codes, 160);
    assert_memory_not_equal(among.codes, among.codes + 160, 96);
    known_speech_clear(&known);
}

static int start_voice(void **state)
{
    return voice_start();
}

static int stop_voice(void **state)
{
    voice_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_held_to_the_letter),
        cmocka_unit_test(wishes_are_held_to_the_letter),
        cmocka_unit_test(messages_are_held_to_the_letter),
        cmocka_unit_test(text_waits_for_the_schedule_or_a_flush),
        cmocka_unit_test(pieces_carry_all_characters_and_all_audio),
        cmocka_unit_test(a_known_text_sounds_like_its_recording),
        cmocka_unit_test(words_sound_the_same_wherever_they_stand),
    };
    return cmocka_run_group_tests(tests, start_voice, stop_voice);
}
