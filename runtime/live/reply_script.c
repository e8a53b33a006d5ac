/* What scripts say and play of their own: into a reply that is alive, each a segment of its own, or as the whole of one. */
#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"

/* A draft may be taken back: nothing of it is heard. */
static bool takes_interjection(const struct call *call)
{
    bool is_alive = call->turn.phase != REPLY_NONE && call->turn.phase != REPLY_APOLOGY;
    bool has_room = call->reply.segment_count < INTERJECTIONS_MAX;
    if (is_alive && !call->turn.is_draft && has_room)
        return true;
    log_warn("say.dropped", "call=%s reason=%s", call->facts.call_id,
        is_alive && !has_room ? "too much in one reply" : "no reply is alive");
    return false;
}

void reply_interject(struct call *call, struct slice text, bool is_protected)
{
    if (!takes_interjection(call))
        return;
    bool was_protected = call->reply.is_protected;
    if (is_protected != was_protected)
        speech_finish(call); /* the one may be interrupted, the other not */
    call->reply.is_protected = is_protected || was_protected;
    speech_text(call, text);
    speech_finish(call);
    call->reply.is_protected = was_protected;
    outbound_tell_protection(call, clock_ms());
}

void reply_play_take(struct call *call, struct call_sound *sound, bool is_protected)
{
    if (!takes_interjection(call)) {
        sound_release(sound);
        return;
    }
    bool was_protected = call->reply.is_protected;
    speech_finish(call);
    call->reply.is_protected = is_protected || was_protected;
    speech_add_sound_take(call, sound);
    call->reply.is_protected = was_protected;
    outbound_tell_protection(call, clock_ms());
}

void reply_say_aside(struct call *call, struct aside *aside)
{
    struct call_sound *sound = aside_take_sound(aside);
    call->reply.is_protected = aside->is_protected;
    if (!sound) {
        reply_say_own(call, strbuf_slice(&aside->words));
        return;
    }
    speech_add_sound_take(call, sound);
    reply_finish_segment(call);
}

/* Behind all that is known of the reply, and while there is room for them. */
bool reply_takes_words(const struct call *call)
{
    const struct reply *reply = &call->reply;
    return reply->is_round_complete && !reply->backlog.len &&
           reply->segment_count < INTERJECTIONS_MAX;
}
