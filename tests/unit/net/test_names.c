#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/names.h"
#include "unit/net/echo_server.h"
#include "unit/net/name_server.h"

#define LATER_MS 60000 /* a deadline that no story reaches */

/* ---- a name server that answers, or does not ---- */

struct answer {
    bool is_over;
    enum err err;
    char address[ADDRESS_SIZE];
};

static void take_answer(void *owner, enum err err, const char *address)
{
    struct answer *answer = owner;
    assert_false(answer->is_over);
    answer->is_over = true;
    answer->err = err;
    snprintf(answer->address, sizeof answer->address, "%s", address ? address : "");
}

static struct net_resolve *ask(struct story *story, struct answer *answer, const char *host)
{
    struct net_resolve *resolve;
    *answer = (struct answer){0};
    assert_int_equal(
        net_resolve_start(&resolve, story->loop, host, clock_ms() + LATER_MS, take_answer, answer),
        ERR_OK);
    return resolve;
}

static struct answer resolve(struct story *story, const char *host)
{
    struct answer answer;
    ask(story, &answer, host);
    story_until(story, answer.is_over);
    return answer;
}

static const char *const one[] = {"192.0.2.7", NULL};

static void names_are_asked_once_a_minute(void **state)
{
    struct story *story = *state;
    struct name_server *server = name_server_start();
    name_server_answer(server, one);
    assert_string_equal(resolve(story, "api.example").address, "192.0.2.7");
    unsigned questions = name_server_questions(server);
    assert_string_equal(resolve(story, "API.example").address, "192.0.2.7");
    assert_int_equal(name_server_questions(server), questions);
    name_server_stop(server);
}

static void who_asks_meanwhile_shares_the_answer(void **state)
{
    struct story *story = *state;
    struct name_server *server = name_server_start();
    struct answer answers[5];
    name_server_fall_silent(server);
    for (int i = 0; i < 5; i++)
        ask(story, &answers[i], "api.example");
    assert_int_equal(lookups_under_way(), 1);
    name_server_answer(server, one); /* to the question asked again */
    for (int i = 0; i < 5; i++) {
        story_until(story, answers[i].is_over);
        assert_string_equal(answers[i].address, "192.0.2.7");
    }
    name_server_stop(server);
}

/* Many names whose server is dead: the loop runs on, a name that needs no server is found, one too many is
   refused at once. */
static void a_dead_server_stalls_no_other_name(void **state)
{
    struct story *story = *state;
    struct name_server *server = name_server_start();
    struct answer dead[8], more;
    struct net_resolve *waiting[8], *refused;
    name_server_fall_silent(server);
    for (int i = 0; i < 7; i++) {
        char host[32];
        snprintf(host, sizeof host, "dead%d.example", i);
        waiting[i] = ask(story, &dead[i], host);
    }
    struct answer alive = resolve(story, "localhost");
    assert_int_equal(alive.err, ERR_OK);
    waiting[7] = ask(story, &dead[7], "dead7.example");
    assert_int_equal(net_resolve_start(&refused, story->loop, "dead8.example",
                         clock_ms() + LATER_MS, take_answer, &more),
        ERR_FULL);
    for (int i = 0; i < 8; i++) {
        assert_false(dead[i].is_over);
        net_resolve_cancel(waiting[i]);
    }
    name_server_stop(server);
    story_turn(story);
}

/* The lookups are still under way when it is gone: nobody waited for them. */
static void a_loop_goes_without_its_lookups(void **state)
{
    struct story *story = *state;
    struct name_server *server = name_server_start();
    struct net_loop *loop;
    struct net_resolve *waiting;
    struct answer answer = {0};
    name_server_fall_silent(server);
    assert_int_equal(net_loop_create(&loop, "short", NULL), ERR_OK);
    assert_int_equal(net_resolve_start(&waiting, loop, "dead.example", clock_ms() + LATER_MS,
                         take_answer, &answer),
        ERR_OK);
    net_resolve_cancel(waiting);
    net_loop_destroy(loop);
    assert_int_equal(lookups_under_way(), 1);
    assert_false(answer.is_over);
    story_turn(story);
    name_server_stop(server);
}

