#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller/twiml_reader.h"
#include "caller/xml.h"
#include "telephony/twiml.h"

static struct twiml_document document;
static char why[TWIML_WHY_SIZE];

static enum err read_text(const char *text)
{
    why[0] = 0;
    return twiml_read(&document, slice_from(text), false, why);
}

static void what_our_writer_writes_is_read(void **state)
{
    static const struct twiml_parameter parameters[] = {
        {"tenant", "acme & \"co\" <'s>"},
        {"token", "v1.0.1.acme.x-y_z"},
    };
    struct strbuf text;
    strbuf_init(&text, 4096);
    twiml_stream(&text, "wss://v.example.com/twilio-voice-stream",
        "https://v.example.com/s?a=1&b=2", parameters, 2,
        "https://v.example.com/twilio/voice?attempt=1&x=2");
    assert_int_equal(read_text(text.data), ERR_OK);
    strbuf_free(&text);
    assert_int_equal(document.count, 2);
    const struct twiml_verb *connect = &document.verbs[0];
    assert_int_equal(connect->kind, TWIML_CONNECT);
    assert_null(connect->action);
    assert_null(connect->stream.name);
    assert_string_equal(connect->stream.url, "wss://v.example.com/twilio-voice-stream");
    assert_string_equal(connect->stream.status_url, "https://v.example.com/s?a=1&b=2");
    assert_int_equal(connect->stream.parameter_count, 2);
    assert_string_equal(connect->stream.parameters[0].value, "acme & \"co\" <'s>");
    assert_string_equal(connect->stream.parameters[1].name, "token");
    assert_int_equal(document.verbs[1].kind, TWIML_REDIRECT);
    assert_string_equal(document.verbs[1].text, "https://v.example.com/twilio/voice?attempt=1&x=2");
    assert_false(document.verbs[1].is_get);
    twiml_document_free(&document);
}

static void every_verb_is_read(void **state)
{
    assert_int_equal(
        read_text(
            "<?xml version=\"1.0\"?><!-- hello -->\n"
            "<Response>\n"
            "  <Say voice='alice'> Gr&#252;&#xDF; &amp; <![CDATA[<you>]]><!-- not this --> </Say>\n"
            "  <Pause length=\"3\"/><Pause></Pause>\n"
            "  <Connect action=\"/after\" method=\"GET\"><Stream url=\"wss://h/s\" "
            "name=\"rx\"/></Connect>\n"
            "  <Dial action=\"/done\">+15550100009</Dial>\n"
            "  <Dial><Number statusCallback=\"https://x/\"> +15550100008 </Number></Dial>\n"
            "  <Record action=\"/left\" recordingStatusCallback=\"https://x/there\"/>\n"
            "  <Redirect method=\"GET\">/again?a=1&amp;b=2</Redirect>\n"
            "  <Hangup />\n"
            "  <Reject/><Reject reason=\"busy\"></Reject>\n"
            "</Response>\n<!-- bye -->\n"),
        ERR_OK);
    const struct twiml_verb *v = document.verbs;
    assert_int_equal(document.count, 11);
    assert_string_equal(v[0].text, "Gr\xc3\xbc\xc3\x9f & <you>");
    assert_int_equal(v[1].length_s, 3);
    assert_int_equal(v[2].length_s, 1);
    assert_string_equal(v[3].action, "/after");
    assert_true(v[3].is_get);
    assert_string_equal(v[3].stream.name, "rx");
    assert_string_equal(v[4].text, "+15550100009");
    assert_string_equal(v[4].action, "/done");
    assert_string_equal(v[5].text, "+15550100008");
    assert_string_equal(v[6].action, "/left");
    assert_string_equal(v[6].recording_url, "https://x/there");
    assert_string_equal(v[7].text, "/again?a=1&b=2");
    assert_true(v[7].is_get);
    assert_int_equal(v[8].kind, TWIML_HANGUP);
    assert_string_equal(v[9].text, "rejected");
    assert_int_equal(v[10].kind, TWIML_REJECT);
    assert_string_equal(v[10].text, "busy");
    twiml_document_free(&document);
}

