#include "caller/callee.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "caller/requests.h"

#define TALK_MS 1000
#define RINGS_ON_MS 1000 /* nobody waits for a telephone that nobody picks up */

static void run_whisper(struct callee *callee);

static void say(const struct callee *callee, const char *text)
{
    report_say(callee->board->report, switchboard_now_ms(callee->board), "callee", text);
}

static void finish(struct callee *callee, const char *status)
{
    callee->status = status;
    callee->state = CALLEE_GONE;
    callee->on_over(callee->board);
}

static void wait_for(struct callee *callee, enum callee_state state, uint64_t ms)
{
    callee->state = state;
    net_timer_set(callee->timer, clock_ms() + ms);
}

static void talk(struct callee *callee)
{
    say(callee, "(talks with the caller)");
    callee->is_bridged = true;
    wait_for(callee, CALLEE_TALKS, TALK_MS);
}

/* ---- the whisper ---- */

static void on_document(void *owner, const struct webhook_answer *answer)
{
    struct callee *callee = &((struct switchboard *)owner)->callee;
    char why[TWIML_WHY_SIZE];
    twiml_document_free(&callee->whisper);
    if (callee->board->state == SWITCHBOARD_CLOSING) {
        finish(callee, "canceled");
        return;
    }
    bool is_read = !answer->err && answer->status == 200 &&
                   twiml_read(&callee->whisper, answer->body, false, why) == ERR_OK;
    if (!is_read) {
        say(callee, "(hears an error instead of a whisper, and hangs up)");
        finish(callee, "completed");
        return;
    }
    callee->verb = 0;
    run_whisper(callee);
}

/* `key` 0: none was pressed. */
static void ask(struct callee *callee, const char *reference, bool is_get, char key)
{
    char url[URL_SIZE], digits[2] = {key, 0};
    struct strbuf form;
    strbuf_init(&form, REQUESTS_FORM_MAX_BYTES);
    requests_add_leg_fields(callee->board, &form, callee->sid, callee->dial->text);
    if (key)
        requests_add_field(&form, "Digits", digits);
    enum err err = url_resolve(url, callee->url, reference);
    callee->state = CALLEE_ASKS;
    if (err)
        strbuf_free(&form);
    else
        err = requests_send(callee->board, url, is_get, &form, on_document);
    if (err)
        wait_for(callee, CALLEE_LISTENS, 0);
    else
        memcpy(callee->url, url, sizeof url);
}

/* Whether the next verb may follow at once. */
static bool hear(struct callee *callee, const struct twiml_verb *verb)
{
    switch (verb->kind) {
    case TWIML_SAY:
        say(callee, verb->text);
        return true;
    case TWIML_GATHER:
        for (size_t i = 0; i < verb->said_count; i++)
            say(callee, verb->said[i]);
        if (callee->plan.key)
            ask(callee, verb->action ? verb->action : callee->url, verb->is_get, callee->plan.key);
        else
            wait_for(callee, CALLEE_LISTENS, 1000ull * verb->length_s);
        return false;
    case TWIML_PAUSE:
        wait_for(callee, CALLEE_LISTENS, 1000ull * verb->length_s);
        return false;
    case TWIML_REDIRECT:
        ask(callee, verb->text, verb->is_get, 0);
        return false;
    case TWIML_HANGUP:
    case TWIML_REJECT:
    case TWIML_CONNECT: /* the others are not for a whisper */
    case TWIML_DIAL:
    case TWIML_RECORD:
        say(callee, "(is hung up on)");
        finish(callee, "completed");
        return false;
    }
    return false;
}

static void run_whisper(struct callee *callee)
{
    while (callee->verb < callee->whisper.count)
        if (!hear(callee, &callee->whisper.verbs[callee->verb++]))
            return;
    talk(callee);
}

/* ---- ringing ---- */

static void pick_up(struct callee *callee)
{
    if (!callee->plan.answers) {
        finish(callee, callee->plan.status);
        return;
    }
    say(callee, "(picks up)");
    snprintf(callee->url, sizeof callee->url, "%s", callee->board->document_url);
    if (callee->dial->number_url)
        ask(callee, callee->dial->number_url, callee->dial->is_number_get, 0);
    else
        talk(callee);
}

static void on_timer(void *owner)
{
    struct callee *callee = owner;
    switch (callee->state) {
    case CALLEE_RINGS:
        pick_up(callee);
        break;
    case CALLEE_LISTENS:
        run_whisper(callee);
        break;
    case CALLEE_TALKS:
        finish(callee, "completed");
        break;
    case CALLEE_GONE:
    case CALLEE_ASKS:
        break;
    }
}

enum err callee_init(
    struct callee *callee, struct switchboard *board, void (*on_over)(struct switchboard *board))
{
    *callee = (struct callee){.board = board, .on_over = on_over};
    return net_timer_create(&callee->timer, board->loop, on_timer, callee);
}

void callee_dial(
    struct callee *callee, const struct twiml_verb *dial, const struct scenario_callee *plan)
{
    uint8_t random[16];
    crypto_random(random, sizeof random);
    strcpy(callee->sid, "CA");
    crypto_hex(random, sizeof random, callee->sid + 2);
    callee->dial = dial;
    callee->plan = *plan;
    callee->is_bridged = false;
    callee->status = NULL;
    uint64_t timeout_ms = 1000ull * dial->length_s;
    bool is_in_time = callee->plan.ms <= timeout_ms;
    uint64_t rings_ms = is_in_time ? callee->plan.ms : timeout_ms;
    if (!is_in_time)
        callee->plan = (struct scenario_callee){.status = "no-answer"};
    wait_for(callee, CALLEE_RINGS, plan->answers ? rings_ms : RINGS_ON_MS);
}

bool callee_drop(struct callee *callee)
{
    if (callee->state == CALLEE_ASKS)
        return false;
    callee->state = CALLEE_GONE;
    net_timer_clear(callee->timer);
    return true;
}

void callee_close(struct callee *callee)
{
    net_timer_destroy(callee->timer);
    twiml_document_free(&callee->whisper);
}