static void a_known_address_outlives_its_server(void **state)
{
    struct story *story = *state;
    struct name_server *server = name_server_start();
    name_server_answer(server, one);
    resolve(story, "api.example");
    struct name *name = names_find(story->loop->names, "api.example");
    name->fresh_until_ms = 1; /* a minute later */
    name_server_fall_silent(server);
    struct answer answer = resolve(story, "api.example");
    assert_string_equal(answer.address, "192.0.2.7");
    assert_true(name->is_asking);
    static const char *const moved[] = {"192.0.2.8", NULL};
    name_server_answer(server, moved); /* what was asked is not lost */
    story_until(story, !name->is_asking);
    assert_string_equal(resolve(story, "api.example").address, "192.0.2.8");
    name_server_stop(server);
}

static void unknown_names_are_told(void **state)
{
    struct story *story = *state;
    struct name_server *server = name_server_start();
    static const char *const none[] = {NULL};
    name_server_answer(server, none);
    assert_int_equal(resolve(story, "no.such.example").err, ERR_UNREACHABLE);
    name_server_stop(server);
}

/* One of two who wait asks again from the bad news itself: that is a new question, with its own answer. */
struct asker {
    struct story *story;
    struct name_server *server;
    struct answer first, second;
};

static void ask_again(void *owner, enum err err, const char *address)
{
    struct asker *asker = owner;
    take_answer(&asker->first, err, address);
    name_server_answer(asker->server, one);
    ask(asker->story, &asker->second, "late.example");
}

static void a_question_from_an_answer_is_a_new_one(void **state)
{
    struct story *story = *state;
    struct asker asker = {.story = story, .server = name_server_start()};
    static const char *const none[] = {NULL};
    struct net_resolve *resolve;
    struct answer other;
    name_server_answer(asker.server, none);
    assert_int_equal(net_resolve_start(&resolve, story->loop, "late.example", clock_ms() + LATER_MS,
                         ask_again, &asker),
        ERR_OK);
    ask(story, &other, "late.example");
    story_until(story, asker.second.is_over && other.is_over);
    assert_int_equal(asker.first.err, ERR_UNREACHABLE);
    assert_int_equal(other.err, ERR_UNREACHABLE);
    assert_string_equal(asker.second.address, "192.0.2.7");
    name_server_stop(asker.server);
}

/* ---- a name with several addresses ---- */

struct outcome {
    bool is_open, is_over;
    int status;
    enum err err;
    char why[256];
};

static void on_open(void *owner)
{
    ((struct outcome *)owner)->is_open = true;
}

static void on_text(void *owner, struct slice message)
{
    (void)owner, (void)message;
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct outcome *outcome = owner;
    assert_false(outcome->is_over);
    outcome->is_over = true;
    outcome->err = err;
    snprintf(outcome->why, sizeof outcome->why, "%s", why);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    (void)code;
    on_done(owner, err, why);
}

static void on_status(void *owner, int status, struct slice type, unsigned retry_after_ms)
{
    (void)type, (void)retry_after_ms;
    ((struct outcome *)owner)->status = status;
}

static void on_body(void *owner, struct slice data)
{
    (void)owner, (void)data;
}

static const struct ws_listener ws_listener = {
    .on_open = on_open, .on_text = on_text, .on_closed = on_closed};
static const struct http_listener http_listener = {on_status, on_body, on_done};

static void expect_ws(struct story *story, int port, bool is_open)
{
    struct outcome outcome = {0};
    struct ws *ws;
    char url[64];
    snprintf(url, sizeof url, "ws://many.example:%d/socket", port);
    struct ws_options options = {
        .url = url, .connect_timeout_ms = 4000, .max_message_bytes = 1000, .max_queue_bytes = 1000};
    assert_int_equal(ws_connect(&ws, story->loop, &options, &ws_listener, &outcome), ERR_OK);
    story_until(story, outcome.is_open || outcome.is_over);
    assert_int_equal(outcome.is_open, is_open);
    if (is_open)
        ws_close(ws, 1000, "");
    story_until(story, outcome.is_over);
    if (!is_open)
        assert_non_null(strstr(outcome.why, "many.example"));
}

