#include "unit/telephony/cmocka_head.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "telephony/stream_codec.h"

#define SID "MZ00000000000000000000000000000001"
#define CALL "CA00000000000000000000000000000001"
#define ACCOUNT "AC00000000000000000000000000000001"
#define FORMAT "\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1}"
#define IDS "\"streamSid\":\"" SID "\",\"accountSid\":\"" ACCOUNT "\",\"callSid\":\"" CALL "\""
#define START_OF(inside)                                                                           \
    "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"" SID "\",\"start\":{" inside   \
    "}}"
#define MEDIA_OF(inside)                                                                           \
    "{\"event\":\"media\",\"sequenceNumber\":\"3\",\"streamSid\":\"" SID "\",\"media\":{" inside   \
    "}}"

/* Every allocation of the code under test passes here: ours by the linker's --wrap, jansson's by its hook. */
static size_t count_allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    count_allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    count_allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    count_allocations++;
    return __real_realloc(old, size);
}

static struct stream_event event;

static enum err decode(const char *text)
{
    memset(&event, 0xa5, sizeof event); /* nothing may depend on what was there */
    return stream_decode(&event, slice_from(text));
}

static void a_start_tells_who_and_what(void **state)
{
    assert_int_equal(decode(START_OF(IDS ",\"tracks\":[\"inbound\"]," FORMAT
                                         ",\"customParameters\":{\"tenant\":\"acme & co\","
                                         "\"token\":\"one-time \\u00e9\"}")),
        ERR_OK);
    assert_int_equal(event.kind, STREAM_START);
    assert_int_equal(event.sequence, 1);
    assert_string_equal(event.stream_sid, SID);
    assert_string_equal(event.start.stream_sid, SID);
    assert_string_equal(event.start.call_sid, CALL);
    assert_string_equal(event.start.account_sid, ACCOUNT);
    assert_true(event.start.is_ulaw_8000_mono);
    assert_int_equal(event.start.parameter_count, 2);
    assert_string_equal(stream_parameter(&event.start, "tenant"), "acme & co");
    assert_string_equal(stream_parameter(&event.start, "token"), "one-time \xc3\xa9");
    assert_null(stream_parameter(&event.start, "none"));
}

static void a_start_needs_no_parameters(void **state)
{
    assert_int_equal(decode(START_OF(IDS "," FORMAT ",\"customParameters\":{}")), ERR_OK);
    assert_int_equal(event.start.parameter_count, 0);
    assert_int_equal(decode(START_OF(IDS "," FORMAT)), ERR_OK);
    assert_int_equal(event.start.parameter_count, 0);
}

static void another_format_is_seen(void **state)
{
    static const struct {
        const char *encoding, *rate, *channels;
        bool is_ours;
    } rows[] = {
        {"audio/x-mulaw", "8000", "1", true},
        {"audio/x-mulaw", "\"8000\"", "\"1\"", true},
        {"audio/x-mulaw", "16000", "1", false},
        {"audio/x-mulaw", "8000", "2", false},
        {"audio/x-alaw", "8000", "1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text,
            START_OF(
                IDS ",\"mediaFormat\":{\"encoding\":\"%s\",\"sampleRate\":%s,\"channels\":%s}"),
            rows[i].encoding, rows[i].rate, rows[i].channels);
        assert_int_equal(decode(text), ERR_OK);
        assert_int_equal(event.start.is_ulaw_8000_mono, rows[i].is_ours);
    }
}

