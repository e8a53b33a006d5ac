/* The module calendar: hours, free times and appointments, by profile and by rows. */
#include "unit/bindings/rows_story.h"

#include "base/clock.h"
#include "observe/log.h"

#define STARTS                                                                                     \
    "local function starts(slots) local found = json.array()\n"                                    \
    "for i, slot in ipairs(slots) do found[i] = slot.start:sub(9) .. '/' .. slot.staff end "       \
    "return found end\n"
#define CUT "{ service = 'cut', start = '2099-11-23T09:00', name = 'Ann', phone = '555 010 0001' }"

/* --- hours --- */

static void hours_come_from_the_profile(void **state)
{
    struct world *world = *state;
    expect(world, "return { calendar.hours('2099-11-23') }",
        "[[{\"close\":\"12:00\",\"open\":\"08:00\"},{\"close\":\"15:00\",\"open\":\"13:00\"}]]");
    expect(world, "return { calendar.hours('2099-11-24') }", "[[],\"closed\"]");
    expect(world, "return { calendar.hours('2099-12-21') }", "[[],\"Solstice\"]");
    expect(world, "return { calendar.hours('2099-12-28T23:59') }",
        "[[{\"close\":\"10:00\",\"open\":\"09:00\"}]]");
    expect(world, "local a, code = calendar.hours('soon') return { a == nil, code }",
        "[true,\"bad_date\"]");
    expect(world, "return { calendar.is_open('2099-11-23T08:00') }", "[true]");
    expect(world,
        "local is, next = calendar.is_open('2099-11-23T12:00') return { is, next.start, next.at, "
        "next.spoken }",
        "[false,\"2099-11-23T13:00\",4099140000,\"Monday, November 23 at 1:00 PM\"]");
    expect(world, "local is, next = calendar.is_open('2099-12-21T10:00') return { is, next.start }",
        "[false,\"2099-12-27T00:00\"]");
    expect(world,
        "return type(calendar.is_open()) == 'boolean' and type(calendar.hours()) == 'table'",
        "true");
}

static void rows_win_over_the_profile(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into business_hours (tenant_id, weekday, opens, closes) values"
        " ('acme', 2, '10:00', '11:00'), ('acme', 5, '18:00', '02:00'), ('other', 1, '00:00', "
        "'24:00');"
        "insert into holidays (tenant_id, day, opens, closes, name) values"
        " ('acme', '2099-12-21', '07:00', '08:00', null), ('acme', '2099-11-24', null, null, "
        "'Move'), ('other', '2099-12-29', null, null, 'no')");
    expect(world, "return { calendar.hours('2099-11-23') }", "[[],\"closed\"]");
    expect(world, "return { calendar.hours('2099-11-24') }", "[[],\"Move\"]");
    expect(world, "return { calendar.hours('2099-12-01') }",
        "[[{\"close\":\"11:00\",\"open\":\"10:00\"}]]");
    expect(world, "return { calendar.hours('2099-11-27') }",
        "[[{\"close\":\"02:00\",\"open\":\"18:00\"}]]");
    expect(world, "return calendar.is_open('2099-11-28T01:59')", "true");
    expect(world, "return calendar.is_open('2099-11-28T02:00')", "false");
    expect(world, "return { calendar.hours('2099-12-21') }",
        "[[{\"close\":\"08:00\",\"open\":\"07:00\"}]]");
    expect(world, "return #calendar.hours('2099-12-28')", "1"); /* the profile's */
}

/* --- slots --- */

