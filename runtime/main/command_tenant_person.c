/* moonline tenant erase-contact TENANT PERSON [--dry-run]: takes a person out of everything that is kept.
   moonline tenant scan TENANT WHAT…: where a number, an address or a name is still told of, in rows and in the files of
   MOONLINE_DATA. */
#include <ctype.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "main/commands.h"
#include "main/kept_captures.h"
#include "main/kept_sound.h"
#include "main/workbench.h"
#include "observe/log.h"
#include "store/people.h"
#include "text/phone_number.h"
#include "text/spelling.h"

#define DATABASE_WAIT_MS 3000
#define ANSWER_WAIT_MS 600000 /* every word that was ever said to the tenant is read */
#define WANTED_MAX 16
#define WORD_SIZE 256
#define CHUNK_BYTES (1u << 20)
#define OVERLAP_BYTES 512

struct wanted {
    char text[WORD_SIZE]; /* a number in E.164, or lower case */
    bool is_number;
};

struct asking {
    struct workbench workbench;
    const char *data;
    const char *tenant_id;
    bool is_dry;
    bool is_done;
    size_t found;
    char why[400];
};

/* A number as people write it; else a word. False: it is too long. */
static bool read_wanted(struct wanted *wanted, const char *text)
{
    char number[PHONE_NUMBER_SIZE];
    wanted->is_number =
        text[0] == '+' && phone_number_read(number, slice_from(text), SLICE("")) == ERR_OK;
    if (wanted->is_number)
        text = number;
    if (strlen(text) >= sizeof wanted->text)
        return false;
    size_t i = 0;
    for (; text[i]; i++)
        wanted->text[i] = (char)tolower((unsigned char)text[i]);
    wanted->text[i] = '\0';
    return i > 0;
}

/* ---- erase-contact ---- */

static void print_rows(const json_t *rows)
{
    const char *table;
    json_t *count;
    json_object_foreach((json_t *)rows, table, count)
    {
        if (json_integer_value(count))
            printf("  %-14s %lld\n", table, (long long)json_integer_value(count));
    }
}

static void take_files(const struct asking *asking, const json_t *files)
{
    size_t i;
    json_t *path;
    json_array_foreach((json_t *)files, i, path)
    {
        const char *name = json_string_value(path);
        bool is_gone = !asking->is_dry && kept_sound_remove(asking->data, slice_from(name));
        printf("  recording %s%s\n", name,
            is_gone          ? ", removed"
            : asking->is_dry ? ""
                             : ", not on this machine: its node removes it within the hour");
    }
}

static void print_carrier(const json_t *recordings)
{
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)recordings, i, name)
    {
        printf("  at the carrier, to be deleted there: %s\n", json_string_value(name));
    }
}

static void on_erased_calls(void *owner, const struct query_answer *answer)
{
    struct asking *asking = owner;
    asking->is_done = !answer->err;
    if (answer->err)
        snprintf(asking->why, sizeof asking->why, "%s", answer->why);
    else
        printf("  %-14s %zu on this machine; others remove theirs within the hour\n", "captures",
            kept_captures_erase(asking->data, answer->rows));
    workbench_stop(&asking->workbench);
}

/* Of the calls that were emptied: they are known by now. */
static bool take_captures(struct asking *asking)
{
    struct query *query;
    return !asking->is_dry &&
           people_erased_calls(&query, asking->workbench.database, slice_from(asking->tenant_id),
               ANSWER_WAIT_MS, on_erased_calls, asking) == ERR_OK;
}

static void on_erased(void *owner, const struct query_answer *answer)
{
    struct asking *asking = owner;
    asking->is_done = !answer->err;
    if (answer->err) {
        snprintf(asking->why, sizeof asking->why, "%s", answer->why);
    } else {
        struct slice text = rows_get(answer->rows, 0, 0);
        json_t *told = json_loadb(text.data, text.len, 0, NULL);
        const json_t *rows = json_object_get(told, "rows");
        if (!json_integer_value(json_object_get(told, "people")))
            printf("no contact goes by that; what else has it:\n");
        printf("%s, in rows:\n", asking->is_dry ? "would go" : "gone");
        print_rows(rows);
        take_files(asking, json_object_get(told, "files"));
        print_carrier(json_object_get(told, "carrier"));
        json_decref(told);
        if (take_captures(asking))
            return;
    }
    workbench_stop(&asking->workbench);
}

static int finish(struct asking *asking, const char *verb)
{
    workbench_close(&asking->workbench);
    if (!asking->is_done)
        fprintf(stderr, "moonline: tenant %s: the database: %s\n", verb, asking->why);
    return asking->is_done ? 0 : 1;
}

static bool begin(struct asking *asking, const struct settings *settings)
{
    log_set_level(LOG_ERROR);
    asking->data = settings->data;
    snprintf(asking->why, sizeof asking->why, "it cannot be reached (DATABASE_URL)");
    return workbench_open(&asking->workbench, settings, true) == ERR_OK &&
           workbench_reach_database(&asking->workbench, DATABASE_WAIT_MS);
}

int command_tenant_erase(const struct settings *settings, int argc, char **argv)
{
    struct asking asking = {.is_dry = argc == 4 && strcmp(argv[3], "--dry-run") == 0};
    struct wanted wanted;
    struct query *query;
    asking.tenant_id = argc > 1 ? argv[1] : "";
    if (argc != 3 + asking.is_dry || !read_wanted(&wanted, argv[2]))
        return command_misused("tenant erase-contact",
            "needs a tenant and a phone number (+15550100001), an e-mail address or a contact's "
            "id; --dry-run only says what "
            "would go");
    if (begin(&asking, settings) &&
        people_erase(&query, asking.workbench.database, slice_from(argv[1]),
            slice_from(wanted.text), SLICE("moonline tenant erase-contact"), asking.is_dry,
            ANSWER_WAIT_MS, on_erased, &asking) == ERR_OK)
        workbench_run(&asking.workbench, ANSWER_WAIT_MS);
    return finish(&asking, "erase-contact");
}

