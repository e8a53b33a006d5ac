#include "api/ringing.h"

#include <stdio.h>

#include "api/answer.h"
#include "base/clock.h"
#include "observe/log.h"
#include "telephony/stream_token.h"
#include "telephony/twiml.h"

#define CANNOT_TAKE "Sorry, we cannot take this call. Goodbye."

void ringing_observe(const struct ringing *ringing)
{
    metric_observe_ms(HISTOGRAM_WEBHOOK, (double)(clock_us() - ringing->began_us) / 1000);
}

void ringing_refuse(
    const struct ringing *ringing, enum metric counter, const char *reason, const char *words)
{
    metric_add(counter, 1);
    log_info("call.refused", "call_sid=%s reason=%s", ringing->call_sid, reason);
    answer_end(ringing->exchange, words);
}

struct overflow_caller ringing_caller(const struct ringing *ringing)
{
    return (struct overflow_caller){.agent = ringing->agent,
        .call_sid = ringing->call_sid,
        .from = ringing->from,
        .to = ringing->to,
        .attempt = ringing->attempt};
}

void ringing_overflow(const struct ringing *ringing, enum metric counter, const char *reason)
{
    metric_add(counter, 1);
    log_info("call.refused", "call_sid=%s reason=%s", ringing->call_sid, reason);
    if (ringing->is_outbound) { /* we called: nobody is to hear that our lines are busy */
        answer_end(ringing->exchange, NULL);
        return;
    }
    const struct overflow_caller caller = ringing_caller(ringing);
    overflow_answer(&ringing->voice->settings, ringing->exchange, &caller,
        counter == METRIC_CALLS_REFUSED_BUDGET);
}

void ringing_pass_on(const struct ringing *ringing)
{
    metric_add(METRIC_CALLS_PASSED_ON, 1);
    log_info("call.passed_on", "call_sid=%s attempt=%u", ringing->call_sid, ringing->attempt);
    exchange_set_header(ringing->exchange, "Retry-After", "1");
    answer_status(ringing->exchange, 503);
}

void ringing_hang_up(const struct ringing *ringing)
{
    metric_add(METRIC_CALLS_REENTERED_ENDED, 1);
    log_info("call.ended_before", "call_sid=%s attempt=%u", ringing->call_sid, ringing->attempt);
    answer_end(ringing->exchange, NULL);
}

static bool make_token(const struct ringing *ringing, char out[STREAM_TOKEN_SIZE])
{
    struct stream_token token = {
        .attempt = ringing->attempt, .expires_wall_ms = clock_wall_ms() + STREAM_TOKEN_LIFETIME_MS};
    slice_copy(slice_from(ringing->call_sid), token.call_sid, sizeof token.call_sid);
    slice_copy(slice_from(ringing->agent->tenant_id), token.tenant, sizeof token.tenant);
    return ringing->call_sid[0] &&
           stream_token_make(out, &token, slice_from(ringing->voice->settings.token_key)) == ERR_OK;
}

/* Where the caller of a broken stream comes back to. */
static void add_again_url(struct strbuf *out, const struct ringing *ringing)
{
    strbuf_init(out, URL_MAX_BYTES);
    strbuf_printf(out, "%s" VOICE_PATH "?attempt=%u", ringing->voice->settings.public_url,
        ringing->attempt + 1);
    if (!ringing->is_outbound)
        return;
    struct strbuf query;
    strbuf_init(&query, CALL_BACK_QUERY_MAX_BYTES);
    call_back_link_write(&query, &ringing->call_back);
    strbuf_add_char(out, '&');
    strbuf_add_slice(out, strbuf_slice(&query));
    strbuf_free(&query);
}

void ringing_connect(const struct ringing *ringing)
{
    const struct public_settings *settings = &ringing->voice->settings;
    char token[STREAM_TOKEN_SIZE], status_url[URL_MAX_BYTES];
    struct strbuf again_url;
    if (!make_token(ringing, token)) {
        ringing_refuse(ringing, METRIC_CALLS_REFUSED_NO_CALL_SID, "no CallSid", CANNOT_TAKE);
        return;
    }
    snprintf(status_url, sizeof status_url, "%s/twilio/stream-status", settings->public_url);
    add_again_url(&again_url, ringing);
    struct strbuf url, twiml;
    strbuf_init(&url, URL_MAX_BYTES);
    answer_add_origin(&url, settings->public_url, true);
    strbuf_add_text(&url, STREAM_PATH);
    struct twiml_parameter parameters[5] = {
        {"token", token}, {"from", ringing->from}, {"to", ringing->to}};
    size_t count = 3;
    if (ringing->facts_json[0])
        parameters[count++] = (struct twiml_parameter){"incoming", ringing->facts_json};
    if (ringing->transfer[0])
        parameters[count++] = (struct twiml_parameter){"transfer", ringing->transfer};
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    twiml_stream(&twiml, url.failed ? "" : url.data, status_url, parameters, count,
        settings->redirects && !again_url.failed ? again_url.data : NULL);
    strbuf_free(&again_url);
    strbuf_free(&url);
    answer_twiml_take(ringing->exchange, &twiml);
}
