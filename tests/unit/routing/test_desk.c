#include "unit/net/net_story.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "observe/metrics.h"
#include "observe/provider_metrics.h"
#include "routing/desk.h"
#include "routing/standing.h"

static const struct driver hearing = {"hearing", SLOT_HEAR};
static const struct driver thinking = {"thinking", SLOT_THINK};

static const struct failure broken = {.kind = FAILURE_BROKEN, .err = ERR_REFUSED, .why = "x"};
static const struct failure bad_key = {.kind = FAILURE_KEY, .err = ERR_REFUSED, .why = "x"};

/* Two providers that think, a tenant with a key of its own, and a desk that knows of nothing. */
struct office {
    struct story *story;
    struct desk *desk;
    struct route route;
    struct route other; /* of the tenant with another key */
};

static void open_office(struct office *office, struct story *story, unsigned most)
{
    const struct provider providers[] = {
        {.name = "one", .driver = &thinking, .llm = {.api_key = "a"}, .most_at_once = most},
        {.name = "two", .driver = &thinking, .llm = {.api_key = "b"}},
        {.name = "one", .driver = &hearing, .stt = {.api_key = "a"}, .most_at_once = most},
    };
    const struct provider_key keys[] = {{"rich", "one", "own"}};
    office->story = story;
    assert_int_equal(desk_create(&office->desk, story->loop), ERR_OK);
    catalog_publish(catalog_make(providers, 3, keys, 1));
    route_make(&office->route, office->desk, SLOT_THINK, "poor", NULL, 0);
    route_make(&office->other, office->desk, SLOT_THINK, "rich", NULL, 0);
}

static void close_office(struct office *office)
{
    route_clear(&office->route);
    route_clear(&office->other);
    desk_destroy(office->desk);
    catalog_publish(NULL);
}

static void expect(struct office *office, const struct route *route, enum desk_verdict verdict)
{
    assert_int_equal(desk_enter(office->desk, route, 0), verdict);
}

static void fail_with(struct office *office, const struct failure *failure, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        expect(office, &office->route, DESK_ENTERED);
        desk_leave(office->desk, &office->route, 0, failure, 0);
    }
}

static void without_a_desk_everything_may_be_asked(void **state)
{
    struct office office;
    open_office(&office, *state, 1);
    assert_int_equal(desk_enter(NULL, &office.route, 0), DESK_ENTERED);
    assert_int_equal(desk_insist(NULL, &office.route, 0), DESK_ENTERED);
    desk_leave(NULL, &office.route, 0, &bad_key, 0);
    desk_answered(NULL, &office.route, 0, 5);
    desk_lagged(NULL, &office.route, 0, 5);
    assert_int_equal(desk_usual_ms(NULL, &office.route, 0), 0);
    assert_false(desk_is_open(NULL, &office.route, 0));
    close_office(&office);
}

static void a_circuit_is_of_one_key(void **state)
{
    struct office office;
    int64_t opened = metric_get(METRIC_CIRCUITS_OPENED_THINK);
    open_office(&office, *state, 0);
    fail_with(&office, &broken, 5);
    expect(&office, &office.route, DESK_OPEN);
    assert_true(desk_is_open(office.desk, &office.route, 0));
    assert_false(desk_is_open(office.desk, &office.route, 1));
    expect(&office, &office.other, DESK_ENTERED);
    assert_int_equal(metric_get(METRIC_CIRCUITS_OPENED_THINK), opened + 1);
    close_office(&office);
}

static void a_session_that_works_closes_its_circuit(void **state)
{
    struct office office;
    open_office(&office, *state, 0);
    fail_with(&office, &bad_key, 1);
    assert_int_equal(desk_insist(office.desk, &office.route, 0), DESK_ENTERED);
    expect(&office, &office.route, DESK_OPEN); /* while that is tried */
    desk_answered(office.desk, &office.route, 0, 100);
    expect(&office, &office.route, DESK_ENTERED);
    close_office(&office);
}

static void what_is_usual_needs_some_answers(void **state)
{
    struct office office;
    open_office(&office, *state, 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(desk_usual_ms(office.desk, &office.route, 0), 0);
        expect(&office, &office.route, DESK_ENTERED);
        desk_leave(office.desk, &office.route, 0, NULL, 300);
    }
    assert_int_equal(desk_usual_ms(office.desk, &office.route, 0), 364);
    for (unsigned i = 0; i < 5; i++) {
        desk_lagged(office.desk, &office.route, 0, 100); /* which says nothing */
        desk_lagged(office.desk, &office.route, 0, 1000);
    }
    assert_int_equal(desk_usual_ms(office.desk, &office.route, 0), 1110);
    assert_int_equal(desk_usual_ms(office.desk, &office.route, 1), 0);
    close_office(&office);
}

/* ---- permits ---- */

struct guest {
    char name;
    struct desk_wait *wait;
    struct guest *cancels; /* when it is told */
};

static char told[64];

