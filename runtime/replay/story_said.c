/* What was said, as turns. */
#include <stdlib.h>
#include <string.h>

#include "media/frame.h"
#include "replay/story_internal.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* ---- the caller ---- */

static void drop_first(struct story *story, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free(story->items[i].text);
    story->item_count -= count;
    memmove(story->items, story->items + count, story->item_count * sizeof *story->items);
}

void story_hear(struct story *story, const json_t *record)
{
    bool is_final = strcmp(text_of(record, "event"), "final") == 0;
    if (!is_final && strcmp(text_of(record, "event"), "partial") != 0)
        return;
    uint32_t number = (uint32_t)json_integer_value(json_object_get(record, "item"));
    char *text = strdup(text_of(record, "text"));
    for (unsigned i = 0; text && i < story->item_count; i++) {
        if (story->items[i].item != number)
            continue;
        free(story->items[i].text);
        story->items[i] = (struct story_item){number, is_final, text};
        return;
    }
    if (!text)
        return;
    if (story->item_count == STORY_ITEMS)
        drop_first(story, 1);
    story->items[story->item_count++] = (struct story_item){number, is_final, text};
}

void story_key(struct story *story, char key)
{
    strbuf_add_char(&story->keys, key);
}

static void join_items(const struct story *story, struct strbuf *out)
{
    for (unsigned i = 0; i < story->item_count; i++) {
        if (out->len && story->items[i].text[0])
            strbuf_add_char(out, ' ');
        strbuf_add_text(out, story->items[i].text);
    }
    if (story->keys.len) {
        strbuf_add_text(out, out->len ? " [keys] " : "[keys] ");
        strbuf_add_slice(out, strbuf_slice(&story->keys));
    }
}

void story_commit(struct story *story)
{
    struct strbuf text;
    strbuf_init(&text, STORY_TEXT_MAX_BYTES);
    join_items(story, &text);
    bool has_voice = story->turn_from_ms != 0;
    story->turns++;
    story_add(story, "turns",
        json_pack("{s:s, s:i, s:I, s:I, s:s%}", "who", "caller", "number", (int)story->turns,
            "from_ms", (json_int_t)(has_voice ? story->turn_from_ms : story->at_ms), "to_ms",
            (json_int_t)(has_voice ? story->turn_to_ms : story->at_ms), "text",
            text.data ? text.data : "", text.len));
    strbuf_free(&text);
    drop_first(story, story->item_count);
    strbuf_clear(&story->keys);
    story->turn_from_ms = story->is_voice ? story->voice_from_ms : 0;
}

/* ---- the agent ---- */

void story_reply_begin(struct story *story, uint32_t epoch)
{
    if (story->reply.is_open && story->reply.epoch == epoch)
        return; /* its draft was committed */
    story_reply_end(story, NULL);
    struct strbuf text = story->reply.text;
    strbuf_clear(&text);
    story->reply = (struct story_reply){
        .is_open = true, .epoch = epoch, .began_ms = story->at_ms, .text = text};
}

void story_speak(struct story *story, const json_t *record)
{
    const char *text = text_of(record, "text");
    const char *event = text_of(record, "event"); /* "text_ahead" is for later */
    if ((strcmp(event, "text") != 0 && strcmp(event, "sound") != 0) || !text[0])
        return;
    if (story->reply.text.len)
        strbuf_add_char(&story->reply.text, ' ');
    strbuf_add_text(&story->reply.text, text);
}

void story_sound(struct story *story, uint64_t audible_ms)
{
    if (!story->reply.heard_from_ms)
        story->reply.heard_from_ms = audible_ms;
    story->reply.heard_to_ms = audible_ms + FRAME_MS;
}

void story_reply_end(struct story *story, const char *ending)
{
    struct story_reply *reply = &story->reply;
    bool was_heard = reply->heard_from_ms != 0;
    if (!reply->is_open || (!was_heard && !reply->text.len)) {
        reply->is_open = false;
        return;
    }
    uint64_t to_ms = was_heard ? reply->heard_to_ms : story->at_ms;
    if (ending && to_ms > story->at_ms)
        to_ms = story->at_ms;
    json_t *turn =
        json_pack("{s:s, s:i, s:I, s:I, s:s%}", "who", "agent", "number", (int)story->turns,
            "from_ms", (json_int_t)(was_heard ? reply->heard_from_ms : to_ms), "to_ms",
            (json_int_t)to_ms, "text", reply->text.data ? reply->text.data : "", reply->text.len);
    if (turn && (ending || !was_heard))
        json_object_set_new(turn, "ending", json_string(was_heard ? ending : "not heard"));
    story_add(story, "turns", turn);
    reply->is_open = false;
}

void story_said_free(struct story *story)
{
    drop_first(story, story->item_count);
    strbuf_free(&story->keys);
    strbuf_free(&story->reply.text);
}
