/* POST /twilio/sms: what a person wrote is a row before the carrier is told so, once, or the carrier tells of it again. */
#include "unit/store/loop.h"

#include <string.h>

#include "api/texts.h"
#include "outreach/stops.h"
#include "script/agent_table.h"
#include "script/host.h"
#include "unit/net/net_story.h"
#include "unit/script/scripts_folder.h"

#define PERSON "%2B15550100001"
#define OURS "%2B15550100002"
#define OF(sid) "MessageSid=" sid "&From=" PERSON "&To=" OURS

static struct postgres *postgres;

struct port {
    struct story story; /* first: the stories' own verbs take it */
    struct scripts_folder folder;
    struct script_host *script;
    struct public_settings settings;
    struct server *server;
};

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct port *port = owner;
    struct form form;
    assert_int_equal(form_parse(&form, request->body), ERR_OK);
    texts_take(&port->settings, exchange, &form);
    form_free(&form);
}

static void open_script(struct port *port)
{
    folder_make(&port->folder);
    folder_write(&port->folder, "tenants/acme/agent.lua",
        "return { name = 'A', numbers = { '+15550100002' }, prompt = function() return 'p' end }");
    struct script_host_options options = {.scripts_path = port->folder.path};
    assert_int_equal(script_host_create(&port->script, port->story.loop, &options), ERR_OK);
    assert_int_equal(script_host_load(port->script), 1);
}

static struct port *open_port(const char *database_url, size_t capacity)
{
    static const struct server_handlers handlers = {.on_request = on_request};
    static const struct server_options options = {.listen = "127.0.0.1:0",
        .max_body_bytes = 16384,
        .request_timeout_ms = 5000,
        .max_connections = 10};
    struct port *port = calloc(1, sizeof *port);
    char why[200];
    story_plain_setup(&port->story, NULL);
    open_script(port);
    assert_int_equal(
        records_open(&port->settings.records, port->story.loop, database_url, capacity), ERR_OK);
    assert_int_equal(
        server_start(&port->server, port->story.loop, &options, &handlers, port, why), ERR_OK);
    return port;
}

static void close_port(struct port *port)
{
    void *state = port;
    server_destroy(port->server);
    records_close(port->settings.records);
    script_host_destroy(port->script);
    agent_table_clear();
    folder_remove(&port->folder);
    story_end(&state);
}

static void post(struct port *port, const char *form, const char *expected)
{
    struct raw raw;
    char text[4000];
    snprintf(text, sizeof text,
        "POST " TEXTS_PATH " HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", strlen(form),
        form);
    raw_connect(&raw, server_port(port->server));
    raw_say(&raw, text);
    story_until(&port->story, raw_has(&raw, expected));
    raw_close(&raw);
}

static void until_written(struct port *port)
{
    story_until(&port->story, records_waiting(port->settings.records) == 0);
}

static void expect_text(const char *url, const char *sql, const char *expected)
{
    char text[512];
    postgres_text(url, sql, text, sizeof text);
    assert_string_equal(text, expected);
}

static void a_text_is_one_row_however_often_it_is_told(void **state)
{
    char url[POSTGRES_URL_SIZE];
    migrated_database(postgres, url);
    struct port *port = open_port(url, 100);
    for (int i = 0; i < 2; i++)
        post(port,
            OF("SM1") "&Body=Gr%C3%BC%C3%9Fe&NumSegments=2&NumMedia=2&MediaUrl0=https%3A%2F%2Fa"
                      "&MediaContentType0=image%2Fpng&MediaUrl1=https%3A%2F%2Fb",
            "<Response/>");
    until_written(port);
    expect_text(url,
        "select concat_ws('|', count(*) over (), status, segments, from_number, to_number, text,"
        " carrier_sid) from messages",
        "1|received|2|+15550100001|+15550100002|Gr\u00fc\u00dfe|SM1");
    expect_text(url, "select media::text from messages",
        "[{\"url\": \"https://a\", \"type\": \"image/png\"}, {\"url\": \"https://b\", \"type\": "
        "\"\"}]");
    post(port, OF("SM2") "&Body=x&NumMedia=99999999999", "<Response/>");
    until_written(port);
    expect_text(url,
        "select jsonb_array_length(media)::text from messages where carrier_sid = 'SM2'", "10");
    post(port, "MessageSid=SM3&From=" PERSON "&To=%2B15550100009&Body=x", "<Response/>");
    post(port, "From=" PERSON "&To=" OURS "&Body=x", "HTTP/1.1 400");
    until_written(port);
    expect_text(url, "select count(*)::text from messages", "2"); /* nobody's number is no row */
    close_port(port);
}

static void who_says_stop_is_out_at_once(void **state)
{
    char url[POSTGRES_URL_SIZE];
    migrated_database(postgres, url);
    struct port *port = open_port(url, 100);
    post(port, OF("SM1") "&Body=hello&OptOutType=STOP", "<Response/>"); /* the carrier's reading */
    assert_true(stops_has(SLICE("acme"), SLICE("+15550100001")));
    until_written(port);
    expect_text(url, "select phone from opt_outs", "+15550100001");
    post(port, OF("SM2") "&Body=Start", "<Response/>");
    assert_false(stops_has(SLICE("acme"), SLICE("+15550100001")));
    until_written(port);
    expect_text(url, "select count(*)::text from opt_outs", "0");
    expect_text(
        url, "select string_agg(status, ',' order by carrier_sid) from messages", "stop,start");
    close_port(port);
}

static void without_room_it_is_told_again(void **state)
{
    struct port *port = open_port("postgresql://moonline@/x?host=/nonexistent", 1);
    post(port, OF("SM1") "&Body=hello", "<Response/>");
    post(port, OF("SM2") "&Body=stop", "HTTP/1.1 500");
    assert_false(stops_has(SLICE("acme"), SLICE("+15550100001")));
    close_port(port);
}

static int set_up(void **state)
{
    postgres = postgres_start("api_texts");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(postgres);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_one_row_however_often_it_is_told),
        cmocka_unit_test(who_says_stop_is_out_at_once),
        cmocka_unit_test(without_room_it_is_told_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
