#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "openai/transcription.h"
#include "openai/transcription_events.h"
#include "openai/transcription_internal.h"

#define DELTA_MS 30 /* between the deltas of a committed item */

void transcription_say_at(struct transcription *session, uint64_t due_ms, char *event)
{
    bool is_late = session->is_closing;
    if (!is_late && (!event || paced_put(&session->paced, due_ms, slice_from(event))))
        log_warn("sandbox.stt.dropped", "session=%llu", (unsigned long long)session->number);
    free(event);
}

void transcription_say(struct transcription *session, char *event)
{
    transcription_say_at(session, clock_ms(), event);
}

void transcription_error(
    struct transcription *session, const struct api_error *error, const char *event_id)
{
    struct api_error told = *error;
    bool is_nameless = session->dialect == DIALECT_SPEACHES;
    if (is_nameless)
        told.code[0] = told.param[0] = 0;
    ledger_count(&session->world->ledger, TALLY_STT_ERRORS, 1);
    transcription_say(session, event_error(&told, is_nameless ? NULL : event_id));
}

void transcription_end(struct transcription *session, const struct api_error *error, int code)
{
    if (session->is_closing)
        return;
    transcription_error(session, error, NULL);
    session->gate.fault.close_code = code;
    if (paced_finish(&session->paced))
        transcription_finish(session);
    session->is_closing = true;
}

void transcription_delta(
    struct transcription *session, struct utterance *utterance, uint64_t due_ms, struct slice delta)
{
    if (!delta.len)
        return;
    utterance_said(utterance, delta);
    transcription_say_at(session, due_ms, event_delta(utterance->id, delta));
}

/* The deltas that follow a commit: word by word, or everything at once. */
static uint64_t say_rest(
    struct transcription *session, struct utterance *utterance, const char *text, uint64_t due_ms)
{
    struct slice rest = utterance_rest(utterance, text);
    if (session->plan.mode == STT_QUIET)
        return due_ms;
    if (session->plan.mode != STT_AFTER_COMMIT) {
        transcription_delta(session, utterance, due_ms, rest);
        return due_ms;
    }
    while (rest.len) {
        size_t len = 1;
        while (len < rest.len && rest.data[len] != ' ')
            len++;
        transcription_delta(session, utterance, due_ms, (struct slice){rest.data, len});
        rest.data += len;
        rest.len -= len;
        due_ms += DELTA_MS;
    }
    return due_ms;
}

static void complete(
    struct transcription *session, struct utterance *utterance, const char *text, uint64_t due_ms)
{
    if (utterance->is_failed) {
        struct api_error error;
        api_error_set(
            &error, 500, "audio_lost", NULL, "Audio of this item came faster than it is heard.");
        transcription_say_at(session, due_ms, event_failed(utterance->id, &error));
    } else if (session->plan.mode != STT_NONE) {
        due_ms = say_rest(session, utterance, text, due_ms);
        transcription_say_at(session, due_ms,
            event_completed(&session->plan, utterance->id, text, utterance->audio_ms));
        ledger_note_take(&session->world->ledger, LEDGER_HEARD,
            json_pack("{s:s s:s s:b s:i}", "item_id", utterance->id, "text", text, "scripted",
                utterance->scripted != NULL, "audio_ms", (int)utterance->audio_ms));
    }
    utterance_destroy(utterance);
}

/* Every other one, and one at a time: those that follow overtake it. */
static bool is_to_be_late(const struct transcription *session, const struct utterance *utterance)
{
    return session->habits.late_ms && !session->late && utterance->number % 2;
}

void transcription_complete_late(void *owner)
{
    struct transcription *session = owner;
    struct utterance *utterance = session->late;
    session->late = NULL;
    if (utterance)
        complete(session, utterance, session->late_text ? session->late_text : "", clock_ms());
    free(session->late_text);
    session->late_text = NULL;
}

void transcription_complete_take(
    struct transcription *session, struct utterance *utterance, const char *text, uint64_t due_ms)
{
    if (!is_to_be_late(session, utterance)) {
        complete(session, utterance, text, due_ms);
        return;
    }
    session->late = utterance;
    session->late_text = strdup(text);
    net_timer_set(session->late_timer, due_ms + session->habits.late_ms);
}

static struct utterance *take_waiting(struct transcription *session, uint32_t number)
{
    struct utterance **link = &session->waiting;
    while (*link && (*link)->number != number)
        link = &(*link)->next;
    struct utterance *found = *link;
    if (found)
        *link = found->next;
    return found;
}

void transcription_complete_unheard(struct transcription *session, struct utterance *utterance)
{
    uint64_t due_ms = clock_ms() + session->world->options->pace.final_ms;
    transcription_complete_take(
        session, utterance, utterance->scripted ? utterance->scripted : "", due_ms);
}

void transcription_heard(struct world *world, const struct ears_result *result)
{
    struct transcription *session = NULL;
    HASH_FIND(hh, world->transcriptions, &result->session, sizeof result->session, session);
    if (!session)
        return;
    const char *text = result->text ? result->text : "";
    if (result->is_final) {
        struct utterance *utterance = take_waiting(session, result->item);
        if (utterance)
            transcription_complete_take(session, utterance, text, clock_ms());
        return;
    }
    struct utterance *current = session->current;
    if (current && current->number == result->item && !current->scripted &&
        session->plan.mode == STT_LIVE)
        transcription_delta(session, current, clock_ms(), utterance_guess_delta(current, text));
}
