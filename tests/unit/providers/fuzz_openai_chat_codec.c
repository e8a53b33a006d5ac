/* Lines are chunks of one reply. Whatever they hold, calls that are given out have a name, an id and
   arguments that are a JSON object. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "providers/openai_chat_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_call(const struct chat_call *call)
{
    json_t *arguments = json_loadb(call->arguments.data, call->arguments.len, 0, NULL);
    if (!json_is_object(arguments) || !call->id.len || !call->name.len)
        abort();
    json_decref(arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chat_reply reply;
    struct slice rest = {(const char *)data, size};
    const char *why = "";
    enum err err = ERR_OK;
    char code[CHAT_CODE_SIZE];
    chat_error_code(rest, code);
    chat_reply_init(&reply);
    while (rest.len && !err)
        err = chat_reply_take(&reply, slice_split(&rest, '\n'));
    if (!err && !chat_reply_finish(&reply, &why)) {
        for (size_t i = 0; i < reply.call_count; i++)
            check_call(&reply.calls[i]);
    }
    chat_reply_free(&reply);
    return 0;
}
