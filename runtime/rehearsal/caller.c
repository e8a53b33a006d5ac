/* The caller: words that take their time, as voice activity and speech-to-text would tell of them.

   voice began          80 ms after it does
   a word               300 ms after it is spoken, in a partial
   voice ended          200 ms after it does
   the final            latency.transcript_ms after the commit */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/policy.h"
#include "rehearsal/stage.h"
#include "text/transcript.h"

#define ONSET_MS 80
#define HANG_MS 200
#define PARTIAL_MS 300
#define SPEECH_LEAST_MS 350
#define MS_PER_CHARACTER 60

void caller_open(struct stage *stage)
{
    stage->caller.item = 1;
    utterances_init(&stage->caller.utterances);
    typed_init(&stage->caller.typed);
}

static void free_words(struct caller *caller)
{
    for (unsigned i = 0; i < caller->count; i++)
        free(caller->words[i]);
    caller->count = caller->committed = 0;
}

void caller_close(struct stage *stage)
{
    free_words(&stage->caller);
    utterances_clear(&stage->caller.utterances);
    typed_close(&stage->caller.typed);
}

/* ---- speaking ---- */

/* The words of the item under way that were spoken by then; heap. */
static char *words_until(const struct stage *stage, uint64_t at_ms, unsigned *count)
{
    const struct caller *caller = &stage->caller;
    struct strbuf text;
    strbuf_init(&text, WORDS_MAX_BYTES);
    strbuf_add_text(&text, "");
    unsigned i = caller->committed;
    for (; i < caller->count && caller->spoken_ms[i] <= at_ms; i++)
        strbuf_printf(&text, "%s%s", text.len ? " " : "", caller->words[i]);
    *count = i;
    return strbuf_take(&text);
}

static void tell_words(
    struct stage *stage, enum turn_event_kind kind, uint32_t item, const char *text)
{
    const struct agent *agent = stage->session->version->agent;
    if (item > stage->caller.used_item)
        utterances_set(&stage->caller.utterances, item, slice_from(text), kind == TURN_EVENT_FINAL);
    stage_event(
        stage, (struct turn_event){
                   .kind = kind, .item = item, .words = policy_words(agent, slice_from(text))});
}

static void partial(struct stage *stage, struct happening *it)
{
    struct caller *caller = &stage->caller;
    if (it->number != caller->item || it->number <= caller->used_item)
        return;
    unsigned count;
    char *text = words_until(stage, stage->now_ms - PARTIAL_MS, &count);
    if (text && text[0])
        tell_words(stage, TURN_EVENT_PARTIAL, it->number, text);
    free(text);
    stage_hooks_partial(stage);
}

static void voice_began(struct stage *stage, struct happening *it)
{
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_SPEECH_STARTED, .lag_ms = ONSET_MS});
}

static void voice_ended(struct stage *stage, struct happening *it)
{
    stage->caller.is_speaking = false;
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_SPEECH_ENDED, .lag_ms = HANG_MS});
}

static void speak_for(struct stage *stage, uint32_t length_ms)
{
    stage->caller.is_speaking = true;
    stage->caller_talk_ms += length_ms;
    stage_later(stage, ONSET_MS, voice_began);
    stage_later(stage, length_ms + HANG_MS, voice_ended);
    stage->happened.since_ms = stage->now_ms + length_ms;
}

static void add_word(struct stage *stage, struct slice word, uint64_t spoken_ms)
{
    struct caller *caller = &stage->caller;
    char *copy = caller->count < CALLER_WORDS_MAX ? slice_dup(word) : NULL;
    if (!copy) {
        stage_fail(stage, "a caller says at most %d words at once", CALLER_WORDS_MAX);
        return;
    }
    caller->words[caller->count] = copy;
    caller->spoken_ms[caller->count++] = spoken_ms;
    uint64_t due_ms = spoken_ms + PARTIAL_MS - stage->now_ms;
    stage_later(stage, due_ms, partial)->number = caller->item;
}

