/* The chunks of a chat completion gathered into a reply. Tolerant of OpenAI-compatible servers: missing
   ids and indexes, whole calls in one chunk, arguments as an object, usage in any chunk, a plain JSON
   answer where a stream was asked for. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "providers/openai_chat_codec.h"
#include "providers/thought.h"

#define CHAT_MOST_CALLS 16
#define CHAT_MOST_ARGUMENT_BYTES (256 * 1024) /* of one call */
#define CHAT_MOST_ID_BYTES                                                                         \
    40 /* OpenAI refuses longer ones, which another provider may have given */

enum chat_finish {
    CHAT_FINISH_NONE, /* not told yet */
    CHAT_FINISH_STOP,
    CHAT_FINISH_LENGTH,
    CHAT_FINISH_TOOLS,
    CHAT_FINISH_FILTER,
};

/* A tool call that grows by fragments. */
struct chat_call {
    struct strbuf id;
    struct strbuf name;
    struct strbuf arguments;
    long long index; /* as the server numbers it */
};

struct chat_reply {
    struct chat_call calls[CHAT_MOST_CALLS]; /* in order of index */
    size_t call_count;
    enum chat_finish finish;
    bool is_ended; /* [DONE] was seen, or a whole plain answer */
    bool has_text; /* some text was given out */
    bool has_news; /* the last chunk told something: text, of a call, the end */
    struct llm_usage usage;
    char own_id[16]; /* in ids that are made up; no two replies have the same */
    struct thought thought;
    struct strbuf text;        /* of the last chunk; may be empty */
    char code[CHAT_CODE_SIZE]; /* after a failure: the error's code or type, safe to log */
};

void chat_reply_init(struct chat_reply *reply);
void chat_reply_free(struct chat_reply *reply);
/* One event's data. New text is in reply->text until the next call.
   ERR_REFUSED: an error object; ERR_BAD: not a chunk, or past a limit. Both end the reply. */
must_use enum err chat_reply_take(struct chat_reply *reply, struct slice data);
/* After the last event: is the reply whole and may its calls be run? Held-back text is in reply->text.
   ERR_CLOSED: cut off; ERR_BAD: a call without a name, or cut by `length`; ERR_REFUSED:
   filtered away. `why` is a few words. Calls lacking an id of their own get one. */
must_use enum err chat_reply_finish(struct chat_reply *reply, const char **why);
