#include "unit/telephony/cmocka_head.h"

#include <string.h>

#include "telephony/transfer_link.h"

static const struct transfer_link ann = {.tenant_id = "acme",
    .call_id = "11111111-2222-3333-4444-555555555555",
    .call_sid = "CA1",
    .to = "+15550100099",
    .attempt = 10,
    .is_warm = true,
    .then = TRANSFER_VOICEMAIL,
    .was = "lead",
    .prompt = "Press any key.",
    .whisper = "Ann & Bob, a=b?\xc3\xbc"};

static struct strbuf query_of(const struct transfer_link *link)
{
    struct strbuf query;
    strbuf_init(&query, 4096);
    transfer_link_add(&query, link, NULL, SLICE("key"));
    assert_false(query.failed);
    return query;
}

static void what_a_link_says_comes_back(void **state)
{
    struct transfer_link read, plain = ann;
    struct strbuf query = query_of(&ann);
    assert_int_equal(transfer_link_read(&read, strbuf_slice(&query), SLICE("key")), ERR_OK);
    assert_memory_equal(&read, &ann, sizeof read);
    strbuf_free(&query);
    plain.is_warm = false;
    plain.prompt[0] = plain.whisper[0] = 0;
    memset(plain.prompt, 0, sizeof plain.prompt);
    memset(plain.whisper, 0, sizeof plain.whisper);
    query = query_of(&plain);
    assert_non_null(strstr(query.data, "to=%2B15550100099&attempt=10&kind=blind"));
    assert_int_equal(transfer_link_read(&read, strbuf_slice(&query), SLICE("")), ERR_OK);
    assert_memory_equal(&read, &plain, sizeof read);
    strbuf_free(&query);
}

static void what_was_altered_is_none(void **state)
{
    struct transfer_link read;
    struct strbuf query = query_of(&ann);
    for (size_t i = 0; i < query.len; i++) {
        query.data[i] ^= 1;
        assert_int_not_equal(transfer_link_read(&read, strbuf_slice(&query), SLICE("key")), ERR_OK);
        query.data[i] ^= 1;
    }
    assert_int_equal(transfer_link_read(&read, strbuf_slice(&query), SLICE("other")), ERR_BAD);
    struct slice cut = {query.data, query.len - 1};
    assert_int_equal(transfer_link_read(&read, cut, SLICE("key")), ERR_BAD);
    strbuf_free(&query);
}

/* Whoever was called by us comes back as such: the same query is that call's, too. */
static void a_call_that_we_made_stays_one(void **state)
{
    struct call_back_link made = {.tenant_id = "acme",
                              .row_id = "22222222-2222-3333-4444-555555555555",
                              .task_id = "33333333-2222-3333-4444-555555555555",
                              .title = "Ann & Tuesday",
                              .details = "3 pm"},
                          read_made;
    struct transfer_link read;
    struct strbuf query;
    strbuf_init(&query, 4096);
    transfer_link_add(&query, &ann, &made, SLICE("key"));
    assert_int_equal(transfer_link_read(&read, strbuf_slice(&query), SLICE("key")), ERR_OK);
    assert_memory_equal(&read, &ann, sizeof read);
    assert_int_equal(call_back_link_read(&read_made, strbuf_slice(&query)), ERR_OK);
    assert_memory_equal(&read_made, &made, sizeof made);
    strbuf_free(&query);
    query = query_of(&ann);
    assert_int_equal(call_back_link_read(&read_made, strbuf_slice(&query)), ERR_NOT_FOUND);
    strbuf_free(&query);
}

static void what_is_missing_or_too_long_is_refused(void **state)
{
#define FIRST "tenant=a&call=c&sid=CA1&to=%2B15550100099"
    static const struct {
        const char *query;
        enum err err;
    } rows[] = {
        {FIRST "&attempt=0&kind=warm&then=back", ERR_OK},
        {"tenant=a", ERR_NOT_FOUND},
        {"", ERR_NOT_FOUND},
        {FIRST "&attempt=100&kind=warm&then=back", ERR_BAD},
        {FIRST "&attempt=99999999999&kind=warm&then=back", ERR_BAD},
        {FIRST "&attempt=-1&kind=warm&then=back", ERR_BAD},
        {FIRST "&attempt=&kind=warm&then=back", ERR_BAD},
        {FIRST "&attempt=0&kind=hot&then=back", ERR_BAD},
        {FIRST "&attempt=0&kind=warm&then=away", ERR_BAD},
        {FIRST "&attempt=0&kind=warm&then=back&was=abandoned-by-everybody-there-is", ERR_BAD},
        {FIRST "%00&attempt=0&kind=warm&then=back", ERR_BAD},
        {"tenant=&call=c&sid=CA1&to=1&attempt=0&kind=warm&then=back", ERR_BAD},
        {"to=%2", ERR_BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct transfer_link read;
        assert_int_equal(
            transfer_link_read(&read, slice_from(rows[i].query), SLICE("")), rows[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_link_says_comes_back),
        cmocka_unit_test(what_was_altered_is_none),
        cmocka_unit_test(a_call_that_we_made_stays_one),
        cmocka_unit_test(what_is_missing_or_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
