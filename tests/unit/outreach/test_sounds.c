/* Recordings on their way from the carrier to us: a real Postgres, the sandbox as the carrier, ears that say what they are
   told to. */
#include "support/postgres.h"

#include <stdbool.h>
#include <sys/stat.h>

#include "outreach/sounds.h"
#include "store/migrate.h"
#include "unit/sandbox/sandbox_story.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define RE "RE00000000000000000000000000000001"
#define ID "10000000-0000-8000-8000-000000000001"
#define CALL "20000000-0000-8000-8000-000000000001"
#define CALLER "+15550100001"
#define OURS "+15550100002"
#define STAFF "+15550100009"
#define HAS(sql) postgres_number(world->url, "select count(*) from " sql) == 1

struct world_of_sounds {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    char folder[400];
    char base[100];
    void *sandbox;
    struct sandbox_story *story;
    struct sounds *sounds;
};

/* ---- ears ---- */

static struct {
    enum err err; /* what they answer */
    const char *text;
    const char *staff;
    unsigned asked;
    size_t wav_bytes;
} ears;

struct ear {
    struct net_timer *timer;
    sound_heard_fn *fn;
    void *owner;
};

static void stop_hearing(void *hearing)
{
    struct ear *ear = hearing;
    net_timer_destroy(ear->timer);
    free(ear);
}

static void answer_later(void *owner)
{
    struct ear ear = *(struct ear *)owner;
    stop_hearing(owner);
    ear.fn(ear.owner, ears.err, slice_from(ears.text), "ears", ears.err ? "deaf" : "");
}

static enum err hear(void **out, struct net_loop *loop, const char *tenant_id, struct slice wav,
    sound_heard_fn *fn, void *owner)
{
    ears.asked++;
    ears.wav_bytes = wav.len;
    if (ears.err == ERR_NOT_FOUND)
        return ERR_NOT_FOUND;
    struct ear *ear = calloc(1, sizeof *ear);
    *ear = (struct ear){.fn = fn, .owner = owner};
    assert_int_equal(net_timer_create(&ear->timer, loop, answer_later, ear), ERR_OK);
    net_timer_set(ear->timer, 0);
    *out = ear;
    return ERR_OK;
}

static void whom_to_tell(
    const char *tenant_id, char to[SOUND_NUMBER_SIZE], char from[SOUND_NUMBER_SIZE])
{
    snprintf(to, SOUND_NUMBER_SIZE, "%s", ears.staff);
    snprintf(from, SOUND_NUMBER_SIZE, "%s", OURS);
}

static const struct sound_ops ops = {hear, stop_hearing, whom_to_tell};

/* ---- the world ---- */

static void open_sounds(struct world_of_sounds *world)
{
    struct sounds_options options = {.database_url = world->url,
        .rest = {world->base, ACCOUNT, "token"},
        .folder = world->folder,
        .ops = &ops};
    assert_int_equal(sounds_open(&world->sounds, world->story->net.loop, &options), ERR_OK);
}

static int begin(void **state)
{
    static struct world_of_sounds world;
    static struct postgres *postgres;
    char why[512];
    unsigned applied;
    if (!postgres)
        postgres = *state;
    world = (struct world_of_sounds){.postgres = postgres};
    memset(&ears, 0, sizeof ears);
    ears.text = "Please call me back.";
    ears.staff = "";
    snprintf(world.folder, sizeof world.folder, "%s/recordings", postgres->dir);
    postgres_new_database(postgres, world.url);
    if (store_migrate(world.url, &applied, why))
        fail_msg("%s", why);
    if (sandbox_begin(&world.sandbox))
        return 1;
    world.story = world.sandbox;
    snprintf(world.base, sizeof world.base, "http://%s/", world.story->address);
    postgres_run(world.url,
        "insert into contacts (tenant_id, name, phone) values ('acme', 'Ann', '" CALLER "');"
        "insert into calls (id, tenant_id, call_sid, from_number, to_number, direction)"
        " values ('" CALL "', 'acme', 'CA1', '" CALLER "', '" OURS "', 'inbound');"
        "insert into recordings (id, tenant_id, call_id, kind, carrier_sid, status)"
        " values ('" ID "', 'acme', '" CALL "', 'voicemail', '" RE "', 'completed');"
        "insert into voicemails (id, tenant_id, call_id, recording_id, from_number)"
        " values (gen_random_uuid(), 'acme', '" CALL "', '" ID "', '" CALLER "');"
        "insert into messages (id, tenant_id, call_id, direction, channel, recording_id)"
        " values (gen_random_uuid(), 'acme', '" CALL "', 'in', 'phone', '" ID "')");
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world_of_sounds *world = *state;
    sounds_close(world->sounds);
    *state = world->sandbox;
    int result = sandbox_end(state);
    *state = world->postgres;
    return result;
}

