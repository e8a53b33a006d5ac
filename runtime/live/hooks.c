/* What a tenant's script is asked beside prompts and tools, and what it wants of its own accord.

   key ─► on_dtmf, or nothing handles it ─► typed ─► the caller's words
   the engine's question ─► end_of_turn ─► the engine's answer */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "text/words.h"

#define KEYPAD "[keypad] " /* before typed keys, so that the model knows them from words */
#define LAST_KEY '#'
#define ENTRY_MAX 32
#define KEY_ANSWER_MS 2000 /* an answer this late was lost */

/* Takes `values`, an array of what the hook is told. */
static bool ask(struct call *call, enum script_hook hook, uint32_t epoch, json_t *values_take)
{
    char *arguments = values_take ? json_dumps(values_take, JSON_COMPACT) : NULL;
    json_decref(values_take);
    struct script_job *job = arguments ? call_script_job(call, SCRIPT_HOOK) : NULL;
    if (!job) {
        free(arguments);
        return false;
    }
    job->hook = hook;
    job->arguments = arguments;
    job->epoch = epoch;
    return call_send_script(call, job);
}

/* ---- end_of_turn ---- */

static json_t *signals_of(struct call *call, const char *text)
{
    struct words_signals words;
    const struct turn *turn = &call->turn;
    words_look(&words, slice_from(text));
    uint64_t now_ms = clock_ms();
    uint64_t silence_ms = now_ms > turn->speech_ended_ms ? now_ms - turn->speech_ended_ms : 0;
    return json_pack("[{s:s, s:I, s:I, s:i, s:b, s:b, s:b}]", "text", text, "silence_ms",
        (json_int_t)silence_ms, "speech_ms", (json_int_t)turn->asked_speech_ms, "words",
        (int)words.word_count, "is_final", turn->open_items == 0, "is_hanging", words.is_hanging,
        "is_spelling", words.is_spelling);
}

/* Not asked is not answered: the engine goes by its numbers. */
void hooks_ask_end_of_turn(struct call *call, uint32_t question)
{
    char *text = hearing_text(call);
    if (text && !ask(call, HOOK_END_OF_TURN, question, signals_of(call, text)))
        log_warn("end_of_turn.not_asked", "call=%s", call->facts.call_id);
    free(text);
}

static json_t *value_of(const struct script_result *result)
{
    bool is_done = result->ending == SCRIPT_DONE && result->text;
    return is_done ? json_loads(result->text, JSON_DECODE_ANY, NULL) : NULL;
}

static void count_opinion(const struct call *call, uint32_t question, enum turn_opinion opinion)
{
    const struct turn *turn = &call->turn;
    bool is_late = question != turn->question || turn->opinion != OPINION_ASKED ||
                   clock_ms() > turn->asked_ms + turn->settings.ask_ms;
    metric_add(is_late                   ? METRIC_END_OF_TURN_LATE
               : opinion == OPINION_END  ? METRIC_END_OF_TURN_END
               : opinion == OPINION_MORE ? METRIC_END_OF_TURN_MORE
                                         : METRIC_END_OF_TURN_DEFAULT,
        1);
}

static void end_of_turn_result(
    struct call *call, const struct script_result *result, const json_t *value)
{
    enum turn_opinion opinion = json_is_true(value)    ? OPINION_END
                                : json_is_false(value) ? OPINION_MORE
                                                       : OPINION_DEFAULT;
    count_opinion(call, result->epoch, opinion);
    call_event(
        call, (struct turn_event){
                  .kind = TURN_EVENT_END_OF_TURN, .item = result->epoch, .opinion = opinion});
}

/* ---- keys ---- */

static void typed(struct call *call, bool is_last)
{
    call->is_entry_open = !is_last;
    call_event(call, (struct turn_event){.kind = TURN_EVENT_KEY_TYPED, .flag = is_last});
}

/* With a blank before it. What does not fit is dropped, and nothing of what is there is lost. */
static void append(struct call *call, struct strbuf *to, struct slice text)
{
    if (to->len + text.len + 2 > to->limit) {
        log_warn("hooks.dropped", "call=%s bytes=%zu", call->facts.call_id, text.len);
        return;
    }
    if (to->len)
        strbuf_add_char(to, ' ');
    strbuf_add_slice(to, text);
}

/* The caller's words are read as they stand when their turn begins: a key is added before the engine hears of it. */
static void type_key(struct call *call, char key)
{
    if (!call->is_entry_open || !call->typed.len) {
        append(call, &call->typed, SLICE(KEYPAD));
        call->entry_len = 0;
    }
    bool ends = key == LAST_KEY;
    if ((!ends || !call->entry_len) && call->typed.len + 2 < call->typed.limit)
        strbuf_add_char(&call->typed, key);
    call->entry_len++;
    typed(call, ends || call->entry_len >= ENTRY_MAX);
}

