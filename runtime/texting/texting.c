#include "texting/texting.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "texting/turn.h"

#define QUERY_TIMEOUT_MS 5000
#define WAITING_MAX 256  /* queries: two a turn, and the looks */
#define RESULTS_MAX 1024 /* of scripts */
#define NOT_HERE_MS 5000 /* a tenant that is not live here is left to other nodes for so long */
#define ATTEMPTS_MAX 3
#define HOUR_MS 3600000u

/* ---- claims ---- */

static void look(struct texting *texting);

static void look_at(struct texting *texting, uint64_t at_ms)
{
    net_timer_set(texting->timer, at_ms);
}

static void put_back(struct texting *texting, const json_t *claim)
{
    struct query *query;
    struct slice turn = slice_from(json_string_value(json_object_get(claim, "turn")));
    if (texts_put_back(&query, texting->database, turn, NOT_HERE_MS, QUERY_TIMEOUT_MS, NULL, NULL))
        log_warn("texts.kept", "why=%s", "no room for a query: the lease's end gives them back");
}

static void take_up(struct texting *texting, json_t *claim)
{
    json_t *kept = json_incref(claim);
    enum err err = text_turn_begin(texting, claim);
    if (err) {
        log_warn("texts.put_back", "tenant=%s err=%s",
            json_string_value(json_object_get(kept, "tenant")), err_name(err));
        put_back(texting, kept);
    }
    json_decref(kept);
}

static void note_left(const json_t *claim)
{
    metric_add(METRIC_TEXTS_LEFT, 1);
    log_info("texts.left", "tenant=%s conversation=%s why=%s",
        json_string_value(json_object_get(claim, "tenant")),
        json_string_value(json_object_get(claim, "conversation")),
        json_string_value(json_object_get(claim, "left")));
}

/* True: there may be more. */
static bool take_claim(struct texting *texting, const struct query_answer *answer)
{
    struct slice text = answer->err ? SLICE("") : rows_get(answer->rows, 0, 0);
    json_t *claim = text.len ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    json_t *wait_ms = json_object_get(claim, "wait_ms");
    bool is_left = json_object_get(claim, "left") != NULL;
    bool is_turn = json_object_get(claim, "turn") != NULL;
    if (answer->err)
        log_warn("texts.unread", "err=%s sqlstate=%s why=%s", err_name(answer->err),
            answer->sqlstate, answer->why);
    if (wait_ms)
        look_at(texting, clock_ms() + (uint64_t)json_integer_value(wait_ms));
    if (is_left)
        note_left(claim);
    if (is_turn)
        take_up(texting, json_incref(claim));
    json_decref(claim);
    return is_left || is_turn;
}

static void on_claim(void *owner, const struct query_answer *answer)
{
    struct texting *texting = owner;
    texting->claiming = NULL;
    look_at(texting, clock_ms() + texting->options.look_ms);
    if (take_claim(texting, answer) || texting->wants_look)
        look(texting);
}

static void look(struct texting *texting)
{
    bool may = !texting->is_draining && texting->turn_count < texting->options.turns_max;
    texting->wants_look = texting->claiming != NULL;
    if (!may || texting->claiming)
        return;
    if (texts_claim(&texting->claiming, texting->database, &texting->rules, QUERY_TIMEOUT_MS,
            on_claim, texting))
        look_at(texting, clock_ms() + texting->options.look_ms);
}

void texting_turn_ended(struct text_turn *turn)
{
    struct texting *texting = turn->texting;
    DL_DELETE(texting->turns, turn);
    texting->turn_count--;
    text_turn_free(turn);
    look(texting);
}

static void on_timer(void *owner)
{
    struct texting *texting = owner;
    look_at(texting, clock_ms() + texting->options.look_ms);
    look(texting);
}

static void on_lease(void *owner)
{
    struct texting *texting = owner;
    struct query *query;
    net_timer_set(texting->lease, clock_ms() + texting->options.lease_ms / 4);
    if (texting->turn_count &&
        texts_keep(&query, texting->database, &texting->rules, QUERY_TIMEOUT_MS, NULL, NULL))
        log_warn("texts.not_kept", "turns=%u", texting->turn_count);
}

