/* The world outside of a rehearsed call: what scripts ask of their call, and of everything else, which the conversation's
   stubs answer. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/call_ops.h"
#include "rehearsal/shown.h"
#include "rehearsal/stage.h"

#define BYTES_PER_MS 8  /* of sound */
#define TRANSFER_MS 500 /* the carrier ends the stream when it dials */

/* ---- call:say and its kin: asked within a run, done after it ---- */

/* The reply it was asked for; 0: none, as of most hooks. */
static uint32_t reply_of(const struct call_asker *from)
{
    return call_asker_has_reply(from) ? from->epoch : 0;
}

static bool is_alive(const struct stage *stage, uint32_t epoch)
{
    return stage->turn.epoch == epoch && stage->turn.phase != REPLY_NONE;
}

static void do_say(struct stage *stage, struct happening *it)
{
    bool is_protected = json_is_true(json_object_get(it->value, "is_protected"));
    struct slice text = slice_from(json_string_value(json_object_get(it->value, "text")));
    uint32_t epoch = (uint32_t)json_integer_value(json_object_get(it->value, "epoch"));
    if (epoch && !is_alive(stage, epoch)) {
        stage_note(stage, "script", "the caller went on: dropped");
    } else if (!epoch) {
        if (stage->aside.len)
            strbuf_add_char(&stage->aside, ' ');
        strbuf_add_slice(&stage->aside, text);
        stage->is_aside_protected |= is_protected;
        stage_pump(stage);
    } else if (it->number) {
        lines_play(stage, text, it->number, is_protected);
    } else {
        lines_interject(stage, text, is_protected);
    }
}

/* `sound_ms` 0: words. */
static enum err say_later(struct session *session, struct call_asker from, struct slice text,
    uint32_t sound_ms, bool is_protected)
{
    struct stage *stage = session->stage;
    if (!stage)
        return ERR_CLOSED;
    struct happening *it = stage_later(stage, 0, do_say);
    it->number = sound_ms;
    it->value = json_pack("{s:s%, s:b, s:I}", "text", text.data, text.len, "is_protected",
        is_protected, "epoch", (json_int_t)reply_of(&from));
    return ERR_OK;
}

static enum err say(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice text, bool is_protected)
{
    return say_later(owner, from, text, 0, is_protected);
}

static enum err play_sound(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_sound *sound, bool is_protected)
{
    return say_later(
        owner, from, sound->text, (uint32_t)(sound->ulaw.len / BYTES_PER_MS) + 1, is_protected);
}

static void do_end(struct stage *stage, struct happening *it)
{
    if (!it->number) {
        stage->wants_hang_up = true;
        stage_pump(stage);
    } else if (is_alive(stage, it->number)) {
        stage_event(stage, (struct turn_event){.kind = TURN_EVENT_HANGUP_ASKED});
    }
}

static enum err end_later(struct stage *stage, struct call_asker from)
{
    stage_later(stage, 0, do_end)->number = reply_of(&from);
    return ERR_OK;
}

static enum err hangup(
    void *owner, const struct script_call_facts *facts, uint64_t call_key, struct call_asker from)
{
    struct stage *stage = ((struct session *)owner)->stage;
    if (!stage)
        return ERR_CLOSED;
    stage->happened.has_hangup = true;
    stage_note(stage, "script", "call:hangup()");
    return end_later(stage, from);
}

static void stream_ends(struct stage *stage, struct happening *it)
{
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_STREAM_ENDED});
}

void stage_transfer(struct stage *stage, const char *number)
{
    slice_copy(slice_from(number), stage->happened.transfer, sizeof stage->happened.transfer);
    stage->is_transferred = true;
    stage_note(stage, "script", "transfer to %s", stage->happened.transfer);
    stage_later(stage, TRANSFER_MS, stream_ends);
}

/* A reply's comes after its last word. */
static enum err transfer(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_transfer *wanted)
{
    struct stage *stage = ((struct session *)owner)->stage;
    char to[64];
    if (!stage)
        return ERR_CLOSED;
    slice_copy(wanted->number, to, sizeof to);
    if (is_alive(stage, reply_of(&from)))
        memcpy(stage->transfer_to, to, sizeof to);
    else
        stage_transfer(stage, to);
    lines_note(stage, wanted->say);
    return ERR_OK;
}

/* After the last word the carrier takes the call: for us it is over. */
static enum err voicemail(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice say_first)
{
    struct stage *stage = ((struct session *)owner)->stage;
    if (!stage)
        return ERR_CLOSED;
    json_decref(stage->happened.voicemail);
    stage->happened.voicemail = json_stringn(say_first.data, say_first.len);
    stage_note(stage, "script", "call:voicemail()");
    lines_note(stage, say_first);
    return end_later(stage, from);
}

