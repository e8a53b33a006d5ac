#include "unit/telephony/cmocka_head.h"

#include "telephony/rest_answer.h"

static void answers_mean_what_the_table_says(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum err err;
        int code;
        const char *sid;
        const char *why;
    } rows[] = {
        {201, "{\"sid\":\"SM1\",\"status\":\"queued\"}", ERR_OK, 0, "SM1", ""},
        {200, "{\"sid\":\"CA1\",\"status\":\"completed\"}", ERR_OK, 0, "CA1", ""},
        {201, "{\"status\":\"queued\"}", ERR_BAD, 0, "", "answer without a sid"},
        {201, "", ERR_BAD, 0, "", "answer without a sid"},
        {200, "<html>", ERR_BAD, 0, "", "answer without a sid"},
        {201, "{\"sid\":7}", ERR_BAD, 0, "", "answer without a sid"},
        {201, "{\"sid\":\"SM0000000000000000000000000000000000000000\"}", ERR_BAD, 0, "",
            "answer without a sid"},
        {400, "{\"code\":21211,\"message\":\"bad To\",\"status\":400}", ERR_REFUSED, 21211, "",
            "HTTP 400: bad To"},
        {404, "{\"code\":20404,\"message\":\"no such call\"}", ERR_NOT_FOUND, 20404, "",
            "HTTP 404: no such call"},
        {429, "{\"code\":20429,\"message\":\"Too Many Requests\"}", ERR_REFUSED, 20429, "",
            "HTTP 429: Too Many Requests"},
        {401, "", ERR_REFUSED, 0, "", "HTTP 401"},
        {503, "<html>busy</html>", ERR_REFUSED, 0, "", "HTTP 503"},
        {400, "[1]", ERR_REFUSED, 0, "", "HTTP 400"},
        {400, "{\"code\":\"21211\",\"message\":3}", ERR_REFUSED, 0, "", "HTTP 400"},
        {400, "{\"code\":-5}", ERR_REFUSED, 0, "", "HTTP 400"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rest_answer answer;
        rest_answer_read(&answer, rows[i].status, slice_from(rows[i].body));
        assert_int_equal(answer.err, rows[i].err);
        assert_int_equal(answer.code, rows[i].code);
        assert_string_equal(answer.sid, rows[i].sid);
        assert_string_equal(answer.why, rows[i].why);
    }
}

static void a_call_s_recording_is_found(void **state)
{
    static const struct {
        const char *body;
        enum rest_recording found;
        const char *sid;
    } rows[] = {
        {"", REST_RECORDING_NONE, ""},
        {"{\"recordings\":[]}", REST_RECORDING_NONE, ""},
        {"{\"recordings\":{\"sid\":\"RE1\"}}", REST_RECORDING_NONE, ""},
        {"{\"recordings\":[7,{\"status\":\"in-progress\"}]}", REST_RECORDING_NONE, ""},
        {"{\"recordings\":[{\"sid\":\"RE1\",\"status\":\"completed\"}]}", REST_RECORDING_ENDED, ""},
        {"{\"recordings\":[{\"sid\":\"RE1\",\"status\":\"paused\"},{\"sid\":\"RE2\"}]}",
            REST_RECORDING_PAUSED, "RE1"},
        {"{\"recordings\":[{\"sid\":\"RE1\",\"status\":\"stopped\"},"
         "{\"sid\":\"RE2\",\"status\":\"in-progress\"},{\"sid\":\"RE3\",\"status\":\"paused\"}]}",
            REST_RECORDING_GOES_ON, "RE2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sid[40] = "";
        assert_int_equal(rest_answer_find_recording(sid, slice_from(rows[i].body)), rows[i].found);
        assert_string_equal(sid, rows[i].sid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_s_recording_is_found),
        cmocka_unit_test(answers_mean_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
