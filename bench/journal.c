/* What the journal costs, and how long a backlog takes (docs/performance.md). With a private Postgres of its own in DIR:

       bench_journal DIR [ROWS]

   A turn: its rows through records_put_take while Postgres is away, at a pace; what the putting thread and the journal's
   thread pay. A backlog: ROWS (100 000) rows until they are in Postgres, which comes back, or adopted from a process that
   was killed. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/journal_file.h"
#include "store/migrate.h"
#include "store/records.h"

#define SCRIPT SOURCE_DIR "/deploy/private-postgres.sh"
#define AWAY "postgresql://moonline@/x?host=/nonexistent"
#define TURNS 3000
#define ROWS_A_TURN 5
#define PACE_US 5000 /* 200 turns a second: a thousand calls talk */
#define CAPACITY 1000000

struct bench {
    const char *dir;
    char url[400];
    char folder[300];
    struct net_loop *loop;
    struct net_wake *stop;
    struct records *records;
    pthread_t thread;
};

static void die(const char *why)
{
    fprintf(stderr, "bench_journal: %s\n", why);
    exit(1);
}

/* ---- a private Postgres ---- */

static void postgres(const struct bench *bench, const char *verb, char *out, size_t size)
{
    char command[900];
    snprintf(command, sizeof command, "bash %s %s '%s'", SCRIPT, verb, bench->dir);
    FILE *pipe = popen(command, "r");
    char line[400] = "";
    while (pipe && fgets(line, sizeof line, pipe))
        line[strcspn(line, "\n")] = 0;
    if (!pipe || pclose(pipe) != 0)
        die(command);
    if (out)
        snprintf(out, size, "%s", line);
}

/* ---- a journal on its thread ---- */

static void stop_loop(void *owner)
{
    net_loop_stop(((struct bench *)owner)->loop);
}

static void *run(void *owner)
{
    struct bench *bench = owner;
    net_loop_run(bench->loop);
    records_close(bench->records);
    net_wake_destroy(bench->stop);
    net_loop_destroy(bench->loop);
    return NULL;
}

static void start(struct bench *bench, const char *url, bool is_synced)
{
    char node[ID_SIZE];
    id_make(node);
    struct journal_options options = {
        .folder = bench->folder, .node = node, .max_mb = 4096, .is_synced = is_synced};
    if (net_loop_create(&bench->loop, "journal", NULL) ||
        net_wake_create(&bench->stop, bench->loop, stop_loop, bench) ||
        records_open_journal(&bench->records, bench->loop, url, CAPACITY, &options) ||
        pthread_create(&bench->thread, NULL, run, bench))
        die("the journal does not start");
}

static void stop(struct bench *bench)
{
    net_wake_send(bench->stop);
    pthread_join(bench->thread, NULL);
}

static struct records_state look(const struct bench *bench)
{
    struct records_state state;
    records_look(bench->records, &state);
    return state;
}

static void wait_until_journalled(const struct bench *bench)
{
    struct records_state state;
    do {
        usleep(2000);
        state = look(bench);
    } while (!state.is_journal_writing || state.journalled < state.waiting);
}

static uint64_t thread_cpu_us(pthread_t thread)
{
    clockid_t clock;
    struct timespec time;
    if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &time))
        die("no clock of the thread");
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* ---- rows as a turn has them ---- */

static const char TEXT[] =
    "We are open from nine to five on weekdays, and on Saturdays until noon. "
    "Would you like me to find you a time with Doctor Ruiz this week?";

static void put(struct bench *bench, enum record_kind kind, const char *call, unsigned turn)
{
    char json[1200], id[ID_SIZE];
    id_make(id);
    snprintf(json, sizeof json,
        kind == RECORD_CALL
            ? "{\"id\":\"%s\",\"tenant_id\":\"acme\",\"call_sid\":\"CA%s\",\"state\":{\"step\":%u},"
              "\"phase\":\"%s\"}"
            : "{\"id\":\"%s\",\"tenant_id\":\"acme\",\"call_id\":\"%s\",\"turn_index\":%u,"
              "\"text\":\"%s\",\"direction\":\"in\",\"channel\":\"phone\",\"latency_ms\":812,"
              "\"slot\":\"think\",\"provider\":\"openai\",\"model\":\"gpt-4.1-mini\","
              "\"created_at\":\"2026-01-02T03:04:05.678Z\"}",
        kind == RECORD_CALL ? call : id, call, turn, kind == RECORD_CALL ? "booking" : TEXT);
    char *copy = strdup(json);
    if (!copy || records_put_take(bench->records, kind, copy))
        die("a row is refused");
}

