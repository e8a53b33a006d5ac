#include "live/recorder.h"

#include <stdio.h>
#include <string.h>

#include "live/call.h"
#include "live/wishes.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/form.h"
#include "telephony/rest_answer.h"

#define FORM_MAX_BYTES 1024
#define URL_MAX_BYTES 512

enum agent_recording recorder_rule(const char *tenant_id, enum agent_recording by_agent)
{
    switch (wishes_of(tenant_id).record_calls) {
    case WISH_RECORD_UNSAID:
        break;
    case WISH_RECORD_NEVER:
        return RECORDING_NEVER;
    case WISH_RECORD_WITH_CONSENT:
        return RECORDING_WITH_CONSENT;
    case WISH_RECORD_ALWAYS:
        return RECORDING_ALWAYS;
    }
    return by_agent;
}

static void go_on(struct call *call);

/* ---- what failed ---- */

/* Whether there is one is not known: what is wanted next looks again. Two at once would be worse than none. */
static void lose_sight(struct recorder *recorder, struct call *call, const char *why)
{
    if (recorder->may_start || recorder->is_doubtful)
        journal_recording_failed(call, why);
    recorder->may_start = recorder->is_doubtful = false;
    recorder->wanted = RECORDER_UNKNOWN;
}

static void fail(struct call *call, const char *why)
{
    static const char *const deeds[] = {[RECORDER_OFF] = "stop",
        [RECORDER_ON] = "start",
        [RECORDER_PAUSED] = "pause",
        [RECORDER_UNKNOWN] = "look"};
    struct recorder *recorder = &call->recorder;
    bool is_resume = recorder->asked_for == RECORDER_ON && recorder->is == RECORDER_PAUSED;
    metric_add(METRIC_CALL_RECORDINGS_FAILED, 1);
    log_warn("recording.failed", "call=%s what=%s why=%s", call->facts.call_id,
        is_resume ? "resume" : deeds[recorder->asked_for], why);
    if (recorder->asked_for == RECORDER_PAUSED) {
        recorder->wanted = RECORDER_OFF;
        go_on(call);
    } else if (recorder->is == RECORDER_UNKNOWN) {
        lose_sight(recorder, call, why);
    } else {
        if (recorder->is == RECORDER_OFF)
            journal_recording_failed(call, why);
        recorder->wanted = recorder->is;
    }
}

static void fail_with(struct call *call, const struct rest_outcome *outcome)
{
    char why[REST_ANSWER_WHY_SIZE + 40];
    snprintf(why, sizeof why, "%s %d %s", err_name(outcome->err), outcome->code, outcome->why);
    fail(call, why);
}

/* ---- the carrier's answers ---- */

static void on_started(void *owner, const struct rest_outcome *outcome)
{
    struct call *call = owner;
    struct recorder *recorder = &call->recorder;
    recorder->asked = NULL;
    if (!outcome->err && slice_copy(outcome->sid, recorder->sid, sizeof recorder->sid)) {
        recorder->is = RECORDER_ON;
        metric_add(METRIC_CALL_RECORDINGS_STARTED, 1);
        log_info("recording.started", "call=%s recording=%s", call->facts.call_id, recorder->sid);
    } else if (outcome->is_untaken) {
        fail_with(call, outcome);
    } else {
        recorder->is = RECORDER_UNKNOWN;
        recorder->is_doubtful = true;
    }
    go_on(call);
}

static void on_changed(void *owner, const struct rest_outcome *outcome)
{
    struct call *call = owner;
    call->recorder.asked = NULL;
    if (outcome->err) {
        fail_with(call, outcome);
        return;
    }
    call->recorder.is = call->recorder.asked_for;
    log_info("recording.changed", "call=%s recording=%s is_paused=%d", call->facts.call_id,
        call->recorder.sid, call->recorder.is == RECORDER_PAUSED);
    go_on(call);
}

/* The line broke before it began. */
static void begin_late(struct call *call)
{
    call->recorder.wanted = RECORDER_ON;
    if (call->is_resumed)
        hooks_say(call, slice_from(call->agent->recording_notice), true);
}

