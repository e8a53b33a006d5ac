#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller/caller.h"
#include "caller/files.h"
#include "media/wav.h"
#include "unit/caller/agent_double.h"

/* Whole calls on loopback, in real time: the caller as the binary runs it, against a double of the agent. */

static char folder[] = "/tmp/moonline-call-XXXXXX";

static void write_file(const char *name, struct slice first, struct slice second)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_write(path, first, second), ERR_OK);
}

static int open_folder(void **state)
{
    int16_t tone[4000]; /* half a second */
    uint8_t header[WAV_HEADER_BYTES];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 4000; i++)
        tone[i] = (int16_t)(9000 * sin(2 * M_PI * 700 * i / 8000));
    wav_header(header, 8000, 4000);
    write_file("tone.wav", (struct slice){(char *)header, sizeof header},
        (struct slice){(char *)tone, sizeof tone});
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {
        "tone.wav", "t.call", "out/caller.wav", "out/agent.wav", "out/timeline.json", "out", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
    return 0;
}

/* The exit status of `moonline call` for this scenario. */
static int call(int port, const char *scenario, const char *token)
{
    char path[200];
    char out[200];
    char via[40];
    write_file("t.call", slice_from(scenario), SLICE(""));
    snprintf(path, sizeof path, "%s/t.call", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(via, sizeof via, "127.0.0.1:%d", port);
    char *args[] = {
        "call", "--via", via, "--admin", via, "--token", (char *)token, "--out", out, path, NULL};
    return caller_main(10, args);
}

static json_t *timeline(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/out/timeline.json", folder);
    json_t *object = json_load_file(path, 0, NULL);
    assert_non_null(object);
    return object;
}

static long long number(json_t *object, const char *outer, const char *name)
{
    json_t *inside = outer ? json_object_get(object, outer) : object;
    return json_integer_value(json_object_get(inside, name));
}

static struct strbuf side(const char *name, const int16_t **samples, size_t *count)
{
    char path[200];
    struct strbuf file;
    unsigned rate_hz;
    snprintf(path, sizeof path, "%s/out/%s", folder, name);
    assert_int_equal(file_read(&file, path, 64 << 20), ERR_OK);
    assert_int_equal(wav_read(strbuf_slice(&file), &rate_hz, samples, count), ERR_OK);
    assert_int_equal(rate_hz, 8000);
    return file;
}

static size_t loud_samples(const char *name, size_t *count)
{
    const int16_t *samples;
    struct strbuf file = side(name, &samples, count);
    size_t loud = 0;
    for (size_t i = 0; i < *count; i++)
        loud += abs(samples[i]) > 500;
    strbuf_free(&file);
    return loud;
}

static void a_whole_call_is_played_and_kept(void **state)
{
    struct agent_plan plan = {0};
    struct agent *agent = agent_start(&plan);
    int status =
        call(agent_port(agent), "wait\nplay tone.wav\nwait\ndtmf 5\nhangup\n", AGENT_TOKEN);
    struct agent_seen seen = agent_stop(agent);
    assert_int_equal(status, 0);
    assert_int_equal(seen.webhooks, 1);
    assert_int_equal(seen.refused, 0);
    assert_int_equal(seen.bad, 0);
    assert_int_equal(seen.streams, 1);
    assert_int_equal(seen.marks, 2);
    assert_int_equal(seen.keys, 1);
    assert_int_equal(seen.stops, 1);
    assert_int_equal(seen.stream_started, 1);
    assert_int_equal(seen.stream_stopped, 1);
    assert_int_equal(seen.completed, 1);

    json_t *object = timeline();
    assert_true(json_is_true(json_object_get(object, "completed")));
    assert_int_equal(number(object, NULL, "protocol_errors"), 0);
    assert_int_equal(number(object, "audio", "underruns"), 0);
    assert_int_equal(number(object, "audio", "odd_sizes"), 0);
    assert_int_equal(number(object, "audio", "agent_bytes"), 2 * 30 * 160);
    assert_int_equal(number(object, "audio", "frames_sent"), seen.media);
    json_t *turn = json_array_get(json_object_get(json_object_get(object, "latency"), "turns"), 0);
    double waited_ms = json_real_value(json_object_get(turn, "first_audio_ms"));
    assert_true(waited_ms >= 180 && waited_ms < 600); /* the double answers after 200 */
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(object, "latency"), "server")), 1);
    json_decref(object);

    size_t caller_count;
    size_t agent_count;
    size_t caller_loud = loud_samples("caller.wav", &caller_count);
    size_t agent_loud = loud_samples("agent.wav", &agent_count);
    assert_int_equal(caller_count, agent_count);
    assert_true(caller_loud > 3700 && caller_loud <= 4000);
    assert_true(agent_loud > 8300 && agent_loud <= 9600);
}

