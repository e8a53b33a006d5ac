#include "main/outcomes.h"

#include <stdio.h>
#include <string.h>

const char *outcomes_text(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

/* False: something is wrong. */
static bool print_one(const json_t *row)
{
    const char *tenant = outcomes_text(row, "tenant"), *outcome = outcomes_text(row, "outcome");
    const char *version = outcomes_text(row, "version"), *error = outcomes_text(row, "error");
    bool is_bad = error[0] || strcmp(outcome, "refused") == 0;
    if (strcmp(outcome, "bound") == 0 && !tenant[0])
        printf("every node tries again what it is to answer with\n");
    else if (strcmp(outcome, "bound") == 0)
        printf("%s: every node is to answer with %s (moonline versions %s says what each made of "
               "it)\n",
            tenant, version, tenant);
    else if (strcmp(outcome, "rolled_back") == 0)
        printf("%s: %s\n", tenant, error);
    else if (strcmp(outcome, "unchanged") == 0)
        printf("%s: unchanged%s%s\n", tenant, error[0] ? ", but " : "", error);
    else
        printf("%s: %s%s%s%s%s\n", tenant, outcome, version[0] ? " " : "", version,
            error[0] ? ": " : "", error);
    return !is_bad;
}

bool outcomes_print(const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "tenants"), *row;
    size_t i, unchanged = 0, count = json_array_size(rows);
    bool is_good = true;
    json_array_foreach(rows, i, row)
    {
        bool is_dull = count > 1 && !outcomes_text(row, "error")[0] &&
                       strcmp(outcomes_text(row, "outcome"), "unchanged") == 0;
        unchanged += is_dull;
        is_good &= is_dull || print_one(row);
    }
    if (unchanged)
        printf("%zu unchanged\n", unchanged);
    return is_good;
}
