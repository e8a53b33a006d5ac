#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/varint.h"
#include "observe/capture.h"
#include "observe/capture_folder.h"
#include "observe/capture_reader.h"
#include "observe/metrics.h"

#define KEY_TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BEGAN_MS 5000

static char top[64], path[96], secrets[96];

/* ---- files ---- */

static int remove_one(const char *name, const struct stat *info, int kind, struct FTW *at)
{
    return remove(name);
}

static int make_folder(void **state)
{
    strcpy(top, "/tmp/moonline-capture-XXXXXX");
    assert_non_null(mkdtemp(top));
    snprintf(path, sizeof path, "%s/captures", top);
    snprintf(secrets, sizeof secrets, "%s/secrets", top);
    return 0;
}

static int remove_folder(void **state)
{
    return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void name_of(char out[200], const char *call_id, const char *suffix)
{
    snprintf(out, 200, "%s/acme/%s%s", path, call_id, suffix);
}

static bool is_there(const char *call_id, const char *suffix)
{
    char name[200];
    name_of(name, call_id, suffix);
    return access(name, F_OK) == 0;
}

static void expect_names(const char *call_id, bool is_asking, bool is_part, bool is_done)
{
    assert_int_equal(is_there(call_id, ".mooncap.ask"), is_asking);
    assert_int_equal(is_there(call_id, ".mooncap.part"), is_part);
    assert_int_equal(is_there(call_id, ".mooncap"), is_done);
}

static void write_secret(const char *text, mode_t mode)
{
    char name[200];
    mkdir(secrets, 0700);
    snprintf(name, sizeof name, "%s/acme", secrets);
    mkdir(name, 0700);
    snprintf(name, sizeof name, "%s/acme/capture_key", secrets);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fchmod(fileno(file), mode);
    fclose(file);
}

static struct slice read_bytes(const char *call_id, const char *suffix)
{
    char name[200];
    name_of(name, call_id, suffix);
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    char *data = malloc(1u << 20);
    assert_non_null(data);
    size_t len = fread(data, 1, 1u << 20, file);
    fclose(file);
    return (struct slice){data, len};
}

/* What a file says. */
struct found {
    size_t records; /* without LOST and END */
    uint64_t lost;  /* told by LOST */
    uint64_t last_ms;
    bool has_end, is_complete;
    json_int_t lost_in_all, duration_ms;
    char reason[32];
    enum err err;
};

static void take_end(struct found *found, struct slice content)
{
    json_t *end = json_loadb(content.data, content.len, 0, NULL);
    assert_non_null(end);
    found->is_complete = json_is_true(json_object_get(end, "is_complete"));
    found->lost_in_all = json_integer_value(json_object_get(end, "lost"));
    found->duration_ms = json_integer_value(json_object_get(end, "duration_ms"));
    snprintf(found->reason, sizeof found->reason, "%s",
        json_string_value(json_object_get(end, "reason")));
    json_decref(end);
}

static struct found read_as(const char *call_id, const char *suffix, const uint8_t *key)
{
    struct found found = {0};
    struct capture_reader reader;
    struct capture_record record;
    struct slice bytes = read_bytes(call_id, suffix);
    capture_reader_init(&reader, bytes, key);
    while ((found.err = capture_read(&reader, &record)) == ERR_OK) {
        uint64_t count = 0;
        if (record.kind == CAPTURE_LOST)
            assert_true(varint_take(&record.content, &count));
        else if (record.kind == CAPTURE_END)
            take_end(&found, record.content);
        else
            found.records++;
        found.lost += count;
        found.last_ms = record.at_ms;
    }
    found.has_end = reader.has_end;
    capture_reader_free(&reader);
    free((char *)bytes.data);
    return found;
}

static struct found read_capture(const char *call_id)
{
    return read_as(call_id, ".mooncap", NULL);
}

/* ---- captures ---- */

static struct captures *open_with(struct captures_options options)
{
    struct captures *captures;
    char why[256];
    options.path = options.path ? options.path : path;
    options.secrets = secrets;
    options.max_bytes = options.max_bytes ? options.max_bytes : 1u << 30;
    options.max_days = 30;
    assert_int_equal(captures_open(&captures, &options, why), ERR_OK);
    return captures;
}

static struct captures *open_and_start(struct captures_options options)
{
    struct captures *captures = open_with(options);
    assert_int_equal(captures_start(captures), ERR_OK);
    captures_settle(captures);
    return captures;
}

static struct capture *begin(struct captures *captures, const char *call_id, enum capture_rule rule)
{
    struct capture *capture = capture_begin(captures, "acme", call_id, rule, BEGAN_MS);
    assert_non_null(capture);
    capture_put(capture, CAPTURE_HEADER, BEGAN_MS, SLICE("{\"format\":1}"));
    return capture;
}

/* `count` frames from `from` on, 20 ms each: sound that does not shrink. */
static void put_frames(struct capture *capture, unsigned from, unsigned count)
{
    static const uint8_t timestamp[] = {1};
    char ulaw[160];
    uint32_t noise = 1;
    for (unsigned i = from; i < from + count; i++) {
        for (size_t at = 0; at < sizeof ulaw; at++)
            ulaw[at] = (char)((noise = noise * 1664525 + 1013904223) >> 24);
        capture_put_parts(capture, CAPTURE_MEDIA_IN, BEGAN_MS + 20 * i,
            (struct slice){(const char *)timestamp, 1}, (struct slice){ulaw, sizeof ulaw});
    }
}

static void end(struct capture *capture, unsigned frames)
{
    capture_end(capture, BEGAN_MS + 20 * frames, "caller_hangup", "booked");
}

static int64_t count_of(enum metric metric)
{
    return metric_get(metric);
}

/* ---- tests ---- */

static void test_a_call_is_in_its_file_with_all_its_records(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    int64_t before = count_of(METRIC_CAPTURES_COMPLETE);
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 1000);
    end(capture, 1001);
    captures_settle(captures);
    expect_names("call1", false, false, true);
    struct found found = read_capture("call1");
    assert_int_equal(found.err, ERR_CLOSED);
    assert_int_equal(found.records, 1001);
    assert_int_equal(found.last_ms, 20020);
    assert_true(found.is_complete);
    assert_int_equal(found.duration_ms, 20020);
    assert_string_equal(found.reason, "caller_hangup");
    assert_int_equal(count_of(METRIC_CAPTURES_COMPLETE), before + 1);
    captures_close(captures);
}

