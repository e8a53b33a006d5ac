#include "main/top_page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/top_cell.h"
#include "main/top_columns.h"

#define HEAD_LINES 3
#define SMALL_BODY 14 /* lines; a smaller one has calls only */
#define ROWS_MAX 4096
#define ALL_ROWS 100000

/* ---- sections ---- */

struct section {
    const struct top_section *kind;
    json_t *rows[ROWS_MAX];
    size_t row_count;
    size_t more;  /* rows that the server did not tell */
    size_t lines; /* given to it; 0: it is not shown */
};

static size_t lines_wanted(const struct section *section)
{
    return section->row_count ? 1 + section->row_count : 0;
}

static void fill(struct section *section, const struct top_section *kind, const json_t *state,
    enum top_sort sort)
{
    size_t i;
    json_t *row;
    *section = (struct section){.kind = kind};
    json_array_foreach(json_object_get(state, kind->member), i, row)
    {
        if (section->row_count < ROWS_MAX)
            section->rows[section->row_count++] = row;
        else
            section->more++;
    }
    if (kind->compare)
        qsort_r(section->rows, section->row_count, sizeof *section->rows, kind->compare, &sort);
}

static void keep_tenant(struct section *calls, const char *tenant)
{
    size_t kept = 0;
    for (size_t i = 0; i < calls->row_count; i++)
        if (!tenant[0] || strcmp(top_string(calls->rows[i], "tenant"), tenant) == 0)
            calls->rows[kept++] = calls->rows[i];
    calls->row_count = kept;
}

/* The title says how many of `all` rows are shown. */
static void write_section(
    const struct section *section, size_t all, const struct top_view *view, struct strbuf *out)
{
    if (!section->lines)
        return;
    size_t shown = section->lines - 1;
    shown = shown < section->row_count ? shown : section->row_count;
    struct top_table table = {
        section->kind->columns, section->kind->column_count, view->columns, view->is_styled};
    top_table_titles(&table, shown, all, out);
    for (size_t i = 0; i < shown; i++)
        top_table_row(&table, section->rows[i], out);
}

/* ---- lines of words ---- */

struct line {
    struct strbuf *out;
    unsigned columns;
    unsigned used;
};

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Behind what is there already, if it fits whole; the first one is cut. */
static void say(struct line *line, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    unsigned gap = line->used ? 2 : 0;
    if (!text[0])
        return;
    if (line->used && line->used + gap + strlen(text) > line->columns)
        return;
    strbuf_add(line->out, "  ", gap);
    line->used += gap + top_text(line->out, text, line->columns - line->used);
}

static void end_line(struct line *line)
{
    strbuf_add_char(line->out, '\n');
    line->used = 0;
}

static void write_head(const json_t *state, const struct top_view *view, struct strbuf *out)
{
    struct line line = {out, view->columns, 0};
    const json_t *process = json_object_get(state, "process");
    const json_t *journal = json_object_get(state, "journal");
    char uptime[TOP_CELL_SIZE];
    top_duration(top_number(process, "uptime_seconds"), uptime);
    say(&line, "moonline %.40s", top_string(process, "build"));
    say(&line, "%s", top_is(process, "draining") ? "DRAINING" : "");
    say(&line, "%s", top_is(process, "late") ? "LATE" : "");
    say(&line, "up %s", uptime);
    say(&line, "cpu %lld%%", top_number(process, "cpu_percent"));
    say(&line, "mem %lldM", top_number(process, "memory_bytes") >> 20);
    end_line(&line);
    say(&line, "calls %lld of %lld", top_number(process, "calls_active"),
        top_number(process, "calls_max"));
    say(&line, "last %llds:", top_number(process, "minute_seconds"));
    say(&line, "refused %lld", top_number(process, "refused"));
    say(&line, "apologies %lld", top_number(process, "apologies"));
    say(&line, "turns %lld", top_number(process, "turns"));
    end_line(&line);
    say(&line, "journal %lld rows", top_number(journal, "rows"));
    say(&line, "oldest %llds", top_number(journal, "oldest_seconds"));
    say(&line, "database %s", top_is(journal, "database") ? "up" : "DOWN");
    say(&line, "%s", top_is(journal, "writing") ? "" : "NOT WRITING");
    say(&line, "set aside %lld", top_number(journal, "refused"));
    end_line(&line);
}