static void is_there(struct world_of_sounds *world, const char *more)
{
    char body[300];
    snprintf(body, sizeof body, "{\"sid\":\"" RE "\",\"text\":\"Please call me back.\"%s}", more);
    control(world->story, "POST", "/recordings", body);
}

/* The loop runs until Postgres says so. */
static void until_it_is(struct world_of_sounds *world, const char *condition)
{
    char sql[400];
    snprintf(sql, sizeof sql, "select count(*) from recordings where %s", condition);
    unsigned turns = 0;
    while (postgres_number(world->url, sql) != 1) {
        story_run_for(&world->story->net, 10);
        if (++turns > 800)
            fail_msg("not so in time: %s", condition);
    }
}

/* ---- stories ---- */

static void a_voicemail_is_filed_fetched_and_heard(void **state)
{
    struct world_of_sounds *world = *state;
    struct stat file;
    char path[500];
    ears.staff = STAFF;
    is_there(world, ",\"redirect\":true");
    open_sounds(world);
    until_it_is(world, "transcript = 'Please call me back.' and transcribed_by = 'ears'");
    snprintf(path, sizeof path, "%s/acme/" ID ".wav", world->folder);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(file.st_size, ears.wav_bytes);
    assert_true(HAS("recordings where status = 'fetched' and path = 'acme/" ID ".wav'"
                    " and lease_until is null and conversation_id is not null"));
    assert_true(HAS("voicemails where transcript = 'Please call me back.' and conversation_id ="
                    " (select conversation_id from calls)"));
    assert_true(HAS("messages where recording_id = '" ID "' and text = 'Please call me back.'"
                    " and conversation_id = (select conversation_id from calls)"));
    assert_true(
        HAS("tasks where kind = 'message' and title = 'Voicemail from Ann' and phone = '" CALLER
            "' and details = 'Please call me back.' and contact_id is not null"));
    assert_true(HAS("outbox where key = 'voicemail:" RE "' and to_number = '" STAFF
                    "' and body = 'Voicemail from " CALLER ": Please call me back.'"));
}

/* The carrier tells again, in any order: nothing begins anew. */
static void what_was_done_stays_done(void **state)
{
    struct world_of_sounds *world = *state;
    is_there(world, "");
    open_sounds(world);
    until_it_is(world, "transcript is not null");
    postgres_run(world->url, "update recordings set status = 'completed', duration_ms = 7000;"
                             "update recordings set status = 'in-progress'");
    assert_true(HAS("recordings where status = 'fetched' and duration_ms = 7000"));
    sounds_look(world->sounds);
    story_run_for(&world->story->net, 100);
    assert_int_equal(ears.asked, 1);
    assert_true(HAS("tasks"));
}

static void what_is_not_there_yet_is_asked_for_again(void **state)
{
    struct world_of_sounds *world = *state;
    is_there(world, ",\"not_ready\":1");
    open_sounds(world);
    until_it_is(world, "why = 'HTTP 404' and attempts = 1 and not_before > now()");
    assert_true(HAS("tasks")); /* the staff know all the same */
    postgres_run(world->url, "update recordings set not_before = now()");
    sounds_look(world->sounds);
    until_it_is(world, "transcript is not null and why is null");
}

static void what_never_comes_fails_and_says_so(void **state)
{
    struct world_of_sounds *world = *state;
    postgres_run(world->url, "update recordings set attempts = 11");
    open_sounds(world);
    until_it_is(world, "status = 'failed' and why = 'HTTP 404'");
}

