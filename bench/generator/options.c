#include "generator/options.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: bench_calls --via ADDRESS:PORT [options]\n"
    "\n"
    "  --calls N            calls at once (10)\n"
    "  --ramp N             calls begun a second (25)\n"
    "  --settle MS          from the last one's start to the window (4000)\n"
    "  --window MS          what is measured (30000)\n"
    "  --speech MS          a turn of the caller (2500)\n"
    "  --rest MS            pause before the next turn, a quarter more or less (3400)\n"
    "  --greeting MS        longest wait for the agent's greeting, 0: none comes (5000)\n"
    "  --answer MS          longest wait for an answer (10000)\n"
    "  --barge MS           interrupt replies after so much of them\n"
    "  --barge-every N      each so manieth reply of a call (1)\n"
    "  --length-from MS --length-to MS\n"
    "                       calls of such lengths, measured from the first one's start to the\n"
    "                       last one's end, which --window bounds (to the window's end)\n"
    "  --drop N, --duplicate N, --reorder N\n"
    "                       of a thousand frames of a caller (0)\n"
    "  --jitter MS          one frame in twenty is late by up to so much (0)\n"
    "  --stall MS           nothing comes for so long, then all at once, every ten seconds (0)\n"
    "  --expected MS        configured waits and provider time in a response, to be taken off\n"
    "  --echo               no telephone: frames that come back one for one\n"
    "  --public-url URL     what is signed (https://voice.example.com); TWILIO_AUTH_TOKEN signs\n"
    "  --to NUMBER          the number called (+15550100002)\n"
    "  --spread N           calls go to so many numbers, from that one on (1)\n"
    "  --tls                TLS to --via, with --ca FILE and --name HOST\n"
    "  --server-pid PID     read that process's CPU and memory\n"
    "  --helper-pid PID     part of the run, not another job; as often as needed\n"
    "  --seed N             of phases and pauses (1)\n"
    "  --json FILE          the result, each call included\n";

static void refuse(const char *what, const char *value)
{
    fprintf(stderr, "bench_calls: %s: \"%s\"\n%s", what, value, usage);
    exit(2);
}

static unsigned number(const char *name, const char *value)
{
    char *end;
    unsigned long read = strtoul(value, &end, 10);
    if (!*value || *end || read > 100000000)
        refuse(name, value);
    return (unsigned)read;
}

static void read_via(struct options *options, const char *value)
{
    char host[64];
    const char *colon = strrchr(value, ':');
    if (!colon || colon - value >= (long)sizeof host)
        refuse("--via needs ADDRESS:PORT", value);
    snprintf(host, sizeof host, "%.*s", (int)(colon - value), value);
    options->via.sin_family = AF_INET;
    options->via.sin_port = htons((uint16_t)number("--via", colon + 1));
    if (inet_pton(AF_INET, host, &options->via.sin_addr) != 1)
        refuse("--via needs an IPv4 address", value);
}

static void add_helper(struct options *options, const char *value)
{
    if (options->helper_count == OPTIONS_PIDS_MAX)
        refuse("too many --helper-pid", value);
    options->helpers[options->helper_count++] = (pid_t)number("--helper-pid", value);
}

static const struct number_option {
    const char *name;
    size_t offset;
} numbers[] = {
    {"calls", offsetof(struct options, calls)},
    {"ramp", offsetof(struct options, ramp_per_s)},
    {"settle", offsetof(struct options, settle_ms)},
    {"window", offsetof(struct options, window_ms)},
    {"speech", offsetof(struct options, speech_ms)},
    {"rest", offsetof(struct options, rest_ms)},
    {"greeting", offsetof(struct options, greeting_ms)},
    {"answer", offsetof(struct options, answer_ms)},
    {"barge", offsetof(struct options, barge_ms)},
    {"barge-every", offsetof(struct options, barge_every)},
    {"length-from", offsetof(struct options, length_from_ms)},
    {"length-to", offsetof(struct options, length_to_ms)},
    {"drop", offsetof(struct options, line.drop_permille)},
    {"duplicate", offsetof(struct options, line.duplicate_permille)},
    {"reorder", offsetof(struct options, line.reorder_permille)},
    {"jitter", offsetof(struct options, line.jitter_ms)},
    {"stall", offsetof(struct options, line.stall_ms)},
    {"spread", offsetof(struct options, spread)},
    {"seed", offsetof(struct options, seed)},
};

static const struct text_option {
    const char *name;
    size_t offset;
} texts[] = {
    {"public-url", offsetof(struct options, public_url)},
    {"to", offsetof(struct options, to)},
    {"ca", offsetof(struct options, ca_file)},
    {"name", offsetof(struct options, host)},
    {"json", offsetof(struct options, json_file)},
};

static bool take_known(struct options *options, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(name, numbers[i].name)) {
            *(unsigned *)((char *)options + numbers[i].offset) = number(name, value);
            return true;
        }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(name, texts[i].name)) {
            *(const char **)((char *)options + texts[i].offset) = value;
            return true;
        }
    return false;
}

static void take(struct options *options, const char *name, const char *value)
{
    if (!strcmp(name, "via"))
        read_via(options, value);
    else if (!strcmp(name, "server-pid"))
        options->server = (pid_t)number(name, value);
    else if (!strcmp(name, "helper-pid"))
        add_helper(options, value);
    else if (!strcmp(name, "expected"))
        options->expected_ms = number(name, value);
    else if (!take_known(options, name, value))
        refuse("unknown option", name);
}

static void check(const struct options *options)
{
    if (!options->via.sin_port)
        refuse("missing", "--via");
    if (!options->calls || !options->ramp_per_s || !options->window_ms)
        refuse("must not be 0", "--calls, --ramp, --window");
    if (!options->spread || !options->barge_every)
        refuse("must not be 0", "--spread, --barge-every");
    if (options->length_from_ms > options->length_to_ms)
        refuse("must not be more than --length-to", "--length-from");
    if (options->is_tls && !options->host)
        refuse("--tls needs", "--name");
}

void options_read(struct options *options, int argc, char **argv)
{
    const char *token = getenv("TWILIO_AUTH_TOKEN");
    *options = (struct options){.public_url = "https://voice.example.com",
        .auth_token = token ? token : "",
        .to = "+15550100002",
        .spread = 1,
        .calls = 10,
        .ramp_per_s = 25,
        .settle_ms = 4000,
        .window_ms = 30000,
        .speech_ms = 2500,
        .rest_ms = 3400,
        .greeting_ms = 5000,
        .answer_ms = 10000,
        .barge_every = 1,
        .seed = 1};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (!strcmp(name, "--help")) {
            fputs(usage, stdout);
            exit(0);
        }
        if (strncmp(name, "--", 2))
            refuse("unknown argument", name);
        if (!strcmp(name, "--echo"))
            options->is_echo = true;
        else if (!strcmp(name, "--tls"))
            options->is_tls = true;
        else if (i + 1 == argc)
            refuse("needs a value", name);
        else
            take(options, name + 2, argv[++i]);
    }
    check(options);
}
