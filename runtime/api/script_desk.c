#include "api/script_desk.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/clock.h"

struct question {
    struct question *prev, *next;
    struct script_desk *desk;
    struct net_timer *timer;
    uint64_t ticket;
    script_desk_fn *fn;
    void *owner;
};

struct script_desk {
    struct net_loop *loop;
    struct script_host *host;
    struct net_wake *wake;
    struct mailbox answers; /* struct script_result */
    struct question *questions;
    size_t count;
    uint64_t last_ticket;
};

static struct question *find(const struct script_desk *desk, uint64_t ticket)
{
    struct question *question;
    DL_FOREACH(desk->questions, question)
    {
        if (question->ticket == ticket)
            return question;
    }
    return NULL;
}

static void end(struct question *question)
{
    DL_DELETE(question->desk->questions, question);
    question->desk->count--;
    net_timer_destroy(question->timer);
    free(question);
}

static void answer(struct question *question, enum err err, const char *json, const char *why)
{
    script_desk_fn *fn = question->fn;
    void *owner = question->owner;
    end(question);
    fn(owner, err, json, why);
}

static void on_deadline(void *owner)
{
    answer(owner, ERR_TIMEOUT, "", "the scripts' thread is busy");
}

static void take_answers(void *owner)
{
    struct script_desk *desk = owner;
    struct letter *letter = mailbox_take_all(&desk->answers);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        struct question *question = find(desk, result->call_key); /* NULL: past its deadline */
        letter = letter->next;
        if (question)
            answer(question, result->ending == SCRIPT_DONE ? ERR_OK : ERR_REFUSED,
                result->text ? result->text : "", result->why ? result->why : "");
        script_result_free(result);
    }
}

static void wake(void *owner)
{
    struct script_desk *desk = owner;
    net_wake_send(desk->wake);
}

enum err script_desk_create(
    struct script_desk **out, struct net_loop *loop, struct script_host *host)
{
    struct script_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ERR_NOMEM;
    desk->loop = loop;
    desk->host = host;
    enum err err = net_wake_create(&desk->wake, loop, take_answers, desk);
    if (err) {
        free(desk);
        return err;
    }
    mailbox_init(&desk->answers, 2 * SCRIPT_DESK_MAX, wake, desk);
    *out = desk;
    return ERR_OK;
}

static enum err begin(struct question **out, struct script_desk *desk, unsigned timeout_ms)
{
    if (desk->count == SCRIPT_DESK_MAX)
        return ERR_FULL;
    struct question *question = calloc(1, sizeof *question);
    if (!question)
        return ERR_NOMEM;
    enum err err = net_timer_create(&question->timer, desk->loop, on_deadline, question);
    if (err) {
        free(question);
        return err;
    }
    question->desk = desk;
    question->ticket = ++desk->last_ticket;
    net_timer_set(question->timer, clock_ms() + timeout_ms);
    DL_APPEND(desk->questions, question);
    desk->count++;
    *out = question;
    return ERR_OK;
}

enum err script_desk_ask_take(struct script_desk *desk, uint64_t *ticket, struct script_job *job,
    unsigned timeout_ms, script_desk_fn *fn, void *owner)
{
    struct question *question = NULL;
    enum err err = begin(&question, desk, timeout_ms);
    if (!err) {
        question->fn = fn;
        question->owner = owner;
        job->reply = &desk->answers;
        job->call_key = *ticket = question->ticket;
        err = script_host_send(desk->host, job);
    }
    if (!err)
        return ERR_OK;
    if (question)
        end(question);
    script_job_free(job);
    return err;
}

void script_desk_forget(struct script_desk *desk, uint64_t ticket)
{
    struct question *question = find(desk, ticket);
    if (question)
        end(question);
}

void script_desk_close(struct script_desk *desk)
{
    if (!desk)
        return;
    while (desk->questions)
        end(desk->questions);
    take_answers(desk);
    mailbox_destroy(&desk->answers);
    net_wake_destroy(desk->wake);
    free(desk);
}
