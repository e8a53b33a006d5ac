/* Lines are chunks of one reply. Whatever they hold, calls that are given out have a name, arguments, and an id that no other
   has. As tools and messages of a request they are rewritten into JSON, or refused. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "providers/openai_chat_reply.h"
#include "providers/openai_chat_strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_call(const struct chat_reply *reply, size_t at)
{
    const struct chat_call *call = &reply->calls[at];
    bool is_whole =
        call->id.len && call->id.len <= CHAT_MOST_ID_BYTES && call->name.len && call->arguments.len;
    for (size_t i = 0; i < at; i++)
        is_whole &= strcmp(call->id.data, reply->calls[i].id.data) != 0;
    if (!is_whole)
        abort();
}

static void rewrite(struct slice text)
{
    struct strbuf tools, messages;
    strbuf_init(&tools, 1 << 20);
    strbuf_init(&messages, 1 << 20);
    json_t *again = NULL;
    if (!chat_add_strict_tools(&tools, text) &&
        !(again = json_loadb(tools.data, tools.len, 0, NULL)))
        abort();
    json_decref(again);
    again = NULL;
    if (!chat_add_messages(&messages, text, "developer") &&
        !(again = json_loadb(messages.data, messages.len, 0, NULL)))
        abort();
    json_decref(again);
    strbuf_free(&tools);
    strbuf_free(&messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chat_reply reply;
    struct slice rest = {(const char *)data, size};
    const char *why = "";
    enum err err = ERR_OK;
    char code[CHAT_CODE_SIZE];
    chat_error_code(rest, code);
    rewrite(rest);
    chat_reply_init(&reply);
    while (rest.len && !err)
        err = chat_reply_take(&reply, slice_split(&rest, '\n'));
    if (!err && !chat_reply_finish(&reply, &why)) {
        for (size_t i = 0; i < reply.call_count; i++)
            check_call(&reply, i);
    }
    chat_reply_free(&reply);
    return 0;
}