static void write_foot(const struct top_view *view, struct strbuf *out)
{
    static const char *const orders[TOP_SORT_COUNT] = {"slowest", "age", "late", "tenant"};
    struct line line = {out, view->columns, 0};
    if (view->trouble[0]) {
        say(&line, "%s", view->trouble);
        return;
    }
    say(&line, "%s", view->is_paused ? "PAUSED" : "q quit");
    say(&line, "s sort: %s", orders[view->sort]);
    say(&line, "t tenant: %s", view->tenant[0] ? view->tenant : "all");
    say(&line, "%s", view->is_paused ? "p go on" : "p pause");
}

/* ---- the page ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t calls_wanted(const struct section *calls)
{
    return 1 + calls->row_count + (calls->more || !calls->row_count);
}

/* The calls have what the others leave, and the others what the calls do not need. */
static void share_lines(struct section sections[TOP_SECTIONS], size_t body)
{
    static const size_t shares[TOP_SECTIONS] = {0, 7, 5, 7}; /* of the body, one in so many */
    size_t left = body;
    size_t calls = calls_wanted(&sections[TOP_CALLS]);
    for (int i = TOP_THREADS; i < TOP_SECTIONS && body >= SMALL_BODY; i++) {
        sections[i].lines = smaller(lines_wanted(&sections[i]), 1 + body / shares[i]);
        left -= sections[i].lines;
    }
    size_t spare = left > calls ? left - calls : 0;
    for (int i = TOP_THREADS; i < TOP_SECTIONS && body >= SMALL_BODY; i++) {
        size_t more = smaller(lines_wanted(&sections[i]) - sections[i].lines, spare);
        sections[i].lines += more;
        left -= more;
        spare -= more;
    }
    sections[TOP_CALLS].lines = left;
}

/* How many there are beside those shown, or that there are none, takes a line. */
static void write_calls(struct section *calls, const struct top_view *view, struct strbuf *out)
{
    size_t all = calls->row_count + calls->more;
    bool is_cut = calls->more || 1 + calls->row_count > calls->lines;
    bool has_words = is_cut || !all;
    if (calls->lines < 2)
        calls->lines = 0;
    if (!calls->lines)
        return;
    size_t shown = smaller(calls->lines - 1 - has_words, calls->row_count);
    calls->lines = 1 + shown;
    write_section(calls, shown, view, out); /* its last line says how many are not */
    struct line line = {out, view->columns, 0};
    if (!has_words)
        return;
    if (is_cut)
        say(&line, "and %zu more", all - shown);
    else
        say(&line, "no calls");
    end_line(&line);
    calls->lines++;
}

static void fill_all(
    struct section sections[TOP_SECTIONS], const json_t *state, const struct top_view *view)
{
    for (int i = 0; i < TOP_SECTIONS; i++)
        fill(&sections[i], &top_sections[i], state, view->sort);
    keep_tenant(&sections[TOP_CALLS], view->tenant);
    if (!view->tenant[0])
        sections[TOP_CALLS].more += (size_t)top_number(state, "calls_left_out");
}

/* A terminal of fewer lines than are always there has the first of them. */
static void cut_lines(struct strbuf *page, unsigned rows)
{
    for (size_t i = 0; i < page->len; i++)
        if (page->data[i] == '\n' && --rows == 0)
            page->len = i;
}

void top_page_write(const json_t *state, const struct top_view *view, struct strbuf *out)
{
    struct section *sections = calloc(TOP_SECTIONS, sizeof *sections);
    if (!sections)
        return;
    size_t fixed = HEAD_LINES + 1, body = ALL_ROWS;
    if (view->rows)
        body = view->rows > fixed ? view->rows - fixed : 0;
    fill_all(sections, state, view);
    share_lines(sections, body);
    write_head(state, view, out);
    write_calls(&sections[TOP_CALLS], view, out);
    for (int i = TOP_THREADS; i < TOP_SECTIONS; i++)
        write_section(&sections[i], sections[i].row_count, view, out);
    size_t used = 0;
    for (int i = TOP_CALLS; i < TOP_SECTIONS; i++)
        used += sections[i].lines;
    for (; view->rows && used < body; used++)
        strbuf_add_char(out, '\n');
    if (view->rows) {
        write_foot(view, out);
        cut_lines(out, view->rows);
    }
    free(sections);
}

void top_page_next_tenant(const json_t *state, const char *after, char out[TOP_TENANT_SIZE])
{
    size_t i;
    json_t *call;
    const char *next = "";
    json_array_foreach(json_object_get(state, "calls"), i, call)
    {
        const char *tenant = top_string(call, "tenant");
        if (strcmp(tenant, after) > 0 && (!next[0] || strcmp(tenant, next) < 0))
            next = tenant;
    }
    snprintf(out, TOP_TENANT_SIZE, "%s", next);
}
