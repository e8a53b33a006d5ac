/* Searching what tenants know: whether spoken sentences find what they are about, and whose it is. */
#include "loop.h"

#include "store/knowledge.h"
#include "unit/store/knowledge_set.h"

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct database *database;
};

static void add_faqs(const char *url)
{
    PGconn *pg = PQconnectdb(url);
    for (size_t i = 0; i < FAQ_COUNT; i++) {
        const char *params[] = {FAQS[i].question, FAQS[i].answer, FAQS[i].tags};
        PGresult *result = PQexecParams(pg,
            "insert into faqs (tenant_id, question, answer, tags)"
            " values ('a', $1, $2, string_to_array($3, ', '))",
            3, NULL, params, NULL, NULL, 0);
        assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
        PQclear(result);
    }
    PQfinish(pg);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.postgres = postgres_start("store_knowledge");
    migrated_database(fixture.postgres, fixture.url);
    add_faqs(fixture.url);
    postgres_run(fixture.url,
        "insert into faqs (tenant_id, question, answer) values ('b', 'Secret?', 'secret parking');"
        "insert into knowledge_documents (tenant_id, title, body) values ('c', 'House rules',"
        " repeat('Guests are asked to leave the room as they found it. ', 200)"
        " || 'The sauna opens at seven in the evening. '"
        " || repeat('Breakfast is served in the hall downstairs. ', 200))");
    loop_start(&fixture.loop);
    fixture.database = open_database(&fixture.loop, fixture.url, 2);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    database_close(fixture->database);
    loop_end(&fixture->loop);
    postgres_stop(fixture->postgres);
    return 0;
}

struct found {
    bool is_here;
    enum err err;
    size_t count;
    char titles[8][520];
    char texts[8][2048];
};

static void keep(void *owner, const struct query_answer *answer)
{
    struct found *found = owner;
    found->is_here = true;
    found->err = answer->err;
    if (answer->err)
        print_message("%s %s\n", answer->sqlstate, answer->why);
    found->count = answer->err ? 0 : rows_count(answer->rows);
    assert_true(found->count <= 8);
    for (size_t i = 0; i < found->count; i++) {
        slice_copy(rows_get(answer->rows, i, 0), found->titles[i], sizeof found->titles[i]);
        slice_copy(rows_get(answer->rows, i, 1), found->texts[i], sizeof found->texts[i]);
    }
}

static bool is_found(void *owner)
{
    return ((struct found *)owner)->is_here;
}

static const struct found *search(struct fixture *f, const char *tenant_id, const char *language,
    const char *script_json, const char *words)
{
    static struct found found;
    struct query *query;
    found = (struct found){0};
    const struct knowledge_question question = {.tenant_id = tenant_id,
        .language = language,
        .words = slice_from(words),
        .script_json = script_json,
        .limit = 3,
        .timeout_ms = 10000};
    assert_int_equal(knowledge_search(&query, f->database, &question, keep, &found), ERR_OK);
    loop_run_until(&f->loop, is_found, &found);
    assert_int_equal(found.err, ERR_OK);
    return &found;
}

/* The numbers of docs/prompts.md. */
static void spoken_questions_find_their_answers(void **state)
{
    size_t first = 0, among_three = 0;
    for (size_t i = 0; i < SPOKEN_COUNT; i++) {
        const char *expected = FAQS[SPOKEN[i].expected].question;
        const struct found *found = search(*state, "a", "en", "[]", SPOKEN[i].words);
        bool is_among = false;
        for (size_t n = 0; n < found->count; n++)
            is_among = is_among || strcmp(found->titles[n], expected) == 0;
        first += found->count && strcmp(found->titles[0], expected) == 0;
        among_three += is_among;
        if (!is_among)
            print_message("\"%s\" does not find \"%s\"\n", SPOKEN[i].words, expected);
    }
    print_message("of %zu spoken questions among %zu: %zu first, %zu among three\n", SPOKEN_COUNT,
        FAQ_COUNT, first, among_three);
    assert_true(first >= 36);
    assert_true(among_three >= 37);
}

static void tenants_know_their_own(void **state)
{
    assert_int_equal(search(*state, "nobody", "en", "[]", "where do I park")->count, 0);
    const struct found *found = search(*state, "b", "en", "[]", "where do I park");
    assert_int_equal(found->count, 1);
    assert_string_equal(found->texts[0], "secret parking");
}

static void scripts_bring_their_own(void **state)
{
    const char *pieces =
        "[{\"title\":\"Do you rent bikes?\",\"tags\":\"cycle\",\"text\":\"By the "
        "day.\"},{\"title\":\"Do you sell tents?\",\"tags\":\"\",\"text\":\"No.\"}]";
    const struct found *found = search(*state, "nobody", "en", pieces, "I'd like to go cycling");
    assert_int_equal(found->count, 1);
    assert_string_equal(found->titles[0], "Do you rent bikes?");
    assert_string_equal(found->texts[0], "By the day.");
    /* and they stand in one order with the rows of the tables */
    pieces = "[{\"title\":\"Parking for buses\",\"tags\":\"bus\",\"text\":\"On Mill Lane.\"}]";
    found = search(*state, "a", "en", pieces, "where can we park our bus");
    assert_true(found->count >= 2);
    assert_string_equal(found->titles[0], "Parking for buses");
    assert_string_equal(found->titles[1], "Where can I park?");
}

static void long_texts_are_cut_to_the_passage(void **state)
{
    const struct found *found = search(*state, "c", "en", "[]", "when does the sauna open");
    assert_int_equal(found->count, 1);
    assert_string_equal(found->titles[0], "House rules");
    assert_non_null(strstr(found->texts[0], "The sauna opens at seven"));
    assert_true(strlen(found->texts[0]) < 1200);
}

static void words_are_only_words(void **state)
{
    static const char *const rows[] = {"", "   ", "of the and", "' | '':* & !",
        "\\'); drop table x", "a:b & !c <-> d", "\xc3\xa9t\xc3\xa9", "12 13 14", "?"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        search(*state, "a", "en", "[]", rows[i]);
    char long_words[8000];
    for (size_t i = 0; i + 6 < sizeof long_words; i += 6)
        snprintf(long_words + i, 7, "w%04zu ", i);
    search(*state, "a", "en", "[]", long_words);
}

static void languages_have_their_own_words(void **state)
{
    const char *pieces =
        "[{\"title\":\"Haben Sie Parkpl\\u00e4tze?\",\"tags\":\"\",\"text\":\"Ja.\"}]";
    assert_int_equal(search(*state, "nobody", "de", pieces, "wo ist ein Parkplatz")->count, 1);
    assert_int_equal(search(*state, "nobody", "xx", pieces, "parkpl\xc3\xa4tze")->count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoken_questions_find_their_answers),
        cmocka_unit_test(tenants_know_their_own),
        cmocka_unit_test(scripts_bring_their_own),
        cmocka_unit_test(long_texts_are_cut_to_the_passage),
        cmocka_unit_test(words_are_only_words),
        cmocka_unit_test(languages_have_their_own_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