static void media_of_any_key_order_is_decoded(void **state)
{
    static const char *const texts[] = {
        MEDIA_OF(
            "\"track\":\"inbound\",\"chunk\":\"2\",\"timestamp\":\"20\",\"payload\":\"//79/A==\""),
        MEDIA_OF("\"payload\":\"//79/A==\",\"timestamp\":20,\"chunk\":2,\"track\":\"inbound\""),
        MEDIA_OF(
            "\"payload\":\"\\/\\/79\\u002fA==\",\"new\":{\"deep\":[1,[2]]},\"timestamp\":\"20\""),
        " { \"media\" : { \"payload\" : \"//79/A==\" , \"timestamp\" : \"20\" } , \"x\" : null ,\n"
        "\"streamSid\" : \"" SID
        "\" , \"sequenceNumber\" : 3 , \"\\u0065vent\" : \"med\\u0069a\" } \r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(decode(texts[i]), ERR_OK);
        assert_int_equal(event.kind, STREAM_MEDIA);
        assert_string_equal(event.stream_sid, SID);
        assert_int_equal(event.sequence, 3);
        assert_int_equal(event.media.timestamp_ms, 20);
        assert_true(event.media.is_inbound);
        assert_int_equal(event.media.len, 4);
        assert_memory_equal(event.media.ulaw, "\xff\xfe\xfd\xfc", 4);
    }
}

static void the_other_track_is_told_apart(void **state)
{
    assert_int_equal(
        decode(MEDIA_OF("\"track\":\"outbound\",\"timestamp\":\"0\",\"payload\":\"\"")), ERR_OK);
    assert_false(event.media.is_inbound);
    assert_int_equal(event.media.len, 0);
}

static enum err decode_payload_of(size_t len)
{
    static uint8_t audio[STREAM_MEDIA_MAX_BYTES + 3];
    static char text[STREAM_MESSAGE_MAX_BYTES];
    for (size_t i = 0; i < sizeof audio; i++)
        audio[i] = (uint8_t)(i * 7);
    char payload[BASE64_SIZE(sizeof audio)];
    base64_encode(audio, len, payload);
    snprintf(text, sizeof text, MEDIA_OF("\"timestamp\":\"40\",\"payload\":\"%s\""), payload);
    enum err err = decode(text);
    if (!err) {
        assert_int_equal(event.media.len, len);
        assert_memory_equal(event.media.ulaw, audio, len);
    }
    return err;
}

static void payloads_of_any_size_up_to_the_limit_pass(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 80, 159, 160, 161, 320, 4095, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_int_equal(decode_payload_of(sizes[i]), ERR_OK);
    assert_int_equal(decode_payload_of(4097), ERR_BAD);
    assert_int_equal(decode_payload_of(4099), ERR_BAD);
}

static void media_allocates_nothing(void **state)
{
    json_set_alloc_funcs(__wrap_malloc, free);
    count_allocations = 0;
    assert_int_equal(decode_payload_of(160), ERR_OK);
    assert_int_equal(
        decode(MEDIA_OF("\"payload\":\"\\/\\/79\\/A==\",\"timestamp\":\"20\"")), ERR_OK);
    char out[STREAM_MEDIA_OUT_SIZE];
    stream_encode_media(out, SID, event.media.ulaw);
    assert_int_equal(count_allocations, 0);
    assert_int_equal(decode(START_OF(IDS "," FORMAT)), ERR_OK);
    assert_true(count_allocations > 0); /* the counter counts */
}