/* The line broke after the caller had agreed: what is recorded with consent goes on only with it. */
static void agree_again(struct call *call)
{
    if (recorder_rule(call->facts.tenant_id, call->agent->recording) == RECORDING_WITH_CONSENT)
        captured_consent(call, true);
}

/* One that ended did so because somebody wanted it to: only a new word begins another. */
static void take_found(struct call *call, enum rest_recording found)
{
    static const enum recorder_state states[] = {[REST_RECORDING_NONE] = RECORDER_OFF,
        [REST_RECORDING_ENDED] = RECORDER_OFF,
        [REST_RECORDING_PAUSED] = RECORDER_PAUSED,
        [REST_RECORDING_GOES_ON] = RECORDER_ON};
    struct recorder *recorder = &call->recorder;
    bool is_doubtful = recorder->is_doubtful, may_start = recorder->may_start;
    recorder->is = states[found];
    recorder->is_doubtful = recorder->may_start = false;
    if (recorder->is == RECORDER_ON || recorder->is == RECORDER_PAUSED)
        agree_again(call);
    if (recorder->is == RECORDER_OFF && is_doubtful)
        fail(call, "the carrier did not answer, and records nothing");
    else if (recorder->is == RECORDER_OFF && !may_start)
        recorder->wanted = RECORDER_OFF;
    else if (found == REST_RECORDING_NONE && recorder->wanted == RECORDER_UNKNOWN)
        begin_late(call);
    else if (recorder->wanted == RECORDER_UNKNOWN)
        recorder->wanted = recorder->is;
}

static void on_found(void *owner, const struct rest_outcome *outcome)
{
    struct call *call = owner;
    call->recorder.asked = NULL;
    if (outcome->err) {
        fail_with(call, outcome);
        return;
    }
    take_found(call, rest_answer_find_recording(call->recorder.sid, outcome->body));
    go_on(call);
}

/* ---- asking ---- */

static void add(struct strbuf *form, const char *name, struct slice value)
{
    form_encode(form, slice_from(name), value);
}

static void write_start(struct strbuf *form, const struct call *call)
{
    char url[URL_MAX_BYTES];
    snprintf(url, sizeof url, "%s?tenant=%s&call=%s&kind=call", call_settings(call)->recording_url,
        call->facts.tenant_id, call->facts.call_id);
    add(form, "RecordingChannels", SLICE("dual"));
    add(form, "RecordingStatusCallback", slice_from(url));
    add(form, "RecordingStatusCallbackMethod", SLICE("POST"));
    add(form, "RecordingStatusCallbackEvent", SLICE("in-progress"));
    add(form, "RecordingStatusCallbackEvent", SLICE("completed"));
    add(form, "RecordingStatusCallbackEvent", SLICE("absent"));
}

/* What was said keeps its place in the sound: a pause is silence. */
static void write_change(struct strbuf *form, enum recorder_state state)
{
    bool is_pause = state == RECORDER_PAUSED;
    add(form, "Status",
        is_pause               ? SLICE("paused")
        : state == RECORDER_ON ? SLICE("in-progress")
                               : SLICE("stopped"));
    if (is_pause)
        add(form, "PauseBehavior", SLICE("silence"));
}

static enum err ask(struct call *call)
{
    static const struct rest_listener started = {.on_outcome = on_started};
    static const struct rest_listener changed = {.on_outcome = on_changed};
    static const struct rest_listener found = {.on_outcome = on_found};
    struct recorder *recorder = &call->recorder;
    const struct rest_settings *rest = &call_settings(call)->rest;
    struct net_loop *loop = call->worker->loop;
    if (recorder->is == RECORDER_UNKNOWN)
        return rest_read_recordings(
            &recorder->asked, loop, rest, call->facts.call_sid, &found, call);
    struct strbuf form;
    strbuf_init(&form, FORM_MAX_BYTES);
    enum err err;
    if (recorder->is == RECORDER_OFF) {
        write_start(&form, call);
        recorder->may_start = false;
        err = rest_record_call(&recorder->asked, loop, rest, call->facts.call_sid,
            strbuf_slice(&form), &started, call);
    } else {
        write_change(&form, recorder->wanted);
        err = rest_change_recording(&recorder->asked, loop, rest, call->facts.call_sid,
            recorder->sid, strbuf_slice(&form), &changed, call);
    }
    strbuf_free(&form);
    return err;
}