static void test_files_are_their_owners_only(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    struct stat info;
    char name[200];
    end(begin(captures, "call1", CAPTURE_UNLESS_REFUSED), 0);
    captures_close(captures);
    name_of(name, "call1", ".mooncap");
    assert_int_equal(stat(name, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    *strrchr(name, '/') = 0;
    assert_int_equal(stat(name, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void test_a_call_that_is_not_captured_costs_nothing(void **state)
{
    assert_null(capture_begin(NULL, "acme", "call1", CAPTURE_UNLESS_REFUSED, 0));
    capture_put(NULL, CAPTURE_CLEAR, 0, SLICE(""));
    capture_set_consent(NULL, CAPTURE_AGREED);
    capture_end(NULL, 0, NULL, NULL);
    captures_close(NULL);
}

static void test_names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const names[] = {"", "..", "a/b", ".hidden", "a b"};
    struct captures *captures = open_with((struct captures_options){0});
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_null(capture_begin(captures, names[i], "call1", CAPTURE_UNLESS_REFUSED, 0));
        assert_null(capture_begin(captures, "acme", names[i], CAPTURE_UNLESS_REFUSED, 0));
    }
    captures_close(captures);
}

/* Rule, what was said, and the file's name meanwhile and afterwards. */
static void test_what_was_agreed_decides(void **state)
{
    static const struct {
        enum capture_rule rule;
        enum capture_consent said;
        bool is_part, is_kept;
    } cases[] = {
        {CAPTURE_IF_AGREED, CAPTURE_UNKNOWN, false, false},
        {CAPTURE_IF_AGREED, CAPTURE_REFUSED, false, false},
        {CAPTURE_IF_AGREED, CAPTURE_AGREED, true, true},
        {CAPTURE_UNLESS_REFUSED, CAPTURE_UNKNOWN, true, true},
        {CAPTURE_UNLESS_REFUSED, CAPTURE_REFUSED, false, false},
        {CAPTURE_UNLESS_REFUSED, CAPTURE_AGREED, true, true},
    };
    struct captures *captures = open_and_start((struct captures_options){0});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char call_id[8];
        snprintf(call_id, sizeof call_id, "call%zu", i);
        int64_t discarded = count_of(METRIC_CAPTURES_DISCARDED);
        struct capture *capture = begin(captures, call_id, cases[i].rule);
        put_frames(capture, 0, 200);
        captures_settle(captures);
        bool is_kept_untold = cases[i].rule == CAPTURE_UNLESS_REFUSED;
        expect_names(call_id, !is_kept_untold, is_kept_untold, false);
        capture_set_consent(capture, cases[i].said);
        put_frames(capture, 200, 200);
        captures_settle(captures);
        expect_names(call_id, !cases[i].is_part, cases[i].is_part, false);
        end(capture, 400);
        captures_settle(captures);
        expect_names(call_id, false, false, cases[i].is_kept);
        assert_int_equal(count_of(METRIC_CAPTURES_DISCARDED), discarded + !cases[i].is_kept);
    }
    captures_close(captures);
}

static void test_what_the_queue_has_no_room_for_is_counted_where_it_is_missing(void **state)
{
    struct captures *captures = open_with((struct captures_options){.waiting_max_bytes = 64 << 10});
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 1000); /* nobody takes them: four blocks */
    assert_int_equal(captures_start(captures), ERR_OK);
    captures_settle(captures);
    put_frames(capture, 1000, 100);
    end(capture, 1100);
    captures_settle(captures);
    struct found found = read_capture("call1");
    assert_int_equal(found.err, ERR_CLOSED);
    assert_false(found.is_complete);
    assert_true(found.lost > 500);
    assert_int_equal(found.lost, found.lost_in_all);
    assert_int_equal(found.records + found.lost, 1101);
    assert_int_equal(found.last_ms, 22000);
    captures_close(captures);
}

/* The end is told whatever the queue holds. */
static void test_what_is_lost_at_the_end_is_told_by_the_end(void **state)
{
    struct captures *captures = open_with((struct captures_options){.waiting_max_bytes = 32 << 10});
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 1000);
    end(capture, 1000);
    assert_int_equal(captures_start(captures), ERR_OK);
    captures_settle(captures);
    struct found found = read_capture("call1");
    assert_int_equal(found.records + found.lost, 1001);
    assert_int_equal(found.lost, found.lost_in_all);
    assert_false(found.is_complete);
    captures_close(captures);
}

