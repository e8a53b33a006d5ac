/* The statements behind the modules calendar and contacts of scripts; they run by database_tenant_query, so they see the
   tenant's own rows only. Times are seconds since 1970. */
#pragma once

#define SQL_TEXT_OF(number) #number
#define SQL_TEXT(macro) SQL_TEXT_OF(macro)

/* $1 to $2: the instants of interest; $3 to $4: their days; $5: the call, $6: an appointment (both may be null).
   One answer with everything that is to be known of when somebody is free, in this order of `kind`:

     kind     name      note         starts            ends             more
     staff    name
     hours    staff     weekday      minutes           minutes
     holiday  staff     day          minutes or null   minutes or null  its name
     service  name                   minutes           buffer minutes   its staff as JSON
     own      staff     status       seconds           seconds          its service      (appointment $6)
     booking  staff     id           seconds           seconds          its service      (without $6)

   At most CALENDAR_BOOKINGS_MAX bookings, the earliest, which stays below what one answer may be; id and service only
   where call $5 made it, or an earlier part of the same call, which broke. */
#define CALENDAR_BOOKINGS_MAX 4000
#define CALENDAR_READ                                                                              \
    "select kind, name, note, starts, ends, more from ("                                           \
    " select 1 as part, 'staff' as kind, place, name, null as note, null::float8 as starts,"       \
    "  null::float8 as ends, null as more from staff"                                              \
    " union all select 2, 'hours', 0, staff, weekday::text, (extract(epoch from opens) / 60),"     \
    "  (extract(epoch from closes) / 60), null from business_hours"                                \
    " union all select 3, 'holiday', 0, staff, to_char(day, 'YYYY-MM-DD'), (extract(epoch from "   \
    "opens) / 60),"                                                                                \
    "  (extract(epoch from closes) / 60), name from holidays where day between $3 and $4"          \
    " union all select 4, 'service', place, name, null, minutes, buffer_minutes,"                  \
    "  array_to_json(staff)::text from services"                                                   \
    " union all select 5, 'own', 0, staff, status, extract(epoch from starts_at),"                 \
    "  extract(epoch from ends_at), service from appointments where id = $6"                       \
    " union all (select 6, 'booking', 0, staff, case when is_own then id::text end,"               \
    "  extract(epoch from starts_at), extract(epoch from greatest(ends_at, busy_until)),"          \
    "  case when is_own then service end"                                                          \
    "  from (select a.*, a.call_id = $5 or a.call_id in (select part.id from calls c"              \
    "   join calls part on part.call_sid = c.call_sid where c.id = $5) as is_own"                  \
    "   from appointments a where status = 'booked' and id is distinct from $6"                    \
    "   and starts_at < to_timestamp($2) and starts_at > to_timestamp($1) - interval '2 days'"     \
    "   and greatest(ends_at, busy_until) > to_timestamp($1)"                                      \
    "   order by starts_at limit " SQL_TEXT(                                                       \
        CALENDAR_BOOKINGS_MAX) ") booked)"                                                         \
                               ") everything order by part, place, starts, note, name"

#define APPOINTMENT_COLUMNS                                                                        \
    "id, contact_id, call_id, service, staff, name, phone, notes, status,"                         \
    " extract(epoch from starts_at)::float8 as starts, extract(epoch from ends_at)::float8 as "    \
    "ends"

#define TEXTS_A_DAY_MAX "20" /* to one number that is not staff's, over all calls */

/* Of `fact` (booked, moved): a text of it, once for each version; its words are null where nobody is to be told. */
#define APPOINTMENT_TEXT(sender, words, who)                                                       \
    "queued as (select confirm_by_text('confirm:' || id || ':' || version, " sender ", phone, "    \
    words ", call_id, starts_at, " TEXTS_A_DAY_MAX ") as status from fact where " words            \
    "::text is not null and " who ")"
#define APPOINTMENT_ANSWER                                                                         \
    " select " APPOINTMENT_COLUMNS ", (select status from queued) as text_status from fact"

/* contact (null: whoever is meant), call, name, phone, service, staff, notes, start, end, end of the buffer; the number that
   texts come from, the words of one, and the caller's number. */
#define APPOINTMENT_BOOK                                                                           \
    "with fact as (insert into appointments (contact_id, call_id, name, phone, service, staff,"    \
    " notes, starts_at, ends_at, busy_until)"                                                      \
    " select coalesce($1, speaker_of($13, $3, $4, null)), $2, $3, $4, $5, $6, $7,"                 \
    " to_timestamp($8), to_timestamp($9), to_timestamp($10)"                                       \
    " returning *), " APPOINTMENT_TEXT("$11", "$12", "true") APPOINTMENT_ANSWER
#define APPOINTMENT_GET "select " APPOINTMENT_COLUMNS " from appointments where id = $1"
/* Behind take_contacts, as bookings are: a text looks for its person while this holds an appointment that merge_contacts may want.
   id, staff, start, end, end of the buffer; the number that texts come from, the words, and the caller's number: it is told
   and so is one that was told before. */
#define APPOINTMENT_MOVE                                                                           \
    "with held as materialized (select take_contacts()), fact as (update appointments set staff "  \
    "= $2, starts_at = to_timestamp($3), ends_at = "                                               \
    "to_timestamp($4), busy_until = to_timestamp($5), version = version + 1"                       \
    " from held where id = $1 and status = 'booked' returning appointments.*), " APPOINTMENT_TEXT( \
        "$6", "$7",                                                                                \
        "(phone = $8 or exists (select from outbox o where o.tenant_id = current_tenant()"         \
        " and o.key like 'confirm:' || fact.id || ':%'))") APPOINTMENT_ANSWER
/* Also one that was cancelled before: asking twice is no failure. */
#define APPOINTMENT_CANCEL                                                                         \
    "update appointments set status = 'cancelled' where id = $1 and status in ('booked',"          \
    " 'cancelled') and ends_at > now() returning " APPOINTMENT_COLUMNS
/* phone, contact, from; the first two may be null. Of a person's first number also what was booked with a further one. */
#define APPOINTMENT_LIST                                                                           \
    "select " APPOINTMENT_COLUMNS " from appointments where (phone = $1 or contact_id = $2"        \
    " or contact_id = (select c.id from contacts c where c.phone = $1))"                           \
    " and status = 'booked' and ends_at > to_timestamp($3) order by starts_at, id limit 50"

#define CONTACT_COLUMNS "id, name, phone, email, details"
/* phone (of it, or a further one), e-mail; either may be null, the phone counts first. */
#define CONTACT_FIND                                                                               \
    "select " CONTACT_COLUMNS " from (select c.*, c.phone = $1 or c.id = (select n.contact_id"     \
    "  from contact_numbers n where n.phone = $1) as has_number from contacts c) contact"          \
    " where has_number or lower(email) = lower($2)"                                                \
    " order by has_number desc nulls last, created_at, id limit 1"
/* name, phone, e-mail, details as JSON, the caller's number; see migrations/013_people.sql. */
#define CONTACT_SAVE "select " CONTACT_COLUMNS " from save_contact($1, $2, lower($3), $4, $5)"
/* contact, call, text. */
#define CONTACT_NOTE                                                                               \
    "insert into notes (contact_id, call_id, text) values ($1, $2, $3) returning id"