static void rare_events_are_decoded(void **state)
{
    assert_int_equal(
        decode("{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}"), ERR_OK);
    assert_int_equal(event.kind, STREAM_CONNECTED);
    assert_string_equal(event.stream_sid, "");
    assert_int_equal(event.sequence, 0);
    assert_int_equal(decode("{\"event\":\"dtmf\",\"sequenceNumber\":\"9\",\"streamSid\":\"" SID
                            "\",\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"#\"}}"),
        ERR_OK);
    assert_int_equal(event.kind, STREAM_DTMF);
    assert_int_equal(event.digit, '#');
    assert_int_equal(decode("{\"event\":\"mark\",\"sequenceNumber\":\"12\",\"streamSid\":\"" SID
                            "\",\"mark\":{\"name\":\"u7-s2\"}}"),
        ERR_OK);
    assert_int_equal(event.kind, STREAM_MARK);
    assert_string_equal(event.mark, "u7-s2");
    assert_int_equal(
        decode("{\"event\":\"stop\",\"sequenceNumber\":\"99\",\"streamSid\":\"" SID
               "\",\"stop\":{\"accountSid\":\"" ACCOUNT "\",\"callSid\":\"" CALL "\"}}"),
        ERR_OK);
    assert_int_equal(event.kind, STREAM_STOP);
    assert_int_equal(event.sequence, 99);
}

static void events_of_the_future_are_unknown(void **state)
{
    assert_int_equal(
        decode("{\"event\":\"sparkle\",\"streamSid\":null,\"sparkle\":[[1]]}"), ERR_OK);
    assert_int_equal(event.kind, STREAM_UNKNOWN);
    assert_string_equal(event.stream_sid, "");
    assert_int_equal(decode("{\"event\":\"Media\"}"), ERR_OK);
    assert_int_equal(event.kind, STREAM_UNKNOWN);
    assert_int_equal(decode("{\"event\":\"an event name longer than any we know\"}"), ERR_OK);
    assert_int_equal(event.kind, STREAM_UNKNOWN);
}

static void what_is_wrong_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "[]",
        "{}",
        "null",
        "{\"event\":1}",
        "{\"event\":\"media\"",
        MEDIA_OF("\"timestamp\":\"20\""),
        MEDIA_OF("\"payload\":\"//79/A==\""),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":\"//79/A=\""),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":\"//79/A==\\n\""),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":\"//7 /A==\""),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":\"//7-_A==\""),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":null"),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":7"),
        MEDIA_OF("\"timestamp\":\"-20\",\"payload\":\"//79/A==\""),
        MEDIA_OF("\"timestamp\":20.5,\"payload\":\"//79/A==\""),
        MEDIA_OF("\"timestamp\":\"99999999999999999999\",\"payload\":\"//79/A==\""),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":\"//79/A==\",\"payload\":\"//79/A==\""),
        MEDIA_OF("\"track\":1,\"timestamp\":\"20\",\"payload\":\"//79/A==\""),
        MEDIA_OF("\"timestamp\":\"20\",\"payload\":\"//79/A==\"") "x",
        "{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":\"//79\"}",
        "{\"event\":\"media\",\"streamSid\":\"" SID "\"}",
        "{\"event\":\"media\",\"media\":{\"timestamp\":\"20\",\"payload\":\"//79/A==\"}}",
        "{\"event\":\"media\",\"streamSid\":\"a\\\"b\",\"media\":{\"timestamp\":\"20\",\"payload\":"
        "\"\"}}",
        "{\"event\":\"media\",\"streamSid\":\"\",\"media\":{\"timestamp\":\"20\",\"payload\":\"\"}"
        "}",
        "{\"event\":\"media\",\"streamSid\":\"" SID SID
        "\",\"media\":{\"timestamp\":\"20\",\"payload\":\"\"}}",
        "{\"event\":\"media\",\"event\":\"stop\",\"streamSid\":\"" SID "\"}",
        "{\"event\":\"stop\"}",
        "{\"event\":\"stop\",\"sequenceNumber\":\"x\",\"streamSid\":\"" SID "\"}",
        "{\"event\":\"dtmf\",\"streamSid\":\"" SID "\"}",
        "{\"event\":\"dtmf\",\"streamSid\":\"" SID "\",\"dtmf\":{\"digit\":5}}",
        "{\"event\":\"dtmf\",\"streamSid\":\"" SID "\",\"dtmf\":{\"digit\":\"55\"}}",
        "{\"event\":\"dtmf\",\"streamSid\":\"" SID "\",\"dtmf\":{\"digit\":\"\"}}",
        "{\"event\":\"dtmf\",\"streamSid\":\"" SID "\",\"dtmf\":{\"digit\":\"x\"}}",
        "{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{}}",
        "{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":1}}",
        "{\"event\":\"mark\",\"streamSid\":\"" SID
        "\",\"mark\":{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}",
        "{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":\"a\\u0000b\"}}",
        "{\"event\":\"start\",\"streamSid\":\"" SID "\"}",
        "{\"event\":\"start\",\"streamSid\":\"" SID "\",\"start\":[]}",
        START_OF(IDS),
        START_OF(FORMAT),
        START_OF("\"streamSid\":\"MZ2\",\"accountSid\":\"AC1\",\"callSid\":\"CA1\"," FORMAT),
        START_OF("\"streamSid\":\"" SID "\",\"accountSid\":\"AC1\",\"callSid\":\"C/1\"," FORMAT),
        START_OF(IDS "," FORMAT ",\"customParameters\":{\"a\":1}"),
        START_OF(IDS "," FORMAT ",\"customParameters\":[]"),
        START_OF(IDS "," FORMAT ",\"customParameters\":{\"a\":\"1\",\"a\":\"2\"}"),
        START_OF(
            IDS "," FORMAT ",\"customParameters\":{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\","
                "\"e\":\"\",\"f\":\"\",\"g\":\"\",\"h\":\"\",\"i\":\"\"}"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (decode(texts[i]) != ERR_BAD)
            fail_msg("taken: %s", texts[i]);
}

