#include "store/profile_rows.h"

/* Several hours of a day are one field; holidays that are past concern nobody. */
static const char ROWS[] =
    "select field, value, source from ("
    " select 1 as part, min(weekday) as place,"
    "  'hours' || coalesce('[' || staff || ']', '') || '.' || (array['monday', 'tuesday', "
    "'wednesday',"
    "   'thursday', 'friday', 'saturday', 'sunday'])[weekday] as field,"
    "  string_agg(to_char(opens, 'HH24:MI') || '-' || to_char(closes, 'HH24:MI'), ', ' order by "
    "opens)"
    "   as value, 'business_hours' as source"
    "  from business_hours where tenant_id = $1 group by staff, weekday"
    " union all select 2, 0, 'holidays.' || day || coalesce('[' || staff || ']', ''),"
    "  coalesce(to_char(opens, 'HH24:MI') || '-' || to_char(closes, 'HH24:MI'), 'closed')"
    "   || coalesce(', ' || name, ''), 'holidays'"
    "  from holidays where tenant_id = $1 and day >= current_date"
    " union all select 3, place, 'services.' || name, minutes || ' minutes'"
    "   || case when buffer_minutes > 0 then ', ' || buffer_minutes || ' after it' else '' end"
    "   || coalesce(', ' || price_text, ''), 'services'"
    "  from services where tenant_id = $1"
    " union all select 4, place, 'staff.' || name, name, 'staff' from staff where tenant_id = $1"
    ") everything order by part, place, field";

enum err profile_rows_ask(struct query **out, struct database *database, const char *tenant_id,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    const struct slice tenant = slice_from(tenant_id);
    return database_query(out, database, ROWS, &tenant, 1, timeout_ms, fn, owner);
}
