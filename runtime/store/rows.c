#include "store/rows.h"

#include <stdlib.h>

size_t rows_count(const struct rows *rows)
{
    return (size_t)PQntuples(rows->result);
}

size_t rows_columns(const struct rows *rows)
{
    return (size_t)PQnfields(rows->result);
}

const char *rows_name(const struct rows *rows, size_t column)
{
    return PQfname(rows->result, (int)column);
}

bool rows_is_null(const struct rows *rows, size_t row, size_t column)
{
    return PQgetisnull(rows->result, (int)row, (int)column);
}

struct slice rows_get(const struct rows *rows, size_t row, size_t column)
{
    return (struct slice){PQgetvalue(rows->result, (int)row, (int)column),
        (size_t)PQgetlength(rows->result, (int)row, (int)column)};
}

uint32_t rows_type(const struct rows *rows, size_t column)
{
    return PQftype(rows->result, (int)column);
}

uint64_t rows_affected(const struct rows *rows)
{
    return strtoull(PQcmdTuples(rows->result), NULL, 10);
}
