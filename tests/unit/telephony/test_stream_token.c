#include "unit/telephony/cmocka_head.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "telephony/stream_token.h"

#define KEY SLICE("a key of this process")
#define CALL "CA00000000000000000000000000000001"
#define NOW_MS 1800000000000ull

static struct stream_token a_token(void)
{
    return (struct stream_token){CALL, "acme-dental", 2, NOW_MS + STREAM_TOKEN_LIFETIME_MS};
}

static void make(char out[STREAM_TOKEN_SIZE])
{
    struct stream_token token = a_token();
    assert_int_equal(stream_token_make(out, &token, KEY), ERR_OK);
}

static enum err check(const char *text, const char *call_sid, uint64_t now_ms)
{
    struct stream_token token;
    return stream_token_check(&token, slice_from(text), slice_from(call_sid), KEY, now_ms);
}

static void a_token_reads_back_what_was_put_in(void **state)
{
    char text[STREAM_TOKEN_SIZE];
    make(text);
    assert_memory_equal(text, "v1.2.1800000060000.acme-dental.", 31);
    struct stream_token token;
    assert_int_equal(
        stream_token_check(&token, slice_from(text), SLICE(CALL), KEY, NOW_MS), ERR_OK);
    assert_string_equal(token.call_sid, CALL);
    assert_string_equal(token.tenant, "acme-dental");
    assert_int_equal(token.attempt, 2);
    assert_int_equal(token.expires_wall_ms, NOW_MS + STREAM_TOKEN_LIFETIME_MS);
}

static void a_tenant_may_hold_dots(void **state)
{
    struct stream_token token = a_token();
    strcpy(token.tenant, "a.b.c");
    char text[STREAM_TOKEN_SIZE];
    assert_int_equal(stream_token_make(text, &token, KEY), ERR_OK);
    assert_int_equal(
        stream_token_check(&token, slice_from(text), SLICE(CALL), KEY, NOW_MS), ERR_OK);
    assert_string_equal(token.tenant, "a.b.c");
}

static void it_expires(void **state)
{
    char text[STREAM_TOKEN_SIZE];
    make(text);
    assert_int_equal(check(text, CALL, NOW_MS + STREAM_TOKEN_LIFETIME_MS - 1), ERR_OK);
    assert_int_equal(check(text, CALL, NOW_MS + STREAM_TOKEN_LIFETIME_MS), ERR_TIMEOUT);
}

static void every_altered_character_is_noticed(void **state)
{
    char text[STREAM_TOKEN_SIZE];
    make(text);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(check(text, CALL, NOW_MS), ERR_BAD);
        text[i] = kept;
    }
    for (size_t cut = 0; cut < len; cut++) {
        struct stream_token token;
        struct slice part = {text, cut};
        assert_int_equal(stream_token_check(&token, part, SLICE(CALL), KEY, NOW_MS), ERR_BAD);
    }
}

static void it_is_bound_to_its_call_and_key(void **state)
{
    char text[STREAM_TOKEN_SIZE];
    make(text);
    assert_int_equal(check(text, "CA00000000000000000000000000000002", NOW_MS), ERR_BAD);
    assert_int_equal(check(text, "", NOW_MS), ERR_BAD);
    struct stream_token token;
    assert_int_equal(
        stream_token_check(&token, slice_from(text), SLICE(CALL), SLICE("another"), NOW_MS),
        ERR_BAD);
    assert_int_equal(
        stream_token_check(&token, slice_from(text), SLICE(CALL), SLICE(""), NOW_MS), ERR_BAD);
}

static void what_cannot_be_carried_is_refused(void **state)
{
    char text[STREAM_TOKEN_SIZE];
    struct stream_token token = a_token();
    token.tenant[0] = 0;
    assert_int_equal(stream_token_make(text, &token, KEY), ERR_BAD);
    strcpy(token.tenant, "two words");
    assert_int_equal(stream_token_make(text, &token, KEY), ERR_BAD);
    token = a_token();
    token.call_sid[0] = 0;
    assert_int_equal(stream_token_make(text, &token, KEY), ERR_BAD);
    token = a_token();
    assert_int_equal(stream_token_make(text, &token, SLICE("")), ERR_BAD);
}

static void the_longest_token_fits(void **state)
{
    struct stream_token token = {.attempt = UINT32_MAX, .expires_wall_ms = UINT64_MAX};
    memset(token.tenant, 't', sizeof token.tenant - 1);
    memset(token.call_sid, 'C', sizeof token.call_sid - 1);
    char text[STREAM_TOKEN_SIZE];
    assert_int_equal(stream_token_make(text, &token, KEY), ERR_OK);
    struct stream_token read;
    assert_int_equal(
        stream_token_check(&read, slice_from(text), slice_from(token.call_sid), KEY, NOW_MS),
        ERR_OK);
    assert_memory_equal(&read, &token, sizeof token);
}

static void one_use_is_claimed_once(void **state)
{
    struct stream_token token = a_token();
    assert_true(stream_token_claim(&token, NOW_MS));
    assert_false(stream_token_claim(&token, NOW_MS));
    token.attempt = 3;
    assert_true(stream_token_claim(&token, NOW_MS));
    assert_false(stream_token_claim(&token, NOW_MS + 1000));
}

static void the_oldest_claim_makes_room(void **state)
{
    uint64_t now_ms = NOW_MS + 10 * STREAM_TOKEN_LIFETIME_MS; /* nothing of before is left */
    struct stream_token token = a_token();
    token.expires_wall_ms = now_ms + STREAM_TOKEN_LIFETIME_MS;
    for (unsigned i = 0; i < 65536; i++) {
        token.attempt = i;
        assert_true(stream_token_claim(&token, now_ms));
    }
    token.attempt = 65536;
    assert_true(stream_token_claim(&token, now_ms));
    token.attempt = 2;
    assert_false(stream_token_claim(&token, now_ms));
    token.attempt = 0;
    assert_true(stream_token_claim(&token, now_ms));
    assert_true(stream_token_claim(&token, token.expires_wall_ms)); /* expired ones are forgotten */
}

static void *claim_many(void *counter)
{
    unsigned *won = counter;
    struct stream_token token = a_token();
    token.expires_wall_ms = UINT64_MAX - 1;
    strcpy(token.call_sid, "CA00000000000000000000000000000777");
    for (unsigned i = 0; i < 2000; i++) {
        token.attempt = i;
        *won += stream_token_claim(&token, NOW_MS + 100 * STREAM_TOKEN_LIFETIME_MS);
    }
    return NULL;
}

static void threads_never_win_the_same_claim(void **state)
{
    pthread_t threads[4];
    unsigned won[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, claim_many, &won[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(won[0] + won[1] + won[2] + won[3], 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_reads_back_what_was_put_in),
        cmocka_unit_test(a_tenant_may_hold_dots),
        cmocka_unit_test(it_expires),
        cmocka_unit_test(every_altered_character_is_noticed),
        cmocka_unit_test(it_is_bound_to_its_call_and_key),
        cmocka_unit_test(what_cannot_be_carried_is_refused),
        cmocka_unit_test(the_longest_token_fits),
        cmocka_unit_test(one_use_is_claimed_once),
        cmocka_unit_test(the_oldest_claim_makes_room),
        cmocka_unit_test(threads_never_win_the_same_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