static void go_on(struct call *call)
{
    struct recorder *recorder = &call->recorder;
    bool is_unknown = recorder->is == RECORDER_UNKNOWN;
    if (recorder->asked || call->is_finished || (recorder->is == recorder->wanted && !is_unknown))
        return;
    recorder->asked_for = is_unknown                     ? RECORDER_UNKNOWN
                          : recorder->is == RECORDER_OFF ? RECORDER_ON
                                                         : recorder->wanted;
    enum err err = ask(call);
    if (err)
        fail(call, err_name(err));
}

/* ---- the call ---- */

static bool has_carrier(const struct call *call)
{
    const struct live_settings *settings = call_settings(call);
    return settings->rest.account_sid && settings->recording_url;
}

void recorder_open(struct call *call)
{
    struct recorder *recorder = &call->recorder;
    enum agent_recording rule = recorder_rule(call->facts.tenant_id, call->agent->recording);
    bool is_always = rule == RECORDING_ALWAYS;
    if (rule == RECORDING_NEVER || !has_carrier(call))
        return;
    recorder->may_start = is_always;
    recorder->owes_notice = is_always && !call->is_resumed;
    recorder->is = call->attempt ? RECORDER_UNKNOWN : RECORDER_OFF;
    recorder->wanted = call->attempt ? RECORDER_UNKNOWN : is_always ? RECORDER_ON : RECORDER_OFF;
    if (is_always)
        journal_recording_consent(call, "not_asked");
    go_on(call);
}

void recorder_greet(struct call *call)
{
    struct reply *reply = &call->reply;
    const char *notice = call->agent->recording_notice;
    if (!call->recorder.owes_notice)
        return;
    call->recorder.owes_notice = false;
    bool was_protected = reply->is_protected;
    reply->is_protected = true;
    struct phrase *phrase = fixed_find(call, notice);
    if (!phrase || !speech_add_phrase_take(call, phrase, slice_from(notice))) {
        speech_text(call, slice_from(notice));
        speech_finish(call);
    }
    reply->is_protected = was_protected;
}

void recorder_tell(struct call *call)
{
    struct slice notice = slice_from(call->agent->recording_notice);
    if (!call->recorder.owes_notice || call->is_finished)
        return;
    call->recorder.owes_notice = false;
    if (call->is_mute)
        hooks_say(call, notice, true);
    else
        reply_interject(call, notice, true);
}

static void want(struct recorder *recorder, enum call_recording what)
{
    switch (what) {
    case CALL_RECORDING_AGREED:
        if (recorder->wanted == RECORDER_OFF || recorder->wanted == RECORDER_UNKNOWN) {
            recorder->may_start = true;
            recorder->wanted = RECORDER_ON;
        }
        break;
    case CALL_RECORDING_REFUSED:
    case CALL_RECORDING_STOP:
        recorder->may_start = false;
        recorder->wanted = RECORDER_OFF;
        break;
    case CALL_RECORDING_PAUSE:
        if (recorder->wanted != RECORDER_OFF)
            recorder->wanted = RECORDER_PAUSED;
        break;
    case CALL_RECORDING_RESUME:
        if (recorder->wanted != RECORDER_OFF)
            recorder->wanted = RECORDER_ON;
        break;
    }
}

void recorder_obey(struct call *call, enum call_recording what, struct slice said)
{
    bool is_given = what == CALL_RECORDING_AGREED;
    if (is_given || what == CALL_RECORDING_REFUSED) {
        journal_consent(call, is_given, said);
        journal_recording_consent(call, is_given ? "given" : "refused");
        captured_consent(call, is_given);
    }
    want(&call->recorder, what);
    go_on(call);
}

void recorder_drop(struct call *call)
{
    if (call->recorder.asked)
        rest_cancel(call->recorder.asked);
    call->recorder.asked = NULL;
}
