#include "twilio/rest_request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

#define MAX_BODY_CHARACTERS 1600
#define MAX_TWIML_CHARACTERS 4000
#define SENT_AFTER_MS 300
#define DELIVERED_AFTER_MS 800

bool rest_is_number(struct slice text)
{
    if (text.len < 9 || text.len > 16 || text.data[0] != '+' || text.data[1] == '0')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!isdigit((unsigned char)text.data[i]))
            return false;
    return true;
}

static size_t count_characters(struct slice text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; count++) {
        size_t len = utf8_length(text.data + at, text.len - at);
        at += len ? len : 1;
    }
    return count;
}

static enum err refuse(struct api_error *error, const char *code, const char *message)
{
    api_error_set(error, 400, code, NULL, "%s", message);
    return ERR_BAD;
}

enum err rest_message_check(const struct form *form, struct api_error *error)
{
    struct slice to = form_get(form, "To"), from = form_get(form, "From");
    struct slice body = form_get(form, "Body");
    if (!to.len)
        return refuse(error, "21604", "A 'To' phone number is required.");
    if (!rest_is_number(to)) {
        api_error_set(error, 400, "21211", NULL,
            "The 'To' number %.*s is not a valid phone number.", (int)(to.len < 40 ? to.len : 40),
            to.data);
        return ERR_BAD;
    }
    if (!from.len && !form_get(form, "MessagingServiceSid").len)
        return refuse(error, "21603", "A 'From' number or a messaging service is required.");
    if (from.len && !rest_is_number(from))
        return refuse(error, "21212", "The 'From' number is not a valid phone number.");
    if (!body.len && !form_get(form, "MediaUrl").len && !form_get(form, "ContentSid").len)
        return refuse(error, "21602", "Message body is required.");
    if (!utf8_is_valid(body.data, body.len))
        return refuse(error, "21602", "The message body is not valid UTF-8.");
    if (count_characters(body) > MAX_BODY_CHARACTERS)
        return refuse(error, "21617", "The message body exceeds 1600 characters.");
    return ERR_OK;
}

static void date_text(char out[40], uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(out, 40, "%a, %d %b %Y %H:%M:%S +0000", &utc);
}

static int count_segments(struct slice body)
{
    bool is_plain = true;
    for (size_t i = 0; i < body.len; i++)
        is_plain = is_plain && (unsigned char)body.data[i] < 0x80;
    size_t one = is_plain ? 160 : 70, each = is_plain ? 153 : 67;
    size_t characters = count_characters(body);
    return characters <= one ? 1 : (int)((characters + each - 1) / each);
}

static json_t *text_or_null(struct slice text)
{
    return text.len ? json_stringn(text.data, text.len) : json_null();
}

json_t *rest_message_create(
    const struct form *form, const char *sid, const char *account, uint64_t wall_ms)
{
    char date[40], segments[12], uri[160];
    struct slice body = form_get(form, "Body");
    date_text(date, wall_ms);
    snprintf(segments, sizeof segments, "%d", count_segments(body));
    snprintf(uri, sizeof uri, "/2010-04-01/Accounts/%s/Messages/%s.json", account, sid);
    return json_pack("{s:s s:s s:s s:s s:o s:o s:o s:s s:n s:n s:s s:s s:n s:s s:s s:n s:o s:s "
                     "s:I}",
        "sid", sid, "account_sid", account, "api_version", "2010-04-01", "status", "queued", "to",
        text_or_null(form_get(form, "To")), "from", text_or_null(form_get(form, "From")), "body",
        json_stringn(body.data ? body.data : "", body.len), "direction", "outbound-api", "price",
        "error_code", "num_segments", segments, "num_media",
        form_get(form, "MediaUrl").len ? "1" : "0", "error_message", "date_created", date,
        "date_updated", date, "date_sent", "messaging_service_sid",
        text_or_null(form_get(form, "MessagingServiceSid")), "uri", uri, "_made_ms",
        (json_int_t)wall_ms);
}

