#include "twilio/placed_calls.h"

#include <stdlib.h>
#include <string.h>

#include "twilio/rest_request.h"

static enum err refuse(struct api_error *error, const char *code, const char *message)
{
    api_error_set(error, 400, code, NULL, "%s", message);
    return ERR_BAD;
}

static bool is_between(struct slice text, long least, long most)
{
    char digits[12];
    char *end;
    if (!text.len)
        return true;
    long value = slice_copy(text, digits, sizeof digits) ? strtol(digits, &end, 10) : -1;
    return value >= least && value <= most && !*end;
}

static bool is_origin(struct slice url)
{
    return slice_starts(url, "https://") || slice_starts(url, "http://");
}

static enum err check_detection(const struct form *form, struct api_error *error)
{
    struct slice detection = form_get(form, "MachineDetection");
    struct slice is_async = form_get(form, "AsyncAmd"),
                 url = form_get(form, "AsyncAmdStatusCallback");
    if (detection.len && !slice_is(detection, "Enable") && !slice_is(detection, "DetectMessageEnd"))
        return refuse(error, "21217", "MachineDetection must be Enable or DetectMessageEnd.");
    if (is_async.len && !slice_is(is_async, "true") && !slice_is(is_async, "false"))
        return refuse(error, "20001", "AsyncAmd must be true or false.");
    if (url.len && (!is_origin(url) || !slice_is(is_async, "true")))
        return refuse(
            error, "21609", "AsyncAmdStatusCallback is not a valid URL, or without AsyncAmd.");
    return ERR_OK;
}

enum err placed_call_check(const struct form *form, struct api_error *error)
{
    struct slice url = form_get(form, "Url"), status_url = form_get(form, "StatusCallback");
    if (!form_get(form, "To").len)
        return refuse(error, "21201", "No 'To' number is specified.");
    if (!form_get(form, "From").len)
        return refuse(error, "21213", "No 'From' number is specified.");
    if (!rest_is_number(form_get(form, "To")))
        return refuse(error, "21211", "The 'To' number is not a valid phone number.");
    if (!rest_is_number(form_get(form, "From")))
        return refuse(error, "21212", "The 'From' number is not a valid phone number.");
    if (!url.len && !form_get(form, "Twiml").len && !form_get(form, "ApplicationSid").len)
        return refuse(error, "21205", "Url, Twiml or ApplicationSid is needed.");
    if (url.len && !is_origin(url))
        return refuse(error, "21205", "Url is not a valid URL.");
    if (status_url.len && !is_origin(status_url))
        return refuse(error, "21609", "StatusCallback is not a valid URL.");
    if (!is_between(form_get(form, "Timeout"), 1, 600))
        return refuse(error, "20001", "Timeout must be at most 600 seconds.");
    if (!is_between(form_get(form, "TimeLimit"), 1, 86400))
        return refuse(error, "20001", "TimeLimit must be at most 24 hours.");
    return check_detection(form, error);
}

json_t *placed_call_create(
    const struct form *form, const char *sid, const char *account, uint64_t wall_ms)
{
    json_t *call = rest_call_create(sid, account, wall_ms);
    struct slice to = form_get(form, "To"), from = form_get(form, "From");
    json_object_set_new(call, "status", json_string("queued"));
    json_object_set_new(call, "direction", json_string("outbound-api"));
    json_object_set_new(call, "to", json_stringn(to.data, to.len));
    json_object_set_new(call, "from", json_stringn(from.data, from.len));
    json_object_set_new(call, "start_time", json_null());
    return call;
}

static bool matches(const json_t *call, const char *name, struct slice wanted)
{
    const char *text = json_string_value(json_object_get(call, name));
    return !wanted.len || (text && slice_is(wanted, text));
}

json_t *placed_calls_list(const json_t *calls, const struct form *query)
{
    json_t *list = json_array();
    const char *sid;
    json_t *call;
    json_object_foreach((json_t *)calls, sid, call)
    {
        if (matches(call, "to", form_get(query, "To")) &&
            matches(call, "from", form_get(query, "From")) &&
            matches(call, "status", form_get(query, "Status")))
            json_array_insert(list, 0, call);
    }
    return json_pack("{s:o}", "calls", list);
}