static void free_times_are_told(void **state)
{
    struct world *world = *state;
    expect(world,
        "local slot = calendar.slots({ service = 'cut', from = '2099-11-23' })[1]\n"
        "return { slot.start, slot.at, slot.staff, slot.spoken, time.at('America/New_York', "
        "slot.at).clock }",
        "[\"2099-11-23T08:00\",4099122000,\"any\",\"Monday, November 23 at 8:00 AM\",\"08:00\"]");
    postgres_run(world->url,
        "insert into appointments (tenant_id, starts_at, ends_at, busy_until) values"
        " ('acme', '2099-11-23 08:30 America/New_York', '2099-11-23 09:00 America/New_York', "
        "'2099-11-23 09:30 America/New_York'),"
        " ('other', '2099-11-23 08:00 America/New_York', '2099-11-23 15:00 America/New_York', "
        "null);"
        "insert into appointments (tenant_id, status, starts_at, ends_at) values"
        " ('acme', 'cancelled', '2099-11-23 08:00 America/New_York', '2099-11-23 12:00 "
        "America/New_York')");
    expect(world, STARTS "return starts(calendar.slots({ service = 'cut', from = '2099-11-23' }))",
        "[\"23T08:00/any\",\"23T09:30/any\",\"23T10:00/any\",\"23T10:30/any\",\"23T11:00/any\"]");
    /* An hour and its buffer, from noon on. */
    expect(world,
        STARTS "return starts(calendar.slots({ service = 'dye', from = '2099-11-23', part_of_day = "
               "'afternoon', days = 1, limit = 50 }))",
        "[\"23T13:00/any\",\"23T13:30/any\",\"23T14:00/any\"]");
    /* The night in which the clocks go back. */
    expect(world,
        STARTS "return starts(calendar.slots({ from = '2099-11-01', days = 1, limit = 6 }))",
        "[\"01T00:00/any\",\"01T00:30/any\",\"01T01:00/any\",\"01T01:30/any\",\"01T01:00-05:00/"
        "any\",\"01T01:30-05:00/any\"]");
    expect(world,
        "local a, code, why, names = calendar.slots({ service = 'perm' }) return { a == nil, code, "
        "names }",
        "[true,\"unknown_service\",[\"cut\",\"dye\"]]");
    expect(world,
        "local a, code, why, names = calendar.slots({ staff = 'Kim' }) return { a == nil, code, "
        "names }",
        "[true,\"unknown_staff\",[]]");
    expect(world, "return #calendar.slots({ service = 'cut', days = 60, limit = 50 })", "50");
    expect(world,
        "return { pcall(calendar.slots, { days = 61 }), pcall(calendar.slots, { limit = 51 }), "
        "pcall(calendar.slots, { servce = 'cut' }), (select(2, calendar.slots({ part_of_day = "
        "'noon' }))) }",
        "[false,false,false,\"bad_part_of_day\"]");
    expect(world, "return #calendar.slots({ service = 'cut', from = 0 }) > 0", "true");
    /* At the end of the calendar. */
    expect(world,
        "return { #calendar.slots({ service = 'cut', from = '9999-12-31' }), "
        "calendar.is_open('9999-12-31T23:59'), (calendar.hours('1970-01-01')) }",
        "[0,false,[]]");
}

static void staff_and_services_have_rows(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into staff (tenant_id, name, place) values ('acme', 'Lee', 2), ('acme', 'Kim', 1);"
        "insert into business_hours (tenant_id, staff, weekday, opens, closes) values"
        " ('acme', 'Lee', 1, '11:00', '12:30');"
        "insert into services (tenant_id, name, minutes, staff) values ('acme', 'perm', 60, "
        "'{Lee,Gone}'), ('acme', 'trim', 30, null), ('other', 'cut', 30, null);"
        "insert into holidays (tenant_id, staff, day, name) values ('acme', 'Kim', '2099-11-30', "
        "'away')");
    expect(world,
        STARTS "return starts(calendar.slots({ service = 'trim', from = '2099-11-23', days = 1, "
               "limit = 50 }))",
        "[\"23T08:00/Kim\",\"23T08:30/Kim\",\"23T09:00/Kim\",\"23T09:30/Kim\",\"23T10:00/Kim\","
        "\"23T10:30/Kim\",\"23T11:00/Kim\",\"23T11:30/Kim\",\"23T12:00/Lee\",\"23T13:00/Kim\","
        "\"23T13:30/Kim\",\"23T14:00/Kim\",\"23T14:30/Kim\"]");
    expect(world,
        STARTS "return starts(calendar.slots({ service = 'perm', from = '2099-11-23', days = 1 }))",
        "[\"23T11:00/Lee\",\"23T11:30/Lee\"]");
    expect(world,
        STARTS "return starts(calendar.slots({ service = 'trim', from = '2099-11-30', days = 1 }))",
        "[\"30T11:00/Lee\",\"30T11:30/Lee\",\"30T12:00/Lee\"]");
    expect(world,
        "local a, code = calendar.slots({ service = 'perm', staff = 'kim' }) return { a == nil, "
        "code }",
        "[true,\"wrong_staff\"]");
    expect(world, "local a, code = calendar.slots({ service = 'cut' }) return { a == nil, code }",
        "[true,\"unknown_service\"]");
    /* Two at the same time, with one each; a third has to come later. */
    expect(world,
        "local function book(name) local a, code, _, next = calendar.book({ service = 'trim', "
        "start = '2099-11-23T11:30', name = name, phone = '5550100001', call_id = time.now() > 0 "
        "and '00000000-0000-7000-8000-00000000000' .. name })\n"
        "return a and a.staff or code .. ' ' .. next[1].start end\n"
        "return { book('1'), book('2'), book('3'), book('1') }",
        "[\"Kim\",\"Lee\",\"taken 2099-11-23T12:00\",\"Kim\"]");
    expect(world,
        "local a, code = calendar.book({ service = 'trim', start = '2099-11-23T11:00', name = 'x', "
        "phone = '5550100001', staff = 'Joe' }) return code",
        "\"unknown_staff\"");
}

