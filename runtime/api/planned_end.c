#include "api/planned_end.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "telephony/stream_token.h"

#define UNSENT_MS 1000

static bool ask_database(struct ringing *ringing)
{
    struct errands *errands = ringing->voice->settings.errands;
    struct errand *errand = errands ? errand_make(ERRAND_ENDING) : NULL;
    if (!errand)
        return false;
    errand->reply = &ringing->voice->answers;
    errand->key = ringing->key;
    errand->attempt = ringing->attempt;
    memcpy(errand->call_sid, ringing->call_sid, sizeof ringing->call_sid);
    if (errands_send(errands, errand) == ERR_OK)
        return true;
    errand_free(errand);
    return false;
}

static bool ask_journals(struct ringing *ringing)
{
    struct records *records = ringing->voice->settings.records;
    struct unsent_question *question = records ? unsent_make() : NULL;
    if (!question)
        return false;
    question->reply = &ringing->voice->unsent;
    question->key = ringing->key;
    question->deadline_ms = clock_ms() + UNSENT_MS;
    memcpy(question->call_sid, ringing->call_sid, sizeof ringing->call_sid);
    if (records_of_call(records, question) == ERR_OK)
        return true;
    unsent_free(question);
    return false;
}

unsigned planned_end_ask(struct ringing *ringing)
{
    return (unsigned)ask_database(ringing) + (unsigned)ask_journals(ringing);
}

/* As ERRAND_ENDING asks Postgres. Older streams may have ended by plan and gone on all the same: those before a transfer did
   (telephony/stream_token.h). A later one is over for a webhook that comes twice. */
static bool tells_of(const json_t *end, unsigned attempt)
{
    json_int_t ended = json_integer_value(json_object_get(end, "attempt"));
    json_int_t first = stream_attempt_transfers(attempt) * STREAM_BREAKS_MAX;
    return ended >= first && ended + 1 >= attempt;
}

bool planned_end_is_in(const struct unsent_question *answer, unsigned attempt)
{
    bool is_in = false;
    for (size_t i = 0; i < answer->count && !is_in; i++) {
        json_t *row = answer->rows[i].kind == RECORD_STREAM_END
                          ? json_loads(answer->rows[i].json, 0, NULL)
                          : NULL;
        is_in = row && tells_of(row, attempt);
        json_decref(row);
    }
    return is_in;
}