/* Nothing is recorded here; the transcript shows what was asked. */
static enum err record(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, enum call_recording what, struct slice said,
    enum agent_recording by_agent)
{
    static const char *const names[] = {[CALL_RECORDING_AGREED] = "record: the caller agreed:",
        [CALL_RECORDING_REFUSED] = "record: the caller refused:",
        [CALL_RECORDING_STOP] = "stop_recording()",
        [CALL_RECORDING_PAUSE] = "pause_recording()",
        [CALL_RECORDING_RESUME] = "resume_recording()"};
    struct stage *stage = ((struct session *)owner)->stage;
    if (!stage)
        return ERR_CLOSED;
    if (by_agent == RECORDING_NEVER)
        return ERR_REFUSED;
    stage_note(stage, "script", "call:%s %.*s", names[what], (int)said.len, said.data);
    return ERR_OK;
}

const struct call_ops outside_call_ops = {.say = say,
    .play = play_sound,
    .hangup = hangup,
    .voicemail = voicemail,
    .transfer = transfer,
    .record = record};

/* ---- modules ---- */

static enum stub_manner manner(void *owner, const char *module, const char *function)
{
    return stub_manner_usual(module, function);
}

/* A line of the log belongs into the transcript. */
static json_t *answer(
    void *owner, const char *module, const char *function, const json_t *arguments)
{
    const struct session *session = owner;
    const char *text = json_string_value(json_array_get(arguments, 0));
    if (session->stage)
        stage_note(session->stage, "log", "%s", text ? text : "");
    return NULL;
}

static void give(struct stage *stage, struct happening *it)
{
    stub_answer(it->thing, it->value);
}

static const char *name_of(const json_t *question, const char *part)
{
    return json_string_value(json_object_get(question, part));
}

enum err outside_answer(json_t **values, uint32_t *after_ms, struct stage *stage,
    const char *module, const char *function, const json_t *arguments, char why[512])
{
    if (!stage->session->again)
        return test_file_answer(
            values, after_ms, &stage->session->file, stage->plan, module, function, arguments, why);
    *values = again_answer_outside(stage, module, function, arguments);
    return *values ? ERR_OK : ERR_NOT_FOUND;
}

/* What the test's stub says, after its run has begun to wait: it runs in a VM of its own. */
static void look_up(struct stage *stage, struct happening *it)
{
    char why[512];
    json_t *values = NULL, *arguments = json_object_get(it->value, "arguments");
    const char *module = name_of(it->value, "module"), *function = name_of(it->value, "function");
    uint32_t after_ms = stage->latency.stub_ms;
    char *asked = shown_values(arguments);
    enum err err = outside_answer(&values, &after_ms, stage, module, function, arguments, why);
    if (err == ERR_NOT_FOUND && !stage->session->again)
        stage_fail(stage,
            "%s.%s%s is answered by nothing: add stubs = { %s = … } to this conversation, or an "
            "answer there that fits",
            module, function, asked, module);
    else if (err == ERR_BAD)
        stage_fail(stage, "%s", why);
    if (err)
        values = json_pack("[n, s, s]", "unavailable", "nothing answers in this test");
    char *answered = shown_values(values);
    stage_note(stage, module, "%s%s → %s", function, asked, answered);
    free(asked);
    free(answered);
    struct happening *then = stage_later(stage, after_ms, give);
    then->thing = it->thing;
    then->value = values;
}

static enum err ask(void *owner, struct stub_wait *wait, const char *module, const char *function,
    json_t *arguments)
{
    struct stage *stage = ((struct session *)owner)->stage;
    if (!stage)
        return ERR_CLOSED;
    if (strcmp(module, "sms") == 0)
        json_array_append_new(
            stage->happened.messages, json_pack("{s:O, s:O}", "to", json_array_get(arguments, 0),
                                          "text", json_array_get(arguments, 1)));
    struct happening *it = stage_later(stage, 0, look_up);
    it->thing = wait;
    it->value = json_pack(
        "{s:s, s:s, s:O}", "module", module, "function", function, "arguments", arguments);
    return ERR_OK;
}

static void forget(void *owner, struct stub_wait *wait)
{
    struct stage *stage = ((struct session *)owner)->stage;
    if (stage)
        stage_forget(stage, wait);
}

const struct stub_ops outside_stub_ops = {
    .manner = manner, .answer = answer, .ask = ask, .forget = forget};

uint64_t outside_wall_ms(void *owner)
{
    const struct session *session = owner;
    if (session->stage)
        return stage_wall_ms(session->stage);
    return session->wall_ms ? session->wall_ms : clock_wall_ms();
}
