/* Tables of `moonline top`: rows are objects of GET /api/top, columns know how to write one of their members. Which columns
   are shown depends on the width; what is left of it the first ones that may grow take. Pure. */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"

#define TOP_CELL_SIZE 160

struct top_column {
    const char *title;
    unsigned width;
    unsigned widest; /* with room to spare; 0: no wider */
    unsigned
        dispensed; /* in this order, the highest first, when there is too little room; 0: never */
    bool is_right;
    void (*write)(const json_t *row, char out[TOP_CELL_SIZE]);
    bool (*is_bad)(const json_t *row); /* stands out; NULL: it never does */
};

struct top_table {
    const struct top_column *columns;
    size_t column_count;
    unsigned width; /* of a line */
    bool is_styled; /* with the terminal's colours */
};

/* Each line with its end. `shown` and `all` go to the first title when they differ. */
void top_table_titles(const struct top_table *table, size_t shown, size_t all, struct strbuf *out);
void top_table_row(const struct top_table *table, const json_t *row, struct strbuf *out);

/* ---- members, whatever the server says ---- */
const char *top_string(const json_t *row, const char *name);           /* "": there is none */
long long top_number(const json_t *row, const char *name);             /* 0: likewise */
bool top_is(const json_t *row, const char *name);                      /* it is there, and true */
void top_seconds(long long ms, int decimals, char out[TOP_CELL_SIZE]); /* "1.24s" */
void top_duration(long long seconds, char out[TOP_CELL_SIZE]);         /* "4:02", "1h04", "3d04h" */
