/* Loading a tenant's folder: what makes a version, what is refused and how that is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/wav.h"
#include "script/build.h"
#include "unit/script/scripts_folder.h"

#define AGENT "tenants/acme/agent.lua"

static const struct script_library no_library;

static int setup(void **state)
{
    struct scripts_folder *folder = calloc(1, sizeof *folder);
    folder_make(folder);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    folder_remove(*state);
    free(*state);
    return 0;
}

static enum err build(struct version **out, const struct scripts_folder *folder, char why[512])
{
    enum err err = build_new(out, folder->path, "acme", &no_library, why);
    if (!err) {
        err = build_finish(*out, why);
        if (err)
            version_release(*out);
    }
    return err;
}

static struct version *load(struct scripts_folder *folder, const char *agent_lua)
{
    struct version *version;
    char why[512];
    if (agent_lua)
        folder_write(folder, AGENT, agent_lua);
    enum err err = build(&version, folder, why);
    if (err)
        print_message("%s\n", why);
    assert_int_equal(err, ERR_OK);
    return version;
}

static void refused(struct scripts_folder *folder, const char *agent_lua, const char *expected)
{
    struct version *version;
    char why[512];
    if (agent_lua)
        folder_write(folder, AGENT, agent_lua);
    assert_int_equal(build(&version, folder, why), ERR_BAD);
    assert_string_equal(why, expected);
}

static void agent_is_read(void **state)
{
    struct version *version = load(*state,
        "return {\n"
        "  name = 'Acme', numbers = { '+15550100002', '+15550100003' }, greeting = 'Hello',\n"
        "  voice = { id = 'v1', speed = 1.1 }, models = { chat = 'm' },\n"
        "  turn = { silence_ms = 400, barge_in = false, max_sentences = 2 },\n"
        "  profile = { hours = { 1, 2 } },\n"
        "  prompt = function(call) return 'You are ' .. call.profile.hours[2] end,\n"
        "}\n");
    const struct agent *agent = version->agent;
    assert_string_equal(agent->tenant_id, "acme");
    assert_string_equal(agent->name, "Acme");
    assert_int_equal(agent->number_count, 2);
    assert_string_equal(agent->numbers[1], "+15550100003");
    assert_string_equal(agent->language, "en");
    assert_string_equal(agent->voice_id, "v1");
    assert_true(agent->voice_speed > 1.09 && agent->voice_stability < 0);
    assert_string_equal(agent->chat_model, "m");
    assert_int_equal(agent->turn.numbers.silence_ms, 400);
    assert_int_equal(agent->turn.numbers.stall_ms, 600);
    assert_int_equal(agent->turn.barge_in, AGENT_BARGE_IN_OFF);
    assert_int_equal(agent->turn.max_sentences, 2);
    assert_string_equal(agent->tools_json, "[]");
    assert_string_equal(agent->profile_json, "{\"hours\":[1,2]}");
    assert_int_equal(strlen(agent->version), VERSION_SIZE - 1);
    version_release(version);
}

static void what_interrupts_is_read(void **state)
{
    struct version *version = load(*state,
        "return { name = 'A', greeting_interruptible = false, prompt = function() return '' end,\n"
        "turn = { barge_in = 'high', never_interrupts = { 'sounds good' }, always_interrupts = {} "
        "} "
        "}");
    const struct agent_turn_policy *turn = &version->agent->turn;
    assert_false(version->agent->greeting_interruptible);
    assert_int_equal(turn->barge_in, AGENT_BARGE_IN_HIGH);
    assert_int_equal(turn->never_interrupts.count, 1);
    assert_string_equal(turn->never_interrupts.text[0], "sounds good");
    assert_int_equal(turn->always_interrupts.count, 0);
    version_release(version);
    refused(*state, "return { name = 'A',\n turn = { barge_in = 'sometimes' } }",
        "agent.lua:2: turn.barge_in is \"sometimes\": it must be true, false, \"off\", \"low\", "
        "\"normal\" or "
        "\"high\"");
    refused(*state, "return { name = 'A', turn = {\n never_interrupts = { 'mm', 5 } } }",
        "agent.lua:2: turn.never_interrupts[2] is 5: it must be a text of 1 to 47 bytes");
}

static void calls_are_captured_where_the_tenant_says_so(void **state)
{
    static const struct {
        const char *lua;
        enum agent_capture capture;
    } rows[] = {{"nil", AGENT_CAPTURE_OFF}, {"'off'", AGENT_CAPTURE_OFF},
        {"'consented'", AGENT_CAPTURE_CONSENTED}, {"'on'", AGENT_CAPTURE_ON}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        snprintf(text, sizeof text,
            "return { name = 'A', capture = %s, prompt = function() return 'p' end }", rows[i].lua);
        struct version *version = load(*state, text);
        assert_int_equal(version->agent->capture, rows[i].capture);
        version_release(version);
    }
    refused(*state, "return { name = 'A',\n capture = 'yes' }",
        "agent.lua:2: capture is \"yes\": it must be \"off\", \"consented\" or \"on\"");
}

static void overflow_is_words_and_what_follows(void **state)
{
    static const struct {
        const char *lua;
        enum agent_overflow_kind kind;
        const char *say;
        const char *forward;
    } rows[] = {
        {"nil", OVERFLOW_SAY, "", ""},
        {"{ say = 'Busy.' }", OVERFLOW_SAY, "Busy.", ""},
        {"{ say = 'Busy.', voicemail = false }", OVERFLOW_SAY, "Busy.", ""},
        {"{ say = 'Speak.', voicemail = true }", OVERFLOW_VOICEMAIL, "Speak.", ""},
        {"{ say = 'Wait.', forward = '+15550100099' }", OVERFLOW_FORWARD, "Wait.", "+15550100099"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        snprintf(text, sizeof text,
            "return { name = 'A', overflow = %s, prompt = function() return 'p' end }",
            rows[i].lua);
        struct version *version = load(*state, text);
        assert_int_equal(version->agent->overflow.kind, rows[i].kind);
        assert_string_equal(version->agent->overflow.say, rows[i].say);
        assert_string_equal(version->agent->overflow.forward, rows[i].forward);
        version_release(version);
    }
}

static void callers_are_transferred_where_the_tenant_wrote_it(void **state)
{
    static const struct {
        const char *fields;
        const char *number;
        const char *fault; /* NULL: none */
    } rows[] = {
        {"transfers = { '+15550100099', '+4930123456' }", "+15550100099", NULL},
        {"transfers = { '+4930123456' }", "+4930123456", NULL},
        {"transfers = { '+15550100099' }", "+15550100098", "not_allowed"},
        {"transfers = { }, profile = { p = '+15550100098' }", "+15550100098", "not_allowed"},
        {"profile = { boss = '+15550100098' }", "+15550100098", NULL},
        {"profile = { boss = 'x+15550100098y' }", "+15550100097", "not_allowed"},
        {"profile = { boss = '+4930123456' }", "+4930123456", "not_allowed"},
        {"profile = { boss = '+19005550100' }", "+19005550100", "not_allowed"},
        {"overflow = { say = 'x', forward = '+4930123456' }", "+4930123456", NULL},
        {"", "+15550100002", "own_number"},
        {"", "5550100", "bad_number"},
        {"", "+15550100009,1", "bad_number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        snprintf(text, sizeof text,
            "return { name = 'A', numbers = { '+15550100002' }, prompt = function() return 'p' "
            "end, %s }",
            rows[i].fields);
        struct version *version = load(*state, text);
        const char *fault = agent_transfer_fault(version->agent, rows[i].number);
        if (rows[i].fault)
            assert_string_equal(fault, rows[i].fault);
        else
            assert_null(fault);
        version_release(version);
    }
    refused(*state, "return { name = 'A', numbers = { '+15550100002' },\n transfers = { 'x' } }",
        "agent.lua:2: transfers[1] is \"x\": it must be a number such as \"+15550100099\"");
    refused(*state,
        "return { name = 'A', numbers = { '+15550100002' },\n transfers = { '+15550100002' } }",
        "agent.lua:2: transfers[1] is the agent's own number: it would ring here");
    refused(*state, "return { name = 'A',\n transfers = { '+19005550100' } }",
        "agent.lua:2: transfers[1] is a number at a premium rate");
}

