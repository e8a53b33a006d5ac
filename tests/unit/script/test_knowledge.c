/* What a tenant knows, on its way into the prompt: what scripts bring, and searches that come, fail, are late or are not
   wanted any more. The search is a double that the test answers for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "script/build.h"
#include "script/knowledge.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

struct world {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct script_host *host;
    struct answers answers;
    struct script_knowledge knowledge;
    /* the searches under way, the newest last */
    struct {
        script_found_fn *found;
        void *found_owner;
    } open[4];
    size_t open_count;
    char words[64];
    unsigned searches, cancels;
    bool is_refusing;
};

static enum err begin_search(void **search, void *owner, const struct agent *agent,
    struct slice words, unsigned timeout_ms, script_found_fn *found, void *found_owner)
{
    struct world *world = owner;
    assert_int_equal(timeout_ms, KNOWLEDGE_WAIT_MS);
    assert_true(world->open_count < 4);
    world->searches++;
    if (world->is_refusing)
        return ERR_UNREACHABLE;
    slice_copy(words, world->words, sizeof world->words);
    world->open[world->open_count].found = found;
    world->open[world->open_count++].found_owner = found_owner;
    *search = world;
    return ERR_OK;
}

static void cancel_search(void *search)
{
    struct world *world = search;
    assert_int_equal(world->open_count, 1);
    world->open_count = 0;
    world->cancels++;
}

