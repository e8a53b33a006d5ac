#include "store/people.h"

static const char ERASE[] = "select erase_person($1, $2, $3, $4::boolean, true)";
static const char ERASED_CALLS[] =
    "select tenant_id, call_id::text from erased_calls"
    " where ($1 = '' or tenant_id = $1) and at > now() - interval '30 days'";
static const char CAPTURE_DAYS[] =
    "select tenant_id, least(keep_sound_days, keep_words_days) from tenant_settings"
    " where coalesce(keep_sound_days, keep_words_days) is not null";
static const char SCAN[] = "select in_table, in_column, row_count, example"
                           " from scan_for($1, $2::text[], $3::text[])";
static const char WISHES[] =
    "select tenant_id, record_calls from tenant_settings where record_calls is not null";
static const char KEEP_HOUSE[] = "select keep_house(1000, $1)";
static const char TO_REMOVE[] = "select id, path from recordings where path is not null"
                                " and deleted_at > now() - interval '30 days'"
                                " order by deleted_at desc limit 1000";
static const char REMOVED[] =
    "update recordings set path = null, status = 'deleted' where id = $1::uuid";

enum err people_erase(struct query **out, struct database *database, struct slice tenant_id,
    struct slice who, struct slice by_whom, bool is_dry, unsigned timeout_ms, query_fn *fn,
    void *owner)
{
    const struct slice params[] = {tenant_id, who, by_whom, slice_from(is_dry ? "true" : "false")};
    return database_query(out, database, ERASE, params, 4, timeout_ms, fn, owner);
}

enum err people_erased_calls(struct query **out, struct database *database, struct slice tenant_id,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    return database_query(out, database, ERASED_CALLS, &tenant_id, 1, timeout_ms, fn, owner);
}

enum err people_capture_days(
    struct query **out, struct database *database, unsigned timeout_ms, query_fn *fn, void *owner)
{
    return database_query(out, database, CAPTURE_DAYS, NULL, 0, timeout_ms, fn, owner);
}

enum err people_scan(struct query **out, struct database *database, struct slice tenant_id,
    struct slice numbers, struct slice words, unsigned timeout_ms, query_fn *fn, void *owner)
{
    const struct slice params[] = {tenant_id, numbers, words};
    return database_query(out, database, SCAN, params, 3, timeout_ms, fn, owner);
}

enum err people_wishes(
    struct query **out, struct database *database, unsigned timeout_ms, query_fn *fn, void *owner)
{
    return database_query(out, database, WISHES, NULL, 0, timeout_ms, fn, owner);
}

enum err people_keep_house(struct query **out, struct database *database, struct slice by_whom,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    return database_query(out, database, KEEP_HOUSE, &by_whom, 1, timeout_ms, fn, owner);
}

enum err people_sound_to_remove(
    struct query **out, struct database *database, unsigned timeout_ms, query_fn *fn, void *owner)
{
    return database_query(out, database, TO_REMOVE, NULL, 0, timeout_ms, fn, owner);
}

enum err people_sound_removed(struct query **out, struct database *database, struct slice id,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    return database_query(out, database, REMOVED, &id, 1, timeout_ms, fn, owner);
}
