/* What a turn leaves behind: its end in Postgres, with the answer, and rows of its tools and of what it used. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/budgets.h"
#include "live/spending.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "texting/turn.h"

#define END_TIMEOUT_MS 10000

static const char *const kept[] = {
    "turn", "tenant", "conversation", "call", "number", "ids", "from", "to", "sid", NULL};

/* ---- rows ---- */

static void put(const struct text_turn *turn, enum record_kind kind, json_t *row)
{
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text || records_put_take(turn->texting->options.records, kind, text) != ERR_OK)
        log_warn("record.dropped", "call=%s kind=%d", turn->facts.call_id, (int)kind);
}

static json_t *json_or_text(const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_null();
    return value ? value : json_string(text);
}

void text_turn_put_tool(const struct text_turn *turn, const struct script_result *result)
{
    char id[ID_SIZE], now[CLOCK_TEXT_SIZE];
    id_make(id);
    clock_wall_text(clock_wall_ms(), now);
    bool is_late = result->is_late && result->ending == SCRIPT_DONE;
    put(turn, RECORD_TOOL_CALL,
        json_pack("{s:s, s:s, s:s, s:i, s:s*, s:o, s:o, s:s, s:i, s:s}", "id", id, "tenant_id",
            turn->facts.tenant_id, "call_id", turn->facts.call_id, "turn_index", (int)turn->number,
            "name", result->tool_name, "arguments", json_or_text(result->arguments), "result",
            json_or_text(result->text), "ending",
            is_late ? "late" : script_ending_name(result->ending), "elapsed_ms",
            (int)(result->elapsed_us / 1000), "created_at", now));
}

static void put_usage(const struct text_turn *turn, const struct usage_line *line)
{
    const struct usage_amount *amount = &line->amount;
    char name[256], id[ID_SIZE], now[CLOCK_TEXT_SIZE];
    snprintf(name, sizeof name, "usage %s %s %s",
        json_string_value(json_object_get(turn->claim, "turn")), line->provider, line->model);
    id_of(slice_from(name), id);
    clock_wall_text(clock_wall_ms(), now);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:s, s:s}", "id",
        id, "tenant_id", turn->facts.tenant_id, "call_id", turn->facts.call_id, "slot",
        slot_name(line->slot), "provider", line->provider, "model", line->model, "input_tokens",
        (json_int_t)amount->prompt_tokens, "cached_tokens", (json_int_t)amount->cached_tokens,
        "output_tokens", (json_int_t)amount->completion_tokens, "is_estimated",
        (int)amount->is_estimate, "first_at", now, "last_at", now);
    if (row && amount->is_priced)
        json_object_set_new(row, "cost_micro_usd",
            json_integer((json_int_t)usage_micro_usd(amount->cost_pico_usd)));
    put(turn, RECORD_USAGE, row);
}

static void put_all_usage(const struct text_turn *turn)
{
    uint64_t pico_usd = 0;
    for (size_t i = 0; i < turn->usage.count; i++) {
        put_usage(turn, &turn->usage.lines[i]);
        spending_count(&turn->usage.lines[i]);
        pico_usd += turn->usage.lines[i].amount.cost_pico_usd;
    }
    budgets_note(
        turn->facts.tenant_id, &(struct budget_sum){.micro_usd = usage_micro_usd(pico_usd)});
}

/* ---- the end ---- */

static void note_end(const struct text_turn *turn)
{
    metric_add(turn->why ? METRIC_TEXTS_LEFT : METRIC_TEXTS_ANSWERED, 1);
    log_info("text.ended", "call=%s tenant=%s turn=%u ms=%llu bytes=%zu left=%s",
        turn->facts.call_id, turn->facts.tenant_id, turn->number,
        (unsigned long long)(clock_ms() - turn->began_ms), turn->answer.len,
        turn->why ? turn->why : "");
}

static void on_ended(void *owner, const struct query_answer *answer)
{
    struct text_turn *turn = owner;
    turn->query = NULL;
    if (answer->err)
        log_warn("text.not_ended", "call=%s err=%s why=%s do=%s", turn->facts.call_id,
            err_name(answer->err), answer->why, "nothing: whoever looks after its lease goes on");
    else if (!slice_is(rows_get(answer->rows, 0, 0), "t"))
        log_warn("text.too_late", "call=%s why=%s", turn->facts.call_id,
            "its lease ended: others have it");
    else
        note_end(turn);
    texting_turn_ended(turn);
}

static json_t *end_of(const struct text_turn *turn)
{
    json_t *end = json_object();
    json_t *state = turn->state_json ? json_loads(turn->state_json, 0, NULL) : NULL;
    json_t *tags = turn->labels.tags_json ? json_loads(turn->labels.tags_json, 0, NULL) : NULL;
    for (size_t i = 0; kept[i]; i++)
        json_object_set(end, kept[i], json_object_get(turn->claim, kept[i]));
    json_t *own = json_pack("{s:s*, s:s*, s:s, s:s, s:s, s:s, s:s, s:s, s:o*, s:o*}", "answer",
        turn->answer.data, "why", turn->why, "said", turn->said, "version", turn->agent->version,
        "phase", turn->phase, "outcome", turn->labels.outcome, "provider", turn->provider, "model",
        turn->model, "state", state, "tags", tags);
    json_object_update(end, own);
    json_decref(own);
    return end;
}

void text_turn_end(struct text_turn *turn)
{
    turn->step = TEXT_ENDING;
    net_timer_clear(turn->timer);
    if (turn->llm)
        turn->texting->options.llm_ops->cancel(turn->llm);
    turn->llm = NULL;
    put_all_usage(turn);
    text_turn_forget(turn);
    json_t *end = end_of(turn);
    char *text = end ? json_dumps(end, JSON_COMPACT) : NULL;
    json_decref(end);
    enum err err = text ? texts_end(&turn->query, turn->texting->database, slice_from(text),
                              END_TIMEOUT_MS, on_ended, turn)
                        : ERR_NOMEM;
    free(text);
    if (!err)
        return;
    log_warn("text.not_ended", "call=%s err=%s why=%s", turn->facts.call_id, err_name(err),
        "it could not be told");
    texting_turn_ended(turn);
}
