#include "api/call_recording.h"

#include <string.h>

#include "api/answer.h"
#include "api/sound_rows.h"
#include "base/id.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent.h"

/* What our address said. */
struct names {
    char tenant_id[TENANT_ID_SIZE];
    char call_id[ID_SIZE];
    bool is_call;
    bool is_good; /* both are there, and no longer than ours are */
};

static void read_names(struct slice query, struct names *names)
{
    bool is_whole = true;
    *names = (struct names){0};
    while (query.len) {
        struct slice value = slice_split(&query, '&');
        struct slice name = slice_split(&value, '=');
        if (slice_is(name, "tenant"))
            is_whole &= slice_copy(value, names->tenant_id, sizeof names->tenant_id);
        else if (slice_is(name, "call"))
            is_whole &= slice_copy(value, names->call_id, sizeof names->call_id);
        else if (slice_is(name, "kind"))
            names->is_call = slice_is(value, "call");
    }
    names->is_good = is_whole && names->tenant_id[0] && id_is(slice_from(names->call_id));
}

static bool is_known(struct slice status)
{
    return slice_is(status, "in-progress") || slice_is(status, "completed") ||
           slice_is(status, "absent");
}

bool call_recording_told(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct names names;
    struct slice status = form_get(form, "RecordingStatus");
    read_names(request->query, &names);
    if (!names.is_call)
        return false;
    if (!names.is_good || !is_known(status)) {
        answer_status(exchange, 400);
        return true;
    }
    log_info("call.recording", "call=%s tenant=%s status=%.*s", names.call_id, names.tenant_id,
        (int)status.len, status.data);
    if (slice_is(status, "absent"))
        metric_add(METRIC_CALL_RECORDINGS_FAILED, 1);
    const struct sound_told told = {
        .tenant_id = names.tenant_id, .call_id = names.call_id, .form = form};
    answer_status(exchange, sound_rows_put(settings, &told) ? 204 : 500);
    return true;
}
