/* What the shelf remembers: over restarts, with damaged files, and with others at the same folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script/shelf.h"
#include "script/shelf_files.h"
#include "unit/script/scripts_folder.h"

struct story {
    struct scripts_folder folder;
    struct shelf *shelf;
};

static struct shelf *open_shelf(const struct scripts_folder *folder)
{
    struct shelf *shelf;
    char why[256];
    assert_int_equal(shelf_open(&shelf, folder->path, why), ERR_OK);
    return shelf;
}

static int setup(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    folder_make(&story->folder);
    story->shelf = open_shelf(&story->folder);
    *state = story;
    return 0;
}

static int teardown(void **state)
{
    struct story *story = *state;
    shelf_close(story->shelf);
    folder_remove(&story->folder);
    free(story);
    return 0;
}

static void restart(struct story *story)
{
    shelf_close(story->shelf);
    story->shelf = open_shelf(&story->folder);
}

/* A version whose agent.lua says `text`; returns its name. */
static const char *keep(struct shelf *shelf, const char *tenant_id, const char *text)
{
    static char version[VERSION_SIZE];
    struct sources *sources;
    char why[256];
    assert_int_equal(sources_create(&sources, "scripts", tenant_id), ERR_OK);
    assert_int_equal(
        sources_put_take(sources, "agent.lua", slice_dup(slice_from(text)), strlen(text), why),
        ERR_OK);
    sources_version(sources, version);
    assert_int_equal(shelf_keep(shelf, sources), ERR_OK);
    sources_release(sources);
    return version;
}

static void keep_named(struct shelf *shelf, const char *text, char version[VERSION_SIZE])
{
    memcpy(version, keep(shelf, "acme", text), VERSION_SIZE);
}

static void expect_text(struct shelf *shelf, const char *version, const char *text)
{
    struct sources *sources;
    char why[256];
    assert_int_equal(shelf_read(shelf, &sources, "acme", version, "scripts", why), ERR_OK);
    assert_string_equal(sources_find(sources, "agent.lua")->text, text);
    sources_release(sources);
}

static void expect_applied(struct shelf *shelf, const char *version)
{
    char applied[VERSION_SIZE];
    assert_int_equal(shelf_applied(shelf, "acme", applied), version[0] != 0);
    assert_string_equal(applied, version);
}

static void what_was_applied_comes_back(void **state)
{
    struct story *story = *state;
    char first[VERSION_SIZE], second[VERSION_SIZE];
    expect_applied(story->shelf, "");
    keep_named(story->shelf, "return 1", first);
    shelf_set_applied(story->shelf, "acme", first);
    keep_named(story->shelf, "return 2", second);
    expect_applied(story->shelf, first);
    expect_text(story->shelf, second, "return 2");
    shelf_set_applied(story->shelf, "acme", second);
    restart(story);
    expect_applied(story->shelf, second);
    expect_text(story->shelf, first, "return 1");
    struct shelf_index list;
    shelf_list(story->shelf, "acme", &list);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.entries[0].version, second);
    assert_true(list.entries[0].applied_at_ms > list.entries[0].kept_at_ms);
    shelf_list(story->shelf, "nobody", &list);
    assert_int_equal(list.count, 0);
}