static void the_agent_may_end_the_call(void **state)
{
    struct agent_plan plan = {
        .again = "<Response><Say>Bye &amp; thanks</Say><Hangup/></Response>",
        .hangs_up_after = 1,
    };
    struct agent *agent = agent_start(&plan);
    int status = call(agent_port(agent), "wait\nexpect-hangup\n", AGENT_TOKEN);
    struct agent_seen seen = agent_stop(agent);
    assert_int_equal(status, 0);
    assert_int_equal(seen.stops, 0); /* the server closed */
    assert_int_equal(seen.stream_stopped, 1);
    assert_int_equal(seen.completed, 1);
}

static void a_call_may_not_be_answered(void **state)
{
    struct agent_plan plan = {.rejects = "busy"};
    struct agent *agent = agent_start(&plan);
    int status = call(agent_port(agent), "expect-hangup\n", AGENT_TOKEN);
    struct agent_seen seen = agent_stop(agent);
    assert_int_equal(status, 0);
    assert_int_equal(seen.streams, 0);
    assert_int_equal(seen.busy, 1);
    plan = (struct agent_plan){.rejects = "rejected"};
    agent = agent_start(&plan);
    status = call(agent_port(agent), "wait\nhangup\n", AGENT_TOKEN);
    seen = agent_stop(agent);
    assert_int_equal(status, 1);
    assert_int_equal(seen.no_answer, 1);
    assert_int_equal(seen.completed, 0);
}

static void a_call_that_ends_before_its_scenario_fails(void **state)
{
    struct agent_plan plan = {.hangs_up_after = 1};
    struct agent *agent = agent_start(&plan);
    int status = call(agent_port(agent), "wait\nplay tone.wav\n", AGENT_TOKEN);
    agent_stop(agent);
    assert_int_equal(status, 1);
    json_t *object = timeline();
    assert_string_equal(json_string_value(json_object_get(object, "why")),
        "line 2 (play): the call had ended before it");
    json_decref(object);
}

static void a_broken_message_fails_the_call_at_its_end(void **state)
{
    struct agent_plan plan = {.breaks_protocol = true};
    struct agent *agent = agent_start(&plan);
    int status = call(agent_port(agent), "wait\nhangup\n", AGENT_TOKEN);
    agent_stop(agent);
    assert_int_equal(status, 1);
    json_t *object = timeline();
    assert_true(json_is_true(json_object_get(object, "completed")));
    assert_int_equal(number(object, NULL, "protocol_errors"), 1);
    json_decref(object);
}

static void a_hole_in_the_agents_speech_is_counted(void **state)
{
    struct agent_plan plan = {.stalls = true};
    struct agent *agent = agent_start(&plan);
    int status = call(agent_port(agent), "wait\nhangup\n", AGENT_TOKEN);
    agent_stop(agent);
    assert_int_equal(status, 0);
    json_t *object = timeline();
    assert_int_equal(number(object, "audio", "underruns"), 1);
    assert_in_range(number(object, "audio", "underrun_ms"), 60, 200);
    json_decref(object);
}

