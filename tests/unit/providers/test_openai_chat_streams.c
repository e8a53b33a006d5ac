/* Recorded shapes of the servers people run (tests/golden/chat, composed from their documentation), through the event parser and
   the reply as the client does it: however the bytes are cut, they come to the same. */
#include <stdio.h>
#include <stdlib.h>

#include "cmocka_head.h"
#include "providers/openai_chat_reply.h"
#include "providers/sse.h"

static char *read_file(const char *name, size_t *len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/chat/%s", SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *data = calloc(1, 65536);
    *len = fread(data, 1, 65535, file);
    fclose(file);
    return data;
}

/* False: nothing counts behind it. */
static bool take(struct chat_reply *reply, struct slice data, struct strbuf *text)
{
    enum err err = chat_reply_take(reply, data);
    strbuf_add_slice(text, strbuf_slice(&reply->text));
    return !err;
}

static void take_bytes(
    struct chat_reply *reply, struct slice all, size_t portion, struct strbuf *text)
{
    struct sse sse;
    struct sse_event event;
    sse_init(&sse, 65536);
    bool goes_on = true;
    while (all.len && goes_on) {
        struct slice part = {all.data, all.len < portion ? all.len : portion};
        all = (struct slice){all.data + part.len, all.len - part.len};
        do {
            assert_int_equal(sse_next(&sse, &part, &event), ERR_OK);
            goes_on = !event.is_whole || take(reply, event.data, text);
        } while (event.is_whole && goes_on);
    }
    sse_free(&sse);
}

static void print(struct chat_reply *reply, struct strbuf *text, struct strbuf *out)
{
    const char *why = "";
    strbuf_add_text(out, "text ");
    if (reply->code[0]) {
        strbuf_add_slice(out, strbuf_slice(text));
        strbuf_printf(out, "\nerror %s\n", reply->code);
        return;
    }
    assert_int_equal(chat_reply_finish(reply, &why), ERR_OK);
    strbuf_add_slice(text, strbuf_slice(&reply->text));
    strbuf_add_slice(out, strbuf_slice(text));
    strbuf_add_char(out, '\n');
    for (size_t i = 0; i < reply->call_count; i++)
        strbuf_printf(out, "call %s %s %s\n", reply->calls[i].id.data, reply->calls[i].name.data,
            reply->calls[i].arguments.data);
    strbuf_printf(out, "usage %u %u %u\n", reply->usage.prompt_tokens, reply->usage.cached_tokens,
        reply->usage.completion_tokens);
}

static void expect(const char *name, const char *expected_name, size_t portion)
{
    size_t len, expected_len;
    char *data = read_file(name, &len), *expected = read_file(expected_name, &expected_len);
    struct chat_reply reply;
    struct strbuf text, out;
    chat_reply_init(&reply);
    strbuf_init(&text, 65536);
    strbuf_init(&out, 65536);
    if (data[0] == '{')
        (void)take(&reply, (struct slice){data, len}, &text);
    else
        take_bytes(&reply, (struct slice){data, len}, portion, &text);
    print(&reply, &text, &out);
    assert_string_equal(out.data, expected);
    strbuf_free(&text);
    strbuf_free(&out);
    chat_reply_free(&reply);
    free(data);
    free(expected);
}

static void every_recording_comes_to_the_same(void **state)
{
    static const size_t portions[] = {65536, 1, 7, 1000};
    static const char *const names[] = {
        "openai", "ollama", "llama_cpp", "vllm", "llama_cpp_error", "vllm_error"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64], expected[64];
        snprintf(name, sizeof name, "%s.sse", names[i]);
        snprintf(expected, sizeof expected, "%s.txt", names[i]);
        for (size_t k = 0; k < sizeof portions / sizeof *portions; k++)
            expect(name, expected, portions[k]);
    }
}

static void an_answer_without_a_stream(void **state)
{
    expect("plain.json", "plain.txt", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recording_comes_to_the_same),
        cmocka_unit_test(an_answer_without_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
