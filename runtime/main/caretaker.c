#include "main/caretaker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "live/wishes.h"
#include "main/kept_captures.h"
#include "main/kept_sound.h"
#include "observe/log.h"
#include "store/people.h"

#define LOOK_MS 15000
#define FIRST_ROUND_MS (5 * 60000)
#define ROUND_MS (60 * 60000)
#define ROUND_MAX_MS 60000
#define STEP_PAUSE_MS 200 /* others use the database too */
#define TIMEOUT_MS 30000
#define WAITING_MAX 2048 /* of sound that was removed */

struct caretaker {
    const char *data;
    char name[80]; /* in the audit */
    struct database *database;
    struct net_timer *look_timer;
    struct net_timer *round_timer;
    uint64_t round_ends_ms;
    bool is_asking;
    bool is_blind; /* the last question failed, and that was logged */
};

/* ---- wishes ---- */

static void on_wishes(void *owner, const struct query_answer *answer)
{
    struct caretaker *caretaker = owner;
    caretaker->is_asking = false;
    if (answer->err && !caretaker->is_blind)
        log_warn("wishes.unread", "err=%s why=%s do=%s", err_name(answer->err), answer->why,
            "what was read last holds; is moonline migrate done?");
    caretaker->is_blind = answer->err != ERR_OK;
    size_t count = answer->err ? 0 : rows_count(answer->rows);
    struct wishes *wishes = answer->err ? NULL : calloc(count + 1, sizeof *wishes);
    if (!wishes)
        return;
    for (size_t i = 0; i < count; i++) {
        slice_copy(rows_get(answer->rows, i, 0), wishes[i].tenant_id, sizeof wishes[i].tenant_id);
        wishes[i].record_calls = wish_record_of(rows_get(answer->rows, i, 1));
    }
    wishes_publish(wishes, count);
    free(wishes);
}

static void look(void *owner)
{
    struct caretaker *caretaker = owner;
    struct query *query;
    if (!caretaker->is_asking)
        caretaker->is_asking =
            people_wishes(&query, caretaker->database, TIMEOUT_MS, on_wishes, caretaker) == ERR_OK;
    net_timer_set(caretaker->look_timer, clock_ms() + LOOK_MS);
}

static void on_up(void *owner, bool is_up)
{
    if (is_up)
        look(owner);
}

/* ---- the hour's round ---- */

static void end_round(struct caretaker *caretaker)
{
    caretaker->round_ends_ms = 0;
    net_timer_set(caretaker->round_timer, clock_ms() + ROUND_MS);
}

static void on_erased_calls(void *owner, const struct query_answer *answer)
{
    struct caretaker *caretaker = owner;
    size_t count = answer->err ? 0 : kept_captures_erase(caretaker->data, answer->rows);
    if (count)
        log_info("capture.erased", "files=%zu", count);
    end_round(caretaker);
}

static void on_capture_days(void *owner, const struct query_answer *answer)
{
    struct caretaker *caretaker = owner;
    struct query *query;
    if (!answer->err)
        kept_captures_age(caretaker->data, answer->rows);
    if (people_erased_calls(
            &query, caretaker->database, SLICE(""), TIMEOUT_MS, on_erased_calls, caretaker))
        end_round(caretaker);
}

/* Those that a tenant keeps no longer, and of people who were taken out elsewhere. */
static void remove_captures(struct caretaker *caretaker)
{
    struct query *query;
    if (people_capture_days(&query, caretaker->database, TIMEOUT_MS, on_capture_days, caretaker))
        end_round(caretaker);
}

static void on_removed(void *owner, const struct query_answer *answer)
{
    if (answer->err) /* it is gone; the row will be looked at again */
        log_debug("sound.unmarked", "why=%s", answer->why ? answer->why : "");
}

static void on_sound(void *owner, const struct query_answer *answer)
{
    struct caretaker *caretaker = owner;
    struct query *query;
    for (size_t i = 0; !answer->err && i < rows_count(answer->rows); i++) {
        if (!kept_sound_remove(caretaker->data, rows_get(answer->rows, i, 1)))
            continue;
        if (people_sound_removed(&query, caretaker->database, rows_get(answer->rows, i, 0),
                TIMEOUT_MS, on_removed, caretaker))
            break;
    }
    remove_captures(caretaker);
}

static void remove_sound(struct caretaker *caretaker)
{
    struct query *query;
    if (people_sound_to_remove(&query, caretaker->database, TIMEOUT_MS, on_sound, caretaker))
        remove_captures(caretaker);
}

static void on_step(void *owner, const struct query_answer *answer)
{
    struct caretaker *caretaker = owner;
    char changed[24] = "";
    if (answer->err)
        log_warn("retention.failed", "err=%s sqlstate=%s why=%s", err_name(answer->err),
            answer->sqlstate, answer->why);
    else if (rows_count(answer->rows))
        slice_copy(rows_get(answer->rows, 0, 0), changed, sizeof changed);
    long count = strtol(changed, NULL, 10);
    if (count)
        log_info("retention.step", "rows=%ld", count);
    if (count && clock_ms() < caretaker->round_ends_ms)
        net_timer_set(caretaker->round_timer, clock_ms() + STEP_PAUSE_MS);
    else
        remove_sound(caretaker);
}

static void step(void *owner)
{
    struct caretaker *caretaker = owner;
    struct query *query;
    if (!caretaker->round_ends_ms)
        caretaker->round_ends_ms = clock_ms() + ROUND_MAX_MS;
    if (people_keep_house(&query, caretaker->database, slice_from(caretaker->name), TIMEOUT_MS,
            on_step, caretaker))
        end_round(caretaker);
}

/* ---- */

enum err caretaker_start(struct caretaker **out, struct net_loop *loop, const char *database_url,
    const char *node, const char *data)
{
    struct caretaker *caretaker = calloc(1, sizeof *caretaker);
    if (!caretaker)
        return ERR_NOMEM;
    caretaker->data = data;
    snprintf(caretaker->name, sizeof caretaker->name, "moonline serve %s", node);
    struct database_options options = {.url = database_url,
        .name = "moonline-caretaker",
        .connections = 1,
        .max_waiting = WAITING_MAX,
        .on_up = on_up,
        .owner = caretaker};
    enum err err = net_timer_create(&caretaker->look_timer, loop, look, caretaker);
    if (!err)
        err = net_timer_create(&caretaker->round_timer, loop, step, caretaker);
    if (!err)
        err = database_open(&caretaker->database, loop, &options);
    if (err) {
        caretaker_stop(caretaker);
        return err;
    }
    net_timer_set(caretaker->look_timer, clock_ms() + LOOK_MS);
    net_timer_set(caretaker->round_timer, clock_ms() + FIRST_ROUND_MS);
    *out = caretaker;
    return ERR_OK;
}

void caretaker_stop(struct caretaker *caretaker)
{
    if (!caretaker)
        return;
    if (caretaker->database)
        database_close(caretaker->database);
    net_timer_destroy(caretaker->look_timer);
    net_timer_destroy(caretaker->round_timer);
    wishes_clear();
    free(caretaker);
}
