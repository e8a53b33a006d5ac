/* What the model and the script are told of a conversation in texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "texting/told.h"

static const char CLAIM[] =
    "{\"texts\": [{\"text\": \" I'd like \", \"media\": 0}, {\"text\": \"\", \"media\": 2},"
    "  {\"text\": \"a table\", \"media\": 0}, {\"text\": \"\", \"media\": 0}],"
    " \"lines\": ["
    "  {\"channel\": \"phone\", \"direction\": \"in\", \"text\": \"Are you open?\", \"call\": "
    "\"a\", \"at\": \"Tuesday, 24 November, 15:04\"},"
    "  {\"channel\": \"phone\", \"direction\": \"out\", \"text\": \"Until six.\", \"call\": \"a\", "
    "\"at\": \"Tuesday, 24 November, 15:05\"},"
    "  {\"channel\": \"sms\", \"direction\": \"in\", \"text\": \"Thanks!\", \"call\": \"b\", "
    "\"at\": \"\"},"
    "  {\"channel\": \"sms\", \"direction\": \"out\", \"text\": \"You're welcome.\", \"call\": "
    "\"b\", \"at\": \"\"}],"
    " \"done\": [{\"name\": \"book\", \"arguments\": {\"day\": 1}, \"result\": {\"ok\": true}}]}";

static json_t *claim;

static int read_claim(void **state)
{
    claim = json_loads(CLAIM, 0, NULL);
    return claim ? 0 : -1;
}

static int drop_claim(void **state)
{
    json_decref(claim);
    return 0;
}

static void texts_become_one(void **state)
{
    char *words = told_words(claim);
    assert_string_equal(words, "I'd like\n[2 attached, which you cannot see]\na table");
    free(words);
    json_t *nothing = json_object();
    words = told_words(nothing);
    assert_string_equal(words, "");
    free(words);
    json_decref(nothing);
}

static void texts_before_are_the_exchange_they_were(void **state)
{
    struct conversation conversation;
    struct history history = {0};
    assert_int_equal(conversation_init(&conversation), ERR_OK);
    told_texts(&conversation, claim);
    told_history(&history, claim);
    char *messages = json_dumps(conversation.messages, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(messages, "[{\"content\":\"Thanks!\",\"role\":\"user\"},"
                                  "{\"content\":\"You're welcome.\",\"role\":\"assistant\"}]");
    assert_int_equal(json_array_size(history.lines), 2);
    free(messages);
    history_clear(&history);
    conversation_close(&conversation);
}

static void calls_and_what_was_done_stand_behind_the_prompt(void **state)
{
    char *prompt = told_prompt("Be kind.", claim, 459);
    assert_string_equal(prompt,
        "Be kind.\n\nThis conversation is by text message. Answer in plain text of at most 459 "
        "characters, without Markdown."
        "\n\nOn the phone, Tuesday, 24 November, 15:04:\nThey: Are you open?\nYou: Until six."
        "\n\nYou have done this for their newest texts already; do not do it again:"
        "\nbook({\"day\": 1}) → {\"ok\": true}");
    free(prompt);
}

static void of_long_calls_the_newest_lines_are_told(void **state)
{
    json_t *lines = json_array();
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = 0;
    for (int i = 0; i < 20; i++)
        json_array_append_new(
            lines, json_pack("{s:s, s:s, s:s, s:s, s:s}", "channel", "phone", "direction", "in",
                       "text", i == 19 ? "the last" : text, "call", "a", "at", "today"));
    json_t *long_claim = json_pack("{s:o}", "lines", lines);
    char *prompt = told_prompt("p", long_claim, 459);
    assert_in_range(strlen(prompt), 5000, TOLD_EARLIER_MAX_BYTES + 500);
    assert_non_null(strstr(prompt, "They: the last"));
    free(prompt);
    json_decref(long_claim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_one),
        cmocka_unit_test(texts_before_are_the_exchange_they_were),
        cmocka_unit_test(calls_and_what_was_done_stand_behind_the_prompt),
        cmocka_unit_test(of_long_calls_the_newest_lines_are_told),
    };
    return cmocka_run_group_tests(tests, read_claim, drop_claim);
}