static void what_was_rolled_back_does_not(void **state)
{
    struct story *story = *state;
    char good[VERSION_SIZE], bad[VERSION_SIZE];
    keep_named(story->shelf, "return 1", good);
    shelf_set_applied(story->shelf, "acme", good);
    keep_named(story->shelf, "return nil", bad);
    shelf_set_applied(story->shelf, "acme", bad);
    shelf_mark_rolled_back(story->shelf, "acme", bad, "agent.lua:1: \"bad\" \xff");
    expect_applied(story->shelf, good);
    restart(story);
    expect_applied(story->shelf, good);
    assert_true(shelf_is_rolled_back(story->shelf, "acme", bad));
    assert_false(shelf_is_rolled_back(story->shelf, "acme", good));
    struct shelf_index list;
    shelf_list(story->shelf, "acme", &list);
    assert_string_equal(shelf_index_find(&list, bad)->why, "agent.lua:1: \"bad\" \xef\xbf\xbd");
    shelf_set_applied(story->shelf, "acme", bad); /* somebody wants it all the same */
    assert_false(shelf_is_rolled_back(story->shelf, "acme", bad));
    expect_applied(story->shelf, bad);
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void the_last_are_kept_and_what_answers(void **state)
{
    struct story *story = *state;
    char answering[VERSION_SIZE], text[32], path[128], last[VERSION_SIZE];
    keep_named(story->shelf, "return 0", answering);
    shelf_set_applied(story->shelf, "acme", answering);
    for (unsigned i = 1; i <= 40; i++) {
        snprintf(text, sizeof text, "return %u", i);
        keep_named(story->shelf, text, last);
    }
    restart(story);
    struct shelf_index list;
    shelf_list(story->shelf, "acme", &list);
    assert_int_equal(list.count, SHELF_VERSIONS_MAX);
    expect_applied(story->shelf, answering);
    expect_text(story->shelf, answering, "return 0");
    expect_text(story->shelf, last, "return 40");
    snprintf(path, sizeof path, "%s/acme", story->folder.path);
    assert_int_equal(count_files(path), SHELF_VERSIONS_MAX + 1);
}

static ino_t file_of(const struct story *story, const char *version)
{
    char path[256];
    struct stat info;
    snprintf(path, sizeof path, "%s/acme/%s.json", story->folder.path, version);
    assert_int_equal(stat(path, &info), 0);
    return info.st_ino;
}

static void what_is_on_disk_is_not_written_again(void **state)
{
    struct story *story = *state;
    char version[VERSION_SIZE];
    keep_named(story->shelf, "return 1", version);
    shelf_settle(story->shelf);
    ino_t file = file_of(story, version);
    keep_named(story->shelf, "return 1", version);
    shelf_settle(story->shelf);
    assert_int_equal(file_of(story, version), file);
}

static void a_slow_disk_keeps_nobody_waiting(void **state)
{
    struct story *story = *state;
    char folder[128], version[VERSION_SIZE];
    snprintf(folder, sizeof folder, "%s/acme", story->folder.path);
    assert_int_equal(shelf_files_make_folder(folder), ERR_OK);
    int lock = shelf_files_lock(folder); /* the writer waits for us */
    assert_true(lock >= 0);
    keep_named(story->shelf, "return 1", version);
    expect_text(story->shelf, version, "return 1");
    shelf_files_unlock(lock);
}

static void damage_costs_only_what_is_damaged(void **state)
{
    struct story *story = *state;
    char whole[VERSION_SIZE], broken[VERSION_SIZE], name[64], why[256];
    struct sources *sources;
    keep_named(story->shelf, "return 1", whole);
    keep_named(story->shelf, "return 2", broken);
    shelf_settle(story->shelf);
    snprintf(name, sizeof name, "acme/%s.json", broken);
    folder_write(&story->folder, name, "{\"tenant\":\"acme\",\"ver");
    folder_write(&story->folder, "acme/index.json", "{\"versions\":[");
    folder_write(&story->folder, "acme/.half-abcdef", "{");
    folder_write(&story->folder, "acme/0123.json", "{}");
    restart(story);
    struct shelf_index list;
    shelf_list(story->shelf, "acme", &list);
    assert_int_equal(list.count, 2);
    expect_text(story->shelf, whole, "return 1");
    expect_applied(story->shelf, "");
    assert_int_equal(shelf_read(story->shelf, &sources, "acme", broken, "scripts", why), ERR_BAD);
    assert_non_null(strstr(why, "no JSON"));
    assert_int_equal(shelf_read(story->shelf, &sources, "acme", "0123456789abcdef", "scripts", why),
        ERR_NOT_FOUND);
    assert_string_equal(why, "version 0123456789abcdef of acme is not kept");
    assert_int_equal(shelf_read(story->shelf, &sources, "acme", "../../etc/passwd", "scripts", why),
        ERR_NOT_FOUND);
    keep_named(story->shelf, "return 2", broken); /* seen again: whole again */
    expect_text(story->shelf, broken, "return 2");
}

static void anothers_version_is_refused(void **state)
{
    struct story *story = *state;
    char version[VERSION_SIZE], from[160], to[160], why[256];
    struct sources *sources;
    keep(story->shelf, "acme", "return 1");
    memcpy(version, keep(story->shelf, "other", "return 2"), VERSION_SIZE);
    shelf_settle(story->shelf);
    snprintf(from, sizeof from, "%s/other/%s.json", story->folder.path, version);
    snprintf(to, sizeof to, "%s/acme/%s.json", story->folder.path, version);
    assert_int_equal(link(from, to), 0);
    assert_int_equal(shelf_read(story->shelf, &sources, "acme", version, "scripts", why), ERR_BAD);
    assert_string_equal(why, "it is a version of another tenant, other");
}

static void two_shelves_add_up(void **state)
{
    struct story *story = *state;
    struct shelf *other = open_shelf(&story->folder);
    char ours[VERSION_SIZE], theirs[VERSION_SIZE];
    keep_named(story->shelf, "return 'ours'", ours);
    shelf_set_applied(story->shelf, "acme", ours);
    shelf_settle(story->shelf);
    keep_named(other, "return 'theirs'", theirs);
    shelf_set_applied(other, "acme", theirs);
    shelf_settle(other);
    shelf_mark_rolled_back(story->shelf, "acme", ours, "it failed");
    shelf_settle(story->shelf);
    expect_applied(story->shelf, theirs);
    shelf_close(other);
    restart(story);
    expect_applied(story->shelf, theirs);
    expect_text(story->shelf, ours, "return 'ours'");
    assert_true(shelf_is_rolled_back(story->shelf, "acme", ours));
}

static int write_many(const struct scripts_folder *folder, int number)
{
    struct shelf *shelf = open_shelf(folder);
    char text[32];
    for (int i = 0; i < 30; i++) {
        snprintf(text, sizeof text, "return %d", number * 100 + i);
        shelf_set_applied(shelf, "acme", keep(shelf, "acme", text));
        if (i % 3 == 0)
            shelf_settle(shelf);
    }
    shelf_close(shelf);
    return 0;
}

static void two_processes_do_no_damage(void **state)
{
    struct story *story = *state;
    pid_t children[3];
    shelf_close(story->shelf); /* a fork takes no threads along */
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (!children[i])
            _exit(write_many(&story->folder, i));
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    story->shelf = open_shelf(&story->folder);
    struct shelf_index list;
    shelf_list(story->shelf, "acme", &list);
    assert_int_equal(list.count, SHELF_VERSIONS_MAX);
    for (size_t i = 0; i < list.count; i++) {
        struct sources *sources;
        char why[256];
        assert_int_equal(
            shelf_read(story->shelf, &sources, "acme", list.entries[i].version, "scripts", why),
            ERR_OK);
        sources_release(sources);
    }
    char applied[VERSION_SIZE];
    assert_true(shelf_applied(story->shelf, "acme", applied));
}

static void count_tenant(void *owner, const char *tenant_id)
{
    ++*(unsigned *)owner;
}

static void tenants_are_known(void **state)
{
    struct story *story = *state;
    unsigned count = 0;
    keep(story->shelf, "acme", "return 1");
    keep(story->shelf, "other", "return 1");
    folder_write(&story->folder, "Not_A_Tenant/x", "");
    shelf_tenants(story->shelf, count_tenant, &count);
    assert_int_equal(count, 2);
}

static void without_a_shelf_nothing_is_known(void **state)
{
    struct story *story = *state;
    struct shelf_index list;
    struct sources *sources;
    struct shelf *shelf;
    char why[256], path[128];
    keep(NULL, "acme", "return 1");
    shelf_set_applied(NULL, "acme", "0123456789abcdef");
    shelf_list(NULL, "acme", &list);
    assert_int_equal(list.count, 0);
    assert_int_equal(
        shelf_read(NULL, &sources, "acme", "0123456789abcdef", "s", why), ERR_NOT_FOUND);
    folder_write(&story->folder, "file", "");
    snprintf(path, sizeof path, "%s/file/versions", story->folder.path);
    assert_int_equal(shelf_open(&shelf, path, why), ERR_SYSTEM);
    assert_non_null(strstr(why, "Not a directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_applied_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_rolled_back_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_are_kept_and_what_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_on_disk_is_not_written_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_disk_keeps_nobody_waiting, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_costs_only_what_is_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(anothers_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(two_shelves_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(two_processes_do_no_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(tenants_are_known, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_shelf_nothing_is_known, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
