#include "main/top_table.h"

#include <stdio.h>
#include <string.h>

#include "main/top_cell.h"

#define COLUMNS_MAX 16
#define TITLE "\x1b[7m"
#define BAD "\x1b[1;31m"
#define PLAIN "\x1b[0m"

/* ---- widths ---- */

static unsigned sum_of(const struct top_table *table, const unsigned widths[COLUMNS_MAX])
{
    unsigned sum = 0;
    for (size_t i = 0; i < table->column_count; i++)
        sum += widths[i] ? widths[i] + (sum > 0) : 0;
    return sum;
}

/* The shown column that is missed least; table->column_count: none may go. */
static size_t least_of(const struct top_table *table, const unsigned widths[COLUMNS_MAX])
{
    size_t least = table->column_count;
    for (size_t i = 0; i < table->column_count; i++) {
        unsigned rank = table->columns[i].dispensed;
        bool is_less = least == table->column_count || rank > table->columns[least].dispensed;
        if (widths[i] && rank && is_less)
            least = i;
    }
    return least;
}

/* 0: that column is not shown. */
static void choose_widths(const struct top_table *table, unsigned widths[COLUMNS_MAX])
{
    for (size_t i = 0; i < table->column_count; i++)
        widths[i] = table->columns[i].width;
    while (sum_of(table, widths) > table->width) {
        size_t least = least_of(table, widths);
        if (least == table->column_count)
            return;
        widths[least] = 0;
    }
    unsigned spare = table->width - sum_of(table, widths);
    for (size_t i = 0; i < table->column_count; i++) {
        unsigned widest = table->columns[i].widest;
        unsigned more = widths[i] && widest > widths[i] ? widest - widths[i] : 0;
        more = more < spare ? more : spare;
        widths[i] += more;
        spare -= more;
    }
}

/* ---- lines ---- */

static void style(const struct top_table *table, const char *sequence, struct strbuf *out)
{
    if (table->is_styled)
        strbuf_add_text(out, sequence);
}

/* A cell, with the blank before it; cut at the line's end, whatever the widths are. */
static void add_cell(const struct top_table *table, const struct top_column *column, unsigned width,
    const char *text, unsigned *used, struct strbuf *out)
{
    if (*used && *used < table->width) {
        strbuf_add_char(out, ' ');
        ++*used;
    }
    unsigned room = table->width - *used;
    width = width < room ? width : room;
    top_cell(out, text, width, column->is_right);
    *used += width;
}

void top_table_titles(const struct top_table *table, size_t shown, size_t all, struct strbuf *out)
{
    unsigned widths[COLUMNS_MAX], used = 0;
    choose_widths(table, widths);
    style(table, TITLE, out);
    for (size_t i = 0; i < table->column_count; i++) {
        char title[TOP_CELL_SIZE];
        snprintf(title, sizeof title, "%s", table->columns[i].title);
        if (i == 0 && shown < all)
            snprintf(title, sizeof title, "%s %zu/%zu", table->columns[i].title, shown, all);
        if (widths[i])
            add_cell(table, &table->columns[i], widths[i], title, &used, out);
    }
    style(table, PLAIN, out);
    strbuf_add_char(out, '\n');
}

void top_table_row(const struct top_table *table, const json_t *row, struct strbuf *out)
{
    unsigned widths[COLUMNS_MAX], used = 0;
    choose_widths(table, widths);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct top_column *column = &table->columns[i];
        char text[TOP_CELL_SIZE] = "";
        if (!widths[i])
            continue;
        column->write(row, text);
        bool is_bad = column->is_bad && column->is_bad(row);
        style(table, is_bad ? BAD : "", out);
        add_cell(table, column, widths[i], text, &used, out);
        style(table, is_bad ? PLAIN : "", out);
    }
    strbuf_add_char(out, '\n');
}

/* ---- members ---- */

const char *top_string(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

long long top_number(const json_t *row, const char *name)
{
    const json_t *number = json_object_get(row, name);
    double value = json_number_value(number);
    return json_is_integer(number)         ? (long long)json_integer_value(number)
           : value > -1e15 && value < 1e15 ? (long long)value
                                           : 0;
}

bool top_is(const json_t *row, const char *name)
{
    return json_is_true(json_object_get(row, name));
}

void top_seconds(long long ms, int decimals, char out[TOP_CELL_SIZE])
{
    snprintf(out, TOP_CELL_SIZE, "%.*fs", decimals, (double)ms / 1000);
}

void top_duration(long long seconds, char out[TOP_CELL_SIZE])
{
    if (seconds < 3600)
        snprintf(out, TOP_CELL_SIZE, "%lld:%02lld", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        snprintf(out, TOP_CELL_SIZE, "%lldh%02lld", seconds / 3600, seconds / 60 % 60);
    else
        snprintf(out, TOP_CELL_SIZE, "%lldd%02lldh", seconds / 86400, seconds / 3600 % 24);
}
