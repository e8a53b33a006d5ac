#include "unit/telephony/cmocka_head.h"

#include <string.h>

#include "telephony/twiml.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>"
#define TAIL "</Response>\n"

static void expect_text(struct strbuf *out, const char *text)
{
    assert_false(out->failed);
    assert_string_equal(out->data, text);
    strbuf_free(out);
}

static void a_stream_carries_escaped_parameters(void **state)
{
    static const struct twiml_parameter parameters[] = {
        {"tenant", "acme & co"},
        {"quote", "\"<'>\n"},
    };
    struct strbuf out;
    strbuf_init(&out, 4096);
    twiml_stream(&out, "wss://v.example.com/twilio-voice-stream", "https://v.example.com/s?a=1&b=2",
        parameters, 2, "https://v.example.com/twilio/voice?attempt=1");
    expect_text(&out, HEAD
        "<Connect><Stream url=\"wss://v.example.com/twilio-voice-stream\""
        " statusCallback=\"https://v.example.com/s?a=1&amp;b=2\" statusCallbackMethod=\"POST\">"
        "<Parameter name=\"tenant\" value=\"acme &amp; co\"/>"
        "<Parameter name=\"quote\" value=\"&quot;&lt;'&gt;&#10;\"/>"
        "</Stream></Connect>"
        "<Redirect method=\"POST\">https://v.example.com/twilio/voice?attempt=1</Redirect>" TAIL);
}

static void a_stream_needs_neither_status_nor_redirect(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    twiml_stream(&out, "wss://v.example.com/s", NULL, NULL, 0, NULL);
    expect_text(
        &out, HEAD "<Connect><Stream url=\"wss://v.example.com/s\"></Stream></Connect>" TAIL);
}

static void spoken_text_is_always_well_formed(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    twiml_say_and_hangup(&out, "Gr\xc3\xbc\xc3\x9f"
                               "e \x01\xff & \xef\xbf\xbf <ok>");
    expect_text(&out, HEAD "<Say>Gr\xc3\xbc\xc3\x9f"
                           "e \xef\xbf\xbd &amp; \xef\xbf\xbd &lt;ok&gt;</Say><Hangup/>" TAIL);
}

static void a_transfer_names_its_parties(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    twiml_dial(&out, "", "+15550100009", "+15550100002", "https://v.example.com/twilio/dial-done");
    expect_text(&out,
        HEAD "<Dial callerId=\"+15550100002\" action=\"https://v.example.com/twilio/dial-done\""
             " answerOnBridge=\"true\"><Number>+15550100009</Number></Dial>" TAIL);
    strbuf_init(&out, 4096);
    twiml_dial(&out, "", "+15550100009", NULL, NULL);
    expect_text(
        &out, HEAD "<Dial answerOnBridge=\"true\"><Number>+15550100009</Number></Dial>" TAIL);
}

static void an_agent_s_transfer_is_answered_by_a_key(void **state)
{
    struct strbuf out;
    struct twiml_transfer transfer = {.words = "Hold & on",
        .number = "+15550100009",
        .caller_id = "+15550100002",
        .timeout_s = 20,
        .action_url = "https://v.example.com/done?a=1&b=2",
        .whisper_url = "https://v.example.com/whisper?a=1&b=2"};
    strbuf_init(&out, 4096);
    twiml_transfer(&out, &transfer);
    expect_text(&out,
        HEAD "<Say>Hold &amp; on</Say><Dial callerId=\"+15550100002\" timeout=\"20\""
             " action=\"https://v.example.com/done?a=1&amp;b=2\" method=\"POST\" "
             "answerOnBridge=\"true\">"
             "<Number url=\"https://v.example.com/whisper?a=1&amp;b=2\" method=\"POST\">"
             "+15550100009</Number></Dial>" TAIL);
    transfer.words = "";
    transfer.whisper_url = NULL;
    strbuf_init(&out, 4096);
    twiml_transfer(&out, &transfer);
    expect_text(&out,
        HEAD "<Dial callerId=\"+15550100002\" timeout=\"20\""
             " action=\"https://v.example.com/done?a=1&amp;b=2\" method=\"POST\" "
             "answerOnBridge=\"true\"><Number>+15550100009</Number></Dial>" TAIL);
    strbuf_init(&out, 4096);
    twiml_whisper(&out, "Call from <Ann>.", "Press any key.", "https://v.example.com/w?step=taken");
#define QUESTION                                                                                   \
    "<Gather action=\"https://v.example.com/w?step=taken\" method=\"POST\" numDigits=\"1\""         \
    " timeout=\"5\"><Say>Call from &lt;Ann&gt;.</Say><Say>Press any key.</Say></Gather>"
    expect_text(&out, HEAD QUESTION QUESTION "<Hangup/>" TAIL);
    strbuf_init(&out, 4096);
    twiml_nothing(&out);
    expect_text(&out, HEAD TAIL);
}

static void overflow_is_recorded_or_forwarded_after_its_words(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    twiml_voicemail(&out, "Please & thanks", "https://v.example.com/twilio/recording?tenant=a");
    expect_text(&out,
        HEAD "<Say>Please &amp; thanks</Say><Record"
             " action=\"https://v.example.com/twilio/recording?tenant=a\" method=\"POST\""
             " maxLength=\"120\" timeout=\"5\" playBeep=\"true\""
             " recordingStatusCallback=\"https://v.example.com/twilio/recording?tenant=a\""
             " recordingStatusCallbackMethod=\"POST\"/>" TAIL);
    strbuf_init(&out, 4096);
    twiml_voicemail(&out, "", "https://v.example.com/r?tenant=a&call=b");
    assert_false(out.failed);
    assert_null(strstr(out.data, "<Say>"));
    assert_non_null(strstr(out.data, "action=\"https://v.example.com/r?tenant=a&amp;call=b\""));
    strbuf_free(&out);
    strbuf_init(&out, 4096);
    twiml_dial(&out, "One moment", "+15550100099", NULL, "https://v.example.com/twilio/dial-done");
    expect_text(&out,
        HEAD "<Say>One moment</Say><Dial action=\"https://v.example.com/twilio/dial-done\""
             " answerOnBridge=\"true\"><Number>+15550100099</Number></Dial>" TAIL);
}

static void hanging_up_is_one_verb(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    twiml_hangup(&out);
    expect_text(&out, HEAD "<Hangup/>" TAIL);
}

static void a_rejection_says_why(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    twiml_reject(&out, "busy");
    expect_text(&out, HEAD "<Reject reason=\"busy\"/>" TAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_carries_escaped_parameters),
        cmocka_unit_test(a_stream_needs_neither_status_nor_redirect),
        cmocka_unit_test(spoken_text_is_always_well_formed),
        cmocka_unit_test(a_transfer_names_its_parties),
        cmocka_unit_test(an_agent_s_transfer_is_answered_by_a_key),
        cmocka_unit_test(overflow_is_recorded_or_forwarded_after_its_words),
        cmocka_unit_test(hanging_up_is_one_verb),
        cmocka_unit_test(a_rejection_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
