#include "serve.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_front.h"
#include "voice.h"
#include "world.h"

#define MODEL_DIR "/usr/share/pocketsphinx/model/en-us/"

static const char usage[] =
    "usage: moonline-sandbox [serve] [options]\n"
    "\n"
    "  --listen ADDRESS:PORT   every service, told apart by path (127.0.0.1:9100)\n"
    "  --tls                   speak TLS there, with a certificate of an authority made at start\n"
    "  --ca-out FILE           where that authority goes in PEM, for MOONLINE_CA_FILE\n"
    "  --names NAMES           of the certificate (DNS:localhost,IP:127.0.0.1)\n"
    "  --cert FILE, --key FILE a certificate chain and its key in PEM instead\n"
    "  --control ADDRESS:PORT  faults, scripted texts, what was received (127.0.0.1:9101)\n"
    "  --no-ears               hear nothing but scripted transcripts\n"
    "  --ears-threads N        decoders (2)\n"
    "  --model DIR             acoustic model of pocketsphinx\n"
    "  --dictionary FILE       its pronunciation dictionary\n"
    "  --grammar FILE          JSGF of what callers may say\n"
    "  --brain FILE            Lua script of the chat model\n"
    "  --voice NAME            espeak-ng voice (en-us+f3)\n"
    "  --heard FOLDER          keep what speech-to-text is sent, an utterance a file\n"
    "  --first-token-ms N      chat: until the first token (150)\n"
    "  --token-ms N            chat: between tokens (20)\n"
    "  --final-ms N            transcription: commit to scripted final (120)\n"
    "  --word-ms N             transcription: voice for each scripted word (300)\n"
    "  --stt-session-seconds N transcription: until a session expires (3600)\n"
    "  --first-audio-ms N      speech: text to first audio (80)\n"
    "  --speedup N             speech: times faster than spoken (8)\n";

enum option_id {
    OPTION_LISTEN = 256,
    OPTION_TLS,
    OPTION_CA_OUT,
    OPTION_NAMES,
    OPTION_CERT,
    OPTION_KEY,
    OPTION_CONTROL,
    OPTION_NO_EARS,
    OPTION_EARS_THREADS,
    OPTION_MODEL,
    OPTION_DICTIONARY,
    OPTION_GRAMMAR,
    OPTION_BRAIN,
    OPTION_VOICE,
    OPTION_HEARD,
    OPTION_FIRST_TOKEN,
    OPTION_TOKEN,
    OPTION_FINAL,
    OPTION_WORD,
    OPTION_STT_SESSION,
    OPTION_FIRST_AUDIO,
    OPTION_SPEEDUP,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"tls", no_argument, NULL, OPTION_TLS},
    {"ca-out", required_argument, NULL, OPTION_CA_OUT},
    {"names", required_argument, NULL, OPTION_NAMES},
    {"cert", required_argument, NULL, OPTION_CERT},
    {"key", required_argument, NULL, OPTION_KEY},
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"no-ears", no_argument, NULL, OPTION_NO_EARS},
    {"ears-threads", required_argument, NULL, OPTION_EARS_THREADS},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"dictionary", required_argument, NULL, OPTION_DICTIONARY},
    {"grammar", required_argument, NULL, OPTION_GRAMMAR},
    {"brain", required_argument, NULL, OPTION_BRAIN},
    {"voice", required_argument, NULL, OPTION_VOICE},
    {"heard", required_argument, NULL, OPTION_HEARD},
    {"first-token-ms", required_argument, NULL, OPTION_FIRST_TOKEN},
    {"token-ms", required_argument, NULL, OPTION_TOKEN},
    {"final-ms", required_argument, NULL, OPTION_FINAL},
    {"word-ms", required_argument, NULL, OPTION_WORD},
    {"stt-session-seconds", required_argument, NULL, OPTION_STT_SESSION},
    {"first-audio-ms", required_argument, NULL, OPTION_FIRST_AUDIO},
    {"speedup", required_argument, NULL, OPTION_SPEEDUP},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static bool read_unsigned(const char *text, unsigned *out)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (!*text || *end || value > 600000) {
        fprintf(stderr, "moonline-sandbox: %s is not a number from 0 to 600000\n", text);
        return false;
    }
    *out = (unsigned)value;
    return true;
}

/* The sandbox, and TLS in front of it: the world then listens on a loopback port of its own. */
struct serve_options {
    struct world_options world;
    struct tls_front_options tls;
    const char *listen;
    bool has_tls;
};

static const char **tls_field(struct tls_front_options *options, int id)
{
    switch (id) {
    case OPTION_CA_OUT:
        return &options->ca_out;
    case OPTION_NAMES:
        return &options->names;
    case OPTION_CERT:
        return &options->certificate_file;
    case OPTION_KEY:
        return &options->key_file;
    }
    return NULL;
}

/* Where an option's text or number goes; NULL: it is of the other kind. */
static const char **text_field(struct serve_options *serve, int id)
{
    struct world_options *options = &serve->world;
    const char **tls = tls_field(&serve->tls, id);
    if (tls) {
        serve->has_tls = true;
        return tls;
    }
    switch (id) {
    case OPTION_LISTEN:
        return &serve->listen;
    case OPTION_CONTROL:
        return &options->control;
    case OPTION_MODEL:
        return &options->ears.model_path;
    case OPTION_DICTIONARY:
        return &options->ears.dictionary_path;
    case OPTION_GRAMMAR:
        return &options->ears.grammar_path;
    case OPTION_BRAIN:
        return &options->script_path;
    case OPTION_VOICE:
        return &options->voice;
    case OPTION_HEARD:
        return &options->heard;
    }
    return NULL;
}