static void a_transfer_and_its_whisper_are_read(void **state)
{
    const struct twiml_transfer transfer = {.words = "Hold on.",
        .number = "+15550100009",
        .caller_id = "+15550100002",
        .timeout_s = 20,
        .action_url = "https://v.example.com/done?a=1&b=2",
        .whisper_url = "https://v.example.com/whisper?a=1&b=2"};
    struct strbuf text;
    strbuf_init(&text, 4096);
    twiml_transfer(&text, &transfer);
    assert_int_equal(read_text(text.data), ERR_OK);
    strbuf_free(&text);
    assert_int_equal(document.count, 2);
    const struct twiml_verb *v = document.verbs;
    assert_int_equal(v[1].kind, TWIML_DIAL);
    assert_string_equal(v[1].text, "+15550100009");
    assert_string_equal(v[1].caller_id, "+15550100002");
    assert_string_equal(v[1].action, "https://v.example.com/done?a=1&b=2");
    assert_string_equal(v[1].number_url, "https://v.example.com/whisper?a=1&b=2");
    assert_int_equal(v[1].length_s, 20);
    twiml_document_free(&document);
    strbuf_init(&text, 4096);
    twiml_whisper(&text, "Ann & Bob", "Press a key.", "https://v.example.com/taken");
    assert_int_equal(read_text(text.data), ERR_OK);
    strbuf_free(&text);
    assert_int_equal(document.count, 3);
    assert_int_equal(v[0].kind, TWIML_GATHER);
    assert_int_equal(v[0].said_count, 2);
    assert_string_equal(v[0].said[0], "Ann & Bob");
    assert_string_equal(v[0].said[1], "Press a key.");
    assert_int_equal(v[0].length_s, 5);
    assert_string_equal(v[0].action, "https://v.example.com/taken");
    assert_int_equal(v[2].kind, TWIML_HANGUP);
    twiml_document_free(&document);
    assert_int_equal(read_text("<Response><Dial>+15550100009</Dial></Response>"), ERR_OK);
    assert_int_equal(v[0].length_s, 30);
    assert_null(v[0].number_url);
    twiml_document_free(&document);
}

static void an_empty_response_is_fine(void **state)
{
    assert_int_equal(read_text("<Response/>"), ERR_OK);
    assert_int_equal(document.count, 0);
    twiml_document_free(&document);
}

