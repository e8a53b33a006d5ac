/* Where the keys of providers come from, and what people are told when they do not come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "main/provider_list.h"
#include "unit/script/scripts_folder.h"

#define KEY "sk-in-the-clear"
#define LIST(fields)                                                                               \
    "{\"providers\": ["                                                                            \
    "{\"name\": \"ear\", \"driver\": \"openai_realtime\", \"model\": \"m\"},"                      \
    "{\"name\": \"head\", \"driver\": \"openai_chat\", \"model\": \"m\", " fields "},"             \
    "{\"name\": \"mouth\", \"driver\": \"elevenlabs\", \"model\": \"m\", \"voice\": \"v\"}]}"

struct world {
    struct scripts_folder folder;
    char file[128], secrets[128];
    struct settings settings;
    struct provider_list list;
    char why[CATALOG_WHY_SIZE];
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    snprintf(world->file, sizeof world->file, "%s/providers.json", world->folder.path);
    snprintf(world->secrets, sizeof world->secrets, "%s/secrets", world->folder.path);
    world->settings = (struct settings){.providers = world->file, .secrets = world->secrets};
    setenv("OPENAI_API_KEY", "sk-openai", 1);
    setenv("ELEVENLABS_API_KEY", "eleven", 1);
    unsetenv("HEAD_KEY");
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    provider_list_free(&world->list);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void write_key(const struct world *world, const char *name, const char *key, mode_t mode)
{
    char path[PATH_MAX];
    folder_write(&world->folder, name, key);
    snprintf(path, sizeof path, "%s/%s", world->folder.path, name);
    assert_int_equal(chmod(path, mode), 0);
}

static void read_list(struct world *world)
{
    provider_list_free(&world->list);
    if (provider_list_read(&world->list, &world->settings, world->why) != ERR_OK)
        fail_msg("%s", world->why);
}

/* `what` follows the folder's path. */
static void expect_refused(struct world *world, const char *what)
{
    provider_list_free(&world->list);
    assert_true(provider_list_read(&world->list, &world->settings, world->why) != ERR_OK);
    if (!strstr(world->why, what))
        fail_msg("%s", world->why);
    assert_null(strstr(world->why, KEY));
}

static void keys_come_from_where_the_entry_says(void **state)
{
    struct world *world = *state;
    folder_write(&world->folder, "providers.json", LIST("\"key_file\": \"keys/head\""));
    write_key(world, "keys/head", KEY "\n", 0600);
    read_list(world);
    const struct provider *list = world->list.providers;
    assert_int_equal(world->list.count, 3);
    assert_string_equal(list[0].stt.api_key, "sk-openai");
    assert_string_equal(list[0].key_source, "environment OPENAI_API_KEY");
    assert_string_equal(list[1].llm.api_key, KEY);
    assert_non_null(strstr(list[1].key_source, "/keys/head"));
    assert_string_equal(list[2].tts.api_key, "eleven");
    assert_int_equal(world->list.file_count, 2);
    assert_string_equal(world->list.files[0], world->file);
    setenv("HEAD_KEY", "from afar", 1);
    folder_write(&world->folder, "providers.json", LIST("\"key_env\": \"HEAD_KEY\""));
    read_list(world);
    assert_string_equal(world->list.providers[1].llm.api_key, "from afar");
    folder_write(&world->folder, "providers.json", LIST("\"base_url\": \"http://localhost:1\""));
    read_list(world);
    assert_null(world->list.providers[1].llm.api_key);
}

static void a_key_that_does_not_come_is_told(void **state)
{
    struct world *world = *state;
    expect_refused(world, "/providers.json, which cannot be read: No such file or directory");
    folder_write(&world->folder, "providers.json", LIST("\"key_file\": \"head\""));
    expect_refused(world, "/providers.json: think head: key_file ");
    expect_refused(world, "/head is not there");
    assert_int_equal(world->list.file_count, 2); /* so that it is seen when it comes */
    write_key(world, "head", KEY, 0644);
    expect_refused(world, "/head can be read by everybody on its machine (chmod o= the file)");
    write_key(world, "head", KEY "\n" KEY, 0600);
    expect_refused(world, "/head must be one line of 1 to 4096 bytes");
    folder_write(&world->folder, "providers.json", LIST("\"key_env\": \"HEAD_KEY\""));
    expect_refused(
        world, "think head: key_env names HEAD_KEY, which is not set: set it, or write key_file");
    setenv("HEAD_KEY", KEY "\n", 1);
    expect_refused(world, "think head: what HEAD_KEY holds must be one line, without a line's end");
    unsetenv("OPENAI_API_KEY");
    expect_refused(world, "hear ear: key_env names OPENAI_API_KEY, which is not set");
    world->settings.providers = world->folder.path;
    expect_refused(world, "which cannot be read: Is a directory");
}