/* Kim's own hours on the day that the profile has as a holiday are hers alone. */
static void one_persons_day_is_not_the_businesss(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into staff (tenant_id, name) values ('acme', 'Kim'), ('acme', 'Lee');"
        "insert into holidays (tenant_id, staff, day, opens, closes) values"
        " ('acme', 'Kim', '2099-12-21', '08:00', '08:30')");
    expect(world, "return { calendar.hours('2099-12-21') }", "[[],\"Solstice\"]");
    expect(world,
        STARTS "return starts(calendar.slots({ service = 'cut', from = '2099-12-21', days = 1 }))",
        "[\"21T08:00/Kim\"]");
}

/* A tenant's statements may write what no calendar holds. */
static void infinite_appointments_are_far_away(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into appointments (tenant_id, phone, starts_at, ends_at) values"
        " ('acme', '+15550100009', '2099-11-23 09:00 America/New_York', 'infinity')");
    expect(world, STARTS "return starts(calendar.slots({ service = 'cut', from = '2099-11-23' }))",
        "[\"23T08:00/any\",\"23T08:30/any\"]");
    expect(world,
        "local found = calendar.appointments({ phone = '5550100009' })[1]\n"
        "local _, code = calendar.reschedule(found.id, '2099-11-23T08:00')\n"
        "return { found.start, found.minutes > 1000000, code }",
        "[\"2099-11-23T09:00\",true,\"closed\"]");
}

