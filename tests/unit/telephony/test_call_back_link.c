#include "unit/telephony/cmocka_head.h"

#include <string.h>

#include "telephony/call_back_link.h"

#define ROW "10000000-0000-8000-8000-000000000001"
#define TASK "10000000-0000-8000-8000-000000000002"

static void what_is_written_is_read(void **state)
{
    struct call_back_link link = {.tenant_id = "acme-dental", .row_id = ROW, .task_id = TASK}, read;
    struct strbuf query;
    strbuf_init(&query, CALL_BACK_QUERY_MAX_BYTES);
    call_back_link_set(&link, SLICE("Ring Ann & Bob"), SLICE("they said \"Tuesday\", né?"));
    call_back_link_write(&query, &link);
    assert_false(query.failed);
    assert_int_equal(call_back_link_read(&read, strbuf_slice(&query)), ERR_OK);
    assert_memory_equal(&link, &read, sizeof link);
    strbuf_free(&query);
}

/* Whatever the texts are, the URL that is signed holds them. */
static void the_longest_fits(void **state)
{
    struct call_back_link link = {.row_id = ROW, .task_id = TASK}, read;
    char text[1200];
    struct strbuf query;
    memset(link.tenant_id, 'a', sizeof link.tenant_id - 1);
    for (size_t i = 0; i < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    call_back_link_set(&link, (struct slice){text, sizeof text}, (struct slice){text, sizeof text});
    assert_int_equal(strlen(link.title), 99); /* whole characters */
    assert_int_equal(strlen(link.details), 198);
    strbuf_init(&query, CALL_BACK_QUERY_MAX_BYTES);
    call_back_link_write(&query, &link);
    assert_false(query.failed);
    assert_int_equal(call_back_link_read(&read, strbuf_slice(&query)), ERR_OK);
    strbuf_free(&query);
}

static void others_are_told_apart(void **state)
{
    static const struct {
        const char *query;
        enum err err;
    } cases[] = {
        {"", ERR_NOT_FOUND},
        {"attempt=1", ERR_NOT_FOUND},
        {"row=" ROW "&tenant=acme", ERR_OK},
        {"attempt=2&row=" ROW "&tenant=acme&task=" TASK, ERR_OK},
        {"row=" ROW, ERR_BAD},
        {"row=1&tenant=acme", ERR_BAD},
        {"row=" ROW "0&tenant=acme", ERR_BAD},
        {"row=" ROW "&tenant=acme&task=x", ERR_BAD},
        {"row=%", ERR_BAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct call_back_link link;
        enum err err = call_back_link_read(&link, slice_from(cases[i].query));
        if (err != cases[i].err)
            fail_msg("%s: %s", cases[i].query, err_name(err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_longest_fits),
        cmocka_unit_test(others_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
