#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "main/commands.h"
#include "store/journal_file.h"
#include "store/journal_folder.h"
#include "text/redact.h"

#define FILES_MAX 256

/* What is done with each file. */
struct verb {
    const char *name;
    enum err (*run)(const char *node, struct journal_file *file);
};

static enum err say_depth(const char *node, struct journal_file *file)
{
    struct journal_stats stats;
    enum err err = journal_file_stats(file, &stats);
    if (err)
        return err;
    uint64_t oldest_ms = journal_file_oldest_ms(file);
    uint64_t age_s = oldest_ms ? (clock_wall_ms() - oldest_ms) / 1000 : 0;
    printf("%-36s  %8zu  %9llu  %7zu  %6.1f\n", node, stats.rows, (unsigned long long)age_s,
        stats.refused, (double)journal_file_bytes(file) / (1024 * 1024));
    return ERR_OK;
}

static void print_refusal(void *owner, const struct journal_refusal *refusal)
{
    char put[CLOCK_TEXT_SIZE];
    clock_wall_text(refusal->put_ms, put);
    struct strbuf
        row; /* a row has what was said: on a terminal it says where to look, not whose it is */
    strbuf_init(&row, strlen(refusal->json) * 2 + 64);
    redact(&row, slice_from(refusal->json));
    printf("%s  %s  %s  %s\n    %s\n", put, refusal->kind, refusal->sqlstate, refusal->why,
        row.data ? row.data : "");
    strbuf_free(&row);
}

static enum err say_refused(const char *node, struct journal_file *file)
{
    return journal_file_refused(file, print_refusal, NULL);
}

static enum err retry(const char *node, struct journal_file *file)
{
    size_t count = 0;
    enum err err = journal_file_retry(file, &count);
    if (!err && count)
        printf("%s: %zu rows are sent once more, within seconds if a server runs\n", node, count);
    return err;
}

static const struct verb VERBS[] = {{"", say_depth}, {"refused", say_refused}, {"retry", retry}};

static int run_on_all(const struct settings *settings, const struct verb *verb)
{
    static char nodes[FILES_MAX][JOURNAL_NODE_SIZE];
    char folder[4096], why[JOURNAL_WHY_SIZE];
    int status = 0;
    snprintf(folder, sizeof folder, "%s/journal", settings->data);
    size_t count = journal_folder_list(folder, nodes, FILES_MAX);
    if (!verb->name[0])
        printf("%-36s  %8s  %9s  %7s  %6s\n", "process", "rows", "oldest s", "refused", "MiB");
    for (size_t i = 0; i < count; i++) {
        struct journal_file *file = NULL;
        enum err err = journal_file_look(&file, folder, nodes[i], why);
        if (err == ERR_NOT_FOUND)
            continue; /* it went meanwhile */
        if (!err && (err = verb->run(nodes[i], file)))
            slice_copy(slice_from(journal_file_why(file)), why, sizeof why);
        if (err)
            fprintf(stderr, "moonline: journal: %s/%s.db: %s\n", folder, nodes[i], why);
        status = err ? 1 : status;
        journal_file_close(file);
    }
    return status;
}

int command_journal(const struct settings *settings, int argc, char **argv)
{
    if (argc > 2)
        return command_misused(argv[0], "takes \"refused\", \"retry\" or nothing");
    for (size_t i = 0; i < sizeof VERBS / sizeof VERBS[0]; i++) {
        if (strcmp(VERBS[i].name, argc == 2 ? argv[1] : "") == 0)
            return run_on_all(settings, &VERBS[i]);
    }
    return command_misused(argv[0], "takes \"refused\", \"retry\" or nothing");
}
