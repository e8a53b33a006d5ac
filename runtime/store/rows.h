/* The rows of an answer: libpq's result behind the functions of store/database.h. */
#pragma once

#include <libpq-fe.h>

#include "store/database.h"

struct rows {
    PGresult *result;
};
