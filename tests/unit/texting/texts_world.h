/* A database with a tenant and texts of people, for stories about who answers them. */
#pragma once

#include "unit/store/loop.h"

#include <jansson.h>

#include "store/texts.h"

#define PERSON "+15550100001"
#define OFFICE "+15550100002"

static char url[POSTGRES_URL_SIZE];

/* A text that came `seconds` ago. */
static inline void text_comes(const char *sid, const char *words, int seconds)
{
    char sql[800];
    snprintf(sql, sizeof sql,
        "insert into messages (id, tenant_id, direction, channel, text, from_number, to_number, "
        "carrier_sid, status, created_at)"
        " values (gen_random_uuid(), 'acme', 'in', 'sms', '%s', '" PERSON "', '" OFFICE
        "', '%s', 'received', now() - interval '%d s')",
        words, sid, seconds);
    postgres_run(url, sql);
}

static inline long count(const char *sql)
{
    return postgres_number(url, sql);
}
