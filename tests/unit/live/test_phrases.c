/* The store of what is said in the same words each time: bounds, who asks, files, restarts, two processes on one folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/phrase_file.h"

static char folder[64];

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/moonline-phrases-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static void each_file(void (*fn)(const char *path))
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            fn(path);
    }
    closedir(dir);
}

static void remove_file(const char *path)
{
    unlink(path);
}

static int remove_folder(void **state)
{
    each_file(remove_file);
    rmdir(folder);
    return 0;
}

static struct phrases *open_store(const char *path)
{
    struct phrases *phrases;
    char why[256];
    assert_int_equal(phrases_open(&phrases, path, why), ERR_OK);
    return phrases;
}

static bool knows(struct phrases *phrases, const char *key)
{
    struct phrase *phrase = phrases_find(phrases, key);
    phrase_release(phrase);
    return phrase;
}

static unsigned files;
static void count_file(const char *path)
{
    files += strstr(path, ".phrase") != NULL;
}

static unsigned count_files(void)
{
    files = 0;
    each_file(count_file);
    return files;
}

/* ---- in memory ---- */

static void test_the_oldest_unused_goes(void **state)
{
    struct phrases *phrases = open_store(NULL);
    char key[16];
    phrases_keep(phrases, "used", SLICE("sound"), NULL, 0);
    for (int i = 0; i < PHRASES_MAX + 9; i++) {
        snprintf(key, sizeof key, "%d", i);
        phrases_keep(phrases, key, SLICE("sound"), NULL, 0);
        assert_true(knows(phrases, "used"));
    }
    assert_false(knows(phrases, "9"));
    assert_true(knows(phrases, "10"));
    phrases_close(phrases);
}

static void test_bytes_are_bounded(void **state)
{
    struct phrases *phrases = open_store(NULL);
    char *sound = calloc(1, PHRASE_MAX_BYTES + 1);
    char key[16];
    size_t most = PHRASES_MAX_BYTES / PHRASE_MAX_BYTES;
    for (size_t i = 0; i <= most; i++) {
        snprintf(key, sizeof key, "%zu", i);
        phrases_keep(phrases, key, (struct slice){sound, PHRASE_MAX_BYTES}, NULL, 0);
    }
    assert_false(knows(phrases, "0"));
    assert_true(knows(phrases, "1"));
    phrases_keep(phrases, "long", (struct slice){sound, PHRASE_MAX_BYTES + 1}, NULL, 0);
    assert_false(knows(phrases, "long"));
    free(sound);
    phrases_close(phrases);
}

/* Whoever plays one may go on with it. */
static void test_what_is_held_stays(void **state)
{
    struct phrases *phrases = open_store(NULL);
    phrases_keep(phrases, "a", SLICE("sound"), NULL, 0);
    struct phrase *held = phrases_find(phrases, "a");
    phrases_close(phrases);
    assert_memory_equal(held->ulaw.data, "sound", 5);
    phrase_release(held);
}

static void test_one_asks_at_a_time(void **state)
{
    struct phrases *phrases = open_store(NULL);
    assert_true(phrases_claim(phrases, "a", 1000));
    assert_false(phrases_claim(phrases, "a", 1001));
    assert_true(phrases_claim(phrases, "b", 1001));
    phrases_give_up(phrases, "a");
    assert_true(phrases_claim(phrases, "a", 1002));
    assert_true(phrases_claim(phrases, "a", 100000)); /* nobody answered */
    phrases_keep(phrases, "a", SLICE("sound"), NULL, 0);
    assert_false(phrases_claim(phrases, "a", 900000));
    phrases_close(phrases);
}

/* ---- on disk ---- */

static void test_a_restart_knows_them(void **state)
{
    const struct heard_character characters[] = {{1, 0}, {2, 70000}};
    struct phrases *phrases = open_store(folder);
    phrases_keep(phrases, "a", SLICE("so\0und"), characters, 2);
    phrases_keep(phrases, "b", SLICE("other"), NULL, 0);
    phrases_close(phrases);
    assert_int_equal(count_files(), 2);
    phrases = open_store(folder);
    struct phrase *phrase = phrases_find(phrases, "a");
    assert_non_null(phrase);
    assert_int_equal(phrase->ulaw.len, 6);
    assert_memory_equal(phrase->ulaw.data, "so\0und", 6);
    assert_int_equal(phrase->character_count, 2);
    assert_int_equal(phrase->characters[1].bytes, 2);
    assert_int_equal(phrase->characters[1].start_ms, 70000);
    assert_true(knows(phrases, "b"));
    phrase_release(phrase);
    phrases_close(phrases);
}