/* No file may grow beyond 30 000 bytes for a while: what a full disk says. */
static void test_a_full_disk_loses_records_and_no_more(void **state)
{
    struct rlimit before, small = {30000, RLIM_INFINITY};
    struct captures *captures = open_and_start((struct captures_options){0});
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 100);
    captures_settle(captures);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    put_frames(capture, 100, 900);
    captures_settle(captures);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    struct found meanwhile = read_as("call1", ".mooncap.part", NULL);
    assert_int_equal(meanwhile.err, ERR_CLOSED); /* whole chunks only */
    put_frames(capture, 1000, 200);
    end(capture, 1200);
    captures_settle(captures);
    struct found found = read_capture("call1");
    assert_int_equal(found.err, ERR_CLOSED);
    assert_false(found.is_complete);
    assert_true(found.lost > 0 && found.records > meanwhile.records + 190);
    assert_int_equal(found.records + found.lost, 1201);
    assert_int_equal(found.last_ms, 24000);
    captures_close(captures);
}

static void test_a_disk_that_takes_nothing_fails_the_capture_alone(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    int64_t before = count_of(METRIC_CAPTURES_FAILED);
    char name[200];
    snprintf(name, sizeof name, "%s/acme", path);
    fclose(fopen(name, "w")); /* where its folder was to be */
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 300);
    end(capture, 300);
    captures_settle(captures);
    assert_int_equal(count_of(METRIC_CAPTURES_FAILED), before + 1);
    captures_close(captures);
}

static void test_one_call_fills_no_disk(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){.call_max_bytes = 50000});
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 1000);
    end(capture, 1000);
    captures_settle(captures);
    struct slice bytes = read_bytes("call1", ".mooncap");
    assert_true(bytes.len <= 50000);
    free((char *)bytes.data);
    struct found found = read_capture("call1");
    assert_true(found.has_end && !found.is_complete);
    assert_int_equal(found.records + found.lost, 1001);
    captures_close(captures);
}

static void test_large_records_come_whole_and_too_large_ones_are_lost(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    char *much = calloc(1, CAPTURE_CONTENT_MAX_BYTES + 1);
    assert_non_null(much);
    put_frames(capture, 0, 10);
    capture_put(
        capture, CAPTURE_LLM, BEGAN_MS + 200, (struct slice){much, CAPTURE_CONTENT_MAX_BYTES});
    capture_put(
        capture, CAPTURE_LLM, BEGAN_MS + 200, (struct slice){much, CAPTURE_CONTENT_MAX_BYTES + 1});
    put_frames(capture, 10, 10);
    end(capture, 20);
    captures_settle(captures);
    struct found found = read_capture("call1");
    assert_int_equal(found.records, 22);
    assert_int_equal(found.lost, 1);
    assert_false(found.is_complete);
    free(much);
    captures_close(captures);
}