static void an_oversized_message_is_refused(void **state)
{
    static char text[STREAM_MESSAGE_MAX_BYTES + 2];
    memset(text, ' ', sizeof text);
    const char *message = "{\"event\":\"sparkle\"}";
    memcpy(text, message, strlen(message));
    assert_int_equal(stream_decode(&event, (struct slice){text, STREAM_MESSAGE_MAX_BYTES}), ERR_OK);
    assert_int_equal(
        stream_decode(&event, (struct slice){text, STREAM_MESSAGE_MAX_BYTES + 1}), ERR_BAD);
}

static void every_cut_message_is_refused(void **state)
{
    static const char *const texts[] = {
        MEDIA_OF("\"track\":\"inbound\",\"timestamp\":\"20\",\"payload\":\"//79/A==\""),
        START_OF(IDS "," FORMAT ",\"customParameters\":{\"a\":\"b\"}"),
    };
    for (size_t i = 0; i < 2; i++)
        for (size_t len = 0; len < strlen(texts[i]); len++)
            assert_int_equal(stream_decode(&event, (struct slice){texts[i], len}), ERR_BAD);
}

static void outgoing_messages_have_only_the_known_fields(void **state)
{
    uint8_t ulaw[160];
    memset(ulaw, 0xff, sizeof ulaw);
    char out[STREAM_MEDIA_OUT_SIZE];
    size_t len = stream_encode_media(out, SID, ulaw);
    assert_true(len < sizeof out);
    static const char head[] =
        "{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"/////////";
    assert_memory_equal(out, head, sizeof head - 1);
    assert_memory_equal(out + len - 7, "/w==\"}}", 7);
    json_t *message = json_loadb(out, len, 0, NULL);
    assert_int_equal(json_object_size(message), 3);
    assert_int_equal(
        strlen(json_string_value(json_object_get(json_object_get(message, "media"), "payload"))),
        216);
    json_decref(message);

    struct strbuf text;
    strbuf_init(&text, 1024);
    stream_encode_mark(&text, SID, "u7-\"s2\"");
    assert_string_equal(text.data,
        "{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":\"u7-\\\"s2\\\"\"}}");
    strbuf_clear(&text);
    stream_encode_clear(&text, SID);
    assert_string_equal(text.data, "{\"event\":\"clear\",\"streamSid\":\"" SID "\"}");
    strbuf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_tells_who_and_what),
        cmocka_unit_test(a_start_needs_no_parameters),
        cmocka_unit_test(another_format_is_seen),
        cmocka_unit_test(media_of_any_key_order_is_decoded),
        cmocka_unit_test(the_other_track_is_told_apart),
        cmocka_unit_test(payloads_of_any_size_up_to_the_limit_pass),
        cmocka_unit_test(media_allocates_nothing),
        cmocka_unit_test(rare_events_are_decoded),
        cmocka_unit_test(events_of_the_future_are_unknown),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(an_oversized_message_is_refused),
        cmocka_unit_test(every_cut_message_is_refused),
        cmocka_unit_test(outgoing_messages_have_only_the_known_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