/* ---- scan ---- */

static const struct wanted *scanned; /* nftw takes no owner */
static size_t scanned_count;
static size_t scanned_found;
static const char *scanned_secrets;

static bool tells(struct slice text)
{
    for (size_t i = 0; i < scanned_count; i++) {
        struct slice what = slice_from(scanned[i].text);
        if (scanned[i].is_number ? spelling_has_number(text, what) : spelling_has_word(text, what))
            return true;
    }
    return false;
}

static bool file_tells(FILE *file, char *chunk)
{
    size_t kept = 0, len;
    while ((len = fread(chunk + kept, 1, CHUNK_BYTES - kept, file)) > 0) {
        len += kept;
        if (tells((struct slice){chunk, len}))
            return true;
        kept = len < OVERLAP_BYTES ? len : OVERLAP_BYTES;
        memmove(chunk, chunk + len - kept, kept);
    }
    return false;
}

static void look_into_capture(const char *path)
{
    static const char *const words[] = {[KEPT_CAPTURE_TELLS] = "",
        [KEPT_CAPTURE_SEALED] = ": sealed, and its key is not here: it may tell of that",
        [KEPT_CAPTURE_UNREAD] = ": cannot be read to its end: it may tell of that"};
    enum kept_captures_answer answer = kept_captures_look(path, scanned_secrets, tells);
    if (answer == KEPT_CAPTURE_SILENT)
        return;
    printf("capture %s%s\n", path, words[answer]);
    scanned_found++;
}

static int look_into(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    if (kind == FTW_F && kept_captures_is_one(path)) {
        look_into_capture(path);
        return 0;
    }
    FILE *file = kind == FTW_F ? fopen(path, "rb") : NULL;
    char *chunk = file ? malloc(CHUNK_BYTES) : NULL;
    if (chunk && file_tells(file, chunk)) {
        printf("file %s\n", path);
        scanned_found++;
    }
    free(chunk);
    if (file)
        fclose(file);
    return 0;
}

static size_t scan_files(const struct settings *settings, const struct wanted *wanted, size_t count)
{
    scanned = wanted;
    scanned_secrets = settings->secrets;
    scanned_count = count;
    scanned_found = 0;
    nftw(settings->data, look_into, 16, FTW_PHYS);
    return scanned_found;
}

static void on_scanned(void *owner, const struct query_answer *answer)
{
    struct asking *asking = owner;
    asking->is_done = !answer->err;
    if (answer->err)
        snprintf(asking->why, sizeof asking->why, "%s (is moonline migrate done?)", answer->why);
    for (size_t i = 0; !answer->err && i < rows_count(answer->rows); i++) {
        struct slice table = rows_get(answer->rows, i, 0), column = rows_get(answer->rows, i, 1);
        struct slice count = rows_get(answer->rows, i, 2);
        printf("%.*s rows of %.*s.%.*s\n", (int)count.len, count.data, (int)table.len, table.data,
            (int)column.len, column.data);
        asking->found++;
    }
    workbench_stop(&asking->workbench);
}

/* As Postgres writes an array. */
static void add_item(struct strbuf *list, const char *text)
{
    strbuf_add_text(list, list->len > 1 ? ",\"" : "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            strbuf_add_char(list, '\\');
        strbuf_add_char(list, *text);
    }
    strbuf_add_char(list, '"');
}

static void ask_scan(
    struct asking *asking, const char *tenant_id, const struct wanted *wanted, size_t count)
{
    struct query *query;
    struct strbuf lists[2]; /* words, numbers */
    for (size_t i = 0; i < 2; i++) {
        strbuf_init(&lists[i], WANTED_MAX * 2 * WORD_SIZE + 16);
        strbuf_add_char(&lists[i], '{');
    }
    for (size_t i = 0; i < count; i++)
        add_item(&lists[wanted[i].is_number], wanted[i].text);
    for (size_t i = 0; i < 2; i++)
        strbuf_add_char(&lists[i], '}');
    if (people_scan(&query, asking->workbench.database, slice_from(tenant_id),
            strbuf_slice(&lists[1]), strbuf_slice(&lists[0]), ANSWER_WAIT_MS, on_scanned,
            asking) == ERR_OK)
        workbench_run(&asking->workbench, ANSWER_WAIT_MS);
    strbuf_free(&lists[0]);
    strbuf_free(&lists[1]);
}

int command_tenant_scan(const struct settings *settings, int argc, char **argv)
{
    struct asking asking = {0};
    struct wanted wanted[WANTED_MAX];
    size_t count = 0;
    for (int i = 2; i < argc && count < WANTED_MAX && read_wanted(&wanted[count], argv[i]); i++)
        count++;
    if (argc < 3 || count != (size_t)argc - 2)
        return command_misused("tenant scan",
            "needs a tenant, and phone numbers (+15550100001), e-mail addresses or names");
    if (begin(&asking, settings))
        ask_scan(&asking, argv[1], wanted, count);
    if (asking.is_done)
        asking.found += scan_files(settings, wanted, count);
    int status = finish(&asking, "scan");
    if (!status && !asking.found)
        printf("nothing tells of that\n");
    return status || asking.found ? 1 : 0;
}