static void test_a_tenant_with_a_key_has_sealed_files(void **state)
{
    uint8_t key[CAPTURE_KEY_BYTES];
    assert_true(capture_key_parse(key, SLICE(KEY_TEXT)));
    write_secret(KEY_TEXT "\n", 0600);
    struct captures *captures = open_and_start((struct captures_options){0});
    struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 300);
    end(capture, 300);
    captures_settle(captures);
    assert_int_equal(read_capture("call1").err, ERR_REFUSED);
    assert_int_equal(read_capture("call1").records, 0);
    struct found found = read_as("call1", ".mooncap", key);
    assert_int_equal(found.records, 301);
    assert_true(found.is_complete);
    captures_close(captures);
}

static void test_a_key_that_cannot_be_used_captures_nothing(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
    } cases[] = {{"short", 0600}, {KEY_TEXT "00", 0600}, {"", 0600}, {KEY_TEXT, 0644}};
    struct captures *captures = open_and_start((struct captures_options){0});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t before = count_of(METRIC_CAPTURES_FAILED);
        write_secret(cases[i].text, cases[i].mode);
        struct capture *capture = begin(captures, "call1", CAPTURE_UNLESS_REFUSED);
        put_frames(capture, 0, 300);
        end(capture, 300);
        captures_settle(captures);
        expect_names("call1", false, false, false);
        assert_int_equal(count_of(METRIC_CAPTURES_FAILED), before + 1);
    }
    captures_close(captures);
}

/* A process that is killed between two records: what it had of two calls, one of which was agreed to. */
static void be_killed(void)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    struct capture *kept = begin(captures, "kept", CAPTURE_IF_AGREED);
    struct capture *asked = begin(captures, "asked", CAPTURE_IF_AGREED);
    capture_set_consent(kept, CAPTURE_AGREED);
    put_frames(kept, 0, 1000);
    put_frames(asked, 0, 1000);
    captures_settle(captures);
    raise(SIGKILL);
}

static void test_what_a_killed_process_leaves_is_read_or_gone(void **state)
{
    pid_t child = fork();
    if (!child)
        be_killed();
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    expect_names("kept", false, true, false);
    expect_names("asked", true, false, false);
    struct captures *captures = open_and_start((struct captures_options){0});
    expect_names("kept", false, false, true);
    expect_names("asked", false, false, false);
    struct found found = read_capture("kept");
    assert_int_equal(found.err, ERR_CLOSED);
    assert_false(found.has_end);
    assert_true(found.last_ms >= 20000 - 2020); /* of 20 s, the last two may be missing */
    captures_close(captures);
}

static void test_what_another_process_has_under_way_is_left_alone(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    struct capture *kept = begin(captures, "kept", CAPTURE_UNLESS_REFUSED);
    struct capture *asked = begin(captures, "asked", CAPTURE_IF_AGREED);
    put_frames(kept, 0, 200);
    put_frames(asked, 0, 200);
    captures_settle(captures);
    captures_close(open_and_start((struct captures_options){.max_bytes = 1}));
    expect_names("kept", false, true, false);
    expect_names("asked", true, false, false);
    end(kept, 200);
    end(asked, 200);
    captures_settle(captures);
    expect_names("kept", false, false, true);
    expect_names("asked", false, false, false);
    captures_close(captures);
}