/* Who picks up hears the whisper, and is connected by a key alone. */
static void a_transfer_is_carried_out(void **state)
{
    static const struct {
        const char *callee;
        unsigned whispers, taken, bridged, no_bridge, busy;
    } rows[] = {
        {"callee answers 50 5", 1, 1, 1, 0, 0},
        {"callee answers 50", 1, 0, 0, 1, 0},
        {"callee busy", 0, 0, 0, 1, 1},
        {"callee answers 9000 1", 0, 0, 0, 1, 0}, /* later than it rings */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct agent_plan plan = {.hangs_up_after = 1,
            .again = "<Response><Dial timeout=\"1\" action=\"/dialled\">"
                     "<Number url=\"/whisper\">+15550100009</Number></Dial></Response>",
            .whisper = "<Response><Gather action=\"/whisper\" timeout=\"0\"><Say>Ann.</Say>"
                       "</Gather><Hangup/></Response>"};
        char scenario[100];
        struct agent *agent = agent_start(&plan);
        snprintf(scenario, sizeof scenario, "%s\nwait\nexpect-hangup\n", rows[i].callee);
        int status = call(agent_port(agent), scenario, AGENT_TOKEN);
        struct agent_seen seen = agent_stop(agent);
        assert_int_equal(status, 0);
        assert_int_equal(seen.refused, 0);
        assert_int_equal(seen.whispers, rows[i].whispers);
        assert_int_equal(seen.taken, rows[i].taken);
        assert_int_equal(seen.bridged, rows[i].bridged);
        assert_int_equal(seen.no_bridge, rows[i].no_bridge);
        assert_int_equal(seen.busy, rows[i].busy);
        assert_int_equal(seen.completed, 1);
    }
}

static void words_are_spoken_over_the_agent(void **state)
{
    struct agent_plan plan = {0};
    struct agent *agent = agent_start(&plan);
    int status = call(agent_port(agent),
        "interrupt 200 Stop please\nwait\nsay Goodbye\nwait\nhangup\n", AGENT_TOKEN);
    struct agent_seen seen = agent_stop(agent);
    assert_int_equal(status, 0);
    assert_int_equal(seen.marks, 3);
    size_t count;
    assert_true(loud_samples("caller.wav", &count) > 4000);
}

static void a_wrong_signature_ends_at_once(void **state)
{
    struct agent_plan plan = {0};
    struct agent *agent = agent_start(&plan);
    int status = call(agent_port(agent), "wait\nhangup\n", "another token");
    struct agent_seen seen = agent_stop(agent);
    assert_int_equal(status, 1);
    assert_int_equal(seen.webhooks, 0);
    assert_int_equal(seen.completed, 0);
    assert_int_equal(seen.refused, 1);
}

static void nobody_listening_ends_at_once(void **state)
{
    struct agent_plan plan = {0};
    struct agent *agent = agent_start(&plan);
    int port = agent_port(agent);
    agent_stop(agent);
    assert_int_equal(call(port, "wait\nhangup\n", AGENT_TOKEN), 1);
}

static void a_wrong_scenario_is_told_before_any_call(void **state)
{
    assert_int_equal(call(9, "shout\n", AGENT_TOKEN), 1);
    assert_int_equal(call(9, "play nothing.wav\n", AGENT_TOKEN), 1);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_call_is_played_and_kept),
        cmocka_unit_test(the_agent_may_end_the_call),
        cmocka_unit_test(a_call_may_not_be_answered),
        cmocka_unit_test(a_call_that_ends_before_its_scenario_fails),
        cmocka_unit_test(a_broken_message_fails_the_call_at_its_end),
        cmocka_unit_test(a_hole_in_the_agents_speech_is_counted),
        cmocka_unit_test(a_transfer_is_carried_out),
        cmocka_unit_test(words_are_spoken_over_the_agent),
        cmocka_unit_test(a_wrong_signature_ends_at_once),
        cmocka_unit_test(nobody_listening_ends_at_once),
        cmocka_unit_test(a_wrong_scenario_is_told_before_any_call),
    };
    return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
