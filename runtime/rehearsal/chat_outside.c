/* The world outside of a chat: what scripts ask of their call, and with --dry of everything else. */
#include <stdlib.h>
#include <string.h>

#include "rehearsal/chat_internal.h"
#include "rehearsal/shown.h"

static struct chat *chat_of(void *owner)
{
    return ((struct chat_desk *)owner)->chat;
}

/* ---- call:say and its kin ---- */

static enum err say(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice text, bool is_protected)
{
    struct chat *chat = chat_of(owner);
    if (!chat)
        return ERR_CLOSED;
    if (!chat->is_opening) {
        chat_say_own(chat, text);
        return ERR_OK;
    }
    if (chat->held.len)
        strbuf_add_char(&chat->held, ' ');
    strbuf_add_slice(&chat->held, text);
    return ERR_OK;
}

static enum err hangup(
    void *owner, const struct script_call_facts *facts, uint64_t call_key, struct call_asker from)
{
    struct chat *chat = chat_of(owner);
    if (!chat)
        return ERR_CLOSED;
    chat_note(chat, "call:hangup(): the call ends after these words");
    chat->wants_end = true;
    return ERR_OK;
}

static enum err play(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_sound *sound, bool is_protected)
{
    return say(owner, facts, call_key, from, sound->text, is_protected);
}

/* Whoever is called or recorded then, it is the end here. */
static void hand_over(struct chat *chat, const char *what, struct slice to, struct slice say_first)
{
    chat_note(chat, "%s %.*s", what, (int)to.len, to.data);
    if (say_first.len)
        chat_note(chat, "the carrier says: %.*s", (int)say_first.len, say_first.data);
    chat->wants_end = true;
}

static enum err voicemail(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice say_first)
{
    struct chat *chat = chat_of(owner);
    if (!chat)
        return ERR_CLOSED;
    hand_over(chat, "call:voicemail: here a message would be recorded", SLICE(""), say_first);
    chat->is_voicemail = true;
    return ERR_OK;
}

static enum err transfer(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_transfer *wanted)
{
    struct chat *chat = chat_of(owner);
    if (!chat)
        return ERR_CLOSED;
    hand_over(chat, "call:transfer: here the caller would be put through to", wanted->number,
        wanted->say);
    chat->is_transferred = true;
    return ERR_OK;
}

static enum err record(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, enum call_recording what, struct slice said,
    enum agent_recording by_agent)
{
    static const char *const notes[] = {
        [CALL_RECORDING_AGREED] = "call:record: from here on the call would be recorded",
        [CALL_RECORDING_REFUSED] = "call:record: the call would not be recorded",
        [CALL_RECORDING_STOP] = "call:stop_recording(): the recording would end",
        [CALL_RECORDING_PAUSE] = "call:pause_recording(): the recording would be silent",
        [CALL_RECORDING_RESUME] = "call:resume_recording(): the recording would go on"};
    struct chat *chat = chat_of(owner);
    if (!chat)
        return ERR_CLOSED;
    if (by_agent == RECORDING_NEVER)
        return ERR_REFUSED;
    chat_note(chat, "%s", notes[what]);
    return ERR_OK;
}

const struct call_ops chat_call_ops = {.say = say,
    .play = play,
    .hangup = hangup,
    .voicemail = voicemail,
    .transfer = transfer,
    .record = record};

/* ---- modules ---- */

/* Lines of the log are always shown; the rest is answered here with --dry only, at once, whether or not it would wait. */
static enum stub_manner manner(void *owner, const char *module, const char *function)
{
    const struct chat_desk *desk = owner;
    enum stub_manner manner = stub_manner_usual(module, function);
    return manner == STUB_WAITS ? (desk->is_dry ? STUB_AT_ONCE : STUB_NOT) : manner;
}

static json_t *answer(
    void *owner, const char *module, const char *function, const json_t *arguments)
{
    struct chat *chat = chat_of(owner);
    bool is_log = strcmp(module, "log") == 0;
    const char *line = json_string_value(json_array_get(arguments, 0));
    char *asked = is_log ? NULL : shown_values(arguments);
    if (chat && is_log)
        chat_note(chat, "log.%s: %s", function, line ? line : "");
    else if (chat)
        chat_note(chat, "%s.%s%s  (dry: nothing was done)", module, function, asked ? asked : "");
    free(asked);
    return is_log ? NULL : json_pack("[n, s, s]", "dry_run", "nothing was done");
}

/* Nothing waits here: there is no `ask`. */
const struct stub_ops chat_stub_ops = {.manner = manner, .answer = answer};
