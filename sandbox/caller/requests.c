#include "caller/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "telephony/form.h"

void requests_add_field(struct strbuf *form, const char *name, const char *value)
{
    form_encode(form, slice_from(name), slice_from(value));
}

void requests_add_call_fields(
    const struct switchboard *board, struct strbuf *form, const char *status)
{
    const struct options *options = board->options;
    const struct {
        const char *name;
        const char *value;
    } fields[] = {
        {"CallSid", board->ids.call_sid},
        {"AccountSid", board->ids.account_sid},
        {"From", options->from},
        {"To", options->to},
        {"Caller", options->from},
        {"Called", options->to},
        {"CallStatus", status},
        {"ApiVersion", "2010-04-01"},
        {"Direction", options->answer_url ? "outbound-api" : "inbound"},
        {"FromCity", ""},
        {"FromState", ""},
        {"FromZip", ""},
        {"FromCountry", "US"},
        {"ToCity", ""},
        {"ToState", ""},
        {"ToZip", ""},
        {"ToCountry", "US"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        requests_add_field(form, fields[i].name, fields[i].value);
}

void requests_add_leg_fields(
    const struct switchboard *board, struct strbuf *form, const char *sid, const char *number)
{
    const char *caller_id = board->callee.dial->caller_id;
    requests_add_field(form, "CallSid", sid);
    requests_add_field(form, "ParentCallSid", board->ids.call_sid);
    requests_add_field(form, "AccountSid", board->ids.account_sid);
    requests_add_field(form, "From", caller_id ? caller_id : board->options->from);
    requests_add_field(form, "To", number);
    requests_add_field(form, "CallStatus", "in-progress");
    requests_add_field(form, "ApiVersion", "2010-04-01");
    requests_add_field(form, "Direction", "outbound-dial");
}

void requests_add_dial_fields(const struct switchboard *board, struct strbuf *form)
{
    const struct callee *callee = &board->callee;
    requests_add_field(form, "DialCallStatus", callee->status);
    requests_add_field(form, "DialCallSid", callee->sid);
    requests_add_field(form, "DialBridged", callee->is_bridged ? "true" : "false");
    if (callee->is_bridged)
        requests_add_field(form, "DialCallDuration", "1");
}

enum err requests_send(struct switchboard *board, const char *url, bool is_get, struct strbuf *form,
    void (*fn)(void *owner, const struct webhook_answer *answer))
{
    bool is_ours = url_has_origin(url, board->options->public_url);
    struct webhook_request request = {
        .url = url,
        .is_get = is_get,
        .form = strbuf_slice(form),
        .via = is_ours ? board->options->via : NULL,
        .is_via_tls = board->options->is_via_tls,
        .token = board->options->token,
    };
    enum err err = form->failed ? ERR_BAD : webhook_send(board->loop, &request, fn, board);
    strbuf_free(form);
    return err;
}

static void on_callback_answered(void *owner, const struct webhook_answer *answer)
{
    struct switchboard *board = owner;
    char text[200];
    if (answer->err)
        snprintf(text, sizeof text, "a status callback failed: %.120s", answer->why);
    else
        snprintf(text, sizeof text, "a status callback was answered with %d", answer->status);
    if (answer->err || answer->status >= 400)
        report_say(board->report, switchboard_now_ms(board), "warning", text);
    switchboard_callback_done(board);
}

static void send_callback(struct switchboard *board, const char *url, struct strbuf *form)
{
    if (requests_send(board, url, false, form, on_callback_answered) == ERR_OK)
        board->callbacks++;
    else
        report_say(board->report, switchboard_now_ms(board), "warning",
            "a status callback could not be sent");
}

void requests_tell_stream(struct switchboard *board, const char *event, const char *error)
{
    char now[CLOCK_TEXT_SIZE];
    clock_wall_text(clock_wall_ms(), now);
    struct strbuf form;
    strbuf_init(&form, REQUESTS_FORM_MAX_BYTES);
    requests_add_field(&form, "AccountSid", board->ids.account_sid);
    requests_add_field(&form, "CallSid", board->ids.call_sid);
    requests_add_field(&form, "StreamSid", board->ids.stream_sid);
    requests_add_field(&form, "StreamName", board->stream_name);
    requests_add_field(&form, "StreamEvent", event);
    if (error)
        requests_add_field(&form, "StreamError", error);
    requests_add_field(&form, "Timestamp", now);
    send_callback(board, board->stream_status_url, &form);
}

void requests_add_recording(const struct switchboard *board, struct strbuf *form)
{
    char url[URL_SIZE], sid[sizeof board->ids.call_sid];
    snprintf(sid, sizeof sid, "RE%s", board->ids.call_sid + 2); /* behind CA */
    snprintf(url, sizeof url, "https://api.twilio.com/2010-04-01/Accounts/%s/Recordings/%s",
        board->ids.account_sid, sid);
    requests_add_field(form, "RecordingSid", sid);
    requests_add_field(form, "RecordingUrl", url);
    requests_add_field(form, "RecordingDuration", "7");
}

void requests_tell_recorded(struct switchboard *board, const char *url)
{
    struct strbuf form;
    strbuf_init(&form, REQUESTS_FORM_MAX_BYTES);
    requests_add_field(&form, "AccountSid", board->ids.account_sid);
    requests_add_field(&form, "CallSid", board->ids.call_sid);
    requests_add_recording(board, &form);
    requests_add_field(&form, "RecordingStatus", "completed");
    requests_add_field(&form, "RecordingChannels", "1");
    requests_add_field(&form, "RecordingSource", "RecordVerb");
    send_callback(board, url, &form);
}

void requests_tell_completed(struct switchboard *board)
{
    char url[URL_SIZE];
    char seconds[32];
    char date[64];
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &utc);
    snprintf(seconds, sizeof seconds, "%" PRIu64, (clock_ms() - board->start_ms + 999) / 1000);
    if (board->options->status_url)
        snprintf(url, sizeof url, "%s", board->options->status_url);
    else
        snprintf(url, sizeof url, "%s/twilio/status", board->options->public_url);
    struct strbuf form;
    strbuf_init(&form, REQUESTS_FORM_MAX_BYTES);
    requests_add_call_fields(board, &form, board->final_status ? board->final_status : "completed");
    if (!board->final_status)
        requests_add_field(&form, "CallDuration", seconds);
    requests_add_field(&form, "Timestamp", date);
    requests_add_field(&form, "SequenceNumber", "0");
    requests_add_field(&form, "CallbackSource", "call-progress-events");
    send_callback(board, url, &form);
}
