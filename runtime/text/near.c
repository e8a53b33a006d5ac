#include "text/near.h"

#include <string.h>

#define NAME_MAX_BYTES 63
#define FAR 1000
#define PREFIX_MIN_BYTES 4

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Rows of the usual table, the two before the one at hand kept for swaps. */
unsigned near_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    unsigned rows[3][NAME_MAX_BYTES + 1];
    if (a_len > NAME_MAX_BYTES || b_len > NAME_MAX_BYTES)
        return FAR;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *top = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], top[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

/* "silence" for "silence_ms". */
static int is_beginning(const char *name, const char *other)
{
    size_t len = strlen(name);
    return len >= PREFIX_MIN_BYTES && strncmp(name, other, len) == 0;
}

const char *near_name(const char *name, const char *const *names)
{
    const char *best = NULL;
    unsigned best_distance = (unsigned)strlen(name) / 3 + 1;
    for (; *names; names++) {
        unsigned distance = is_beginning(name, *names) ? 1 : near_distance(name, *names);
        if (distance < best_distance) {
            best = *names;
            best_distance = distance;
        }
    }
    return best;
}
