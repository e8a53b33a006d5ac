#include "store/texts.h"

#include <stdio.h>

#define NUMBERS 5

enum err texts_claim(struct query **out, struct database *database, const struct texts_rules *rules,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    const uint64_t numbers[NUMBERS] = {rules->settle_ms, rules->lease_ms, rules->useless_ms,
        rules->turns_a_tenant, rules->attempts_max};
    char text[NUMBERS][24];
    struct slice params[1 + NUMBERS] = {slice_from(rules->node)};
    for (size_t i = 0; i < NUMBERS; i++) {
        snprintf(text[i], sizeof text[i], "%llu", (unsigned long long)numbers[i]);
        params[1 + i] = slice_from(text[i]);
    }
    return database_query(out, database,
        "select claim_texts($1, $2::int, $3::int, $4::bigint, $5::int, $6::int)", params,
        1 + NUMBERS, timeout_ms, fn, owner);
}

enum err texts_end(struct query **out, struct database *database, struct slice turn_json,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    return database_query(
        out, database, "select end_texts($1::jsonb)", &turn_json, 1, timeout_ms, fn, owner);
}

enum err texts_keep(struct query **out, struct database *database, const struct texts_rules *rules,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    char lease[16];
    snprintf(lease, sizeof lease, "%u", rules->lease_ms);
    const struct slice params[] = {slice_from(rules->node), slice_from(lease)};
    return database_query(
        out, database, "select keep_texts($1, $2::int)", params, 2, timeout_ms, fn, owner);
}

enum err texts_put_back(struct query **out, struct database *database, struct slice turn,
    unsigned pause_ms, unsigned timeout_ms, query_fn *fn, void *owner)
{
    char pause[16];
    snprintf(pause, sizeof pause, "%u", pause_ms);
    const struct slice params[] = {turn, slice_from(pause)};
    return database_query(out, database, "select put_back_texts($1::uuid, $2::int)", params, 2,
        timeout_ms, fn, owner);
}