/* Notes may be long where they are not the module's. */
static void a_run_receives_so_much(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into contacts (tenant_id, phone, name) values ('acme', '+15550100009', repeat('x', "
        "300000));"
        "insert into appointments (tenant_id, phone, notes, starts_at, ends_at) values ('acme', "
        "'+15550100009', repeat('x', 300000), '2099-11-23 15:00Z', '2099-11-23 16:00Z')");
    expect(world,
        "local n, answer, code = 0 repeat answer, code = calendar.appointments({ phone = "
        "'5550100009' }) n = n + 1 until not answer\n"
        "return { n, code, (select(2, contacts.find({ phone = '5550100009' }))) }",
        "[4,\"limit\",\"limit\"]");
}

/* --- bookings --- */

static void an_appointment_is_made_once(void **state)
{
    struct world *world = *state;
    expect(world,
        "local a = calendar.book(" CUT ")\n"
        "local keys = json.array() for key in pairs(a) do keys[#keys + 1] = key end "
        "table.sort(keys)\n"
        "return { a.start, a.at, a.spoken, a.minutes, a.service, a.staff, a.name, a.phone, "
        "a.status, a.call_id == call.id, #a.id, keys }",
        "[\"2099-11-23T09:00\",4099125600,\"Monday, November 23 at 9:00 AM\",30,\"cut\",\"any\","
        "\"Ann\",\"+15550100001\",\"booked\",true,36,[\"at\",\"call_id\",\"contact_id\",\"id\","
        "\"minutes\","
        "\"name\",\"phone\",\"service\",\"spoken\",\"staff\",\"start\",\"status\"]]");
    /* Again in the same call: the same. In another: taken, and what else there is. */
    expect(world, "return calendar.book(" CUT ").start", "\"2099-11-23T09:00\"");
    assert_int_equal(postgres_number(world->url, "select count(*) from appointments"), 1);
    expect_of(world, "acme", CALL_B,
        STARTS "local a, code, why, next = calendar.book(" CUT
               ") return { a == nil, code, why, starts(next) }",
        "[true,\"taken\",\"that time is taken\",[\"23T09:30/any\",\"23T10:00/any\",\"23T10:30/"
        "any\"]]");
    assert_int_equal(postgres_number(world->url, "select count(*) from appointments"), 1);
    /* Another tenant has a calendar of its own. */
    expect_of(
        world, "other", CALL_B, "return calendar.book(" CUT ").start", "\"2099-11-23T09:00\"");
    /* The second part of the first call, which broke; of another tenant's call of that CallSid it is none. */
    postgres_run(world->url,
        "insert into calls (id, tenant_id, call_sid) values ('" CALL_A "', 'acme', 'CA1'),"
        " ('" CALL_B "', 'acme', 'CA1'), ('" CALL_C "', 'other', 'CA1')");
    expect_of(world, "acme", CALL_B, "return calendar.book(" CUT ").start", "\"2099-11-23T09:00\"");
    expect_of(world, "other", CALL_C, "return (select(2, calendar.book(" CUT ")))", "\"taken\"");
    assert_int_equal(
        postgres_number(world->url, "select count(*) from appointments where tenant_id = 'acme'"),
        1);
}

static void what_cannot_be_booked_says_why(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *wish, *expected;
    } rows[] = {
        {"start = '2099-11-23T12:00'", "[\"closed\",\"2099-11-23T13:00\"]"},
        {"start = '2099-11-23T11:45'", "[\"closed\",\"2099-11-23T13:00\"]"},
        {"start = '2099-12-21T09:00'", "[\"closed\",\"2099-12-27T00:00\"]"},
        {"start = '2001-11-26T09:00'", "[\"past\"]"},
        {"start = '2099-03-08T02:30'", "[\"no_such_time\"]"},
        {"start = 'tomorrow'", "[\"bad_time\"]"},
        {"start = '2099-11-31T09:00'", "[\"bad_time\"]"},
        {"start = nil", "[\"bad_time\"]"},
        {"service = 'perm'", "[\"unknown_service\",\"cut\"]"},
        {"service = ''", "[\"unknown_service\"]"},
        {"phone = '12'", "[\"bad_phone\"]"},
        {"phone = json.null", "[\"bad_phone\"]"},
        {"name = ''", "[\"bad_name\"]"},
        {"contact_id = 'x'", "[\"unknown_contact\"]"},
        {"contact_id = '00000000-0000-7000-8000-000000000001'", "[\"unknown_contact\"]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[1024];
        snprintf(body, sizeof body,
            "local wish, said = " CUT ", { %s }\n"
            "for key, value in pairs(said) do wish[key] = value end\n"
            "%s local a, code, why, next = calendar.book(wish)\n"
            "return { code, code ~= 'past' and next and next[1] and (next[1].start or next[1]) or "
            "nil }",
            rows[i].wish, strstr(rows[i].wish, "= nil") ? "wish.start = nil" : "");
        expect(world, body, rows[i].expected);
    }
    assert_int_equal(postgres_number(world->url, "select count(*) from appointments"), 0);
    expect(world,
        "return { pcall(calendar.book, { start = {} }), pcall(calendar.book, 'x'), "
        "pcall(calendar.book, { name = ('x'):rep(200) }), pcall(calendar.book, { name = 'a\\nb' "
        "}), "
        "(pcall(calendar.book, { name = '\\255' })) }",
        "[false,false,false,false,false]");
}

/* Its buffer keeps others away at the constraint too, and the second of two times has its own instant. */
static void buffers_and_repeated_hours_hold(void **state)
{
    struct world *world = *state;
    expect(world,
        "calendar.book({ service = 'dye', start = '2099-11-23T08:00', name = 'A', phone = "
        "'5550100001' })\n"
        "local a, code, _, next = calendar.book({ service = 'cut', start = '2099-11-23T09:00', "
        "name = 'B', phone = '5550100002' }) return { code, next[1].start }",
        "[\"taken\",\"2099-11-23T09:30\"]");
    assert_int_equal(
        postgres_number(
            world->url, "select extract(epoch from busy_until - starts_at) / 60 from appointments"),
        90);
    expect(world,
        "local first = calendar.book({ service = 'cut', start = '2099-11-01T01:30', name = 'A', "
        "phone = '5550100001' })\n"
        "local second = calendar.book({ service = 'cut', start = '2099-11-01T01:30-05:00', name = "
        "'A', phone = '5550100001' })\n"
        "return { first.start, second.start, second.at - first.at }",
        "[\"2099-11-01T01:30\",\"2099-11-01T01:30-05:00\",3600]");
}

static void appointments_are_moved_and_cancelled(void **state)
{
    struct world *world = *state;
    expect(world,
        "local a = calendar.book(" CUT ")\n"
        "local b = calendar.book({ service = 'dye', start = '2099-11-23T10:00', name = 'Bo', phone "
        "= '5550100002' })\n"
        "local moved = calendar.reschedule(a.id, '2099-11-30T08:00')\n"
        "local again = calendar.reschedule(a.id, '2099-11-30T08:00')\n"
        "local _, taken, _, next = calendar.reschedule(a.id, '2099-11-23T10:30')\n"
        "local _, closed = calendar.reschedule(a.id, '2099-11-24T10:30')\n"
        "local _, past = calendar.reschedule(a.id, '2001-11-26T10:30')\n"
        "local _, bad = calendar.reschedule(a.id, 'soon')\n"
        "return { moved.id == a.id, moved.start, again.start, taken, next[1].start, closed, past, "
        "bad }",
        "[true,\"2099-11-30T08:00\",\"2099-11-30T08:00\",\"taken\",\"2099-11-23T11:30\",\"closed\","
        "\"past\",\"bad_time\"]");
    assert_int_equal(postgres_number(world->url,
                         "select count(*) from appointments where updated_at > created_at"),
        1);
    /* Its own old time is no obstacle, and its length goes with it. */
    expect(world,
        "local b = calendar.appointments({ phone = '(555) 010-0002' })[1]\n"
        "local moved = calendar.reschedule(b.id, '2099-11-23T10:30') return { moved.start, "
        "moved.minutes }",
        "[\"2099-11-23T10:30\",60]");
    expect(world,
        "local list = calendar.appointments({ phone = '5550100001' })\n"
        "local gone = calendar.cancel(list[1].id)\n"
        "local again = calendar.cancel(list[1].id)\n"
        "local _, unknown = calendar.reschedule(list[1].id, '2099-11-30T09:00')\n"
        "local _, none = calendar.cancel('00000000-0000-7000-8000-000000000001')\n"
        "local _, odd = calendar.cancel(\"' or true\")\n"
        "return { #list, gone.status, again.status, unknown, none, odd, "
        "calendar.appointments({ phone = '5550100001' }) }",
        "[1,\"cancelled\",\"cancelled\",\"unknown_appointment\",\"unknown_appointment\","
        "\"unknown_appointment\",[]]");
    /* And its time is free again. */
    expect_of(world, "acme", CALL_B,
        "return calendar.book({ service = 'cut', start = "
        "'2099-11-30T08:00', name = 'C', phone = '5550100003' }).start",
        "\"2099-11-30T08:00\"");
    expect(world,
        "local a, code = calendar.appointments({}) return { a == nil, code, "
        "#calendar.appointments({ phone = '5550100003', from = '2099-12-01' }) }",
        "[true,\"bad_phone\",0]");
}

/* Others' ids are as good as none. */
static void appointments_stay_with_their_tenant(void **state)
{
    struct world *world = *state;
    char id[64], body[512];
    expect(world, "return calendar.book(" CUT ").start", "\"2099-11-23T09:00\"");
    postgres_text(world->url, "select id from appointments", id, sizeof id);
    snprintf(body, sizeof body,
        "local _, a = calendar.cancel('%s') local _, b = calendar.reschedule('%s', "
        "'2099-11-23T10:00')\n"
        "return { a, b, calendar.appointments({ phone = '5550100001' }) }",
        id, id);
    expect_of(world, "other", CALL_A, body, "[\"unknown_appointment\",\"unknown_appointment\",[]]");
    assert_int_equal(postgres_number(world->url,
                         "select count(*) from appointments where status = 'booked' and starts_at "
                         "= '2099-11-23 09:00 America/New_York'"),
        1);
}

struct outcome {
    size_t won, taken;
};

static void count_outcome(void *owner, const char *text)
{
    struct outcome *outcome = owner;
    outcome->won += strcmp(text, "[\"won\"]") == 0;
    outcome->taken += strcmp(text, "[\"taken\"]") == 0;
}

/* Eight calls want the same time at the same moment; two work there. */
static void a_race_has_as_many_winners_as_staff(void **state)
{
    struct world *world = *state;
    struct outcome outcome = {0};
    postgres_run(world->url, "insert into staff (tenant_id, name) values ('acme', 'Kim'), "
                             "('acme', 'Lee')");
    world_race(world, "local a, code = calendar.book(" CUT ") return { a and 'won' or code }", 8,
        count_outcome, &outcome);
    assert_int_equal(outcome.won, 2);
    assert_int_equal(outcome.taken, 6);
    assert_int_equal(
        postgres_number(world->url, "select count(distinct staff) from appointments"), 2);
}

#define STUCK "from pg_stat_activity where wait_event = 'advisory'"

/* The connection breaks while the appointment is being written: nobody knows whether it was, so it is looked up. */
static void a_broken_connection_books_once(void **state)
{
    struct world *world = *state;
    uint64_t end_ms = clock_ms() + 10000;
    PGconn *pg = PQconnectdb(world->url);
    PQclear(postgres_result(
        pg, world->url, "begin; select pg_advisory_xact_lock(1, hashtext('acme/any'))"));
    world_load(world, "acme", "return calendar.book(" CUT ").start");
    world_ask(world, "acme", CALL_A);
    while (!postgres_number(world->postgres->superuser, "select count(*) " STUCK) &&
           clock_ms() < end_ms)
        world_run_for(world, 10);
    assert_int_equal(postgres_number(world->postgres->superuser,
                         "select sum(pg_terminate_backend(pid)::int) " STUCK),
        1);
    PQclear(postgres_result(pg, world->url, "commit"));
    PQfinish(pg);
    char *text = world_answer(world);
    assert_string_equal(text, "\"2099-11-23T09:00\"");
    free(text);
    assert_int_equal(postgres_number(world->url, "select count(*) from appointments"), 1);
    world_end_call(world, "acme", CALL_A);
}

#define WAITS_FOR_TABLE "from pg_stat_activity where wait_event = 'relation'"

/* The call ends while the database is asked, whatever for: nothing is left behind, and the sanitizers see to it. */
static void a_call_may_end_meanwhile(void **state)
{
    static const char *const waits[] = {"calendar.slots({ service = 'cut' })",
        "calendar.book(" CUT ")", "calendar.cancel('00000000-0000-7000-8000-000000000001')",
        "contacts.save({ phone = '5550100001', details = { a = 1 } })", "kv.set('k', { 1 })",
        "knowledge.search('cut')", "db.query('select 1 from appointments')"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        uint64_t end_ms = clock_ms() + 10000;
        PGconn *pg = PQconnectdb(world->url);
        PQclear(postgres_result(pg, world->url,
            "begin; lock table appointments, contacts, kv, faqs in access exclusive mode"));
        world_load(world, "acme", waits[i]);
        world_ask(world, "acme", CALL_A);
        while (!postgres_number(world->postgres->superuser, "select count(*) " WAITS_FOR_TABLE) &&
               clock_ms() < end_ms)
            world_run_for(world, 10);
        assert_true(clock_ms() < end_ms);
        world_end_call(world, "acme", CALL_A);
        world_run_for(world, 10);
        PQclear(postgres_result(pg, world->url, "commit"));
        PQfinish(pg);
        world_run_for(world, 30);
    }
    expect_of(world, "acme", CALL_B, "return #calendar.slots({ service = 'dye' })", "5");
}

#define TEXTED                                                                                     \
    "calendar.book({ service = 'cut', start = '2099-11-23T09:00', name = 'Ann', phone = "          \
    "'5550100077', confirm = 'text' })"

static void a_text_is_kept_with_its_booking(void **state)
{
    struct world *world = *state;
    const char *url = world->url;
    postgres_run(url, "delete from outbox; alter table outbox add constraint none check (false)");
    expect(world, "return (select(2, " TEXTED "))", "\"not_saved\"");
    assert_int_equal(postgres_number(url, "select count(*) from appointments"), 0);
    assert_int_equal(postgres_number(url, "select count(*) from messages"), 0);
    postgres_run(url, "alter table outbox drop constraint none");
    expect(world, "return " TEXTED ".text_status", "\"queued\"");
    expect(world, "return " TEXTED ".start", "\"2099-11-23T09:00\""); /* asked twice */
    assert_int_equal(postgres_number(url, "select count(*) from outbox"), 1);
    /* Each move has its own. */
    for (int i = 0; i < 2; i++)
        expect(world,
            "local a = calendar.appointments({ phone = '5550100077' })[1]\n"
            "return calendar.reschedule(a.id, a.start == '2099-11-23T09:00' and '2099-11-23T10:00' "
            "or "
            "'2099-11-23T09:00', { confirm = 'text' }).text_status",
            "\"queued\"");
    assert_int_equal(
        postgres_number(url, "select count(*) from outbox o join appointments a on "
                             "o.key in ('confirm:' || a.id || ':1', 'confirm:' || a.id "
                             "|| ':2', 'confirm:' || a.id || ':3')"),
        3);
    postgres_run(url, "delete from outbox; delete from messages");
}

#define TEXTED_TO(phone, start)                                                                    \
    "return calendar.book({ service = 'cut', start = '2099-11-" start                              \
    "', name = 'Ann', phone = '" phone "', confirm = 'text' }).text_status"

/* Abroad, at a premium, or to a number that has had enough today: the appointment stands, and no text goes out. */
static void who_may_be_texted_is_no_caller_s_to_say(void **state)
{
    struct world *world = *state;
    const char *url = world->url;
    postgres_run(url, "delete from outbox; delete from messages");
    expect(world, TEXTED_TO("+4930123456", "23T09:00"), "\"\"");
    expect(world, TEXTED_TO("+19005550100", "23T10:00"), "\"\"");
    expect(world, TEXTED_TO("+18765550100", "23T11:00"), "\"\"");
    assert_int_equal(postgres_number(url, "select count(*) from outbox"), 0);
    postgres_run(url,
        "insert into outbox (tenant_id, kind, key, to_number, body) select 'acme', 'sms', "
        "'k' || i, '+15550100077', 'x' from generate_series(1, 19) i");
    expect(world, TEXTED_TO("5550100077", "23T13:00"), "\"queued\"");
    expect(world, TEXTED_TO("5550100077", "23T14:00"), "\"\"");
    assert_int_equal(postgres_number(url, "select count(*) from appointments"), 5);
    assert_int_equal(postgres_number(url, "select count(*) from outbox"), 20);
    postgres_run(url, "delete from outbox; delete from messages; delete from appointments");
}

static void a_question_changes_nothing(void **state)
{
    struct world *world = *state;
    expect(world,
        "local a = calendar.book({ service = 'cut', start = '2099-11-23T09:00', name = 'Ann', "
        "phone = "
        "'5550100077', only_check = true, confirm = 'text' })\n"
        "return { a.id == nil, a.spoken, a.service, a.phone, a.minutes }",
        "[true,\"Monday, November 23 at 9:00 AM\",\"cut\",\"+15550100077\",30]");
    assert_int_equal(postgres_number(world->url, "select count(*) from appointments"), 0);
    expect(world,
        "local a = calendar.book({ service = 'cut', start = '2099-11-23T09:00', name = 'Ann', "
        "phone = "
        "'5550100077' })\n"
        "local moved = calendar.reschedule(a.id, '2099-11-23T10:00', { only_check = true })\n"
        "local _, code, _, others = calendar.reschedule(a.id, '2099-11-24T10:00', { only_check = "
        "true })\n"
        "return { moved.id == nil, moved.start, code, #others, calendar.appointments({ phone = "
        "'5550100077' })[1].start }",
        "[true,\"2099-11-23T10:00\",\"closed\",3,\"2099-11-23T09:00\"]");
    assert_int_equal(postgres_number(world->url, "select count(*) from outbox"), 0);
}

static int set_up(void **state)
{
    return world_set_up(state, "bindings_calendar");
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define STORY(test) cmocka_unit_test_setup(test, world_clean)
    const struct CMUnitTest tests[] = {
        STORY(hours_come_from_the_profile),
        STORY(rows_win_over_the_profile),
        STORY(free_times_are_told),
        STORY(staff_and_services_have_rows),
        STORY(one_persons_day_is_not_the_businesss),
        STORY(infinite_appointments_are_far_away),
        STORY(a_run_receives_so_much),
        STORY(an_appointment_is_made_once),
        STORY(what_cannot_be_booked_says_why),
        STORY(buffers_and_repeated_hours_hold),
        STORY(appointments_are_moved_and_cancelled),
        STORY(appointments_stay_with_their_tenant),
        STORY(a_race_has_as_many_winners_as_staff),
        STORY(a_broken_connection_books_once),
        STORY(a_call_may_end_meanwhile),
        STORY(a_text_is_kept_with_its_booking),
        STORY(who_may_be_texted_is_no_caller_s_to_say),
        STORY(a_question_changes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
