#include "store/business.h"

#include "base/strbuf.h"

/* The limits are those of runtime/bindings/schedule.h or below: what is past them no calendar works by. */
static const char BUSINESS[] =
    "select tenant.id, json_strip_nulls(json_build_object("
    " 'hours', (select json_object_agg(day, spans) from"
    "  (select (array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', "
    "    'sunday'])[weekday] as day,"
    "   json_agg(json_build_object('open', to_char(opens, 'HH24:MI'),"
    "    'close', to_char(closes, 'HH24:MI')) order by opens, closes) as spans"
    "   from (select weekday, opens, closes from business_hours"
    "    where tenant_id = tenant.id and staff is null order by weekday, opens limit 56) row"
    "   group by weekday) of_day),"
    " 'holidays', (select json_object_agg(to_char(day, 'YYYY-MM-DD'),"
    "   coalesce(spans, to_json(name), 'false'::json)) from"
    "  (select day, max(left(name, 63)) as name,"
    "   json_agg(json_build_object('open', to_char(opens, 'HH24:MI'),"
    "    'close', to_char(closes, 'HH24:MI'), 'name', left(name, 63)) order by opens, closes)"
    "    filter (where opens is not null) as spans"
    "   from holidays where tenant_id = tenant.id and staff is null"
    "    and day between current_date - 1 and current_date + 21 group by day) of_date),"
    " 'services', (select json_agg(json_build_object('name', name, 'minutes', minutes,"
    "   'price', left(price_text, 100)) order by place, name) from"
    "  (select name, minutes, price_text, place from services"
    "   where tenant_id = tenant.id order by place, name limit 64) row),"
    " 'staff', (select json_agg(name order by place, name) from"
    "  (select name, place from staff where tenant_id = tenant.id order by place, name limit 32) "
    "row)))"
    " from unnest($1::text[]) as tenant(id)";

/* Ids are names of folders: no quotes, no backslashes. */
enum err business_ask(struct query **out, struct database *database, const char *const *tenant_ids,
    size_t count, unsigned timeout_ms, query_fn *fn, void *owner)
{
    struct strbuf ids;
    strbuf_init(&ids, 16384);
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&ids, "%s\"%s\"", i ? "," : "{", tenant_ids[i]);
    strbuf_add_text(&ids, count ? "}" : "{}");
    const struct slice list = strbuf_slice(&ids);
    enum err err = ids.failed
                       ? ERR_NOMEM
                       : database_query(out, database, BUSINESS, &list, 1, timeout_ms, fn, owner);
    strbuf_free(&ids);
    return err;
}