static void flip_a_byte(const char *path)
{
    if (!strstr(path, ".phrase"))
        return;
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "X", 1, 24), 1);
    close(fd);
}

static void test_a_broken_file_is_no_phrase(void **state)
{
    struct phrases *phrases = open_store(folder);
    phrases_keep(phrases, "a", SLICE("some sound"), NULL, 0);
    phrases_close(phrases);
    each_file(flip_a_byte);
    phrases = open_store(folder);
    assert_false(knows(phrases, "a"));
    assert_int_equal(count_files(), 0);
    assert_true(phrases_claim(phrases, "a", 1));
    phrases_close(phrases);
}

/* What is as large as all phrases together would leave no room for the others. */
static void test_a_huge_file_takes_no_room(void **state)
{
    char path[200];
    struct phrases *phrases = open_store(folder);
    phrases_keep(phrases, "a", SLICE("some sound"), NULL, 0);
    phrases_close(phrases);
    snprintf(path, sizeof path, "%s/%064d.phrase", folder, 0);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, PHRASES_MAX_BYTES + 1), 0);
    close(fd);
    phrases = open_store(folder);
    assert_true(knows(phrases, "a"));
    phrases_keep(phrases, "b", SLICE("other"), NULL, 0);
    phrases_close(phrases);
    assert_int_equal(count_files(), 2);
}

static void make_old(const char *path)
{
    const struct timespec times[] = {{1000, 0}, {1000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_two_processes_keep_the_folder_bounded(void **state)
{
    struct phrases *first = open_store(folder), *second = open_store(folder);
    char key[16];
    phrases_keep(first, "old", SLICE("sound"), NULL, 0);
    phrases_settle(first);
    each_file(make_old);
    for (int i = 0; i < PHRASES_MAX / 2; i++) {
        snprintf(key, sizeof key, "f%d", i);
        phrases_keep(first, key, SLICE("sound"), NULL, 0);
        snprintf(key, sizeof key, "s%d", i);
        phrases_keep(second, key, SLICE("sound"), NULL, 0);
    }
    phrases_keep(second, "old", SLICE("sound"), NULL, 0); /* written by both: the same file */
    phrases_close(first);
    phrases_close(second);
    assert_int_equal(count_files(), PHRASES_MAX);
    struct phrases *third = open_store(folder);
    assert_true(knows(third, "f200") && knows(third, "s200"));
    phrases_close(third);
}

static void test_use_is_told_to_the_file(void **state)
{
    struct phrases *phrases = open_store(folder);
    phrases_keep(phrases, "a", SLICE("sound"), NULL, 0);
    phrases_close(phrases);
    each_file(make_old);
    phrases = open_store(folder);
    assert_true(knows(phrases, "a"));
    phrases_close(phrases);
    struct stat info;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strstr(entry->d_name, ".phrase")) {
            assert_int_equal(fstatat(dirfd(dir), entry->d_name, &info, 0), 0);
            assert_true(info.st_mtim.tv_sec > 1000000);
        }
    closedir(dir);
}

static void test_a_folder_that_cannot_be(void **state)
{
    struct phrases *phrases;
    char why[256];
    assert_int_equal(phrases_open(&phrases, "/proc/none/such", why), ERR_SYSTEM);
    assert_non_null(strstr(why, "/proc/none/such: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_oldest_unused_goes),
        cmocka_unit_test(test_bytes_are_bounded),
        cmocka_unit_test(test_what_is_held_stays),
        cmocka_unit_test(test_one_asks_at_a_time),
        cmocka_unit_test_setup_teardown(test_a_restart_knows_them, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(
            test_a_broken_file_is_no_phrase, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_huge_file_takes_no_room, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(
            test_two_processes_keep_the_folder_bounded, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_use_is_told_to_the_file, make_folder, remove_folder),
        cmocka_unit_test(test_a_folder_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
