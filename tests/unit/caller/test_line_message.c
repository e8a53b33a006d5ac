#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "caller/line_message.h"
#include "telephony/stream_codec.h"

#define SID "MZ00000000000000000000000000000001"
#define TAIL ",\"streamSid\":\"" SID "\"}"

static struct line_message message;
static char why[LINE_WHY_SIZE];

static enum err read_text(struct slice text)
{
    return line_message_read(&message, text, SID, why);
}

static void what_our_codec_sends_is_understood(void **state)
{
    uint8_t ulaw[160];
    for (size_t i = 0; i < sizeof ulaw; i++)
        ulaw[i] = (uint8_t)i;
    char out[STREAM_MEDIA_OUT_SIZE];
    size_t len = stream_encode_media(out, SID, ulaw);
    assert_int_equal(read_text((struct slice){out, len}), ERR_OK);
    assert_int_equal(message.kind, LINE_MEDIA);
    assert_int_equal(message.audio_len, 160);
    assert_memory_equal(message.audio, ulaw, 160);
    line_message_free(&message);
    struct strbuf text;
    strbuf_init(&text, 1024);
    stream_encode_mark(&text, SID, "u1-s2");
    assert_int_equal(read_text(strbuf_slice(&text)), ERR_OK);
    assert_int_equal(message.kind, LINE_MARK);
    assert_string_equal(message.mark, "u1-s2");
    strbuf_clear(&text);
    stream_encode_clear(&text, SID);
    assert_int_equal(read_text(strbuf_slice(&text)), ERR_OK);
    assert_int_equal(message.kind, LINE_CLEAR);
    strbuf_free(&text);
}

static void what_twilio_refuses_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"", "not JSON"},
        {"[]", "not an object"},
        {"{\"event\":\"clear\"}", "missing or wrong streamSid"},
        {"{\"event\":\"clear\",\"streamSid\":\"MZ2\"}", "missing or wrong streamSid"},
        {"{\"streamSid\":\"" SID "\"}", "no event"},
        {"{\"event\":\"pause\"" TAIL, "unknown event: pause"},
        {"{\"event\":\"clear\",\"sequenceNumber\":\"1\"" TAIL, "unknown field: sequenceNumber"},
        {"{\"event\":\"clear\",\"mark\":{\"name\":\"a\"}" TAIL, "unknown field: mark"},
        {"{\"event\":\"mark\"" TAIL, "a string is missing"},
        {"{\"event\":\"mark\",\"mark\":{\"name\":1}" TAIL, "a string is missing"},
        {"{\"event\":\"mark\",\"mark\":{\"name\":\"a\",\"x\":1}" TAIL, "unknown field in mark"},
        {"{\"event\":\"media\",\"media\":{\"payload\":\"AAA\"}" TAIL, "the payload is not base64"},
        {"{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\",\"track\":\"outbound\"}" TAIL,
            "unknown field in media"},
        {"{\"event\":\"media\",\"media\":\"AAAA\"" TAIL, "a string is missing"},
        {"{\"event\":\"clear\",\"event\":\"clear\"" TAIL, "not JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (read_text(slice_from(rows[i].text)) != ERR_BAD)
            fail_msg("taken: %s", rows[i].text);
        if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("%s: %s", rows[i].text, why);
        assert_null(message.audio);
    }
}

static struct stream_event event;

static void decode(struct strbuf *text)
{
    assert_false(text->failed);
    assert_int_equal(stream_decode(&event, strbuf_slice(text)), ERR_OK);
    strbuf_clear(text);
}

static void our_decoder_understands_what_twilio_sends(void **state)
{
    static const struct line_ids ids = {"AC1", "CA1", SID};
    static const struct line_parameter parameters[] = {{"tenant", "a \"b\" & c"}, {"token", "t"}};
    struct strbuf text;
    strbuf_init(&text, 4096);
    line_write_connected(&text);
    decode(&text);
    assert_int_equal(event.kind, STREAM_CONNECTED);
    line_write_start(&text, &ids, 1, parameters, 2);
    decode(&text);
    assert_int_equal(event.kind, STREAM_START);
    assert_true(event.start.is_ulaw_8000_mono);
    assert_string_equal(event.start.call_sid, "CA1");
    assert_string_equal(stream_parameter(&event.start, "tenant"), "a \"b\" & c");
    uint8_t ulaw[160];
    memset(ulaw, 0x7f, sizeof ulaw);
    line_write_media(&text, &ids, 3, 2, 20, ulaw);
    decode(&text);
    assert_int_equal(event.kind, STREAM_MEDIA);
    assert_int_equal(event.sequence, 3);
    assert_int_equal(event.media.timestamp_ms, 20);
    assert_memory_equal(event.media.ulaw, ulaw, 160);
    line_write_dtmf(&text, &ids, 4, '#');
    decode(&text);
    assert_int_equal(event.digit, '#');
    line_write_mark(&text, &ids, 5, "u1");
    decode(&text);
    assert_string_equal(event.mark, "u1");
    line_write_stop(&text, &ids, 6);
    decode(&text);
    assert_int_equal(event.kind, STREAM_STOP);
    assert_int_equal(event.sequence, 6);
    strbuf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_our_codec_sends_is_understood),
        cmocka_unit_test(what_twilio_refuses_is_refused),
        cmocka_unit_test(our_decoder_understands_what_twilio_sends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
