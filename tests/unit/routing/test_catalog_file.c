/* The operator's list of providers: what is read of it, and what is said about one that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "routing/catalog_file.h"

#define HEARS "{\"name\": \"ear\", \"driver\": \"openai_realtime\", \"model\": \"m\"}"
#define SPEAKS                                                                                     \
    "{\"name\": \"mouth\", \"driver\": \"elevenlabs\", \"model\": \"m\", \"voice\": \"v\"}"
#define THINKS "\"name\": \"head\", \"driver\": \"openai_chat\", \"model\": \"m\""

/* An entry that thinks, among others that are as they should be. */
static void list_with(char out[4096], const char *thinks)
{
    snprintf(out, 4096, "{\"providers\": [" HEARS ", {%s}, " SPEAKS "]}", thinks);
}

static struct catalog_file reads(const char *text)
{
    struct catalog_file file;
    char why[CATALOG_WHY_SIZE] = "";
    if (catalog_file_read(&file, "providers.json", slice_from(text), why) != ERR_OK)
        fail_msg("%s", why);
    return file;
}

static void expect_refused(const char *text, const char *what)
{
    struct catalog_file file;
    char why[CATALOG_WHY_SIZE] = "", expected[CATALOG_WHY_SIZE];
    assert_int_equal(catalog_file_read(&file, "providers.json", slice_from(text), why), ERR_BAD);
    snprintf(expected, sizeof expected, "providers.json%s", what);
    assert_string_equal(why, expected);
}

static void expect_fault(const char *thinks, const char *what)
{
    char text[4096], expected[CATALOG_WHY_SIZE];
    list_with(text, thinks);
    snprintf(expected, sizeof expected, ": entry 2%s", what);
    expect_refused(text, expected);
}

static void every_field_reaches_its_place(void **state)
{
    struct catalog_file file = reads(
        "{\"comment\": \"c\", \"providers\": ["
        "{\"name\": \"a\", \"slot\": \"hear\", \"driver\": \"openai_realtime\", \"model\": \"m1\","
        " \"base_url\": \"http://127.0.0.1:8000\", \"language\": \"de\", \"prompt\": \"Zahn\","
        " \"path\": \"/p?x=1\", \"key_header\": \"api-key\", \"send_ulaw\": true, \"is_beta\": "
        "true,"
        " \"connect_timeout_ms\": 50, \"answer_timeout_ms\": 60000, \"window_ms\": 700,"
        " \"no_speech_max\": 0.5, \"most_at_once\": 7, \"key_file\": \"keys/a\","
        " \"prices\": {\"per_minute\": 0.006}},"
        "{\"name\": \"a\", \"driver\": \"openai_chat\", \"model\": \"m2\", \"key_env\": \"A_KEY\","
        " \"temperature\": 0, \"max_tokens\": 100, \"hedge\": true, \"first_token_timeout_ms\": "
        "4000,"
        " \"idle_timeout_ms\": 2000, \"comment\": [1, {}],"
        " \"quirks\": {\"path\": \"/chat\", \"key_header\": \"x-key\", \"system_role\": "
        "\"developer\","
        " \"max_tokens_field\": \"max_tokens\", \"reasoning_effort\": \"low\", \"strict_tools\": "
        "true,"
        " \"no_stream_options\": true, \"no_parallel_tool_calls\": false},"
        " \"prices\": {\"per_million_input\": 0.4, \"per_million_cached\": 0.1,"
        " \"per_million_output\": 1.6}},"
        "{\"name\": \"b\", \"driver\": \"elevenlabs\", \"model\": \"m3\", \"voice\": \"Vx\","
        " \"stability\": 0.25, \"similarity\": 1, \"speed\": 1.1, \"pitch\": -2, \"format\": "
        "\"pcm\","
        " \"instructions\": \"gently\", \"first_byte_timeout_ms\": 900, \"inactivity_timeout_s\": "
        "60,"
        " \"prices\": {\"per_million_characters\": 50}}]}");
    assert_int_equal(file.count, 3);
    const struct catalog_entry *a = &file.entries[0], *b = &file.entries[1], *c = &file.entries[2];
    const struct stt_settings *stt = &a->provider.stt;
    assert_string_equal(a->provider.name, "a");
    assert_int_equal(a->provider.driver->slot, SLOT_HEAR);
    assert_string_equal(stt->base_url, "http://127.0.0.1:8000");
    assert_string_equal(stt->model, "m1");
    assert_string_equal(stt->language, "de");
    assert_string_equal(stt->prompt, "Zahn");
    assert_string_equal(stt->path, "/p?x=1");
    assert_string_equal(stt->key_header, "api-key");
    assert_true(stt->send_ulaw && stt->is_beta);
    assert_int_equal(stt->connect_timeout_ms, 50);
    assert_int_equal(stt->answer_timeout_ms, 60000);
    assert_int_equal(stt->window_ms, 700);
    assert_true(stt->no_speech_max == 0.5 && a->provider.prices.per_minute == 0.006);
    assert_int_equal(a->provider.most_at_once, 7);
    assert_string_equal(a->key_file, "keys/a");
    assert_null(a->key_env);
    const struct llm_settings *llm = &b->provider.llm;
    assert_string_equal(llm->model, "m2");
    assert_string_equal(b->key_env, "A_KEY");
    assert_true(llm->temperature == 0);
    assert_int_equal(llm->max_tokens, 100);
    assert_true(b->provider.hedge);
    assert_int_equal(llm->first_token_timeout_ms, 4000);
    assert_int_equal(llm->idle_timeout_ms, 2000);
    assert_string_equal(llm->quirks.path, "/chat");
    assert_string_equal(llm->quirks.key_header, "x-key");
    assert_string_equal(llm->quirks.system_role, "developer");
    assert_string_equal(llm->quirks.max_tokens_field, "max_tokens");
    assert_string_equal(llm->quirks.reasoning_effort, "low");
    assert_true(llm->quirks.strict_tools && llm->quirks.no_stream_options);
    assert_false(llm->quirks.no_parallel_tool_calls);
    assert_true(b->provider.prices.per_million_input == 0.4);
    assert_true(b->provider.prices.per_million_cached == 0.1);
    assert_true(b->provider.prices.per_million_output == 1.6);
    const struct tts_settings *tts = &c->provider.tts;
    assert_string_equal(tts->voice_id, "Vx");
    assert_string_equal(tts->instructions, "gently");
    assert_true(tts->stability == 0.25 && tts->similarity == 1 && tts->speed == 1.1);
    assert_true(tts->pitch == -2 && c->provider.prices.per_million_characters == 50);
    assert_int_equal(tts->format, TTS_FORMAT_PCM);
    assert_int_equal(tts->first_byte_timeout_ms, 900);
    assert_int_equal(tts->inactivity_timeout_s, 60);
    catalog_file_free(&file);
}