/* The newest one. */
static void end_search(struct world *world, enum err err, const char *pieces)
{
    assert_true(world->open_count > 0);
    size_t at = --world->open_count;
    world->open[at].found(
        world->open[at].found_owner, err, pieces ? json_loads(pieces, 0, NULL) : NULL);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    folder_write(&world->folder, "tenants/readme.txt", "");
    world->knowledge = (struct script_knowledge){begin_search, cancel_search, world};
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    answers_open(&world->answers, world->loop);
    struct script_host_options options = {
        .scripts_path = world->folder.path, .knowledge = &world->knowledge};
    assert_int_equal(script_host_create(&world->host, world->loop, &options), ERR_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    script_host_destroy(world->host);
    assert_int_equal(world->open_count, 0);
    agent_table_clear();
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void agent_is(struct world *world, const char *agent_lua)
{
    folder_write(&world->folder, "tenants/acme/agent.lua", agent_lua);
    assert_int_equal(script_host_load(world->host), 1);
}

static void send(struct world *world, enum script_job_kind kind, const char *utterance)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &world->answers.box;
    slice_copy(SLICE("call"), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    job->utterance = utterance ? slice_dup(slice_from(utterance)) : NULL;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

static void ask(struct world *world, const char *utterance)
{
    send(world, SCRIPT_PROMPT, utterance);
    answers_run_for(&world->answers, 5);
}

static void expect_prompt(struct world *world, const char *text)
{
    struct script_result *result = answers_next(&world->answers);
    if (result->why)
        print_message("%s\n", result->why);
    assert_string_equal(result->text, text);
    script_result_free(result);
}

#define READER                                                                                     \
    "prompt = function(call) local k = call.knowledge\n"                                           \
    "  if not k then return 'nothing asked' end\n"                                                 \
    "  return #k .. (k[1] and k[1].title .. '=' .. k[1].text or '') end }"
#define PIECES "[{\"title\":\"Walk-ins?\",\"text\":\"Yes.\",\"score\":0.5}]"

static void a_prompt_waits_for_what_is_known(void **state)
{
    struct world *world = *state;
    agent_is(world, "return { name = 'A', knowledge = {}, " READER);
    ask(world, "can I walk in");
    assert_string_equal(world->words, "can I walk in");
    assert_true(answers_are_all_read(&world->answers));
    end_search(world, ERR_OK, PIECES);
    expect_prompt(world, "1Walk-ins?=Yes.");
    ask(world, "and something else");
    end_search(world, ERR_OK, "[]");
    expect_prompt(world, "0");
}

static void a_late_search_is_not_waited_for(void **state)
{
    struct world *world = *state;
    agent_is(world, "return { name = 'A', knowledge = {}, " READER);
    ask(world, "one");
    end_search(world, ERR_OK, PIECES);
    expect_prompt(world, "1Walk-ins?=Yes.");
    ask(world, "two"); /* and what was known of the words before is no longer said */
    end_search(world, ERR_TIMEOUT, NULL);
    expect_prompt(world, "nothing asked");
    world->is_refusing = true;
    ask(world, "three");
    expect_prompt(world, "nothing asked");
}

static void nothing_is_searched_in_vain(void **state)
{
    struct world *world = *state;
    agent_is(world, "return { name = 'A', " READER);
    ask(world, "hello");
    expect_prompt(world, "nothing asked");
    agent_is(world, "return { name = 'A', knowledge = { limit = 0 }, " READER);
    ask(world, "hello");
    expect_prompt(world, "nothing asked");
    agent_is(world, "return { name = 'A', knowledge = { limit = 2 }, " READER);
    ask(world, "");
    expect_prompt(world, "nothing asked");
    assert_int_equal(world->searches, 0);
}

/* A caller goes on while a draft is made: the answer to the older words comes last, and is not taken for the newer. */
static void the_newest_words_count(void **state)
{
    struct world *world = *state;
    agent_is(world, "return { name = 'A', knowledge = {}, " READER);
    ask(world, "can I");
    ask(world, "can I walk in");
    assert_int_equal(world->open_count, 2);
    end_search(world, ERR_OK, PIECES);
    end_search(world, ERR_OK, "[]");
    expect_prompt(world, "1Walk-ins?=Yes.");
    expect_prompt(world, "1Walk-ins?=Yes."); /* of the draft that nobody waits for */
    ask(world, "one");
    ask(world, "two");
    end_search(world, ERR_TIMEOUT, NULL);
    end_search(world, ERR_OK, PIECES);
    expect_prompt(world, "nothing asked");
    expect_prompt(world, "nothing asked");
}

static void a_call_that_ends_takes_its_search_along(void **state)
{
    struct world *world = *state;
    agent_is(world, "return { name = 'A', knowledge = {}, " READER);
    ask(world, "hello");
    assert_int_equal(world->open_count, 1);
    send(world, SCRIPT_CALL_END, NULL);
    answers_run_for(&world->answers, 5);
    assert_int_equal(world->open_count, 0);
    assert_int_equal(world->cancels, 1);
    ask(world, "hello again"); /* the host goes with one under way */
    assert_int_equal(world->open_count, 1);
}

/* ---- what scripts bring ---- */

static const struct script_library no_library;

static enum err build(
    struct world *world, const char *agent_lua, struct version **out, char why[512])
{
    char text[4096];
    snprintf(text, sizeof text, "return { name = 'A',\n%s,\nprompt = function() return 'p' end }",
        agent_lua);
    folder_write(&world->folder, "tenants/acme/agent.lua", text);
    enum err err = build_new(out, world->folder.path, "acme", &no_library, why);
    if (!err)
        err = build_finish(*out, why);
    return err;
}

static void scripts_bring_pieces(void **state)
{
    struct world *world = *state;
    struct version *version;
    char why[512];
    folder_write(&world->folder, "tenants/acme/knowledge/rooms.md",
        "We have two.\n\n# The cellar\nFor thirty.\n\nIt is cool.\n## Empty\n\n##  Garden\nOpen in "
        "June.");
    assert_int_equal(build(world,
                         "faqs = { { 'Dogs?', 'Yes.' }, { 'Cats?', 'No.', tags = 'kitten' } },\n"
                         "knowledge = { limit = 2, files = { 'knowledge/rooms.md' } }",
                         &version, why),
        ERR_OK);
    const struct agent_knowledge *knowledge = &version->agent->knowledge;
    assert_int_equal(knowledge->limit, 2);
    assert_int_equal(knowledge->count, 5);
    assert_string_equal(knowledge->pieces_json,
        "[{\"tags\":\"\",\"text\":\"Yes.\",\"title\":\"Dogs?\"},"
        "{\"tags\":\"kitten\",\"text\":\"No.\",\"title\":\"Cats?\"},"
        "{\"tags\":\"\",\"text\":\"We have two.\",\"title\":\"rooms\"},"
        "{\"tags\":\"\",\"text\":\"For thirty.\\n\\nIt is cool.\",\"title\":\"The cellar\"},"
        "{\"tags\":\"\",\"text\":\"Open in June.\",\"title\":\"Garden\"}]");
    assert_false(sources_changed(version->sources));
    folder_write(&world->folder, "tenants/acme/knowledge/rooms.md", "We have three.");
    assert_true(sources_changed(version->sources));
    version_release(version);
}

static void defaults_are_few(void **state)
{
    struct version *version;
    char why[512];
    assert_int_equal(build(*state, "language = 'en'", &version, why), ERR_OK);
    assert_int_equal(version->agent->knowledge.limit, 0);
    assert_string_equal(version->agent->knowledge.pieces_json, "[]");
    version_release(version);
    assert_int_equal(build(*state, "faqs = { { 'Q', 'A' } }", &version, why), ERR_OK);
    assert_int_equal(version->agent->knowledge.limit, 3);
    version_release(version);
}

static void wrong_pieces_are_refused(void **state)
{
    struct world *world = *state;
    struct version *version;
    char long_section[2200];
    memset(long_section, 'x', sizeof long_section - 1);
    memcpy(long_section, "# Rules\n", 8);
    long_section[sizeof long_section - 1] = 0;
    folder_write(&world->folder, "tenants/acme/long.md", long_section);
    static const struct {
        const char *lua, *why;
    } rows[] = {
        {"faqs = 'none'", "agent.lua:2: faqs is \"none\": it must be a table"},
        {"faqs = {\n'Dogs?' }",
            "agent.lua:2: faqs[1] is \"Dogs?\": it must be { \"a question\", \"its answer\" }"},
        {"faqs = { { 'Dogs?' } }",
            "agent.lua:2: faqs[1] must be { \"a question\", \"its answer\" }"},
        {"knowledge = { limit = 9 }", "agent.lua:2: knowledge.limit is 9: it must be from 0 to 8"},
        {"knowledge = { file = {} }",
            "agent.lua:2: knowledge.file is not a known field: did you mean files?"},
        {"knowledge = { files = { '../x.md' } }",
            "agent.lua:2: knowledge.files[1] is \"../x.md\": it must be a .md file in the tenant's "
            "folder"},
        {"knowledge = { files = { 'none.md' } }",
            "agent.lua:2: knowledge.files[1] cannot be read: none.md: No such file or directory"},
        {"knowledge = { files = { 'long.md' } }",
            "agent.lua:2: knowledge.files[1] has a part of more than 2000 bytes, or not in UTF-8, "
            "below \"Rules\": give it headings"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[512];
        assert_int_equal(build(world, rows[i].lua, &version, why), ERR_BAD);
        assert_string_equal(why, rows[i].why);
        version_release(version);
    }
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_prompt_waits_for_what_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_search_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_searched_in_vain, setup, teardown),
        cmocka_unit_test_setup_teardown(the_newest_words_count, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_that_ends_takes_its_search_along, setup, teardown),
        cmocka_unit_test_setup_teardown(scripts_bring_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(defaults_are_few, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_pieces_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