static unsigned *number_field(struct world_options *options, int id)
{
    switch (id) {
    case OPTION_EARS_THREADS:
        return &options->ears.threads;
    case OPTION_FIRST_TOKEN:
        return &options->pace.first_token_ms;
    case OPTION_TOKEN:
        return &options->pace.token_ms;
    case OPTION_FINAL:
        return &options->pace.final_ms;
    case OPTION_WORD:
        return &options->pace.word_ms;
    case OPTION_STT_SESSION:
        return &options->session_s;
    case OPTION_FIRST_AUDIO:
        return &options->pace.first_audio_ms;
    case OPTION_SPEEDUP:
        return &options->pace.speedup;
    }
    return NULL;
}

/* The exit status when there is nothing to run; −1: go on. */
static int read_options(struct serve_options *options, int argc, char **argv)
{
    int id;
    optind = 1;
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        const char **text = text_field(options, id);
        unsigned *number = number_field(&options->world, id);
        if (text)
            *text = optarg;
        else if (number && !read_unsigned(optarg, number))
            return 2;
        else if (id == OPTION_NO_EARS)
            options->world.has_ears = false;
        else if (id == OPTION_TLS)
            options->has_tls = true;
        else if (id == OPTION_HELP || id == '?') {
            fputs(usage, id == '?' ? stderr : stdout);
            return id == '?' ? 2 : 0;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "moonline-sandbox: what is \"%s\"? (--help)\n", argv[optind]);
        return 2;
    }
    if (!options->tls.certificate_file != !options->tls.key_file) {
        fprintf(stderr, "moonline-sandbox: --cert and --key go together\n");
        return 2;
    }
    return -1;
}

static void on_signal(void *owner, int number)
{
    if (number == SIGTERM || number == SIGINT)
        net_loop_stop(owner);
}

/* "127.0.0.1:0" and 40123 make "127.0.0.1:40123". */
static void address_text(char *out, size_t size, const char *listen, int port)
{
    const char *colon = strrchr(listen, ':');
    snprintf(out, size, "%.*s:%d", (int)(colon ? colon - listen : 0), listen, port);
}

static void announce(
    const struct serve_options *options, const struct world *world, const struct tls_front *front)
{
    char listen[128], control[128];
    int port = front ? tls_front_port(front) : server_port(world->server);
    address_text(listen, sizeof listen, options->listen, port);
    address_text(control, sizeof control, options->world.control, server_port(world->control));
    printf(
        "sandbox listening on %s://%s (control %s)\n", front ? "https" : "http", listen, control);
    if (front && options->tls.ca_out)
        printf("authority of its certificate: %s\n", options->tls.ca_out);
    fflush(stdout);
}

static bool start_front(
    struct tls_front **front, const struct serve_options *options, const struct world *world)
{
    char why[256];
    struct tls_front_options tls = options->tls;
    tls.listen = options->listen;
    tls.to_port = server_port(world->server);
    if (!options->has_tls)
        return true;
    if (tls_front_start(front, &tls, why) == ERR_OK)
        return true;
    fprintf(stderr, "moonline-sandbox: %s\n", why);
    return false;
}

/* Until a signal; false: there are no signals. */
static bool run_until_signal(struct net_loop *loop, const struct serve_options *options,
    const struct world *world, const struct tls_front *front)
{
    struct net_signals *signals;
    if (net_signals_create(&signals, loop, on_signal, loop)) {
        fprintf(stderr, "moonline-sandbox: cannot listen for signals\n");
        return false;
    }
    announce(options, world, front);
    net_loop_run(loop);
    net_signals_destroy(signals);
    return true;
}

/* The world on its loop until a signal; false: it did not start, and said why. */
static bool live(struct net_loop *loop, const struct serve_options *options)
{
    char why[256];
    struct world world;
    struct tls_front *front = NULL;
    if (world_start(&world, loop, &options->world, why)) {
        fprintf(stderr, "moonline-sandbox: %s\n", why);
        return false;
    }
    bool has_lived =
        start_front(&front, options, &world) && run_until_signal(loop, options, &world, front);
    tls_front_stop(front);
    world_stop(&world);
    return has_lived;
}

static int run(const struct serve_options *options)
{
    struct net_loop *loop;
    if (voice_start()) {
        fprintf(stderr, "moonline-sandbox: espeak-ng does not start\n");
        return 1;
    }
    if (net_loop_create(&loop, "sandbox", NULL)) {
        fprintf(stderr, "moonline-sandbox: cannot make an event loop\n");
        voice_stop();
        return 1;
    }
    bool has_lived = live(loop, options);
    net_loop_destroy(loop);
    voice_stop();
    return has_lived ? 0 : 1;
}

int serve_main(int argc, char **argv)
{
    struct serve_options options = {
        .listen = "127.0.0.1:9100",
        .tls = {.names = "DNS:localhost,IP:127.0.0.1"},
        .world = {.control = "127.0.0.1:9101",
            .script_path = SANDBOX_DIR "/brain/receptionist.lua",
            .voice = "en-us+f3",
            .ears = {.threads = 2,
                .model_path = MODEL_DIR "en-us",
                .dictionary_path = SANDBOX_DIR "/ears/receptionist.dict",
                .grammar_path = SANDBOX_DIR "/ears/receptionist.gram"},
            .has_ears = true,
            .pace = pace_defaults},
    };
    int status = read_options(&options, argc, argv);
    if (status >= 0)
        return status;
    options.world.listen = options.has_tls ? "127.0.0.1:0" : options.listen;
    return run(&options);
}
