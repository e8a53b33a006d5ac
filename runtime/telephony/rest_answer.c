#include "telephony/rest_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void read_success(struct rest_answer *out, json_t *body)
{
    const char *sid = json_string_value(json_object_get(body, "sid"));
    if (sid && slice_copy(slice_from(sid), out->sid, sizeof out->sid) && sid[0])
        return;
    out->err = ERR_BAD;
    out->sid[0] = 0;
    snprintf(out->why, sizeof out->why, "answer without a sid");
}

static void read_failure(struct rest_answer *out, int status, json_t *body)
{
    json_t *code = json_object_get(body, "code");
    const char *message = json_string_value(json_object_get(body, "message"));
    out->err = status == 404 ? ERR_NOT_FOUND : ERR_REFUSED;
    if (json_is_integer(code) && json_integer_value(code) > 0 &&
        json_integer_value(code) < 10000000)
        out->code = (int)json_integer_value(code);
    snprintf(out->why, sizeof out->why, "HTTP %d%s%.160s", status, message ? ": " : "",
        message ? message : "");
}

void rest_answer_read(struct rest_answer *out, int status, struct slice body)
{
    memset(out, 0, sizeof *out);
    json_t *object = json_loadb(body.data, body.len, 0, NULL);
    if (status >= 200 && status < 300)
        read_success(out, object);
    else
        read_failure(out, status, object);
    json_decref(object);
}

void rest_answer_read_list(struct rest_answer *out, int status, struct slice body)
{
    memset(out, 0, sizeof *out);
    json_t *object = json_loadb(body.data, body.len, 0, NULL);
    if (status < 200 || status >= 300)
        read_failure(out, status, object);
    else if (!json_is_object(object))
        snprintf(out->why, sizeof out->why, "the list cannot be read");
    if (!out->err && out->why[0])
        out->err = ERR_BAD;
    json_decref(object);
}

static enum rest_recording recording_state(const json_t *recording)
{
    const char *status = json_string_value(json_object_get(recording, "status"));
    if (status && strcmp(status, "in-progress") == 0)
        return REST_RECORDING_GOES_ON;
    return status && strcmp(status, "paused") == 0 ? REST_RECORDING_PAUSED : REST_RECORDING_ENDED;
}

enum rest_recording rest_answer_find_recording(char sid[40], struct slice body)
{
    json_t *object = json_loadb(body.data, body.len, 0, NULL), *recording;
    enum rest_recording found = REST_RECORDING_NONE;
    size_t i;
    json_array_foreach(json_object_get(object, "recordings"), i, recording)
    {
        const char *name = json_string_value(json_object_get(recording, "sid"));
        enum rest_recording state = recording_state(recording);
        if (!name || strlen(name) >= 40 || state <= found)
            continue;
        found = state;
        if (state != REST_RECORDING_ENDED)
            slice_copy(slice_from(name), sid, 40);
    }
    json_decref(object);
    return found;
}