/* The vendor's key goes to the vendor; who names another address says which key it is to have. */
static void what_is_left_out_is_the_vendors(void **state)
{
    char text[4096];
    list_with(text, THINKS ", \"base_url\": \"http://localhost:11434/v1\"");
    struct catalog_file file = reads(text);
    assert_string_equal(file.entries[0].provider.stt.base_url, "https://api.openai.com");
    assert_string_equal(file.entries[0].key_env, "OPENAI_API_KEY");
    assert_string_equal(file.entries[2].provider.tts.base_url, "https://api.elevenlabs.io");
    assert_string_equal(file.entries[2].key_env, "ELEVENLABS_API_KEY");
    assert_null(file.entries[1].key_env);
    assert_null(file.entries[1].key_file);
    assert_int_equal(file.entries[0].provider.stt.connect_timeout_ms, 2000);
    assert_string_equal(file.entries[0].provider.stt.language, "en");
    assert_true(file.entries[1].provider.llm.temperature < 0);
    assert_int_equal(file.entries[1].provider.llm.max_tokens, 400);
    assert_true(file.entries[2].provider.tts.speed < 0);
    catalog_file_free(&file);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *thinks, *what;
    } faults[] = {
        {"", ": name must be 1 to 31 of a-z, 0-9, - and _: it is what scripts, logs and rows call "
             "it"},
        {"\"name\": \"Open AI\"", ": name must be 1 to 31 of a-z, 0-9, - and _: it is what "
                                  "scripts, logs and rows call it"},
        {"\"name\": \"head\", \"driver\": \"openai_chat\", \"slot\": \"hear\"",
            " head: slot must be \"think\": that is what openai_chat is for, or choose another "
            "driver"},
        {"\"name\": \"head\", \"driver\": \"openai_chat\"",
            " head: model is missing: write the name that the server knows it by"},
        {THINKS ", \"max_tokens\": \"400\"",
            " head: max_tokens must be a whole number from 1 to 100000"},
        {THINKS ", \"max_tokens\": 0", " head: max_tokens must be a whole number from 1 to 100000"},
        {THINKS ", \"max_tokens\": 1.5",
            " head: max_tokens must be a whole number from 1 to 100000"},
        {THINKS ", \"temperature\": 3", " head: temperature must be a number from 0 to 2"},
        {THINKS ", \"temperature\": null", " head: temperature must be a number from 0 to 2"},
        {THINKS ", \"base_url\": \"api.example.com\"",
            " head: base_url must be an address such as \"https://api.example.com\", without a "
            "key, a "
            "query or a password"},
        {THINKS ", \"base_url\": \"https://me:pass@api.example.com\"",
            " head: base_url must be an address such as \"https://api.example.com\", without a "
            "key, a "
            "query or a password"},
        {THINKS ", \"base_url\": \"https://api.example.com?key=1\"",
            " head: base_url must be an address such as \"https://api.example.com\", without a "
            "key, a "
            "query or a password"},
        {THINKS ", \"key_env\": \"sk-canary-1\"",
            " head: key_env must be the name of an environment variable (A-Z, 0-9, _) that holds "
            "the "
            "key, not the key"},
        {THINKS ", \"key_env\": \"A\", \"key_file\": \"a\"",
            " head: key_env and key_file are both there: one place holds the key"},
        {THINKS ", \"api_key\": \"sk-canary-2\"",
            " head: a key must not stand in this file, which is shown and copied: put it into a "
            "file "
            "that others cannot read (key_file), or into an environment variable (key_env)"},
        {THINKS ", \"quirks\": {\"key\": \"sk-canary-3\"}",
            " head: a key must not stand in this file, which is shown and copied: put it into a "
            "file "
            "that others cannot read (key_file), or into an environment variable (key_env)"},
        {THINKS ", \"quirks\": 1", " head: quirks must be an object"},
        {THINKS ", \"quirks\": {\"strict_tools\": 1}",
            " head: quirks.strict_tools must be true or false"},
        {THINKS ", \"quirks\": {\"path\": \"/a\\nb\"}",
            " head: quirks.path must be text of 1 to 500 bytes in one line"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        expect_fault(faults[i].thinks, faults[i].what);
}

static void unknown_fields_are_told_with_those_there_are(void **state)
{
    static const char fields[] = "is no field of think: it has name, slot, driver, comment, "
                                 "key_env, key_file, most_at_once, "
                                 "base_url, model, temperature, ";
    static const struct {
        const char *thinks, *begins;
    } faults[] = {
        {THINKS ", \"modle\": 1", "providers.json: entry 2 head: modle "},
        {THINKS ", \"voice\": \"x\"", "providers.json: entry 2 head: voice "},
        {THINKS ", \"sk-canary-4\": 1", "providers.json: entry 2 head: (not shown) "},
        {THINKS ", \"quirks\": {\"driver\": 1}", "providers.json: entry 2 head: driver "},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct catalog_file file;
        char text[4096], why[CATALOG_WHY_SIZE], begins[CATALOG_WHY_SIZE];
        list_with(text, faults[i].thinks);
        assert_int_equal(
            catalog_file_read(&file, "providers.json", slice_from(text), why), ERR_BAD);
        snprintf(begins, sizeof begins, "%s%s", faults[i].begins, fields);
        why[strlen(begins)] = 0;
        assert_string_equal(why, begins);
    }
}

static void a_driver_that_is_none_is_told_with_those_there_are(void **state)
{
    struct catalog_file file;
    char text[4096], why[CATALOG_WHY_SIZE];
    list_with(text, "\"name\": \"head\", \"driver\": \"openai_chta\", \"model\": \"m\"");
    assert_int_equal(catalog_file_read(&file, "providers.json", slice_from(text), why), ERR_BAD);
    assert_non_null(strstr(
        why, "providers.json: entry 2 head: there is no driver openai_chta: it must be one of "));
    assert_non_null(strstr(why, "openai_chat (think)"));
    list_with(text, "\"name\": \"head\", \"model\": \"m\"");
    assert_int_equal(catalog_file_read(&file, "providers.json", slice_from(text), why), ERR_BAD);
    assert_non_null(strstr(why, "entry 2 head: driver is missing: it must be one of "));
}

static void the_file_itself_is_looked_at(void **state)
{
    expect_refused("", ":1:0: this is no JSON: '[' or '{' expected");
    expect_refused("{\n  \"providers\": [sk-canary-5]}", ":2:18: this is no JSON: invalid token");
    expect_refused(
        "{\"providers\": [], \"providers\": []}", ":1:29: this is no JSON: duplicate object key");
    expect_refused("[]", ": must be an object: {\"providers\": [ … ]}");
    expect_refused("{\"provider\": []}", ": provider is no field of the file: it has providers");
    expect_refused("{\"providers\": []}",
        ": providers must be a list of those to ask, in order, of one at least");
    expect_refused(
        "{\"providers\": [1]}", ": entry 1: must be an object with name, driver and model");
    expect_refused("{\"providers\": [" HEARS ", {" THINKS "}]}",
        ": nobody is there to speak: add an entry whose driver does");
    expect_refused("{\"providers\": [" HEARS ", " HEARS "]}",
        ": entry 2 ear: there is another hear of that name: give one of them another");
    expect_refused(
        "{\"providers\": [{\"name\": \"mouth\", \"driver\": \"elevenlabs\", \"model\": \"m\"}]}",
        ": entry 1 mouth: voice is missing: write the voice of callers whose tenant names none");
}

static void lists_and_files_have_an_end(void **state)
{
    struct strbuf text;
    strbuf_init(&text, 1 << 20);
    strbuf_add_text(&text, "{\"providers\": [");
    for (int i = 0; i <= PROVIDERS_MAX; i++)
        strbuf_printf(&text, "%s{}", i ? "," : "");
    strbuf_add_text(&text, "]}");
    expect_refused(text.data, ": providers must hold at most 32");
    strbuf_clear(&text);
    for (size_t i = 0; i <= CATALOG_FILE_MAX_BYTES; i++)
        strbuf_add_char(&text, ' ');
    expect_refused(text.data, ": is larger than 256 KiB");
    strbuf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_reaches_its_place),
        cmocka_unit_test(what_is_left_out_is_the_vendors),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(unknown_fields_are_told_with_those_there_are),
        cmocka_unit_test(a_driver_that_is_none_is_told_with_those_there_are),
        cmocka_unit_test(the_file_itself_is_looked_at),
        cmocka_unit_test(lists_and_files_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