static void nobody_hears_files(void **state)
{
    struct world_of_sounds *world = *state;
    ears.err = ERR_NOT_FOUND;
    ears.staff = STAFF;
    is_there(world, "");
    open_sounds(world);
    until_it_is(world, "transcript = '' and transcribed_by is null and why like 'no provider%'");
    assert_true(HAS("outbox where body = 'Voicemail from " CALLER ".'"));
}

static void ears_that_fail_are_asked_later(void **state)
{
    struct world_of_sounds *world = *state;
    ears.err = ERR_REFUSED;
    is_there(world, "");
    open_sounds(world);
    until_it_is(world, "status = 'fetched' and why = 'deaf' and lease_until is null");
    ears.err = ERR_OK;
    postgres_run(world->url, "update recordings set not_before = now()");
    sounds_look(world->sounds);
    until_it_is(world, "transcript = 'Please call me back.'");
    json_t *seen = control_state(world->story); /* and it was fetched once */
    assert_int_equal(json_integer_value(json_object_get(
                         json_array_get(json_object_get(seen, "recordings"), 0), "fetches")),
        1);
    json_decref(seen);
}

/* Another node had it, and died: its lease runs out, and its file is not here. */
static void what_a_dead_node_left_is_taken_again(void **state)
{
    struct world_of_sounds *world = *state;
    is_there(world, "");
    postgres_run(world->url,
        "update recordings set status = 'fetched', path = 'acme/" ID ".wav', attempts = 1,"
        " lease_until = now() + interval '1 hour'");
    char path[500];
    snprintf(path, sizeof path, "%s/acme/" ID ".wav", world->folder);
    unlink(path);
    open_sounds(world);
    story_run_for(&world->story->net, 200);
    assert_int_equal(ears.asked, 0);
    postgres_run(world->url, "update recordings set lease_until = now() - interval '1 second'");
    sounds_look(world->sounds);
    until_it_is(world, "transcript = 'Please call me back.'");
}

/* A recording of a call has no staff to tell and nobody to hear it. */
static void a_call_is_only_fetched(void **state)
{
    struct world_of_sounds *world = *state;
    postgres_run(world->url, "update recordings set kind = 'call'");
    is_there(world, "");
    open_sounds(world);
    until_it_is(world, "status = 'fetched' and lease_until is null and bytes > 44");
    assert_int_equal(ears.asked, 0);
    assert_int_equal(postgres_number(world->url, "select count(*) from tasks"), 0);
}

/* The message came before anybody knew who had called. */
static void a_caller_known_late_gets_all_of_it(void **state)
{
    struct world_of_sounds *world = *state;
    postgres_run(world->url,
        "update calls set from_number = 'unknown', conversation_id = null, contact_id = null;"
        "update recordings set conversation_id = null; update voicemails set conversation_id = "
        "null;"
        "update messages set conversation_id = null, contact_id = null");
    is_there(world, "");
    open_sounds(world);
    until_it_is(world, "transcript is not null");
    postgres_run(world->url, "update calls set from_number = '" CALLER "'");
    assert_true(HAS("recordings where conversation_id is not null"));
    assert_true(HAS("voicemails where conversation_id is not null"));
    assert_true(HAS("messages where conversation_id is not null"));
    assert_true(HAS("tasks where conversation_id is not null and phone = '" CALLER "'"));
}

static int set_up(void **state)
{
    if (voice_begin(state))
        return 1;
    *state = postgres_start("outreach_sounds");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return voice_end(state);
}

#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_voicemail_is_filed_fetched_and_heard),
        STORY(what_was_done_stays_done),
        STORY(what_is_not_there_yet_is_asked_for_again),
        STORY(what_never_comes_fails_and_says_so),
        STORY(nobody_hears_files),
        STORY(ears_that_fail_are_asked_later),
        STORY(what_a_dead_node_left_is_taken_again),
        STORY(a_call_is_only_fetched),
        STORY(a_caller_known_late_gets_all_of_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