static void on_verdict(void *owner, enum desk_verdict verdict)
{
    struct guest *guest = owner;
    size_t len = strlen(told);
    guest->wait = NULL;
    snprintf(told + len, sizeof told - len, "%c%s ", guest->name,
        verdict == DESK_ENTERED ? "+"
        : verdict == DESK_OPEN  ? "open"
                                : "-");
    if (guest->cancels) {
        desk_wait_cancel(guest->cancels->wait);
        guest->cancels->wait = NULL;
    }
}

static void wait_in_line(struct office *office, struct guest *guest, char name, unsigned within_ms)
{
    *guest = (struct guest){.name = name};
    assert_int_equal(desk_wait(&guest->wait, office->desk, &office->route, 0,
                         clock_ms() + within_ms, on_verdict, guest),
        ERR_OK);
}

static void first_come_first_served(void **state)
{
    struct office office;
    struct guest a, b, c;
    told[0] = '\0';
    open_office(&office, *state, 1);
    expect(&office, &office.route, DESK_ENTERED);
    expect(&office, &office.route, DESK_FULL);
    expect(&office, &office.other, DESK_ENTERED); /* another key */
    int64_t waits = metric_get(METRIC_PERMIT_WAITS_THINK);
    wait_in_line(&office, &a, 'a', 60000);
    wait_in_line(&office, &b, 'b', 60000);
    wait_in_line(&office, &c, 'c', 60000);
    assert_int_equal(metric_get(METRIC_PERMIT_WAITS_THINK), waits + 3);
    desk_leave(office.desk, &office.route, 0, NULL, 100);
    assert_string_equal(told, "");             /* not from within */
    expect(&office, &office.route, DESK_FULL); /* nobody overtakes them */
    story_until(office.story, told[0]);
    desk_wait_cancel(b.wait);
    desk_leave(office.desk, &office.route, 0, NULL, 0);
    story_until(office.story, strchr(told, 'c'));
    assert_string_equal(told, "a+ c+ ");
    close_office(&office);
}

static void waiting_has_an_end(void **state)
{
    struct office office;
    struct guest a, b;
    told[0] = '\0';
    open_office(&office, *state, 1);
    expect(&office, &office.route, DESK_ENTERED);
    wait_in_line(&office, &a, 'a', 60000);
    wait_in_line(&office, &b, 'b', 1); /* its deadline is its own */
    story_until(office.story, told[0]);
    assert_string_equal(told, "b- ");
    desk_leave(office.desk, &office.route, 0, &bad_key, 0); /* meanwhile */
    story_until(office.story, strchr(told, 'a'));
    assert_string_equal(told, "b- aopen ");
    close_office(&office);
}

/* Nobody else is left, or it would not be waited for. */
static void a_circuit_that_was_open_before_ends_no_wait(void **state)
{
    struct office office;
    struct guest a;
    told[0] = '\0';
    open_office(&office, *state, 1);
    fail_with(&office, &bad_key, 1);
    assert_int_equal(desk_insist(office.desk, &office.route, 0), DESK_ENTERED);
    assert_int_equal(desk_insist(office.desk, &office.route, 0), DESK_FULL);
    wait_in_line(&office, &a, 'a', 60000);
    story_run_for(office.story, 3);
    assert_string_equal(told, "");
    desk_leave(office.desk, &office.route, 0, &bad_key, 0);
    story_until(office.story, told[0]);
    assert_string_equal(told, "a+ ");
    desk_leave(office.desk, &office.route, 0, NULL, 100);
    close_office(&office);
}

static void people_see_how_a_provider_stands(void **state)
{
    struct office office;
    open_office(&office, *state, 0);
    expect(&office, &office.route, DESK_ENTERED);
    const struct standing *one = standing_find(SLOT_THINK, "one");
    const struct provider_metrics *metrics = provider_metrics_of(SLOT_THINK, "one");
    assert_int_equal(one->under_way, 1);
    assert_int_equal(one->circuits_open, 0);
    assert_int_equal(provider_metrics_circuits_open(metrics), 0);
    expect(&office, &office.other, DESK_ENTERED);
    assert_int_equal(one->under_way, 2);
    desk_leave(office.desk, &office.route, 0, &bad_key, 0);
    assert_int_equal(one->circuits_open, 1);
    assert_int_equal(provider_metrics_circuits_open(metrics), 1);
    desk_leave(office.desk, &office.other, 0, &bad_key, 0);
    assert_int_equal(one->circuits_open, 2); /* of two keys */
    assert_int_equal(provider_metrics_circuits_open(metrics), 2);
    assert_int_equal(desk_insist(office.desk, &office.route, 0), DESK_ENTERED);
    desk_leave(office.desk, &office.route, 0, NULL, 100);
    assert_int_equal(one->circuits_open, 1);
    assert_int_equal(provider_metrics_circuits_open(metrics), 1);
    for (unsigned i = 0; i < 20; i++) {
        expect(&office, &office.route, DESK_ENTERED);
        desk_leave(office.desk, &office.route, 0, NULL, 100);
    }
    assert_int_equal(one->usual_ms, 119);
    expect(&office, &office.route, DESK_ENTERED);
    close_office(&office); /* what is still under way goes with the desk */
    assert_int_equal(one->under_way, 0);
    assert_int_equal(one->circuits_open, 0);
    assert_int_equal(provider_metrics_circuits_open(metrics), 0);
}

