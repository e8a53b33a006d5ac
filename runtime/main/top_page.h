/* A page of `moonline top`: what GET /api/top said, as lines of text for a terminal of a given size. Whoever cannot be shown is
   a count; no line is wider than the page, and nothing in it is a control character but line ends and, where it is styled,
   the colours. Pure.

     process, calls, journal      three lines
     calls                        what the other tables leave, those first that the order says
     threads, providers, reloads  their worst; none of them on a small page
     keys, or what is wrong       the last line */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"

enum top_sort {
    TOP_SORT_SLOWEST, /* the caller waits longest now, or did for the last answer */
    TOP_SORT_AGE,
    TOP_SORT_LATE,
    TOP_SORT_TENANT,
    TOP_SORT_COUNT
};

struct top_view {
    unsigned columns;
    unsigned rows; /* 0: as many as there are, and no last line: a page for a file */
    enum top_sort sort;
    const char *tenant; /* only its calls; "": of all */
    bool is_paused;
    bool is_styled;
    const char *trouble; /* why there is nothing newer; "": there is */
};

#define TOP_TENANT_SIZE 65

/* `state` may be anything, NULL too. Without a line end behind the last line, where rows are counted. */
void top_page_write(const json_t *state, const struct top_view *view, struct strbuf *out);
/* The tenant of a call that follows in the alphabet; "" behind the last: all. */
void top_page_next_tenant(const json_t *state, const char *after, char out[TOP_TENANT_SIZE]);
