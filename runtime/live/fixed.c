/* What an agent says in the same words in every call: its greetings, "are you still there?", goodbye, its words for what is late, and
   its fillers. Kept as its voice spoke it (phrases.c).

   A phrase that is not known is asked for over a call's own session, in a context of its own, when synthesis has just finished
   something else: one at a time, once for all calls, by the route that the call's replies take. It is kept for
   the voice that it was asked of: the one that the caller hears. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"

static struct phrases *store_of(const struct call *call)
{
    return call->worker->live->options.phrases;
}

/* Whose voice the caller hears. */
static size_t voice_of(const struct call *call, const struct route *route)
{
    for (size_t i = 0; i < route->count; i++)
        if (strcmp(route_provider(route, i), call->speaks) == 0)
            return i;
    return 0;
}

static const char *or_none(const char *text)
{
    return text ? text : "";
}

/* Everything that makes a phrase sound as it does. False: too long to be told from others. */
static bool make_key(struct call *call, const char *text, char key[PHRASE_KEY_SIZE])
{
    const struct agent *agent = call->agent;
    const struct route *route = routes_of(call, SLOT_SPEAK);
    struct tts_settings voice = speech_settings(agent);
    size_t index = voice_of(call, route);
    voice.voice_id = agent->voice_id;
    voice.model = agent->tts_model;
    if (route->count)
        voice = route_tts(route, index, &voice);
    int len = snprintf(key, PHRASE_KEY_SIZE, "%s\n%s\n%s\n%s\n%s\n%s\n%g %g %g %g\n%s",
        route->count ? route_provider(route, index) : "", or_none(voice.base_url),
        or_none(voice.voice_id), or_none(voice.model), or_none(voice.language),
        or_none(voice.instructions), voice.stability, voice.similarity, voice.speed, voice.pitch,
        text);
    return len > 0 && len < PHRASE_KEY_SIZE;
}

struct phrase *fixed_find(struct call *call, const char *text)
{
    char key[PHRASE_KEY_SIZE];
    return text[0] && make_key(call, text, key) ? phrases_find(store_of(call), key) : NULL;
}

/* ---- asking ---- */

/* The one of that number; NULL: there are no more. Empty: the agent has none of that kind. */
static const char *fixed_text(const struct agent *agent, size_t number)
{
    bool is_recorded = recorder_rule(agent->tenant_id, agent->recording) == RECORDING_ALWAYS;
    const char *const said[] = {is_recorded ? agent->recording_notice : "", agent->greeting,
        agent->still_there, agent->goodbye, agent->failure_text, agent->resume_greeting,
        agent->transfer_failed};
    const size_t said_count = sizeof said / sizeof *said;
    size_t filler_count =
        agent->filler.kind == AGENT_FILLER_PHRASE ? agent->filler.phrase_count : 0;
    if (number < said_count) /* what before_say sees may be other words each time */
        return agent->has_hook[HOOK_BEFORE_SAY] ? "" : said[number];
    number -= said_count;
    return number < filler_count ? agent->filler.phrases[number] : NULL;
}

static void forget(struct fixed *fixed)
{
    strbuf_free(&fixed->spoken);
    free(fixed->characters);
    *fixed = (struct fixed){0};
}

/* What the caller hears may change until it is spoken: the key does not. */
static void note_provider(struct call *call)
{
    const struct route *route = routes_of(call, SLOT_SPEAK);
    const char *name = route->count ? route_provider(route, voice_of(call, route)) : "";
    slice_copy(slice_from(name), call->fixed.provider, sizeof call->fixed.provider);
}

static bool claim(struct call *call, const char *text)
{
    struct fixed *fixed = &call->fixed;
    note_provider(call);
    return text[0] && make_key(call, text, fixed->key) &&
           phrases_claim(store_of(call), fixed->key, clock_ms());
}

void fixed_prepare(struct call *call)
{
    struct fixed *fixed = &call->fixed;
    const char *text = NULL;
    if (fixed->context || !call->tts || !speech_is_current(call))
        return;
    for (size_t i = 0; (text = fixed_text(call->agent, i)) && !claim(call, text);)
        i++;
    if (!text)
        return;
    strbuf_init(&fixed->spoken, PHRASE_MAX_BYTES);
    fixed->context = speech_ask_phrase(call, slice_from(text));
    if (!fixed->context)
        phrases_give_up(store_of(call), fixed->key);
}

/* ---- what synthesis says ---- */

static struct fixed *asked(struct call *call, uint32_t context)
{
    return context && context == call->fixed.context ? &call->fixed : NULL;
}

void fixed_source(struct call *call, uint32_t context, const char *provider)
{
    struct fixed *fixed = asked(call, context);
    if (fixed && fixed->provider[0])
        fixed->is_other |= strcmp(provider, fixed->provider) != 0;
}

bool fixed_audio(struct call *call, uint32_t context, const uint8_t *ulaw, size_t len)
{
    struct fixed *fixed = asked(call, context);
    if (fixed)
        strbuf_add(&fixed->spoken, ulaw, len);
    return fixed;
}

static bool add_times(struct fixed *fixed, const struct tts_timing *timings, size_t count)
{
    if (!count || fixed->character_count + count > PHRASE_MAX_CHARACTERS)
        return false;
    struct heard_character *grown =
        realloc(fixed->characters, (fixed->character_count + count) * sizeof *fixed->characters);
    if (!grown)
        return false;
    fixed->characters = grown;
    for (size_t i = 0; i < count; i++)
        grown[fixed->character_count++] = (struct heard_character){
            .bytes = (uint16_t)timings[i].character.len, .start_ms = timings[i].start_ms};
    return true;
}

bool fixed_timings(
    struct call *call, uint32_t context, const struct tts_timing *timings, size_t count)
{
    struct fixed *fixed = asked(call, context);
    if (fixed && !fixed->is_untimed)
        fixed->is_untimed = !add_times(fixed, timings, count);
    return fixed;
}

/* What came to nothing is asked for again when synthesis has time. */
bool fixed_end(struct call *call, uint32_t context)
{
    struct fixed *fixed = asked(call, context);
    if (!fixed)
        return false;
    bool is_good = !fixed->spoken.failed && fixed->spoken.len && !fixed->is_other;
    if (is_good)
        phrases_keep(store_of(call), fixed->key, strbuf_slice(&fixed->spoken), fixed->characters,
            fixed->is_untimed ? 0 : fixed->character_count);
    forget(fixed); /* unless it was kept, its claim keeps others from trying the same at once */
    if (is_good)
        fixed_prepare(call);
    return true;
}

void fixed_lost(struct call *call)
{
    if (call->fixed.context)
        phrases_give_up(store_of(call), call->fixed.key);
    forget(&call->fixed);
}

/* ---- saying ---- */

bool fixed_say(struct call *call, const char *text)
{
    bool is_seen_before = call->agent->has_hook[HOOK_BEFORE_SAY];
    struct phrase *phrase = is_seen_before ? NULL : fixed_find(call, text);
    if (!phrase || !speech_add_phrase_take(call, phrase, slice_from(text)))
        return false;
    reply_finish_segment(call);
    return true;
}