static void whoever_is_told_may_cancel_others(void **state)
{
    struct office office;
    struct guest a, b;
    told[0] = '\0';
    open_office(&office, *state, 1);
    expect(&office, &office.route, DESK_ENTERED);
    wait_in_line(&office, &a, 'a', 60000);
    wait_in_line(&office, &b, 'b', 60000);
    a.cancels = &b;
    desk_leave(office.desk, &office.route, 0, &bad_key, 0);
    story_until(office.story, told[0]);
    story_run_for(office.story, 3);
    assert_string_equal(told, "aopen ");
    close_office(&office);
}

static void the_line_has_a_limit(void **state)
{
    struct office office;
    struct guest guests[DESK_WAITING_MAX];
    struct desk_wait *wait;
    open_office(&office, *state, 1);
    expect(&office, &office.route, DESK_ENTERED);
    for (unsigned i = 0; i < DESK_WAITING_MAX; i++)
        wait_in_line(&office, &guests[i], 'x', 60000);
    assert_int_equal(
        desk_wait(&wait, office.desk, &office.route, 0, clock_ms() + 60000, on_verdict, &guests[0]),
        ERR_FULL);
    for (unsigned i = 0; i < DESK_WAITING_MAX; i++)
        desk_wait_cancel(guests[i].wait);
    close_office(&office);
}

/* Two desks are two threads: what one gives back the other finds. */
static void limits_hold_for_the_process(void **state)
{
    struct office office;
    struct desk *elsewhere;
    struct guest a;
    told[0] = '\0';
    open_office(&office, *state, 1);
    assert_int_equal(desk_create(&elsewhere, office.story->loop), ERR_OK);
    assert_int_equal(desk_enter(elsewhere, &office.route, 0), DESK_ENTERED);
    expect(&office, &office.route, DESK_FULL);
    wait_in_line(&office, &a, 'a', 60000);
    desk_leave(elsewhere, &office.route, 0, NULL, 100);
    story_until(office.story, told[0]);
    assert_string_equal(told, "a+ ");
    desk_destroy(elsewhere);
    close_office(&office);
}

static void a_desk_that_goes_gives_back_what_it_took(void **state)
{
    struct office office;
    struct desk *elsewhere;
    open_office(&office, *state, 1);
    assert_int_equal(desk_create(&elsewhere, office.story->loop), ERR_OK);
    assert_int_equal(desk_enter(elsewhere, &office.route, 0), DESK_ENTERED);
    expect(&office, &office.route, DESK_FULL);
    desk_destroy(elsewhere);
    expect(&office, &office.route, DESK_ENTERED);
    close_office(&office);
}

static void many_keys_are_known_and_the_oldest_is_forgotten(void **state)
{
    struct office office;
    static struct provider_key keys[DESK_ACCOUNTS_MAX + 1];
    static char texts[DESK_ACCOUNTS_MAX + 1][16];
    const struct provider provider = {.name = "one", .driver = &thinking};
    struct route route;
    open_office(&office, *state, 0);
    for (unsigned i = 0; i <= DESK_ACCOUNTS_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "key %u", i);
        keys[i] = (struct provider_key){.provider = "one", .key = texts[i]};
        snprintf(keys[i].tenant_id, sizeof keys[i].tenant_id, "tenant %u", i);
    }
    catalog_publish(catalog_make(&provider, 1, keys, DESK_ACCOUNTS_MAX + 1));
    for (unsigned i = 0; i <= DESK_ACCOUNTS_MAX; i++) {
        route_make(&route, office.desk, SLOT_THINK, keys[i].tenant_id, NULL, 0);
        expect(&office, &route, DESK_ENTERED);
        desk_leave(office.desk, &route, 0, &bad_key, 0);
        route_clear(&route);
    }
    for (unsigned i = 0; i <= 1; i++) {
        route_make(&route, office.desk, SLOT_THINK, keys[i].tenant_id, NULL, 0);
        assert_int_equal(desk_is_open(office.desk, &route, 0), i > 0);
        route_clear(&route);
    }
    close_office(&office);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_desk_everything_may_be_asked),
        TEST(a_circuit_is_of_one_key),
        TEST(a_session_that_works_closes_its_circuit),
        TEST(what_is_usual_needs_some_answers),
        TEST(first_come_first_served),
        TEST(waiting_has_an_end),
        TEST(a_circuit_that_was_open_before_ends_no_wait),
        TEST(people_see_how_a_provider_stands),
        TEST(whoever_is_told_may_cancel_others),
        TEST(the_line_has_a_limit),
        TEST(limits_hold_for_the_process),
        TEST(a_desk_that_goes_gives_back_what_it_took),
        TEST(many_keys_are_known_and_the_oldest_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
