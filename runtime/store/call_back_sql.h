/* What is asked of Postgres about calls that tasks ask for; the functions are in migrations/017_outbound.sql. */
#pragma once

/* $1 room for calls, $2 how many, $3 of how many to begin behind → id, tenant_id, phone, attempts */
static const char CALL_BACKS_DUE[] =
    "select id, tenant_id, phone, attempts from call_backs_due($1::int, $2::int, $3::int)";
/* $1 task, $2 attempts so far, $3 our number, $4 why it is refused or null → the outbox's row, or null */
static const char CALL_BACKS_QUEUE[] = "select queue_call_back($1::uuid, $2::int, $3, $4)";