json_t *rest_message_now(const json_t *message, uint64_t wall_ms)
{
    json_t *copy = json_copy((json_t *)message);
    json_int_t age_ms =
        (json_int_t)wall_ms - json_integer_value(json_object_get(message, "_made_ms"));
    const char *status = age_ms < SENT_AFTER_MS        ? "queued"
                         : age_ms < DELIVERED_AFTER_MS ? "sent"
                                                       : "delivered";
    char date[40];
    date_text(date, wall_ms);
    json_object_del(copy, "_made_ms");
    json_object_set_new(copy, "status", json_string(status));
    if (strcmp(status, "queued"))
        json_object_set_new(copy, "date_sent", json_string(date));
    return copy;
}

static bool is_asked_for(const json_t *message, const char *key, struct slice wish)
{
    const char *text = json_string_value(json_object_get(message, key));
    return !wish.len || (text && slice_is(wish, text));
}

bool rest_message_fits(const json_t *message, const struct form *query)
{
    return is_asked_for(message, "to", form_get(query, "To")) &&
           is_asked_for(message, "from", form_get(query, "From"));
}

size_t rest_page_size(const struct form *query)
{
    char digits[12];
    slice_copy(form_get(query, "PageSize"), digits, sizeof digits);
    unsigned long wish = strtoul(digits, NULL, 10);
    return wish == 0 ? 50 : wish > 1000 ? 1000 : wish;
}

json_t *rest_call_create(const char *sid, const char *account, uint64_t wall_ms)
{
    char date[40], uri[160];
    date_text(date, wall_ms);
    snprintf(uri, sizeof uri, "/2010-04-01/Accounts/%s/Calls/%s.json", account, sid);
    return json_pack("{s:s s:s s:s s:s s:s s:n s:n s:n s:n s:s s:s s:n s:n s:n s:s s:n}", "sid",
        sid, "account_sid", account, "api_version", "2010-04-01", "status", "in-progress",
        "direction", "inbound", "from", "to", "duration", "price", "date_created", date,
        "start_time", date, "end_time", "answered_by", "parent_call_sid", "uri", uri, "twiml");
}

static enum err check_update(const json_t *call, const struct form *form, struct api_error *error)
{
    struct slice twiml = form_get(form, "Twiml"), url = form_get(form, "Url");
    struct slice status = form_get(form, "Status");
    const char *old = json_string_value(json_object_get(call, "status"));
    bool is_live = !old || !strcmp(old, "in-progress") ||
                   !strcmp(old, "queued"); /* answered: nobody told us */
    if (!is_live)
        return refuse(error, "21220", "The call is not in-progress. Cannot redirect.");
    if (twiml.len && url.len)
        return refuse(error, "21218", "Give Url or Twiml, not both.");
    if (count_characters(twiml) > MAX_TWIML_CHARACTERS)
        return refuse(error, "21626", "Twiml is limited to 4000 characters.");
    if (twiml.len && !slice_starts(slice_trim(twiml), "<"))
        return refuse(error, "12100", "Twiml is not a document.");
    if (slice_is(status, "canceled"))
        return refuse(error, "21220", "Only queued and ringing calls can be canceled.");
    if (status.len && !slice_is(status, "completed"))
        return refuse(error, "20001", "Status must be 'completed' or 'canceled'.");
    return ERR_OK;
}

enum err rest_call_update(
    json_t *call, const struct form *form, uint64_t wall_ms, struct api_error *error)
{
    enum err err = check_update(call, form, error);
    if (err)
        return err;
    struct slice twiml = form_get(form, "Twiml"), url = form_get(form, "Url");
    if (twiml.len)
        json_object_set_new(call, "twiml", text_or_null(twiml));
    if (url.len)
        json_object_set_new(call, "url", text_or_null(url));
    if (slice_is(form_get(form, "Status"), "completed")) {
        char date[40];
        date_text(date, wall_ms);
        json_object_set_new(call, "status", json_string("completed"));
        json_object_set_new(call, "end_time", json_string(date));
    }
    return ERR_OK;
}