static void texts_are_off_unless_wanted(void **state)
{
    static const struct {
        const char *lua;
        bool answers;
        unsigned max_segments;
        const char *failure_text;
    } rows[] = {
        {"nil", false, 3, ""},
        {"false", false, 3, ""},
        {"true", true, 3, ""},
        {"{ to = { '+15550100041' } }", false, 3, ""},
        {"{ answer = true, max_segments = 1, failure_text = 'Later.' }", true, 1, "Later."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        snprintf(text, sizeof text,
            "return { name = 'A', texts = %s, prompt = function() return 'p' end }", rows[i].lua);
        struct version *version = load(*state, text);
        assert_int_equal(version->agent->texts.answers, rows[i].answers);
        assert_int_equal(version->agent->texts.max_segments, rows[i].max_segments);
        assert_string_equal(version->agent->texts.failure_text, rows[i].failure_text);
        version_release(version);
    }
    refused(*state, "return { name = 'A',\n texts = 'yes' }",
        "agent.lua:2: texts is \"yes\": it must be a table");
    refused(*state, "return { name = 'A',\n texts = { segments = 3 } }",
        "agent.lua:2: texts.segments is not a known field (answer, max_segments, failure_text, to, "
        "to_country)");
    refused(*state, "return { name = 'A',\n texts = { max_segments = 11 } }",
        "agent.lua:2: texts.max_segments is 11: it must be from 1 to 10");
}

static void tools_become_strict(void **state)
{
    folder_write(*state, "tools/note.lua",
        "return { name = 'note', description = 'Notes.', parameters = { type = 'object', "
        "properties = {\n"
        "  text = { type = 'string' }, urgent = { type = 'boolean' }, kind = { const = 'note' },\n"
        "  who = { anyOf = { { type = 'string' }, { type = 'object', properties = {\n"
        "    name = { type = 'string' } } } } } }, required = { 'text' } },\n"
        "  run = function() end }\n");
    struct version *version = load(*state, "return { name = 'A', tools = { require('tools.note') "
                                           "}, prompt = function() return 'p' end }");
    json_t *tools = json_loads(version->agent->tools_json, 0, NULL);
    json_t *expected = json_loads(
        "[{\"type\":\"function\",\"function\":{\"name\":\"note\",\"description\":\"Notes.\","
        "\"strict\":true,"
        "\"parameters\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"text\":{\"type\":\"string\"},\"urgent\":{\"type\":[\"boolean\",\"null\"]},"
        "\"kind\":{\"enum\":[\"note\",null]},\"who\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":"
        "\"object\",\"additionalProperties\":false,\"required\":[\"name\"],\"properties\":{"
        "\"name\":{"
        "\"type\":[\"string\",\"null\"]}}},{\"type\":\"null\"}]}}}}}]",
        0, NULL);
    json_t *parameters =
        json_object_get(json_object_get(json_array_get(tools, 0), "function"), "parameters");
    assert_int_equal(json_array_size(json_object_get(parameters, "required")), 4);
    json_object_del(parameters, "required");
    assert_true(json_equal(tools, expected));
    assert_int_equal(version->agent->tool_count, 1);
    json_decref(tools);
    json_decref(expected);
    version_release(version);
}

static void faults_have_a_place(void **state)
{
    refused(*state,
        "return {\n  name = 'A',\n  prompt = function() return '' end,\n  turn = {\n    silence_ms "
        "= 'long',\n  },\n}",
        "agent.lua:5: turn.silence_ms is \"long\": it must be a number");
    refused(*state, "local x = \n", "agent.lua:2: unexpected symbol near '<eof>'");
    refused(*state, "local a\nreturn { name = a.b }",
        "agent.lua:2: attempt to index local 'a' (a nil value)");
    refused(*state, "return 5", "agent.lua:1: must return a table");
    refused(*state, "return {}", "agent.lua:1: name is missing");
    refused(*state, "return { name = 'A' }", "agent.lua:1: prompt is missing");
    refused(*state, "return { name = 'A',\n numbers = { '5550100' } }",
        "agent.lua:2: numbers[1] is \"5550100\": it must be a number such as \"+15550100002\"");
    refused(*state, "return { name = 'A',\n turn = {\n silence = 5 } }",
        "agent.lua:3: turn.silence is not a known field: did you mean silence_ms?");
    refused(*state, "return { name = 'A',\n gretting = 'Hi' }",
        "agent.lua:2: gretting is not a known field: did you mean greeting?");
    refused(*state, "return { name = 'A', turn = { silence_ms = 20 } }",
        "agent.lua:1: turn.silence_ms is 20: it must be from 100 to 5000");
    refused(*state, "return { name = 'A',\n overflow = 'busy' }",
        "agent.lua:2: overflow is \"busy\": it must be a table");
    refused(*state, "return { name = 'A',\n overflow = { voicemail = true } }",
        "agent.lua:2: overflow.say is missing");
    refused(*state, "return { name = 'A', overflow = {\n say = 'x',\n forward = '5550100' } }",
        "agent.lua:3: overflow.forward is \"5550100\": it must be a number such as "
        "\"+15550100099\"");
    refused(*state,
        "return { name = 'A', numbers = { '+15550100002' },\n overflow = { say = 'x', forward = "
        "'+15550100002' } }",
        "agent.lua:2: overflow.forward is the agent's own number: it would ring here");
    refused(*state,
        "return { name = 'A',\n overflow = { say = 'x', voicemail = true, forward = "
        "'+15550100099' } }",
        "agent.lua:2: overflow must have voicemail or forward, not both");
    refused(*state, "return { name = 'A',\n overflow = { say = 'x',\n mailbox = true } }",
        "agent.lua:3: overflow.mailbox is not a known field (say, voicemail, forward)");
    refused(*state, "return { name = 'A', profile = { f = print } }",
        "agent.lua:1: 'print' is not defined");
    refused(*state, "return { name = 'A', profile = { f = pairs } }",
        "agent.lua:1: profile must be plain data of at most 64 KiB: a function has no JSON form");
    refused(*state, "return { name = 'A',\n prompt = function() return 5 end }",
        "agent.lua:2: prompt must return a text");
    refused(*state, "return { name = 'A',\n prompt = function(call) return call.nothing.x end }",
        "agent.lua:2: attempt to index field 'nothing' (a nil value)");
    refused(*state, "while true do end", "agent.lua:1: took more than 50 ms to load");
    refused(*state, "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e4) .. i end",
        "agent.lua:1: used more than 4 MiB while loading");
    refused(*state, "\x1bLJ\x02", "agent.lua:1: attempt to load chunk with wrong mode");
}

static void tools_have_their_own_file(void **state)
{
    folder_write(*state, "tools/slow.lua",
        "return {\n  name = 'slow', description = 'x', parameters = { type = 'object', properties "
        "= {} },\n"
        "  timeout_ms = 60000,\n  run = function() end,\n}\n");
    refused(*state,
        "return { name = 'A', tools = { require('tools.slow') }, prompt = function() return 'p' "
        "end }",
        "tools/slow.lua:3: timeout_ms is 60000: it must be from 100 to 10000");
    refused(*state, "return { name = 'A', prompt = function() return 'p' end,\n tools = { 5 } }",
        "agent.lua:2: tools must hold tools, but [1] is a number");
}

static void require_stays_inside(void **state)
{
    struct scripts_folder *folder = *state;
    folder_write(folder, "secret.lua", "return { secret = true }");
    folder_write(folder, "tenants/other/profile.lua", "return { secret = true }");
    refused(folder, "require('../../secret')",
        "agent.lua:1: require: '../../secret' is no module name");
    refused(folder, "require('..secret')", "agent.lua:1: require: '..secret' is no module name");
    refused(
        folder, "require('/etc/passwd')", "agent.lua:1: require: '/etc/passwd' is no module name");
    refused(folder, "require('a\\0b')", "agent.lua:1: require: 'a' is no module name");
    refused(folder, "require('secret')", "agent.lua:1: secret.lua: No such file or directory");
    refused(folder, "require('other.profile')",
        "agent.lua:1: other/profile.lua: No such file or directory");
    refused(folder, "require('tenants.other.profile')",
        "agent.lua:1: tenants/other/profile.lua: No such file or directory");

    char link[256], target[256];
    snprintf(link, sizeof link, "%s/tenants/acme/borrowed.lua", folder->path);
    snprintf(target, sizeof target, "%s/tenants/other/profile.lua", folder->path);
    assert_int_equal(symlink(target, link), 0);
    refused(folder, "require('borrowed')", "agent.lua:1: borrowed.lua leads out of its folder");

    folder_write(folder, "tenants/acme/loop.lua", "local itself = require('loop') return itself");
    refused(folder, "require('loop')", "loop.lua:1: require: 'loop' requires itself");
    folder_write(folder, "tenants/acme/parts/hours.lua", "return { open = 8 }");
    struct version *version = load(folder,
        "local hours = require('parts.hours')\n"
        "assert(hours == require('parts.hours'))\n"
        "return { name = 'A', prompt = function() return 'p' .. require('parts.hours').open end }");
    version_release(version);
    refused(folder, "return { name = 'A', prompt = function() return require('late') end }",
        "agent.lua:1: require: 'late' must be required when the file is loaded");
}

static void version_is_the_hash_of_all_files(void **state)
{
    struct scripts_folder *folder = *state;
    char first[VERSION_SIZE], second[VERSION_SIZE];
    folder_write(folder, "prompts/p.lua", "return { text = 'one' }");
    const char *agent = "local p = require('prompts.p') return { name = 'A', prompt = function() "
                        "return p.text end }";
    struct version *version = load(folder, agent);
    memcpy(first, version->agent->version, sizeof first);
    assert_false(sources_changed(version->sources));
    folder_write(folder, "prompts/p.lua", "return { text = 'two' }");
    assert_true(sources_changed(version->sources));
    version_release(version);
    version = load(folder, NULL);
    memcpy(second, version->agent->version, sizeof second);
    assert_string_not_equal(first, second);
    version_release(version);
    folder_write(folder, "prompts/p.lua", "return { text = 'one' }");
    version = load(folder, NULL);
    assert_string_equal(version->agent->version, first);
    version_release(version);
}

/* A discarded VM comes back from the kept files, whatever the disk says. */
static void rebuilt_from_memory(void **state)
{
    char why[512];
    struct program *program;
    struct version *version =
        load(*state, "return { name = 'A', prompt = function() return 'p' end }");
    folder_write(*state, AGENT, "broken(");
    version_discard_program(version);
    assert_int_equal(version_program(&program, version, &no_library, why), ERR_OK);
    assert_ptr_equal(program, version->program);
    assert_int_equal(build_finish(version, why), ERR_OK);
    assert_int_equal(version_program(&program, version, &no_library, why), ERR_OK);
    assert_null(program->build);
    version_release(version);
}

static void phases_are_read(void **state)
{
    struct version *version = load(*state,
        "return { name = 'A', turn = { silence_ms = 600, patience_ms = 300, phases = {\n"
        "  phone_number = { silence_ms = 900, patience_ms = 900 }, yes_no = { silence_ms = 300 } } "
        "},\n"
        "  end_of_turn = function() end, prompt = function() return 'p' end }\n");
    const struct agent *agent = version->agent;
    const struct agent_turn_numbers *numbers = agent_turn_numbers(agent, "phone_number");
    assert_int_equal(numbers->silence_ms, 900);
    assert_int_equal(numbers->patience_ms, 900);
    assert_int_equal(numbers->stall_ms, 600);
    numbers = agent_turn_numbers(agent, "yes_no");
    assert_int_equal(numbers->silence_ms, 300);
    assert_int_equal(numbers->patience_ms, 300);
    assert_int_equal(agent_turn_numbers(agent, "")->silence_ms, 600);
    assert_int_equal(agent_turn_numbers(agent, "other")->silence_ms, 600);
    assert_true(agent->has_hook[HOOK_END_OF_TURN]);
    assert_false(agent->has_hook[HOOK_ON_DTMF]);
    version_release(version);
}

static void phases_are_checked(void **state)
{
    static const struct {
        const char *turn, *why;
    } rows[] = {
        {"phases = {\n phone_number = {\n silence_ms = 50000 } }",
            "agent.lua:3: turn.phases.phone_number.silence_ms is 50000: it must be from 100 to "
            "5000"},
        {"phases = { x = { barge_in = true } }",
            "agent.lua:1: turn.phases.x.barge_in is not a known field (silence_ms, stall_ms, "
            "patience_ms, min_utterance_ms, max_utterance_ms)"},
        {"phases = { { silence_ms = 500 } }",
            "agent.lua:1: turn.phases must have names such as phone_number"},
        {"phases = { ['a b'] = {} }",
            "agent.lua:1: turn.phases must have names such as phone_number"},
        {"phases = { x = 7 }", "agent.lua:1: turn.phases.x is 7: it must be a table"},
        {"patience_ms = 9000", "agent.lua:1: turn.patience_ms is 9000: it must be from 0 to 5000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        snprintf(text, sizeof text,
            "return { name = 'A', turn = { %s }, prompt = function() return 'p' end }",
            rows[i].turn);
        refused(*state, text, rows[i].why);
    }
    refused(*state, "return { name = 'A', on_dtmf = 7, prompt = function() return 'p' end }",
        "agent.lua:1: on_dtmf is 7: it must be a function");
}

/* ---- fillers ---- */

#define FILLER_AGENT(fields)                                                                       \
    "return { name = 'A',\nfiller = { " fields " },\nprompt = function() return 'p' end }"

static void write_wav(struct scripts_folder *folder, unsigned rate_hz, uint32_t count_samples)
{
    char path[512];
    uint8_t header[WAV_HEADER_BYTES];
    folder_write(folder, "tenants/acme/sounds/keys.wav", "");
    snprintf(path, sizeof path, "%s/tenants/acme/sounds/keys.wav", folder->path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    wav_header(header, rate_hz, count_samples);
    fwrite(header, 1, sizeof header, file);
    for (uint32_t i = 0; i < count_samples; i++)
        fwrite(i / 8 % 2 ? "\0\x10" : "\0\xf0", 1, 2, file);
    fclose(file);
}

static void fillers_have_defaults(void **state)
{
    struct version *version =
        load(*state, "return { name = 'A', prompt = function() return 'p' end }");
    const struct agent_filler *filler = &version->agent->filler;
    assert_int_equal(filler->kind, AGENT_FILLER_PHRASE);
    assert_int_equal(filler->after_ms, 800);
    assert_int_equal(filler->phrase_count, 3);
    assert_null(filler->typing_ulaw);
    version_release(version);
    version =
        load(*state, "return { name = 'A', language = 'de', prompt = function() return 'p' end }");
    assert_int_equal(version->agent->filler.kind, AGENT_FILLER_TYPING);
    version_release(version);
}

static void fillers_are_the_tenants(void **state)
{
    struct version *version = load(*state,
        FILLER_AGENT("kind = 'phrase', after_ms = 1200, phrases = { 'Moment!', 'Gleich.' }"));
    const struct agent_filler *filler = &version->agent->filler;
    assert_int_equal(filler->after_ms, 1200);
    assert_int_equal(filler->phrase_count, 2);
    assert_string_equal(filler->phrases[1], "Gleich.");
    version_release(version);
    static const unsigned rates_hz[] = {8000, 16000, 48000};
    for (size_t i = 0; i < sizeof rates_hz / sizeof *rates_hz; i++) {
        write_wav(*state, rates_hz[i], rates_hz[i]); /* a second */
        version =
            load(*state, FILLER_AGENT("kind = 'typing', wav = 'sounds/keys.wav', level_db = -20"));
        filler = &version->agent->filler;
        assert_int_equal(filler->kind, AGENT_FILLER_TYPING);
        assert_in_range(filler->typing_len, 7680, 8160);
        assert_int_equal(filler->typing_len % 160, 0);
        version_release(version);
    }
}

/* A sound is one of the version's files: another one is another version. */
static void a_sound_makes_the_version(void **state)
{
    const char *agent_lua = FILLER_AGENT("kind = 'typing', wav = 'sounds/keys.wav'");
    write_wav(*state, 8000, 8000);
    struct version *one = load(*state, agent_lua);
    assert_false(sources_changed(one->sources));
    write_wav(*state, 8000, 9600);
    assert_true(sources_changed(one->sources));
    struct version *two = load(*state, agent_lua);
    assert_string_not_equal(one->agent->version, two->agent->version);
    version_release(one);
    version_release(two);
}

static void wrong_fillers_are_refused(void **state)
{
    write_wav(*state, 4000, 8000);
    static const struct {
        const char *agent_lua, *why;
    } rows[] = {
        {FILLER_AGENT("kind = 'music'"),
            "agent.lua:2: filler.kind is \"music\": it must be \"phrase\", \"typing\" or \"none\""},
        {FILLER_AGENT("sound = 'x.wav'"), "agent.lua:2: filler.sound is not a known field (kind, "
                                          "after_ms, phrases, level_db, wav)"},
        {FILLER_AGENT("after_ms = 50"),
            "agent.lua:2: filler.after_ms is 50: it must be from 200 to 10000"},
        {FILLER_AGENT("level_db = 3"),
            "agent.lua:2: filler.level_db is 3: it must be from -60 to 0"},
        {FILLER_AGENT("phrases = { 'a', '' }"),
            "agent.lua:2: filler.phrases[2] is \"\": it must be a text of at most 95 bytes"},
        {FILLER_AGENT("wav = '../other/keys.wav'"),
            "agent.lua:2: filler.wav must be a .wav file in the tenant's folder"},
        {FILLER_AGENT("wav = '/etc/keys.wav'"),
            "agent.lua:2: filler.wav must be a .wav file in the tenant's folder"},
        {FILLER_AGENT("wav = 'tools/keys.wav'"),
            "agent.lua:2: filler.wav must be a .wav file in the tenant's folder"},
        {FILLER_AGENT("wav = 'agent.lua'"),
            "agent.lua:2: filler.wav must be a .wav file in the tenant's folder"},
        {FILLER_AGENT("wav = 'sounds/none.wav'"), "agent.lua:2: filler.wav cannot be read: "
                                                  "sounds/none.wav: No such file or directory"},
        {FILLER_AGENT("wav = 'sounds/keys.wav'"),
            "agent.lua:2: filler.wav must be 16-bit mono PCM of 8 to 48 kHz"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(*state, rows[i].agent_lua, rows[i].why);
    write_wav(*state, 8000, 800);
    refused(*state, FILLER_AGENT("wav = 'sounds/keys.wav'"),
        "agent.lua:2: filler.wav must last at least 200 ms");
    write_wav(*state, 8000, 140000);
    refused(*state, FILLER_AGENT("wav = 'sounds/keys.wav'"),
        "agent.lua:2: filler.wav must be a file of at most 256 KiB");
}

#define FIELD_AGENT(field) "return { name = 'A', prompt = function() return 'p' end,\n  " field " }"

static void sounds_are_read(void **state)
{
    write_wav(*state, 16000, 16000); /* a second */
    struct version *version = load(
        *state, FIELD_AGENT("sounds = { notice = 'sounds/keys.wav', again = 'sounds/keys.wav' }"));
    assert_int_equal(version->agent->sound_count, 2);
    const struct agent_sound *sound = agent_find_sound(version->agent, "notice");
    assert_non_null(sound);
    assert_in_range(sound->len, 7980, 8020);
    assert_null(agent_find_sound(version->agent, "other"));
    assert_non_null(sources_find(version->sources, "sounds/keys.wav"));
    version_release(version);
    static const struct {
        const char *agent_lua, *why;
    } rows[] = {
        {FIELD_AGENT("sounds = 'x'"), "agent.lua:2: sounds is \"x\": it must be a table"},
        {FIELD_AGENT("sounds = { 'sounds/keys.wav' }"),
            "agent.lua:2: sounds must have names such as closing_time"},
        {FIELD_AGENT("sounds = { x = 5 }"),
            "agent.lua:2: sounds.x must be a .wav file in the tenant's folder"},
        {FIELD_AGENT("sounds = { x = '../y.wav' }"),
            "agent.lua:2: sounds.x must be a .wav file in the tenant's folder"},
        {FIELD_AGENT("sounds = { x = 'sounds/none.wav' }"),
            "agent.lua:2: sounds.x cannot be read: sounds/none.wav: No such file or directory"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(*state, rows[i].agent_lua, rows[i].why);
    write_wav(*state, 8000, 0);
    refused(*state, FIELD_AGENT("sounds = { x = 'sounds/keys.wav' }"),
        "agent.lua:2: sounds.x must last at most 60 s, and not be empty");
    write_wav(*state, 8000, 480001);
    refused(*state, FIELD_AGENT("sounds = { x = 'sounds/keys.wav' }"),
        "agent.lua:2: sounds.x must last at most 60 s, and not be empty");
    write_wav(*state, 8000, 480000);
    refused(*state, FIELD_AGENT("sounds = { x = 'sounds/keys.wav', y = 'sounds/keys.wav' }"),
        "agent.lua:2: sounds must take at most 1 MiB, all files together");
    write_wav(*state, 48000, 530000);
    refused(*state, FIELD_AGENT("sounds = { x = 'sounds/keys.wav' }"),
        "agent.lua:2: sounds.x cannot be read: sounds/keys.wav: longer than 1024 KiB");
}

static void hosts_are_read(void **state)
{
    struct version *version = load(*state,
        FIELD_AGENT("http = { allow = { 'API.example.com', '*.example.org', '192.0.2.7' } }"));
    static const struct {
        const char *host;
        bool is_allowed;
    } hosts[] = {{"api.example.com", true}, {"example.com", false}, {"x.api.example.com", false},
        {"a.example.org", true}, {"a.b.example.org", true}, {"example.org", false},
        {".example.org", false}, {"badexample.org", false}, {"a.example.org.evil.net", false},
        {"192.0.2.7", true}, {"", false}};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_int_equal(agent_may_ask(version->agent, hosts[i].host), hosts[i].is_allowed);
    version_release(version);
    version = load(*state, FIELD_AGENT("http = {}"));
    assert_true(agent_may_ask(version->agent, "x.net"));
    assert_false(agent_lists_host(version->agent, "x.net"));
    version_release(version);
    version = load(*state, FIELD_AGENT("http = { allow = {} }"));
    assert_false(agent_may_ask(version->agent, "x.net"));
    version_release(version);
    static const char *const wrong[] = {"*", "*.com", "a.*.com", "http://a.com", "a.com:80",
        "a.com/x", "a..com", "a.com.", ".a.com", "", "a b.com", "é.com"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char agent_lua[256], why[256];
        snprintf(agent_lua, sizeof agent_lua, FIELD_AGENT("http = { allow = { 'ok.com', '%s' } }"),
            wrong[i]);
        snprintf(why, sizeof why,
            "agent.lua:2: http.allow[2] is \"%s\": it must be a host such as "
            "\"api.example.com\" or \"*.example.com\"",
            wrong[i]);
        refused(*state, agent_lua, why);
    }
    refused(*state, FIELD_AGENT("http = { deny = {} }"),
        "agent.lua:2: http.deny is not a known field (allow)");
}

static void texts_name_whom_they_may_go_to(void **state)
{
    struct version *version =
        load(*state, FIELD_AGENT("texts = { to = { '+15550100041', '+4930123456' } }"));
    const struct agent_texts *texts = &version->agent->texts;
    assert_int_equal(texts->to_count, 2);
    assert_string_equal(texts->to[1], "+4930123456");
    assert_false(texts->to_country);
    version_release(version);
    refused(*state, FIELD_AGENT("texts = { to = { '555 0100' } }"),
        "agent.lua:2: texts.to[1] is \"555 0100\": it must be a number such as \"+15550100002\"");
}

static void providers_are_read(void **state)
{
    struct version *version = load(
        *state, FIELD_AGENT("providers = { hear = { 'openai', { 'local', model = 'base.en' } },\n"
                            "  speak = { { 'openai-2', voice = 'coral', model = 'm' } } }"));
    const struct agent *agent = version->agent;
    assert_int_equal(agent->hear.count, 2);
    assert_string_equal(agent->hear.list[0].name, "openai");
    assert_string_equal(agent->hear.list[0].model, "");
    assert_string_equal(agent->hear.list[1].name, "local");
    assert_string_equal(agent->hear.list[1].model, "base.en");
    assert_int_equal(agent->think.count, 0);
    assert_int_equal(agent->speak.count, 1);
    assert_string_equal(agent->speak.list[0].name, "openai-2");
    assert_string_equal(agent->speak.list[0].voice, "coral");
    assert_string_equal(agent->speak.list[0].model, "m");
    version_release(version);
    static const struct {
        const char *agent_lua, *why;
    } rows[] = {
        {FIELD_AGENT("providers = 'openai'"),
            "agent.lua:2: providers is \"openai\": it must be a table"},
        {FIELD_AGENT("providers = { heer = { 'openai' } }"),
            "agent.lua:2: providers.heer is not a known field: did you mean hear?"},
        {FIELD_AGENT("providers = { hear = 'openai' }"),
            "agent.lua:2: providers.hear is \"openai\": it must be a table"},
        {FIELD_AGENT("providers = { hear = { 'openai', model = 'x' } }"),
            "agent.lua:2: providers.hear has model beside its list: write { { \"openai\", model = "
            "… "
            "} }"},
        {FIELD_AGENT("providers = { hear = {} }"),
            "agent.lua:2: providers.hear names 0: it must be a list of 1 to 4"},
        {FIELD_AGENT("providers = { hear = { 'a', 'b', 'c', 'd', 'e' } }"),
            "agent.lua:2: providers.hear names 5: it must be a list of 1 to 4"},
        {FIELD_AGENT("providers = { think = { 'a', 'Open AI' } }"),
            "agent.lua:2: providers.think[2] is \"Open AI\": it must be a provider's name, as the "
            "operator wrote it"},
        {FIELD_AGENT("providers = { think = { 3 } }"),
            "agent.lua:2: providers.think[1] is 3: it must be a provider's name, as the operator "
            "wrote it"},
        {FIELD_AGENT("providers = { think = { { model = 'm' } } }"),
            "agent.lua:2: providers.think[1] must begin with a provider's name: { \"openai\", "
            "model "
            "= … }"},
        {FIELD_AGENT("providers = { think = { { 'a', voice = 'v' } } }"),
            "agent.lua:2: providers.think[1].voice is not a known field ([1], model)"},
        {FIELD_AGENT("providers = { speak = { { 'a', 'b' } } }"),
            "agent.lua:2: providers.speak[1][…] is not a known field ([1], model, voice)"},
        {FIELD_AGENT("providers = { speak = { { 'a', modle = 'm' } } }"),
            "agent.lua:2: providers.speak[1].modle is not a known field: did you mean model?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(*state, rows[i].agent_lua, rows[i].why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(agent_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_interrupts_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_are_captured_where_the_tenant_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(overflow_is_words_and_what_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(
            callers_are_transferred_where_the_tenant_wrote_it, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_are_off_unless_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(tools_become_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_have_a_place, setup, teardown),
        cmocka_unit_test_setup_teardown(tools_have_their_own_file, setup, teardown),
        cmocka_unit_test_setup_teardown(require_stays_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(version_is_the_hash_of_all_files, setup, teardown),
        cmocka_unit_test_setup_teardown(rebuilt_from_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(phases_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(phases_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(fillers_have_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(fillers_are_the_tenants, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sound_makes_the_version, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_fillers_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(sounds_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(hosts_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_name_whom_they_may_go_to, setup, teardown),
        cmocka_unit_test_setup_teardown(providers_are_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
