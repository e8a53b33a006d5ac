/* A process that is killed with SIGKILL at random moments while it puts rows, again and again, and a Postgres that is
   frozen: what was journalled is in Postgres once, and the last version of a row is the last one written. */
#include "journal_world.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define LIVES 12
#define LIFE_MS 400 /* at most */

/* What the killed say of themselves. */
struct told {
    atomic_uint put[LIVES];  /* rows put */
    atomic_uint safe[LIVES]; /* of them, in the journal or in Postgres for certain */
};

struct life {
    struct world *world;
    struct told *told;
    unsigned number;
};

/* Some rows, each once and one of them told anew, at every turn of the loop; never done. */
static bool live_on(void *owner)
{
    struct life *life = owner;
    unsigned put = atomic_load(&life->told->put[life->number]);
    struct records_state state = world_look(life->world);
    if (state.is_journal_writing && state.journalled == state.waiting)
        atomic_store(&life->told->safe[life->number], put);
    for (unsigned i = 0; i < 7; i++) {
        char json[300], id[ID_SIZE];
        id_make(id);
        put++;
        snprintf(json, sizeof json,
            "{\"id\":\"%s\",\"tenant_id\":\"t\",\"direction\":\"in\",\"text\":\"%u-%u\"}", id,
            life->number, put);
        world_put(life->world, RECORD_MESSAGE, json);
        world_put_version(life->world, life->number * 1000000 + put);
    }
    atomic_store(&life->told->put[life->number], put);
    return false;
}

/* Every second one never sees the database; each adopts what those before it left. */
static pid_t begin_life(struct world *world, struct told *told, unsigned number)
{
    pid_t child = fork();
    if (child)
        return child;
    struct world own = *world;
    struct life life = {&own, told, number};
    loop_start(&own.loop);
    world_open(&own, number % 2 ? AWAY : own.url);
    loop_run_until(&own.loop, live_on, &life);
    _exit(0);
}

static void nothing_journalled_is_lost_or_doubled(void **state)
{
    struct world w;
    struct told *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(told != MAP_FAILED);
    world_start(&w, *state);
    unsigned seed = (unsigned)clock_ms();
    print_message("seed %u\n", seed);
    srandom(seed);
    for (unsigned i = 0; i < LIVES; i++) {
        pid_t child = begin_life(&w, told, i);
        usleep((useconds_t)(random() % (LIFE_MS * 1000)));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    world_open(&w, w.url);
    world_wait(&w, is_writing);
    world_wait(&w, is_written);
    unsigned safe_rows = 0, last = 0;
    for (unsigned i = 0; i < LIVES; i++) {
        char sql[300];
        unsigned safe = atomic_load(&told->safe[i]);
        snprintf(sql, sizeof sql,
            "select count(*) from messages where text like '%u-%%'"
            " and split_part(text, '-', 2)::int <= %u",
            i, safe);
        expect_rows(&w, sql, safe);
        safe_rows += safe;
        last = safe ? i * 1000000 + safe : last;
    }
    print_message("%u rows were safe\n", safe_rows);
    assert_true(safe_rows > 0);
    expect_rows(&w, "select count(*) - count(distinct text) from messages", 0);
    assert_true(postgres_number(w.url, "select barge_ins from calls") >= (long)last);
    assert_int_equal(world_stop(&w), 0);
    assert_int_equal(world_files(&w, ""), 0);
    world_end(&w);
    munmap(told, sizeof *told);
}

/* The server's processes: the first by its file, the others its children. */
static void signal_server(const struct postgres *postgres, int number)
{
    char command[700];
    snprintf(command, sizeof command,
        "p=$(find '%s' -name postmaster.pid | head -1); p=$(head -1 \"$p\"); kill -%d $p"
        " $(ps -o pid= --ppid $p)",
        postgres->dir, number);
    assert_int_equal(system(command), 0);
}

struct frozen {
    struct world *world;
    unsigned version;
    uint64_t until_ms;
};

static bool put_along(void *owner)
{
    struct frozen *frozen = owner;
    world_put_version(frozen->world, ++frozen->version);
    return clock_ms() >= frozen->until_ms;
}

/* Long enough that the connection is given up with statements under way, which the server still has when it wakes. */
static void a_frozen_server_writes_no_older_version(void **state)
{
    struct world w;
    world_start(&w, *state);
    world_open(&w, w.url);
    struct frozen frozen = {&w, 0, clock_ms() + 500};
    loop_run_until(&w.loop, put_along, &frozen);
    signal_server(*state, SIGSTOP);
    frozen.until_ms = clock_ms() + 13000;
    loop_run_until(&w.loop, put_along, &frozen);
    signal_server(*state, SIGCONT);
    world_wait(&w, is_written);
    expect_rows(&w, "select barge_ins from calls", frozen.version);
    assert_int_equal(world_stop(&w), 0);
    expect_rows(&w, "select barge_ins from calls", frozen.version);
    world_end(&w);
}

static int set_up(void **state)
{
    *state = postgres_start("store_journal_kill");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_journalled_is_lost_or_doubled),
        cmocka_unit_test(a_frozen_server_writes_no_older_version),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
