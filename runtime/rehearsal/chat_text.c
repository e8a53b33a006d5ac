/* What is another way round in texts: no greeting and no line, the whole answer is one text (runtime/texting). What was said on
   the phone before, and in texts on other days, is not there: nobody was. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rehearsal/chat_internal.h"
#include "text/segments.h"
#include "texting/text_reply.h"
#include "texting/texting.h"
#include "texting/told.h"

#define ANSWER_MAX_BYTES 16384

void chat_text_begin(struct chat *chat)
{
    chat_note(chat, "each line is a text; no call, no greeting");
    if (!chat->agent->texts.answers)
        chat_note(
            chat, "texts are the staff's here: an agent answers with texts = true in agent.lua");
}

char *chat_text_prompt(const struct chat *chat, const char *system_prompt)
{
    return told_prompt(system_prompt, NULL, text_reply_letters(chat->agent->texts.max_segments));
}

/* ---- an answer ---- */

static void send(struct chat *chat, struct slice text)
{
    unsigned count = text_segments(text).count;
    fprintf(chat->options.out, "%s (%u segment%s): %.*s\n", chat->agent->name, count,
        count == 1 ? "" : "s", (int)text.len, text.data);
    strbuf_add_slice(&chat->untold, text);
    strbuf_add_slice(&chat->reply, text);
}

void chat_text_leave(struct chat *chat, const char *why)
{
    struct strbuf text;
    chat_note(chat, "%s: the text is left to the staff", why);
    strbuf_init(&text, ANSWER_MAX_BYTES);
    text_reply(&text, slice_from(chat->agent->texts.failure_text), chat->agent->texts.max_segments);
    if (text.len)
        send(chat, strbuf_slice(&text));
    strbuf_free(&text);
}

/* As before_say words it: false when it is held back. */
static bool reword(struct chat *chat, struct strbuf *answer)
{
    json_t *value =
        chat_ask_hook(chat, HOOK_BEFORE_SAY, NULL, json_pack("[s%]", answer->data, answer->len));
    bool is_kept = !json_is_false(value);
    if (json_is_string(value)) {
        strbuf_clear(answer);
        text_reply(answer, slice_from(json_string_value(value)), chat->agent->texts.max_segments);
    }
    json_decref(value);
    return is_kept;
}

void chat_text_answer(struct chat *chat, struct slice written, bool is_own)
{
    struct strbuf answer;
    if (!written.len && is_own)
        return; /* the script has done what there was to do */
    strbuf_init(&answer, ANSWER_MAX_BYTES);
    text_reply(&answer, written, chat->agent->texts.max_segments);
    if (!answer.len)
        chat_text_leave(chat, "the model wrote nothing");
    else if (!is_own && chat_has_hook(chat, HOOK_BEFORE_SAY) && !reword(chat, &answer))
        chat_text_leave(chat, "before_say holds it back");
    else if (answer.len)
        send(chat, strbuf_slice(&answer));
    strbuf_free(&answer);
}

void chat_text_act(struct chat *chat, const json_t *table)
{
    const char *words = json_string_value(json_object_get(table, "say"));
    chat_text_answer(chat, slice_from(words), true);
    chat_note(chat, "answered by on_user_turn%s", words ? "" : ", without a text");
}

/* ---- tools past their limit ---- */

void chat_text_wait(struct chat *chat)
{
    net_timer_set(chat->tools_timer, clock_ms() + TEXTING_TOOLS_LATE_MS);
}

void chat_text_waited(void *owner)
{
    struct chat *chat = owner;
    chat->tools_waiting = 0;
    net_loop_stop(chat->options.loop);
}