static void put_turn(struct bench *bench, const char *call, unsigned turn)
{
    static const enum record_kind KINDS[ROWS_A_TURN] = {
        RECORD_MESSAGE, RECORD_MESSAGE, RECORD_TURN, RECORD_USAGE, RECORD_CALL};
    for (size_t i = 0; i < ROWS_A_TURN; i++)
        put(bench, KINDS[i], call, turn);
}

/* ---- the cost of a turn ---- */

static void measure_turns(struct bench *bench, bool is_synced)
{
    char call[ID_SIZE];
    uint64_t putting_us = 0, worst_us = 0;
    start(bench, AWAY, is_synced);
    wait_until_journalled(bench);
    uint64_t cpu_us = thread_cpu_us(bench->thread), next_us = clock_us();
    int64_t batches = metric_get(METRIC_JOURNAL_BATCHES);
    for (unsigned turn = 0; turn < TURNS; turn++, next_us += PACE_US) {
        if (turn % 8 == 0)
            id_make(call);
        while (clock_us() < next_us)
            usleep((unsigned)(next_us - clock_us()) / 2 + 1);
        uint64_t began_us = clock_us(), began_cpu_us = clock_thread_cpu_us();
        put_turn(bench, call, turn);
        putting_us += clock_thread_cpu_us() - began_cpu_us;
        uint64_t took_us = clock_us() - began_us;
        worst_us = took_us > worst_us ? took_us : worst_us;
    }
    uint64_t last_us = clock_us();
    wait_until_journalled(bench);
    cpu_us = thread_cpu_us(bench->thread) - cpu_us;
    batches = metric_get(METRIC_JOURNAL_BATCHES) - batches;
    printf("turn, %-18s  writer %5.1f us CPU   putting (with making the JSON) %5.1f us CPU, worst "
           "%llu us   %.1f rows a batch   last row journalled after %.1f ms\n",
        is_synced ? "each batch synced" : "not synced", (double)cpu_us / TURNS,
        (double)putting_us / TURNS, (unsigned long long)worst_us,
        (double)TURNS * ROWS_A_TURN / (double)batches, (double)(clock_us() - last_us) / 1000);
    stop(bench);
}

/* ---- backlogs ---- */

static void fill(struct bench *bench, unsigned rows)
{
    char call[ID_SIZE];
    for (unsigned turn = 0; turn < rows / ROWS_A_TURN; turn++) {
        if (turn % 8 == 0)
            id_make(call);
        put_turn(bench, call, turn);
    }
}

static void wait_until_written(struct bench *bench, const char *what, unsigned rows)
{
    uint64_t began_us = clock_us();
    while (look(bench).waiting || !look(bench).is_journal_writing)
        usleep(5000);
    double seconds = (double)(clock_us() - began_us) / 1e6;
    printf("%-40s %u rows in %.1f s, %.0f a second, %.1f s CPU of the writer\n", what, rows,
        seconds, rows / seconds, (double)thread_cpu_us(bench->thread) / 1e6);
}

static void measure_return(struct bench *bench, unsigned rows)
{
    postgres(bench, "stop", NULL, 0);
    start(bench, bench->url, false);
    fill(bench, rows);
    wait_until_journalled(bench);
    struct records_state state = look(bench);
    printf("backlog: %zu rows, %.1f MiB\n", state.journalled, (double)state.bytes / (1024 * 1024));
    postgres(bench, "start --fast", NULL, 0);
    wait_until_written(bench, "Postgres is back (from its first answer):", rows);
    stop(bench);
}

static void measure_adoption(struct bench *bench, unsigned rows)
{
    pid_t child = fork();
    if (child == 0) {
        start(bench, AWAY, false);
        fill(bench, rows);
        wait_until_journalled(bench);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    start(bench, bench->url, false);
    wait_until_written(bench, "adopted after kill -9:", rows);
    stop(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = {.dir = argc > 1 ? argv[1] : NULL};
    unsigned applied, rows = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 100000;
    char why[512], command[400];
    if (!bench.dir)
        die("say in which folder its Postgres may live: bench_journal DIR [ROWS]");
    log_set_level(LOG_ERROR);
    postgres(&bench, "start --fast", bench.url, sizeof bench.url);
    if (store_migrate(bench.url, &applied, why))
        die(why);
    snprintf(bench.folder, sizeof bench.folder, "%s-journal", bench.dir);
    snprintf(command, sizeof command, "rm -rf '%s'", bench.folder);
    for (int is_synced = 0; is_synced < 2; is_synced++) {
        measure_turns(&bench, is_synced);
        if (system(command))
            die("the folder stays");
    }
    measure_return(&bench, rows);
    measure_adoption(&bench, rows);
    postgres(&bench, "remove", NULL, 0);
    return system(command) ? 1 : 0;
}