void caller_say(struct stage *stage, const char *text, uint32_t takes_ms)
{
    struct caller *caller = &stage->caller;
    struct slice rest = slice_trim(slice_from(text));
    size_t all = rest.len, said = 0;
    uint32_t length_ms = takes_ms ? takes_ms : SPEECH_LEAST_MS + (uint32_t)(all * MS_PER_CHARACTER);
    if (caller->committed == caller->count)
        free_words(caller);
    stage_note(stage, "caller", "%s", text);
    speak_for(stage, length_ms);
    while (rest.len) {
        struct slice word = slice_split(&rest, ' ');
        said += word.len + 1;
        uint64_t spoken_ms = stage->now_ms + (said < all ? said * length_ms / all : length_ms);
        if (slice_trim(word).len)
            add_word(stage, slice_trim(word), spoken_ms);
    }
}

void caller_make_noise(struct stage *stage, uint32_t length_ms)
{
    stage_note(stage, "caller", "(a noise of %u ms)", length_ms);
    speak_for(stage, length_ms);
}

static void final(struct stage *stage, struct happening *it)
{
    tell_words(stage, TURN_EVENT_FINAL, it->number, json_string_value(it->value));
}

/* Words of an utterance that goes on count as far as they were spoken. */
void caller_commit(struct stage *stage)
{
    struct caller *caller = &stage->caller;
    unsigned count;
    char *text = words_until(stage, stage->now_ms, &count);
    uint32_t item = caller->item++;
    caller->committed = count;
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_COMMITTED, .item = item});
    struct happening *it = stage_later(stage, stage->latency.transcript_ms, final);
    it->number = item;
    it->value = json_string(text ? text : "");
    free(text);
    for (unsigned i = count; i < caller->count; i++)
        stage_later(stage, caller->spoken_ms[i] + PARTIAL_MS - stage->now_ms, partial)->number =
            caller->item;
}

void caller_forget(struct stage *stage)
{
    struct caller *caller = &stage->caller;
    utterances_clear(&caller->utterances);
    typed_clear(&caller->typed);
    caller->is_partial_new = false;
    caller->used_item = caller->item - 1;
}

/* What was said, then what was typed. */
char *caller_text(const struct stage *stage)
{
    const struct caller *caller = &stage->caller;
    char *said = utterances_join(&caller->utterances);
    if (!caller->typed.words.len)
        return said;
    struct strbuf all;
    strbuf_init(&all, WORDS_MAX_BYTES);
    strbuf_printf(
        &all, "%s%s%s", said ? said : "", said && said[0] ? " " : "", caller->typed.words.data);
    free(said);
    return strbuf_take(&all);
}

char *caller_take_turn(struct stage *stage)
{
    char *text = caller_text(stage);
    caller_forget(stage);
    return text;
}

char *caller_written(const struct stage *stage, const char *words)
{
    struct strbuf tidy;
    strbuf_init(&tidy, WORDS_MAX_BYTES + 1); /* a mark */
    transcript_tidy(&tidy, slice_from(words), slice_from(stage->session->version->agent->language));
    return strbuf_take(&tidy);
}

void caller_give_back(struct stage *stage, const char *text)
{
    utterances_set(&stage->caller.utterances, 0, slice_from(text), true);
}

/* ---- keys ---- */

void caller_press(struct stage *stage, char key)
{
    stage_note(stage, "caller", "(presses %c)", key);
    stage->happened.since_ms = stage->now_ms;
    if (stage->session->version->agent->has_hook[HOOK_ON_DTMF])
        stage_hooks_ask_key(stage, key);
    else
        caller_type_key(stage, key);
}

static void tell_typed(struct stage *stage, bool is_last)
{
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_KEY_TYPED, .flag = is_last});
}

void caller_type_key(struct stage *stage, char key)
{
    tell_typed(stage, typed_key(&stage->caller.typed, key));
}

void caller_type_words(struct stage *stage, const char *words)
{
    if (!typed_words(&stage->caller.typed, slice_from(words)))
        stage_note(stage, "keys", "dropped: longer than 2 KiB");
    tell_typed(stage, true);
}
