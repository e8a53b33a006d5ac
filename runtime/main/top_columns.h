/* What `moonline top` shows of each call, thread, provider and reload, and in which order they stand. Pure. */
#pragma once

#include "main/top_page.h"
#include "main/top_table.h"

enum { TOP_CALLS, TOP_THREADS, TOP_PROVIDERS, TOP_RELOADS, TOP_SECTIONS };

struct top_section {
    const char *member; /* of GET /api/top: an array */
    const struct top_column *columns;
    size_t column_count;
    /* For qsort_r, of json_t *; the last argument is an enum top_sort *. NULL: they stay as they are told. */
    int (*compare)(const void *a, const void *b, void *order_by);
};
extern const struct top_section top_sections[TOP_SECTIONS];