static void write_call(struct captures *captures, const char *call_id, unsigned hours_ago)
{
    char name[200];
    struct timespec times[2];
    struct capture *capture = begin(captures, call_id, CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 100);
    end(capture, 100);
    captures_settle(captures);
    name_of(name, call_id, ".mooncap");
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= hours_ago * 3600;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void test_the_oldest_go_when_there_are_too_many(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    write_call(captures, "old", 31 * 24);
    write_call(captures, "one", 30);
    write_call(captures, "two", 20);
    write_call(captures, "three", 10);
    captures_close(captures);
    captures_close(open_and_start((struct captures_options){0}));
    expect_names("old", false, false, false); /* of age */
    expect_names("one", false, false, true);
    captures = open_and_start((struct captures_options){.max_bytes = 40000});
    expect_names("one", false, false, false);
    expect_names("two", false, false, true);
    expect_names("three", false, false, true);
    write_call(captures, "four", 0); /* room is made while a call is written */
    expect_names("two", false, false, false);
    expect_names("three", false, false, true);
    expect_names("four", false, false, true);
    assert_true(read_capture("four").is_complete);
    captures_close(captures);
}

static void test_a_tenant_may_keep_them_for_less_long(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    struct capture_bounds bounds = {.max_bytes = UINT64_MAX, .max_days = 7};
    write_call(captures, "one", 8 * 24);
    write_call(captures, "two", 6 * 24);
    capture_folder_look_at(path, "other", &bounds, clock_wall_ms());
    capture_folder_look_at(path, "../captures", &bounds, clock_wall_ms());
    expect_names("one", false, false, true);
    capture_folder_look_at(path, "acme", &bounds, clock_wall_ms());
    expect_names("one", false, false, false);
    expect_names("two", false, false, true);
    captures_close(captures);
}

static void test_an_erased_call_is_gone_wherever_it_is(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    write_call(captures, "call1", 0);
    struct capture *capture = begin(captures, "call2", CAPTURE_UNLESS_REFUSED);
    put_frames(capture, 0, 200);
    captures_settle(captures);
    assert_int_equal(capture_folder_erase(path, "acme", "call1"), 1);
    assert_int_equal(capture_folder_erase(path, "acme", "call1"), 0);
    assert_int_equal(capture_folder_erase(path, "acme", "call2"), 1);
    assert_int_equal(capture_folder_erase(path, "acme", "../call2"), 0);
    end(capture, 200);
    captures_close(captures);
    expect_names("call1", false, false, false);
    expect_names("call2", false, false, false);
}

#define THREADS 4
#define CALLS 6

struct line {
    struct captures *captures;
    unsigned number;
};

static void *talk(void *owner)
{
    const struct line *line = owner;
    for (unsigned i = 0; i < CALLS; i++) {
        char call_id[24];
        snprintf(call_id, sizeof call_id, "call%u-%u", line->number, i);
        struct capture *capture = begin(line->captures, call_id, CAPTURE_IF_AGREED);
        put_frames(capture, 0, 300);
        capture_set_consent(capture, i % 2 ? CAPTURE_AGREED : CAPTURE_REFUSED);
        put_frames(capture, 300, 300);
        end(capture, 600);
    }
    return NULL;
}

static void test_many_threads_write_at_once(void **state)
{
    struct captures *captures = open_and_start((struct captures_options){0});
    pthread_t threads[THREADS];
    struct line lines[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        lines[i] = (struct line){captures, i};
        assert_int_equal(pthread_create(&threads[i], NULL, talk, &lines[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    captures_settle(captures);
    for (unsigned i = 0; i < THREADS * CALLS; i++) {
        char call_id[24];
        snprintf(call_id, sizeof call_id, "call%u-%u", i / CALLS, i % CALLS);
        bool is_kept = i % CALLS % 2;
        expect_names(call_id, false, false, is_kept);
        if (is_kept)
            assert_int_equal(read_capture(call_id).records, 601);
    }
    captures_close(captures);
}

static void test_a_folder_that_cannot_be_made_says_why(void **state)
{
    char name[200], why[256];
    struct captures *captures;
    snprintf(name, sizeof name, "%s/file", top);
    fclose(fopen(name, "w"));
    strcat(name, "/captures");
    struct captures_options options = {.path = name, .max_bytes = 1, .max_days = 1};
    assert_int_equal(captures_open(&captures, &options, why), ERR_SYSTEM);
    assert_non_null(strstr(why, "Not a directory"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_call_is_in_its_file_with_all_its_records),
        TEST(test_files_are_their_owners_only),
        TEST(test_a_call_that_is_not_captured_costs_nothing),
        TEST(test_names_that_lead_elsewhere_are_refused),
        TEST(test_what_was_agreed_decides),
        TEST(test_what_the_queue_has_no_room_for_is_counted_where_it_is_missing),
        TEST(test_what_is_lost_at_the_end_is_told_by_the_end),
        TEST(test_a_full_disk_loses_records_and_no_more),
        TEST(test_a_disk_that_takes_nothing_fails_the_capture_alone),
        TEST(test_one_call_fills_no_disk),
        TEST(test_large_records_come_whole_and_too_large_ones_are_lost),
        TEST(test_a_tenant_with_a_key_has_sealed_files),
        TEST(test_a_key_that_cannot_be_used_captures_nothing),
        TEST(test_what_a_killed_process_leaves_is_read_or_gone),
        TEST(test_what_another_process_has_under_way_is_left_alone),
        TEST(test_the_oldest_go_when_there_are_too_many),
        TEST(test_a_tenant_may_keep_them_for_less_long),
        TEST(test_an_erased_call_is_gone_wherever_it_is),
        TEST(test_many_threads_write_at_once),
        TEST(test_a_folder_that_cannot_be_made_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
