/* A provider's end of the wire for conversation tests: a real server on a port of its own, on the loop
   that the client under test runs on. It writes down what it sees; tests answer by hand. Both sides keep
   a journal, a line an event, so that a test can say what should have happened. */
#pragma once

#include "cmocka_head.h"

#include <stdbool.h>

#include "base/strbuf.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/ws.h"
#include "providers/stt.h"
#include "providers/tts.h"

#define SERVICE_LIMIT_MS 8000

struct service {
    struct net_loop *loop;
    struct net_timer *tick;
    struct server *server;
    char origin[64];        /* "http://127.0.0.1:…" */
    struct strbuf requests; /* "POST /v1/x?query authorization|api_key\n" */
    struct strbuf seen;     /* messages or bodies, a line each */
    struct strbuf heard;    /* what the client's listener was told: written by the test */
    unsigned request_count;
    unsigned message_count;
    int refuse_with;           /* HTTP status for upgrades; 0: accept */
    struct ws *socket;         /* the newest open one, NULL when none */
    struct ws *older;          /* the one before it that is still open; NULL */
    struct exchange *exchange; /* the newest unanswered request */
    void (*on_message)(struct service *service, struct slice message); /* NULL: only written down */
};

int service_begin(void **state);
int service_end(void **state);
void service_turn(struct service *service); /* the loop for about a millisecond */
void service_run_for(struct service *service, unsigned ms);
void service_say(struct service *service, const char *message);       /* on the newest socket */
void service_say_older(struct service *service, const char *message); /* on the one before it */
void service_cut(struct service *service); /* drops the socket without a word */
bool service_saw(const struct service *service, const char *text);
size_t service_count(const struct service *service, const char *text); /* how often it was seen */
void service_expect_heard(struct service *service, const char *journal);
/* What listeners write of times: "timings 1 H@0+58 i@58+40", "words 1 about hello 0-300". */
void service_hear_timings(
    struct service *service, uint32_t context, const struct tts_timing *timings, size_t count);
void service_hear_words(struct service *service, uint32_t item, const struct stt_word *words,
    size_t count, bool is_estimated);

/* Runs the loop until the condition holds; fails the test after SERVICE_LIMIT_MS. */
#define service_until(service, condition)                                                          \
    do {                                                                                           \
        uint64_t service_end_ms = net_loop_now_ms((service)->loop) + SERVICE_LIMIT_MS;             \
        while (!(condition)) {                                                                     \
            if (net_loop_now_ms((service)->loop) > service_end_ms)                                 \
                fail_msg("did not happen in time: %s\nseen:\n%s\nheard:\n%s", #condition,          \
                    (service)->seen.data, (service)->heard.data);                                  \
            service_turn(service);                                                                 \
        }                                                                                          \
    } while (0)
#define service_until_heard(service, text)                                                         \
    service_until(service, strstr((service)->heard.data, text))
