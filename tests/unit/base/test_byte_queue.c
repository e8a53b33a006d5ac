#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/byte_queue.h"

static void what_comes_first_is_first(void **state)
{
    struct byte_queue queue = {0};
    assert_int_equal(byte_queue_front(&queue).len, 0);
    assert_int_equal(byte_queue_add(&queue, "one", 3), ERR_OK);
    assert_int_equal(byte_queue_add(&queue, "two", 3), ERR_OK);
    assert_true(slice_is(byte_queue_front(&queue), "onetwo"));
    byte_queue_drop(&queue, 2);
    assert_true(slice_is(byte_queue_front(&queue), "etwo"));
    assert_int_equal(queue.len, 4);
    byte_queue_drop(&queue, 100);
    assert_int_equal(queue.len, 0);
    assert_null(queue.first);
}

/* Byte n of all that is ever added is n modulo 251. */
static void expect_bytes(const unsigned char *bytes, size_t first, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], (first + i) % 251);
}

static void expect_content(const struct byte_queue *queue, size_t first)
{
    static unsigned char copy[20000];
    size_t at = queue->len ? (size_t)rand() % queue->len : 0;
    size_t len = queue->len ? (size_t)rand() % (queue->len - at + 1) : 0;
    byte_queue_copy(queue, at, copy, len);
    expect_bytes(copy, first + at, len);
    struct slice front = byte_queue_front(queue);
    assert_int_equal(front.len == 0, queue->len == 0);
    expect_bytes((const unsigned char *)front.data, first, front.len);
}

static void any_mixture_keeps_the_order(void **state)
{
    struct byte_queue queue = {0};
    size_t added = 0, dropped = 0;
    srand(7);
    for (int round = 0; round < 3000; round++) {
        unsigned char data[3000];
        size_t len = (size_t)rand() % (rand() % 2 ? 300 : sizeof data);
        for (size_t i = 0; i < len; i++)
            data[i] = (unsigned char)((added + i) % 251);
        if (queue.len + len < 16000) {
            assert_int_equal(byte_queue_add(&queue, data, len), ERR_OK);
            added += len;
        }
        size_t drop = (size_t)rand() % 3000;
        drop = drop < queue.len ? drop : queue.len;
        byte_queue_drop(&queue, drop);
        dropped += drop;
        assert_int_equal(queue.len, added - dropped);
        expect_content(&queue, dropped);
    }
    byte_queue_drop(&queue, queue.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_first_is_first),
        cmocka_unit_test(any_mixture_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