static void what_twilio_refuses_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why; /* how it begins */
    } rows[] = {
        {"", "12100: not well-formed: empty"},
        {"hello", "12100: not well-formed: an element was expected"},
        {"<Answer/>", "12100: the document is no <Response>"},
        {"<Response>", "12100: not well-formed: an element that does not end"},
        {"<Response></response>", "12100: not well-formed: a closing tag"},
        {"<Response/><Response/>", "12100: not well-formed: something behind"},
        {"<Response/>x", "12100: not well-formed: something behind"},
        {"<Response>words</Response>", "12200: text outside"},
        {"<Response><Sing/></Response>", "12200: unknown verb: Sing"},
        {"<Response><Say>a & b</Say></Response>", "12100: not well-formed: an & that"},
        {"<Response><Say>&nbsp;</Say></Response>", "12100: not well-formed: an unknown entity"},
        {"<Response><Say>&#0;</Say></Response>", "12100: not well-formed: a character XML"},
        {"<Response><Say>&#x110000;</Say></Response>", "12100: not well-formed: a character XML"},
        {"<Response><Say>&#xZZ;</Say></Response>", "12100: not well-formed: a wrong character"},
        {"<Response><Say>\x01</Say></Response>", "12100: not well-formed: a byte"},
        {"<Response><Say>\xff</Say></Response>", "12100: not well-formed: a byte"},
        {"<Response><Say a=b>x</Say></Response>", "12100: not well-formed: an attribute's value"},
        {"<Response><Say a='1' a='2'>x</Say></Response>",
            "12100: not well-formed: an attribute that is"},
        {"<Response><Say a='1'b='2'>x</Say></Response>", "12100: not well-formed: a tag"},
        {"<Response><Say a='<'>x</Say></Response>", "12100: not well-formed: a < inside"},
        {"<Response><!-- a -- b --></Response>", "12100: not well-formed: a comment"},
        {"<!DOCTYPE Response><Response/>", "12100: not well-formed: a name was expected"},
        {"<Response><Say><Say>x</Say></Say></Response>", "12200: unexpected element in Say"},
        {"<Response><Connect/></Response>", "12200: <Connect> needs"},
        {"<Response><Connect><Room>x</Room></Connect></Response>", "12200: <Connect> needs"},
        {"<Response><Connect><Stream/></Connect></Response>", "31923"},
        {"<Response><Connect><Stream url=\"/s\"/></Connect></Response>", "31922"},
        {"<Response><Connect><Stream url=\"ws://h/s\"/></Connect></Response>", "31922"},
        {"<Response><Connect><Stream url=\"https://h/s\"/></Connect></Response>", "31922"},
        {"<Response><Connect><Stream url=\"wss://h/s?a=1\"/></Connect></Response>", "31920"},
        {"<Response><Connect><Stream url=\"wss://h/s\" "
         "statusCallback=\"/x\"/></Connect></Response>",
            "statusCallback is not absolute"},
        {"<Response><Connect><Stream url=\"wss://h/s\"><Parameter "
         "name=\"a\"/></Stream></Connect></Response>",
            "12200: <Parameter> needs"},
        {"<Response><Connect><Stream url=\"wss://h/s\"><Custom/></Stream></Connect></Response>",
            "12200: unknown element in <Stream>"},
        {"<Response><Dial/></Response>", "13224"},
        {"<Response><Dial timeout=\"x\">+1</Dial></Response>", "12200: <Dial timeout>"},
        {"<Response><Gather><Play>x</Play></Gather></Response>", "only <Say> is understood"},
        {"<Response><Reject reason=\"no\"/></Response>", "12200: <Reject reason>"},
        {"<Response><Reject><Say>x</Say></Reject></Response>", "12200: <Reject> holds"},
        {"<Response><Pause length=\"long\"/></Response>", "12200: <Pause length>"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (read_text(rows[i].text) != ERR_BAD)
            fail_msg("taken: %s", rows[i].text);
        if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("%s: %s", rows[i].text, why);
    }
}

static void plain_streams_pass_where_they_may(void **state)
{
    assert_int_equal(
        twiml_read(&document,
            SLICE("<Response><Connect><Stream url=\"ws://127.0.0.1/s\"/></Connect></Response>"),
            true, why),
        ERR_OK);
    twiml_document_free(&document);
}

static void long_parameters_are_refused(void **state)
{
    char value[512];
    memset(value, 'v', sizeof value);
    for (int len = 494; len <= 496; len++) {
        char text[1024];
        snprintf(text, sizeof text,
            "<Response><Connect><Stream url=\"wss://h/s\"><Parameter name=\"token\" "
            "value=\"%.*s\"/>"
            "</Stream></Connect></Response>",
            len, value);
        assert_int_equal(read_text(text), len == 494 ? ERR_OK : ERR_BAD);
        twiml_document_free(&document);
    }
}

static void depth_and_every_cut_end_well(void **state)
{
    assert_int_equal(read_text("<Response><a><a><a><a><a><a><a><a><a>"), ERR_BAD);
    static const char text[] =
        "<?xml version=\"1.0\"?><Response><!-- c --><Connect><Stream url=\"wss://h/s\"><Parameter "
        "name=\"a\" value=\"&amp;\"/></Stream></Connect><Say><![CDATA[x]]></Say></Response>";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        char *cut = slice_dup((struct slice){text, len});
        assert_int_equal(twiml_read(&document, (struct slice){cut, len}, false, why), ERR_BAD);
        free(cut);
    }
    assert_int_equal(read_text(text), ERR_OK);
    twiml_document_free(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_our_writer_writes_is_read),
        cmocka_unit_test(every_verb_is_read),
        cmocka_unit_test(a_transfer_and_its_whisper_are_read),
        cmocka_unit_test(an_empty_response_is_fine),
        cmocka_unit_test(what_twilio_refuses_is_refused),
        cmocka_unit_test(plain_streams_pass_where_they_may),
        cmocka_unit_test(long_parameters_are_refused),
        cmocka_unit_test(depth_and_every_cut_end_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