static void type_words(struct call *call, struct slice words)
{
    append(call, &call->typed, words);
    typed(call, true);
}

void hooks_key(struct call *call, char key, enum keypad_verdict verdict)
{
    if (verdict == KEYPAD_KNOWN)
        return;
    bool is_refused = verdict == KEYPAD_TOO_MANY;
    metric_add(is_refused ? METRIC_KEYS_REFUSED : METRIC_KEYS, 1);
    log_info(is_refused ? "key.refused" : "key.pressed", "call=%s", call->facts.call_id);
    if (is_refused || call->history_by_ms || call->opening_by_ms) /* nobody listens yet */
        return;
    char text[2] = {key, 0};
    if (call->agent->has_hook[HOOK_ON_DTMF] &&
        ask(call, HOOK_ON_DTMF, call->reply.epoch, json_pack("[s]", text))) {
        call->keys_asked++;
        call->key_asked_ms = clock_ms();
    } else {
        type_key(call, key);
    }
}

/* The key that was asked about. */
static char key_of(const struct script_result *result)
{
    json_t *values = json_loads(result->arguments ? result->arguments : "", 0, NULL);
    const char *text = json_string_value(json_array_get(values, 0));
    char key = text && text[0] ? text[0] : LAST_KEY;
    json_decref(values);
    return key;
}

static void dtmf_result(struct call *call, const struct script_result *result, const json_t *value)
{
    call->keys_asked -= call->keys_asked > 0;
    if (json_is_true(value))
        call_event(call, (struct turn_event){.kind = TURN_EVENT_KEY_TAKEN});
    else if (json_is_string(value))
        type_words(call, slice_from(json_string_value(value)));
    else
        type_key(call, key_of(result));
    hooks_pump(call);
}

void hooks_result(struct call *call, struct script_result *result)
{
    journal_take_state(call, result);
    json_t *value = value_of(result);
    switch (result->hook) {
    case HOOK_ON_CALL_START:
        opening_answer(call, value);
        break;
    case HOOK_END_OF_TURN:
        end_of_turn_result(call, result, value);
        break;
    case HOOK_ON_DTMF:
        dtmf_result(call, result, value);
        break;
    case HOOK_ON_INCOMING: /* the webhook's */
    case HOOK_ON_CALL_END: /* in farewell.c */
    case SCRIPT_HOOKS:
        break;
    }
    json_decref(value);
}

/* ---- words of its own ---- */

static void note_refusal(const struct call *call, enum err err)
{
    if (err)
        log_warn("hooks.dropped", "call=%s err=%s", call->facts.call_id, err_name(err));
}

void hooks_say(struct call *call, struct slice text, bool is_protected)
{
    note_refusal(call, asides_add_words(&call->asides, text, is_protected));
    hooks_pump(call);
}

void hooks_play_take(struct call *call, struct call_sound *sound, bool is_protected)
{
    note_refusal(call, asides_add_sound_take(&call->asides, sound, is_protected));
    hooks_pump(call);
}

void hooks_hang_up(struct call *call)
{
    call->wants_hang_up = true;
    hooks_pump(call);
}

static bool carries_words(const struct call *call)
{
    const struct turn *turn = &call->turn;
    return turn->phase != REPLY_NONE && turn->phase != REPLY_APOLOGY && !turn->is_draft;
}

static bool is_silent(const struct call *call)
{
    const struct turn *turn = &call->turn;
    return turn->state == TURN_LISTENING && turn->listening_ms && !turn->has_speech;
}

uint64_t hooks_deadline(const struct call *call)
{
    return call->keys_asked ? call->key_asked_ms + KEY_ANSWER_MS : 0;
}

/* What a key's hook says waits until the key has had its effect, and for a reply that carries it or a silence to begin
   one in. */
void hooks_pump(struct call *call)
{
    if (call->is_finished || call->opening_by_ms || hooks_deadline(call) > clock_ms())
        return;
    call->keys_asked = 0; /* or their answers were lost */
    while (call->asides.list && carries_words(call) && reply_takes_words(call)) {
        struct aside *aside = asides_take(&call->asides);
        if (aside->sound)
            reply_play_take(call, aside_take_sound(aside), aside->is_protected);
        else
            reply_interject(call, strbuf_slice(&aside->words), aside->is_protected);
        aside_free(aside);
    }
    if (call->asides.list && is_silent(call))
        call_event(call, (struct turn_event){.kind = TURN_EVENT_SAY_ASKED});
    if (call->wants_hang_up && !call->asides.list) {
        call->wants_hang_up = false;
        call_event(call, (struct turn_event){.kind = TURN_EVENT_HANGUP_ASKED});
    }
}