static void on_up(void *owner, bool is_up)
{
    struct texting *texting = owner;
    struct query *query;
    if (!is_up)
        return;
    if (database_query(&query, texting->database, "listen " TEXTS_CHANNEL, NULL, 0,
            QUERY_TIMEOUT_MS, NULL, NULL))
        log_warn("texts.deaf", "why=%s", "queue is full: they are found by looking");
    look(texting); /* what was said while nobody listened */
}

static void on_notify(void *owner, const char *channel, const char *payload)
{
    look(owner);
}

/* ---- the script's answers ---- */

static struct text_turn *find(const struct texting *texting, uint64_t key)
{
    struct text_turn *turn;
    DL_FOREACH(texting->turns, turn)
    {
        if (turn->key == key)
            return turn;
    }
    return NULL;
}

static void on_results(void *owner)
{
    struct texting *texting = owner;
    struct letter *letter = mailbox_take_all(&texting->results);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        struct text_turn *turn = find(texting, result->call_key);
        if (turn)
            text_turn_result(turn, result);
        script_result_free(result);
    }
}

static void wake(void *owner)
{
    net_wake_send(((struct texting *)owner)->wake);
}

/* ---- life ---- */

static unsigned or_usual(unsigned value, unsigned usual)
{
    return value ? value : usual;
}

static void set_rules(struct texting *texting, const struct texting_options *given)
{
    struct texting_options *options = &texting->options;
    *options = *given;
    options->turn_ms = or_usual(given->turn_ms, 60000);
    options->lease_ms = or_usual(given->lease_ms, 20000);
    options->look_ms = or_usual(given->look_ms, 5000);
    options->turns_max = or_usual(given->turns_max, 16);
    options->turns_a_tenant = or_usual(given->turns_a_tenant, 4);
    options->useless_ms = given->useless_ms ? given->useless_ms : 12 * HOUR_MS;
    texting->rules = (struct texts_rules){.node = options->node,
        .settle_ms = options->settle_ms,
        .lease_ms = options->lease_ms,
        .useless_ms = options->useless_ms,
        .turns_a_tenant = options->turns_a_tenant,
        .attempts_max = ATTEMPTS_MAX};
}

static enum err open_parts(struct texting *texting)
{
    struct database_options database = {.url = texting->options.database_url,
        .name = "moonline-texts",
        .connections = 1,
        .max_waiting = WAITING_MAX,
        .on_up = on_up,
        .on_notify = on_notify,
        .owner = texting};
    enum err err = net_wake_create(&texting->wake, texting->loop, on_results, texting);
    if (!err)
        err = net_timer_create(&texting->timer, texting->loop, on_timer, texting);
    if (!err)
        err = net_timer_create(&texting->lease, texting->loop, on_lease, texting);
    if (!err)
        err = desk_create(&texting->desk, texting->loop);
    return err ? err : database_open(&texting->database, texting->loop, &database);
}

enum err texting_open(
    struct texting **out, struct net_loop *loop, const struct texting_options *options)
{
    struct texting *texting = calloc(1, sizeof *texting);
    if (!texting)
        return ERR_NOMEM;
    texting->loop = loop;
    set_rules(texting, options);
    mailbox_init(&texting->results, RESULTS_MAX, wake, texting);
    enum err err = open_parts(texting);
    if (err) {
        texting_close(texting);
        return err;
    }
    look_at(texting, clock_ms() + texting->options.look_ms);
    net_timer_set(texting->lease, clock_ms() + texting->options.lease_ms / 4);
    *out = texting;
    return ERR_OK;
}

void texting_drain(struct texting *texting)
{
    texting->is_draining = true;
}

unsigned texting_turns(const struct texting *texting)
{
    return texting->turn_count;
}

void texting_close(struct texting *texting)
{
    struct text_turn *turn, *next;
    if (!texting)
        return;
    if (texting->database)
        database_close(texting->database);
    DL_FOREACH_SAFE(texting->turns, turn, next)
    {
        DL_DELETE(texting->turns, turn);
        text_turn_free(turn);
    }
    on_results(texting); /* nobody's any more */
    mailbox_destroy(&texting->results);
    desk_destroy(texting->desk);
    net_timer_destroy(texting->timer);
    net_timer_destroy(texting->lease);
    if (texting->wake)
        net_wake_destroy(texting->wake);
    free(texting);
}