static void tenants_have_their_own(void **state)
{
    struct world *world = *state;
    folder_write(&world->folder, "providers.json", LIST("\"base_url\": \"http://localhost:1\""));
    write_key(world, "secrets/acme/provider_head", KEY, 0600);
    write_key(world, "secrets/acme/provider_open", KEY, 0604); /* passed over, and logged */
    write_key(world, "secrets/acme/other", KEY, 0600);
    write_key(world, "secrets/beta/provider_mouth", "b", 0600);
    write_key(world, "secrets/Not-One/provider_mouth", "n", 0600);
    read_list(world);
    assert_int_equal(world->list.key_count, 2);
    const struct provider_key *keys = world->list.keys;
    assert_string_equal(keys[0].tenant_id, "acme");
    assert_string_equal(keys[0].provider, "head");
    assert_string_equal(keys[0].key, KEY);
    assert_non_null(strstr(keys[0].source, "/secrets/acme/provider_head"));
    assert_string_equal(keys[1].tenant_id, "beta");
}

static void without_a_file_the_environment_names_them(void **state)
{
    struct world *world = *state;
    world->settings = (struct settings){.providers = "",
        .secrets = world->secrets,
        .openai_base_url = "http://localhost",
        .openai_api_key = KEY,
        .openai_stt_model = "h",
        .openai_stt_format = "pcm",
        .openai_chat_model = "t",
        .elevenlabs_base_url = "http://localhost",
        .elevenlabs_api_key = "e",
        .elevenlabs_voice_id = "v",
        .elevenlabs_model = "s"};
    write_key(world, "secrets/acme/provider_openai", "own", 0600);
    read_list(world);
    assert_true(world->list.count >= 3);
    assert_int_equal(world->list.key_count, 1);
    assert_int_equal(world->list.file_count, 0);
}

static void the_stamp_tells_whether_anything_is_new(void **state)
{
    struct world *world = *state;
    uint8_t before[SHA256_BYTES];
    folder_write(&world->folder, "providers.json", LIST("\"key_file\": \"head\""));
    write_key(world, "head", KEY, 0600);
    write_key(world, "secrets/acme/provider_head", KEY, 0600);
    read_list(world);
    memcpy(before, world->list.stamp, sizeof before);
    read_list(world);
    assert_memory_equal(before, world->list.stamp, sizeof before);
    static const struct {
        const char *name, *text;
    } changes[] = {{"head", "rotated"}, {"secrets/acme/provider_head", "rotated"},
        {"providers.json", LIST("\"key_file\": \"head\", \"max_tokens\": 9")}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_key(world, changes[i].name, changes[i].text, 0600);
        read_list(world);
        assert_memory_not_equal(before, world->list.stamp, sizeof before);
        memcpy(before, world->list.stamp, sizeof before);
    }
}

/* What people copy must work. */
static void the_example_is_good(void **state)
{
    struct world *world = *state;
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(SOURCE_DIR "/examples/providers.json", "r");
    assert_non_null(file);
    assert_true(getdelim(&text, &size, 0, file) > 0);
    fclose(file);
    folder_write(&world->folder, "providers.json", text);
    free(text);
    write_key(world, "keys/elevenlabs", "eleven", 0600);
    read_list(world);
    size_t counts[PROVIDER_SLOTS] = {0};
    for (size_t i = 0; i < world->list.count; i++)
        counts[world->list.providers[i].driver->slot]++;
    assert_true(counts[SLOT_HEAR] >= 2 && counts[SLOT_THINK] >= 2 && counts[SLOT_SPEAK] >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_come_from_where_the_entry_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_that_does_not_come_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(tenants_have_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_file_the_environment_names_them, setup, teardown),
        cmocka_unit_test_setup_teardown(the_stamp_tells_whether_anything_is_new, setup, teardown),
        cmocka_unit_test_setup_teardown(the_example_is_good, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
