#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "base/crypto.h"
#include "base/id.h"
#include "base/mailbox.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/varint.h"

static void test_slices(void **state)
{
    struct slice rest = SLICE("a=1&b=&c");
    assert_true(slice_is(slice_split(&rest, '&'), "a=1"));
    assert_true(slice_is(slice_split(&rest, '&'), "b="));
    assert_true(slice_is(slice_split(&rest, '&'), "c"));
    assert_int_equal(rest.len, 0);
    assert_true(slice_is(slice_trim(SLICE(" \t x y\r\n")), "x y"));
    assert_true(slice_is_nocase(SLICE("WebSocket"), "websocket"));
    char small[4];
    assert_false(slice_copy(SLICE("abcd"), small, sizeof small));
    assert_string_equal(small, "abc");
}

static void test_strbuf_refuses_what_does_not_fit_and_says_so(void **state)
{
    struct strbuf buf;
    strbuf_init(&buf, 5);
    strbuf_add_text(&buf, "abc");
    strbuf_add_text(&buf, "def");
    assert_true(buf.failed);
    assert_string_equal(buf.data, "abc");
    assert_null(strbuf_take(&buf));
    strbuf_add_text(&buf, "abcde");
    strbuf_drop_front(&buf, 2);
    char *text = strbuf_take(&buf);
    assert_string_equal(text, "cde");
    free(text);
}