static void expect_http(struct story *story, int port, int status)
{
    struct outcome outcome = {0};
    struct http_call *call;
    char url[64];
    snprintf(url, sizeof url, "http://many.example:%d/echo", port);
    struct http_options options = {.method = "GET",
        .url = url,
        .connect_timeout_ms = 4000,
        .first_byte_timeout_ms = 4000,
        .max_body_bytes = 1000,
        .allow_private = true};
    assert_int_equal(http_start(&call, story->loop, &options, &http_listener, &outcome), ERR_OK);
    story_until(story, outcome.is_over);
    assert_int_equal(outcome.status, status);
    assert_int_equal(outcome.err, status ? ERR_OK : ERR_UNREACHABLE);
}

/* A name with three addresses, of which the system puts those first where nobody listens. */
static const char *const many[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3", NULL};

static void forget_order(struct story *story)
{
    struct name *name = names_find(story->loop->names, "many.example");
    if (name)
        *name = (struct name){0};
}

static void begin_at(struct echo_server *echo, struct story *story, const char *listen)
{
    struct server_options options = echo_options;
    options.listen = listen;
    echo_start(echo, story, &options);
}

static void the_next_address_is_tried(void **state)
{
    struct story *story = *state;
    struct name_server *names = name_server_start();
    struct echo_server echo = {0};
    name_server_answer(names, many);
    begin_at(&echo, story, "127.0.0.3:0");
    int port = echo_port(&echo);
    expect_ws(story, port, true);
    struct name *name = names_find(story->loop->names, "many.example");
    assert_string_equal(name->addresses.text[0], "127.0.0.3"); /* and remembered */
    forget_order(story);
    expect_http(story, port, 200);
    server_destroy(echo.server);
    forget_order(story);
    expect_ws(story, port, false);
    forget_order(story);
    expect_http(story, port, 0);
    name_server_stop(names);
    story_turn(story);
}

/* A listener that accepts nobody and whose queue is full: the kernel answers no connect. */
struct deaf {
    int fd;
    int clients[3];
};

static void deaf_start(struct deaf *deaf, const char *ip, int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(ip), .sin_port = htons((uint16_t)port)};
    int on = 1;
    deaf->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(deaf->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(deaf->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(deaf->fd, 0), 0);
    for (int i = 0; i < 3; i++) {
        deaf->clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(deaf->clients[i], (struct sockaddr *)&address, sizeof address);
    }
}

static void deaf_stop(struct deaf *deaf)
{
    for (int i = 0; i < 3; i++)
        close(deaf->clients[i]);
    close(deaf->fd);
}

static void an_address_that_says_nothing_has_its_share(void **state)
{
    struct story *story = *state;
    struct name_server *names = name_server_start();
    struct echo_server echo = {0};
    struct deaf deaf;
    static const char *const two[] = {"127.0.0.1", "127.0.0.2", NULL};
    name_server_answer(names, two);
    begin_at(&echo, story, "127.0.0.2:0");
    int port = echo_port(&echo);
    deaf_start(&deaf, "127.0.0.1", port);
    expect_ws(story, port, true);
    forget_order(story);
    expect_http(story, port, 200);
    deaf_stop(&deaf);
    server_destroy(echo.server);
    name_server_stop(names);
    story_turn(story);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_begin, story_end)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        STORY(names_are_asked_once_a_minute),
        STORY(who_asks_meanwhile_shares_the_answer),
        STORY(a_dead_server_stalls_no_other_name),
        STORY(a_loop_goes_without_its_lookups),
        STORY(a_known_address_outlives_its_server),
        STORY(unknown_names_are_told),
        STORY(a_question_from_an_answer_is_a_new_one),
        STORY(the_next_address_is_tried),
        STORY(an_address_that_says_nothing_has_its_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