static void test_json_strings_are_always_valid(void **state)
{
    static const struct {
        struct slice in;
        const char *out;
    } rows[] = {
        {SLICE("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\u0001\""},
        {SLICE("Gr\xc3\xbc\xc3\x9f"), "\"Gr\xc3\xbc\xc3\x9f\""},
        {SLICE("\xff\xc3"), "\"\\ufffd\\ufffd\""},
        {SLICE("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
        {SLICE(""), "\"\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strbuf buf;
        strbuf_init(&buf, 200);
        strbuf_add_json(&buf, rows[i].in);
        assert_string_equal(buf.data, rows[i].out);
        strbuf_free(&buf);
    }
}

static void test_utf8(void **state)
{
    static const struct {
        struct slice text;
        bool is_valid;
    } rows[] = {{SLICE("plain"), true}, {SLICE("\xf0\x9f\x98\x80"), true},
        {SLICE("\xc0\x80"), false}, {SLICE("\xe0\x80\x80"), false},
        {SLICE("\xf4\x90\x80\x80"), false}, {SLICE("\xe2\x82"), false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(utf8_is_valid(rows[i].text.data, rows[i].text.len), rows[i].is_valid);
}

static void test_base64(void **state)
{
    static const struct {
        const char *plain, *text;
    } rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
        {"foobar", "Zm9vYmFy"}}; /* RFC 4648, section 10 */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[32];
        uint8_t plain[32];
        size_t len;
        base64_encode(rows[i].plain, strlen(rows[i].plain), text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(
            base64_decode(&len, plain, sizeof plain, slice_from(rows[i].text)), ERR_OK);
        assert_int_equal(len, strlen(rows[i].plain));
        assert_memory_equal(plain, rows[i].plain, len);
    }
    static const char *const wrong[] = {
        "Zg", "Zg=", "Z===", "====", "Zm9v=", "Zm 9", "Zg==Zg==", "Zm9\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t plain[32];
        size_t len;
        if (base64_decode(&len, plain, sizeof plain, slice_from(wrong[i])) != ERR_BAD)
            fail_msg("\"%s\" was taken", wrong[i]);
    }
    uint8_t one[1];
    size_t len;
    assert_int_equal(base64_decode(&len, one, sizeof one, SLICE("Zm9v")), ERR_FULL);
}

static void test_hashes(void **state)
{
    uint8_t mac[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    crypto_sha256(SLICE("abc"), mac); /* FIPS 180-4 */
    crypto_hex(mac, SHA256_BYTES, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_hmac_sha1(SLICE("Jefe"), SLICE("what do ya want for nothing?"), mac); /* RFC 2202 */
    crypto_hex(mac, SHA1_BYTES, hex);
    assert_string_equal(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    crypto_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), mac); /* RFC 4231 */
    crypto_hex(mac, SHA256_BYTES, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_ids_sort_by_time_and_differ(void **state)
{
    char a[ID_SIZE], b[ID_SIZE];
    id_of(SLICE("abc"), a);
    assert_string_equal(a, "ba7816bf-8f01-8fea-8141-40de5dae2223"); /* SHA-256 of abc */
    id_make(a);
    for (int i = 0; i < 1000; i++) {
        id_make(b);
        assert_string_not_equal(a, b);
        assert_true(strncmp(a, b, 13) <= 0);
        assert_int_equal(b[14], '7');
        assert_non_null(strchr("89ab", b[19]));
        memcpy(a, b, sizeof a);
    }
}

struct counted {
    struct letter letter;
    unsigned sender;
    unsigned number;
};

static void count_wake(void *owner)
{
    __atomic_add_fetch((unsigned *)owner, 1, __ATOMIC_RELAXED);
}

static void test_a_full_mailbox_refuses_and_wakes_once(void **state)
{
    struct mailbox box;
    unsigned wakes = 0;
    struct counted letters[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    mailbox_init(&box, 2, count_wake, &wakes);
    assert_int_equal(mailbox_put(&box, &letters[0].letter), ERR_OK);
    assert_int_equal(mailbox_put(&box, &letters[1].letter), ERR_OK);
    assert_int_equal(mailbox_put(&box, &letters[2].letter), ERR_FULL);
    assert_int_equal(wakes, 1);
    struct counted *first = (struct counted *)mailbox_take_all(&box);
    assert_int_equal(first->number, 1);
    assert_ptr_equal(first->letter.next, &letters[1].letter);
    assert_null(mailbox_take_all(&box));
    mailbox_destroy(&box);
}

#define SENDERS 4
#define LETTERS 5000

struct sender {
    struct mailbox *box;
    unsigned number;
};

static void *send_all(void *owner)
{
    struct sender *sender = owner;
    for (unsigned i = 0; i < LETTERS; i++) {
        struct counted *letter = malloc(sizeof *letter);
        *letter = (struct counted){.sender = sender->number, .number = i};
        while (mailbox_put(sender->box, &letter->letter) != ERR_OK)
            sched_yield();
    }
    return NULL;
}

static void test_every_letter_of_many_threads_arrives_in_its_order(void **state)
{
    struct mailbox box;
    mailbox_init(&box, 64, NULL, NULL);
    pthread_t threads[SENDERS];
    struct sender senders[SENDERS];
    unsigned next[SENDERS] = {0}, count = 0;
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){&box, i};
        pthread_create(&threads[i], NULL, send_all, &senders[i]);
    }
    while (count < SENDERS * LETTERS) {
        struct letter *letter = mailbox_take_all(&box);
        if (!letter)
            sched_yield();
        while (letter) {
            struct counted *one = (struct counted *)letter;
            letter = letter->next;
            assert_int_equal(one->number, next[one->sender]);
            next[one->sender]++;
            count++;
            free(one);
        }
    }
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    mailbox_destroy(&box);
}

static void test_crc32c(void **state)
{
    assert_int_equal(
        crc32c(0, SLICE("123456789")), 0xe3069283); /* the check value of its catalogues */
    assert_int_equal(crc32c(crc32c(0, SLICE("1234")), SLICE("56789")), 0xe3069283);
    assert_int_equal(crc32c(0, SLICE("")), 0);
}

static void test_varints_come_back_and_cut_ones_are_refused(void **state)
{
    static const uint64_t numbers[] = {0, 1, 127, 128, 300, 1u << 31, UINT64_MAX};
    struct strbuf buf;
    strbuf_init(&buf, 100);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        varint_add(&buf, numbers[i]);
    varint_add_text(&buf, SLICE("a mark"));
    struct slice rest = strbuf_slice(&buf), text;
    uint64_t number;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_true(varint_take(&rest, &number));
        assert_true(number == numbers[i]);
    }
    struct slice cut = {rest.data, rest.len - 1}, before = cut;
    assert_false(varint_take_text(&cut, &text));
    assert_ptr_equal(cut.data, before.data);
    assert_true(varint_take_text(&rest, &text));
    assert_true(slice_is(text, "a mark"));
    assert_false(varint_take(&rest, &number));
    struct slice too_long = SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    assert_false(varint_take(&too_long, &number));
    strbuf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_strbuf_refuses_what_does_not_fit_and_says_so),
        cmocka_unit_test(test_json_strings_are_always_valid),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_crc32c),
        cmocka_unit_test(test_varints_come_back_and_cut_ones_are_refused),
        cmocka_unit_test(test_ids_sort_by_time_and_differ),
        cmocka_unit_test(test_a_full_mailbox_refuses_and_wakes_once),
        cmocka_unit_test(test_every_letter_of_many_threads_arrives_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
